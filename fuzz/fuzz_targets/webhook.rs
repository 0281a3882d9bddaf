//! `targets::webhook`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorbuster_fuzz::targets::webhook(bytes));
