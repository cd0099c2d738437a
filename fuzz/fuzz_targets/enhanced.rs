//! 0x2B34 and 0x2B35: no octets panic, and the two differ by two pressures only.
#![no_main]

use cuffd::core::bls::enhanced::{EnhancedCuffPressure, EnhancedMeasurement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    let measurement = EnhancedMeasurement::decode(octets);
    let mut shorter = octets.to_vec();
    shorter.drain(octets.len().min(3)..octets.len().min(7));
    let cuff_pressure = EnhancedCuffPressure::decode(&shorter);
    match (measurement, cuff_pressure) {
        (Ok(measurement), Ok(cuff_pressure)) => {
            assert_eq!(measurement.circumstances, cuff_pressure.circumstances);
            assert_eq!(measurement.systolic, cuff_pressure.cuff_pressure);
        }
        (Ok(_), Err(cut)) => panic!("the shorter form lacks what the longer one has: {cut}"),
        // Cut within its pressures: the shorter form may be whole already.
        (Err(_), _) => {}
    }
});
