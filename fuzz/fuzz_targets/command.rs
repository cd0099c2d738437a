//! Commands from the platform: no octets panic, and what is accepted is what strict and lenient readers both understand.
#![no_main]

use cuffd::mqtt::command;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(parsed) = command::parse(octets) {
        let value: serde_json::Value = serde_json::from_slice(octets).unwrap();
        assert_eq!(value["id"], parsed.id_text);
        assert_eq!(value["command"], parsed.command.name().as_str());
        assert!(octets.len() <= command::LARGEST);
    }
});
