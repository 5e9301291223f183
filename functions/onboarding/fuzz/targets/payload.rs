//! The decoder: any bytes as gzip, and any text as the JSON that was inside.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::{judge_batch, payload};

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = payload::inflate(data) {
        assert!(text.len() <= payload::LONGEST);
        if let Ok(text) = str::from_utf8(&text) {
            judge_batch(text);
        }
    }
    if let Ok(text) = str::from_utf8(data) {
        let _ = payload::open(text);
        judge_batch(text);
    }
});
