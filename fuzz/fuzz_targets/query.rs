//! `targets::query`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| doorbuster_fuzz::targets::query(bytes));
