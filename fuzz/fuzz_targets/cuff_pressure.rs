//! 0x2A36: no octets panic, and what can be sent comes back.
#![no_main]

use cuffd::core::bls::cuff_pressure::CuffPressure;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(decoded) = CuffPressure::decode(octets)
        && let Ok(again) = decoded.encode()
    {
        assert_eq!(
            CuffPressure::decode(&again),
            Ok(CuffPressure { trailing: 0, ..decoded })
        );
    }
});
