//! A search: any text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| fhir_fuzz::search(data));
