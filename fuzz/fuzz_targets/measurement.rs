//! 0x2A35 by the standard: no octets panic, and what can be sent comes back.
#![no_main]

use cuffd::core::bls::measurement::Measurement;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(decoded) = Measurement::decode(octets)
        && let Ok(again) = decoded.encode()
    {
        assert_eq!(Measurement::decode(&again), Ok(Measurement { trailing: 0, ..decoded }));
    }
});
