//! 0x2A49: no octets panic, and every feature that is told is a bit that was sent.
#![no_main]

use cuffd::core::bls::feature::Features;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(features) = Features::decode(octets) {
        assert_eq!(features.encode(), octets[..2]);
        assert_eq!(features.iter().count(), (features.raw & 0x01FF).count_ones() as usize);
    }
});
