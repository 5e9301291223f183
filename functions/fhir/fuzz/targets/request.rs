//! An event of API Gateway or a function URL: any text.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| fhir_fuzz::request(data));
