//! Fuzzes `fuzz_recognise::recognise`.
#![no_main]

#[path = "../../tests/support/exchange.rs"]
mod exchange;
#[path = "../../tests/support/fuzz_recognise.rs"]
mod fuzz_recognise;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz_recognise::recognise(bytes));
