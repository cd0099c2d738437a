//! 0x2B36 and records from segments: no octets panic, no segments grow without end.
#![no_main]

use cuffd::core::bls::record::Segment;
use cuffd::core::bls::record::assembly::{Assembly, Checksum, LONGEST, Numbering};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|segments: Vec<Vec<u8>>| {
    for numbering in [Numbering::EverySegment, Numbering::FirstSegment] {
        for checksum in [Checksum::Crc, Checksum::None] {
            let mut assembly = Assembly::new(numbering, checksum);
            for octets in &segments {
                let whole = assembly.push(octets).ok().flatten();
                assert!(whole.is_none_or(|record| record.value.len() <= LONGEST));
            }
        }
    }
    for octets in &segments {
        assert_eq!(Segment::decode(octets).is_ok(), octets.len() >= 5);
    }
});
