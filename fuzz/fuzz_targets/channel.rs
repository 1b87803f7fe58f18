#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| flow_controlled_writer_fuzz::channel(bytes));
