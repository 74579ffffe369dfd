//! Fuzzes `fuzzed::filter`.
#![no_main]

#[path = "../../tests/support/fuzzed.rs"]
mod fuzzed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzzed::filter(bytes));
