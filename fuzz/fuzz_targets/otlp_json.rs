//! `targets::otlp_json`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorbuster_fuzz::targets::otlp_json(bytes));
