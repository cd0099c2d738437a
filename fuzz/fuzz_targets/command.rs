//! Commands from the platform: no octets panic the parser.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    // Refused or parsed, both are fine.
    let _ = cuffd::mqtt::command::parse(octets);
});
