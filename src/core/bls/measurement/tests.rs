use jiff::civil;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::core::bls::test_octets::octets;

/// Every optional field in its place, behind the pressures 120/80/93.
const FIELDS: [(u8, &str); 4] = [
    (flags::TIMESTAMP, "ea070b1512040c"),
    (flags::PULSE_RATE, "4800"),
    (flags::USER_ID, "01"),
    (flags::STATUS, "0400"),
];

fn number(text: &str) -> Sfloat {
    Sfloat::Number(text.parse().expect("a decimal"))
}

/// The value with these flags, and exactly the fields that they name.
fn value(flags: u8) -> Vec<u8> {
    let mut text = format!("{flags:02x} 7800 5000 5d00");
    for (bit, field) in FIELDS {
        if flags & bit != 0 {
            text.push_str(field);
        }
    }
    octets(&text)
}

fn decode(text: &str) -> Measurement {
    Measurement::decode(&octets(text)).expect("it is whole")
}

#[test]
fn every_field_is_decoded() {
    let decoded = decode("1e780050005d00ea070b1512040c4800010400");
    let expected = Measurement {
        flags: 0x1e,
        unit: Unit::MmHg,
        systolic: number("120"),
        diastolic: number("80"),
        mean_arterial_pressure: number("93"),
        timestamp: Some(CuffTime::Valid(civil::date(2026, 11, 21).at(18, 4, 12, 0))),
        pulse_rate: Some(number("72")),
        user_id: Some(1),
        status: Some(Status(4)),
        trailing: 0,
    };
    assert_eq!(decoded, expected);
}

#[test]
fn kilopascals_are_neither_converted_nor_rounded() {
    let decoded = decode("01a0f06bf0ff07");
    assert_eq!(decoded.unit, Unit::KPa);
    let digits = [decoded.systolic, decoded.diastolic].map(|p| p.number().map(|n| n.to_string()));
    assert_eq!(digits, [Some("16.0".into()), Some("10.7".into())]);
    assert_eq!(decoded.mean_arterial_pressure, Sfloat::NotANumber);
}

#[test]
fn flags_alone_tell_which_fields_are_there() {
    for flags in 0..=u8::MAX {
        let octets = value(flags);
        let decoded = Measurement::decode(&octets).expect("it is whole");
        let there = [
            decoded.timestamp.is_some(),
            decoded.pulse_rate.is_some(),
            decoded.user_id.is_some(),
            decoded.status.is_some(),
        ];
        assert_eq!(there, FIELDS.map(|(bit, _)| flags & bit != 0), "flags {flags:#04x}");
        assert_eq!((decoded.flags, decoded.trailing), (flags, 0), "flags {flags:#04x}");
        assert_eq!(decoded.unit == Unit::KPa, flags & 1 == 1, "flags {flags:#04x}");
        assert!(
            decoded.status.is_none_or(|status| status == Status(4)),
            "flags {flags:#04x}"
        );
        assert_eq!(decoded.encode().as_deref(), Ok(&octets[..]), "flags {flags:#04x}");
    }
}

#[test]
fn a_cut_at_any_octet_is_truncated() {
    for flags in 0..32 {
        let octets = value(flags);
        for length in 0..octets.len() {
            let cut = Measurement::decode(&octets[..length]).expect_err("too short");
            assert_eq!(cut.found, length, "flags {flags:#04x}");
            assert!(
                (length + 1..=octets.len()).contains(&cut.needed),
                "flags {flags:#04x}: {cut}"
            );
        }
    }
}

#[test]
fn octets_left_over_are_counted_and_the_rest_is_decoded() {
    for flags in 0..32 {
        let exact = Measurement::decode(&value(flags)).expect("it is whole");
        for trailing in [1, 2, 500] {
            let mut longer = value(flags);
            longer.extend(vec![0xAA; trailing]);
            let expected = Measurement {
                trailing,
                ..exact.clone()
            };
            assert_eq!(Measurement::decode(&longer), Ok(expected), "flags {flags:#04x}");
        }
    }
}

#[test]
fn a_special_in_any_slot_is_a_special_there_and_nowhere_else() {
    for (word, special) in [
        ("ff07", Sfloat::NotANumber),
        ("0008", Sfloat::NotAtThisResolution),
        ("fe07", Sfloat::PositiveInfinity),
        ("0208", Sfloat::NegativeInfinity),
        ("0108", Sfloat::Reserved),
    ] {
        for slot in 0..4 {
            let mut words = ["7800"; 4];
            words[slot] = word;
            let [systolic, diastolic, mean, pulse_rate] = words;
            let decoded = decode(&format!("04{systolic}{diastolic}{mean}{pulse_rate}"));
            let pulse_rate = decoded.pulse_rate.expect("flagged");
            let found = [
                decoded.systolic,
                decoded.diastolic,
                decoded.mean_arterial_pressure,
                pulse_rate,
            ];
            let mut expected = [number("120"); 4];
            expected[slot] = special;
            assert_eq!(found, expected, "{word} in slot {slot}");
        }
    }
}

