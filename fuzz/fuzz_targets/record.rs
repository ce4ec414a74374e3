//! See `issue/tests/fuzz/targets.rs`, where what must hold is written down.
#![no_main]

#[path = "../../issue/tests/fuzz/targets.rs"]
#[allow(dead_code, reason = "each binary runs one of them")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::record(data));
