//! The XML reader and what is made of the event: any text as a log message.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onboarding_fuzz::judge_message;

fuzz_target!(|message: &str| judge_message(message));
