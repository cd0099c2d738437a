use proptest::prelude::*;

use super::*;
use crate::core::bls::test_octets::octets;

const EVERYTHING: &str = "7e 7800 5000 5d00 ecdf9432 4800 01 0000 9c999432";

#[test]
fn every_field_of_a_measurement_is_decoded_in_its_own_order() {
    let decoded = EnhancedMeasurement::decode(&octets(EVERYTHING)).expect("it is whole");
    assert_eq!((decoded.flags, decoded.unit), (0x7e, Unit::MmHg));
    let pressures = [decoded.systolic, decoded.diastolic, decoded.mean_arterial_pressure];
    assert_eq!(pressures, [120, 80, 93].map(|n| Sfloat::Number(n.into())));
    let expected = Circumstances {
        epoch: Epoch::Year2000,
        timestamp_s: Some(848_617_452),
        pulse_rate: Some(Sfloat::Number(72.into())),
        user_id: Some(1),
        status: Some(Status(0)),
        user_facing_s: Some(848_599_452),
        trailing: 0,
    };
    assert_eq!(decoded.circumstances, expected);
}

#[test]
fn a_cuff_pressure_has_one_pressure_only() {
    let decoded = EnhancedCuffPressure::decode(&octets("05 a0f0 4800 99")).expect("it is whole");
    assert_eq!((decoded.flags, decoded.unit), (5, Unit::KPa));
    assert_eq!(
        decoded.cuff_pressure.number().map(|n| n.to_string()).as_deref(),
        Some("16.0")
    );
    assert_eq!(decoded.circumstances.pulse_rate, Some(Sfloat::Number(72.into())));
    assert_eq!(decoded.circumstances.epoch, Epoch::Year1900);
    assert_eq!(
        (decoded.circumstances.timestamp_s, decoded.circumstances.trailing),
        (None, 1)
    );
}

/// How many octets the fields behind the pressures take.
fn optional_length(flags: u8) -> usize {
    [0, 4, 2, 1, 2, 4, 0, 0]
        .iter()
        .enumerate()
        .map(|(bit, length)| if flags >> bit & 1 == 1 { *length } else { 0 })
        .sum()
}

#[test]
fn all_flags_need_exactly_their_fields() {
    for flags in 0..=u8::MAX {
        let mut octets = vec![flags];
        octets.extend([0; 20]);
        for (length, decode) in [
            (
                7,
                (|octets| EnhancedMeasurement::decode(octets).map(|it| it.circumstances)) as fn(&[u8]) -> _,
            ),
            (3, |octets| {
                EnhancedCuffPressure::decode(octets).map(|it| it.circumstances)
            }),
        ] {
            let length = length + optional_length(flags);
            for cut in 0..length {
                let answer = decode(&octets[..cut]).expect_err("too short");
                assert_eq!(answer.found, cut, "flags {flags:#04x}");
            }
            for more in 0..2 {
                let answer = decode(&octets[..length + more]).expect("it is whole");
                assert_eq!(answer.trailing, more, "flags {flags:#04x}");
                assert_eq!(answer.user_facing_s.is_some(), flags & 0x20 != 0, "flags {flags:#04x}");
                assert_eq!(answer.epoch.year(), if flags & 0x40 == 0 { 1900 } else { 2000 });
            }
        }
    }
}

proptest! {
    #[test]
    fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..40)) {
        let whole = |decoded: Result<Circumstances, Truncated>| decoded.is_ok_and(|it| it.trailing <= octets.len());
        let measurement = EnhancedMeasurement::decode(&octets).map(|it| it.circumstances);
        let cuff_pressure = EnhancedCuffPressure::decode(&octets).map(|it| it.circumstances);
        prop_assert!(whole(measurement) || octets.len() < 20);
        prop_assert!(whole(cuff_pressure) || octets.len() < 16);
    }
}
