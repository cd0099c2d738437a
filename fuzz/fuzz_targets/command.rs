//! Commands from the platform: no octets panic the parser, and only a short printable text is ever echoed as an id.
#![no_main]

use cuffd::mqtt::command;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let id = match command::parse(octets) {
        Ok(parsed) => {
            assert!(octets.len() <= command::LARGEST);
            Some(parsed.id_text)
        }
        Err((id, _)) => id,
    };
    assert!(id.is_none_or(|id| id.len() <= 64 && id.bytes().all(|octet| (b' '..=b'~').contains(&octet))));
});