#[test]
fn reserved_bits_are_kept_and_change_nothing() {
    let decoded = decode("DE F6F4 16F3 FF07 EA07 01 14 08 2B 00 B2F2 01 8000");
    assert_eq!((decoded.flags, decoded.status), (0xDE, Some(Status(0x0080))));
    assert_eq!((decoded.systolic, decoded.diastolic), (number("127.0"), number("79.0")));
    assert_eq!((decoded.pulse_rate, decoded.trailing), (Some(number("69.0")), 0));
}

#[test]
fn an_unknown_user_is_255_and_an_odd_time_spoils_nothing_else() {
    for (time, expected) in [
        ("00000b1512040c", CuffTime::Unknown),
        ("ea07021e12040c", CuffTime::Invalid),
    ] {
        let decoded = decode(&format!("1e 7800 5000 5d00 {time} 4800 ff 0400"));
        assert_eq!(decoded.timestamp, Some(expected));
        assert_eq!((decoded.user_id, decoded.status), (Some(255), Some(Status(4))));
        assert_eq!((decoded.pulse_rate, decoded.trailing), (Some(number("72")), 0));
    }
}

#[test]
fn frames_in_the_shapes_of_real_cuffs_decode() {
    let failed = decode("16 FF07 FF07 FF07 EA07 06 17 0E 23 0A FF07 0000");
    assert_eq!(
        (failed.systolic, failed.pulse_rate),
        (Sfloat::NotANumber, Some(Sfloat::NotANumber))
    );
    assert_eq!(failed.status, Some(Status(0)));
    let boso = decode("16 7C00 5600 6100 EA07 06 0F 11 11 1B 3300 0000");
    assert_eq!(
        (boso.systolic, boso.mean_arterial_pressure),
        (number("124"), number("97"))
    );
    let unset_clock = decode("1E 7900 5700 0000 E607 01 01 00 02 00 6200 00 0000");
    assert_eq!(
        (unset_clock.user_id, unset_clock.mean_arterial_pressure),
        (Some(0), number("0"))
    );
    // Decoding converts and judges nothing: 121 kPa is for others to refuse.
    let wrong_unit = decode("1F 7900 5100 6A00 EA07 05 15 0A 1E 2D 4800 01 0600");
    assert_eq!((wrong_unit.unit, wrong_unit.systolic), (Unit::KPa, number("121")));
    let not_bls = decode("FE 20 27 00 75 00 55 00 5F 00 EA 07 09 18 10 09 3A 69 00 01");
    assert_eq!((not_bls.timestamp, not_bls.trailing), (Some(CuffTime::Unknown), 1));
}

#[test]
fn a_layout_explains_the_octet_too_many_and_the_order() {
    let bm85 = Layout {
        byte_order: ByteOrder::Big,
        user_octet: UserOctet::Always,
    };
    let octets = octets("56 7E00 5E00 0000 DE07 01 01 03 16 00 0035 01 0004");
    let standard = Measurement::decode(&octets).expect("it is whole");
    assert_eq!((standard.user_id, standard.trailing), (None, 1));
    let decoded = Measurement::decode_as(&octets, bm85).expect("it is whole");
    assert_eq!((decoded.pulse_rate, decoded.user_id), (Some(number("53")), Some(1)));
    assert_eq!((decoded.status, decoded.trailing), (Some(Status(4)), 0));
    assert_eq!(decoded.encode_as(bm85).as_deref(), Ok(&octets[..]));
    let cut = Measurement::decode_as(&octets[..18], bm85);
    assert_eq!(cut, Err(Truncated { needed: 19, found: 18 }));
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let good = decode("1e780050005d00ea070b1512040c4800010400");
    let finer = Decimal::new(12_034_567, 5);
    let too_fine = Measurement {
        systolic: Sfloat::Number(finer),
        ..good.clone()
    };
    assert_eq!(too_fine.encode(), Err(Unencodable::Number(finer)));
    let invalid_time = Measurement {
        timestamp: Some(CuffTime::Invalid),
        ..good.clone()
    };
    assert_eq!(invalid_time.encode(), Err(Unencodable::Time));
    let nobody = Measurement { user_id: None, ..good };
    let always = Layout {
        user_octet: UserOctet::Always,
        ..Layout::default()
    };
    assert_eq!(nobody.encode_as(always), Err(Unencodable::UserId));
}

#[test]
fn flags_follow_the_fields() {
    let plain = decode("e0 7800 5000 5d00");
    let with_pulse = Measurement {
        pulse_rate: Some(number("72")),
        unit: Unit::KPa,
        ..plain
    };
    assert_eq!(with_pulse.encode(), Ok(octets("e5 7800 5000 5d00 4800")));
}

proptest! {
    #[test]
    fn no_octets_panic_and_what_can_be_sent_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..24)) {
        match Measurement::decode(&octets) {
            Err(cut) => prop_assert!(octets.len() < LONGEST && cut.needed > cut.found),
            Ok(decoded) => {
                if let Ok(again) = decoded.encode() {
                    let again = Measurement::decode(&again).expect("what was encoded");
                    prop_assert_eq!(again, Measurement { trailing: 0, ..decoded });
                } else {
                    prop_assert_eq!(decoded.timestamp, Some(CuffTime::Invalid));
                }
            }
        }
    }
}
