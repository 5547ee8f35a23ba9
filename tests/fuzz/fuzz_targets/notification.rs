#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| lcms_tests::entrances::notification(octets));
