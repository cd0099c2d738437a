//! Steps 1 to 4, each reason by itself, in its step and in its place.

mod status;

use rust_decimal::Decimal;

use super::tests_common::{circumstances, cuff, name, time};
use super::*;
use crate::core::bls::measurement::{CuffTime, Status, Unit};
use crate::core::bls::sfloat::Sfloat;
use crate::core::cuff::Wearer;
use crate::core::readiness::policy::{OnIrregularPulse, OnStatus};
use ReadingReason as R;

/// p1 has an open session.
struct Open;

impl OpenSessions for Open {
    fn of_patient(&self, patient: &Name) -> Option<OpenSession<'_>> {
        static NAMES: std::sync::LazyLock<(Name, Name)> = std::sync::LazyLock::new(|| (name("s1"), name("p1")));
        (*patient == NAMES.1).then(|| OpenSession {
            id: &NAMES.0,
            patient: &NAMES.1,
            opened_at: time("17:00:00"),
        })
    }

    fn naming_cuff(&self, _cuff: &Name) -> Option<OpenSession<'_>> {
        None
    }
}

fn number(value: &str) -> Sfloat {
    Sfloat::Number(value.parse().expect("a decimal"))
}

/// 120/80, pulse 72, taken at 17:59.
fn good() -> Measurement {
    Measurement {
        flags: 0x1E,
        unit: Unit::MmHg,
        systolic: number("120"),
        diastolic: number("80"),
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: Some(CuffTime::Valid(TimeZone::UTC.to_datetime(time("17:59:00")))),
        pulse_rate: Some(number("72")),
        user_id: Some(1),
        status: Some(Status(0)),
        trailing: 0,
    }
}

fn reasons(change: impl FnOnce(&mut Option<Measurement>, &mut Circumstances<'_>)) -> Vec<R> {
    reasons_by(&ReadingRules::default(), change)
}

fn reasons_by(rules: &ReadingRules, change: impl FnOnce(&mut Option<Measurement>, &mut Circumstances<'_>)) -> Vec<R> {
    let mut measurement = Some(good());
    let mut circumstances = circumstances(rules, "18:00:00", Some(0));
    change(&mut measurement, &mut circumstances);
    evaluate(measurement, &circumstances, &Open).reasons
}

fn pressures(systolic: &str, diastolic: &str) -> Vec<R> {
    reasons(|measurement, _| {
        let measurement = measurement.as_mut().expect("a measurement");
        measurement.systolic = number(systolic);
        measurement.diastolic = number(diastolic);
    })
}

#[test]
fn a_good_reading_has_nothing_against_it() {
    let rules = ReadingRules::default();
    let reading = evaluate(Some(good()), &circumstances(&rules, "18:00:00", Some(0)), &Open);
    assert_eq!(reading.reasons, []);
    assert!(reading.counts_so_far() && reading.is_evidence() && reading.verification.all());
    assert_eq!(reading.patient, Some(name("p1")));
    assert_eq!(reading.session, Some(name("s1")));
    assert_eq!(reading.taken_at, Some(time("17:59:00")));
    assert_eq!(reading.values.systolic, Some(Decimal::from(120)));
}

#[test]
fn an_unregistered_cuff_is_the_only_reason() {
    let reasons = reasons(|measurement, circumstances| {
        *measurement = None;
        circumstances.cuff = None;
        circumstances.bonded = false;
    });
    assert_eq!(reasons, [R::UnregisteredCuff]);
}

#[test]
fn a_duplicate_is_the_only_reason_and_needs_a_valid_time() {
    for (timestamp, duplicate) in [
        (good().timestamp, true),
        (Some(CuffTime::Unknown), false),
        (Some(CuffTime::Invalid), false),
        (None, false),
    ] {
        let reasons = reasons(|measurement, circumstances| {
            let measurement = measurement.as_mut().expect("a measurement");
            measurement.timestamp = timestamp;
            measurement.systolic = Sfloat::NotANumber;
            circumstances.seen_before = true;
        });
        let expected = if duplicate { R::Duplicate } else { R::MeasurementError };
        assert_eq!(reasons, [expected], "{timestamp:?}");
    }
}

#[test]
fn what_does_not_decode_or_has_no_pressure_is_a_measurement_error() {
    let error = [R::MeasurementError];
    let undecodable = reasons(|measurement, circumstances| {
        *measurement = None;
        circumstances.bonded = false;
    });
    assert_eq!(undecodable, error);
    for special in [
        Sfloat::NotANumber,
        Sfloat::NotAtThisResolution,
        Sfloat::PositiveInfinity,
        Sfloat::NegativeInfinity,
        Sfloat::Reserved,
    ] {
        let systolic = reasons(|m, _| m.as_mut().expect("a measurement").systolic = special);
        let diastolic = reasons(|m, _| m.as_mut().expect("a measurement").diastolic = special);
        let mean = reasons(|m, _| m.as_mut().expect("a measurement").mean_arterial_pressure = special);
        assert_eq!(
            (&systolic[..], &diastolic[..], &mean[..]),
            (&error[..], &error[..], &[][..])
        );
    }
}

#[test]
fn implausible_is_what_no_blood_pressure_is() {
    for (systolic, diastolic, implausible) in [
        ("1", "0", true),
        ("1", "0.1", false),
        ("0", "-1", true),
        ("-1", "-2", true),
        ("399.9", "80", false),
        ("400", "80", false),
        ("400.1", "80", true),
        ("80.1", "80", false),
        ("80", "80", true),
        ("79.9", "80", true),
        ("270", "160", false),
    ] {
        let expected = if implausible { vec![R::Implausible] } else { vec![] };
        assert_eq!(pressures(systolic, diastolic), expected, "{systolic}/{diastolic}");
    }
}

#[test]
fn kilopascal_are_judged_converted() {
    for (kilopascal, implausible) in [("53.3289", false), ("53.3290", true), ("16.04", false)] {
        let reasons = reasons(|measurement, _| {
            let measurement = measurement.as_mut().expect("a measurement");
            measurement.unit = Unit::KPa;
            measurement.systolic = number(kilopascal);
            measurement.diastolic = number("10.67");
        });
        assert_eq!(reasons == [R::Implausible], implausible, "{kilopascal} kPa");
    }
}

#[test]
fn octets_left_over_do_not_count() {
    for trailing in [0, 1] {
        let reasons = reasons(|m, _| m.as_mut().expect("a measurement").trailing = trailing);
        assert_eq!(reasons == [R::UnexpectedLength], trailing > 0);
    }
}

#[test]
fn a_bond_is_needed_if_the_policy_requires_it() {
    for (require_bond, bonded, refused) in [(true, false, true), (true, true, false), (false, false, false)] {
        let rules = ReadingRules {
            require_bond,
            ..ReadingRules::default()
        };
        let reasons = reasons_by(&rules, |_, circumstances| circumstances.bonded = bonded);
        assert_eq!(reasons == [R::NotBonded], refused, "{require_bond} {bonded}");
    }
}

#[test]
fn time_and_owner_each_give_their_reason() {
    assert_eq!(reasons(|_, c| c.clock_synchronized = false), [R::ClockUnsynchronized]);
    assert_eq!(reasons(|_, c| c.first_connection = true), [R::FirstSessionHistory]);
    assert_eq!(reasons(|_, c| c.offset_s = None), [R::Undated]);
    assert_eq!(reasons(|_, c| c.offset_s = Some(181)), [R::FutureDated]);
    assert_eq!(reasons(|_, c| c.offset_s = Some(-541)), [R::Stale]);
    let nobodys = cuff(Wearer::Session);
    let strangers = cuff(Wearer::Patient(name("p2")));
    let rules = ReadingRules::default();
    for (cuff, reason) in [(&nobodys, R::OtherUser), (&strangers, R::NoSession)] {
        let mut circumstances = circumstances(&rules, "18:00:00", Some(0));
        circumstances.cuff = Some(cuff);
        assert_eq!(evaluate(Some(good()), &circumstances, &Open).reasons, [reason]);
    }
}

#[test]
fn a_pulse_rate_is_needed_if_the_policy_has_limits_for_it() {
    for (pulse_rate, present) in [
        (None, false),
        (Some(Sfloat::NotANumber), false),
        (Some(number("-1")), false),
        (Some(number("0")), false),
        (Some(number("0.1")), true),
    ] {
        for require_pulse_rate in [true, false] {
            let rules = ReadingRules {
                require_pulse_rate,
                ..ReadingRules::default()
            };
            let reasons = reasons_by(&rules, |m, _| {
                m.as_mut().expect("a measurement").pulse_rate = pulse_rate
            });
            let missing = require_pulse_rate && !present;
            assert_eq!(reasons == [R::PulseRateMissing], missing, "{pulse_rate:?}");
        }
    }
}

#[test]
fn all_reasons_of_a_step_are_given_in_order() {
    let rules = ReadingRules {
        require_pulse_rate: true,
        on_irregular_pulse: OnIrregularPulse::Reject,
        ..ReadingRules::default()
    };
    let stranger = cuff(Wearer::Users(std::collections::BTreeMap::new()));
    let reading = {
        let mut circumstances = circumstances(&rules, "18:00:00", Some(-541));
        circumstances.cuff = Some(&stranger);
        circumstances.bonded = false;
        circumstances.first_connection = true;
        let mut measurement = good();
        measurement.diastolic = number("120");
        measurement.trailing = 1;
        measurement.pulse_rate = None;
        measurement.status = Some(Status(0xFFFF));
        evaluate(Some(measurement), &circumstances, &Open)
    };
    assert_eq!(
        reading.reasons,
        [
            R::Implausible,
            R::UnexpectedLength,
            R::NotBonded,
            R::FirstSessionHistory,
            R::Stale,
            R::OtherUser,
            R::PulseRateMissing,
            R::BodyMovement,
            R::CuffTooLoose,
            R::ImproperPosition,
            R::PulseRateRange,
            R::IrregularPulse,
        ]
    );
    assert!(reading.reasons.is_sorted(), "the order of the type is the contract's");
}

#[test]
fn evidence_is_all_but_what_speaks_of_nobody() {
    let no_evidence = [
        R::UnregisteredCuff,
        R::Duplicate,
        R::MeasurementError,
        R::Implausible,
        R::FirstSessionHistory,
        R::Stale,
        R::OtherUser,
        R::NoSession,
    ];
    let evidence = [
        R::UnexpectedLength,
        R::NotBonded,
        R::ClockUnsynchronized,
        R::Undated,
        R::FutureDated,
        R::PulseRateMissing,
        R::BodyMovement,
        R::CuffTooLoose,
        R::ImproperPosition,
        R::PulseRateRange,
        R::IrregularPulse,
        R::RestIncomplete,
        R::TooSoon,
        R::RoundOver,
        R::DiscardedFirst,
    ];
    assert!(no_evidence.into_iter().all(speaks_of_nobody));
    assert!(!evidence.into_iter().any(speaks_of_nobody));
}

#[test]
fn verification_says_what_stands_behind_a_reading() {
    let rules = ReadingRules::default();
    let verified = |change: fn(&mut Circumstances<'_>)| {
        let mut circumstances = circumstances(&rules, "18:00:00", Some(0));
        change(&mut circumstances);
        evaluate_without_sessions(Some(good()), &circumstances).verification
    };
    let all = verified(|_| {});
    assert!(all.all());
    assert_eq!(verified(|c| c.bonded = false), Verification { bonded: false, ..all });
    assert_eq!(
        verified(|c| c.offset_s = Some(-541)),
        Verification { fresh: false, ..all }
    );
    assert_eq!(verified(|c| c.offset_s = None), Verification { fresh: false, ..all });
    let unsynchronized = Verification {
        fresh: false,
        clock_synchronized: false,
        ..all
    };
    assert_eq!(verified(|c| c.clock_synchronized = false), unsynchronized);
    let unregistered = Verification {
        registered: false,
        user_matched: false,
        ..all
    };
    assert_eq!(verified(|c| c.cuff = None), unregistered);
    for missing in [
        Verification {
            registered: false,
            ..all
        },
        Verification { bonded: false, ..all },
        Verification {
            clock_synchronized: false,
            ..all
        },
        Verification { fresh: false, ..all },
        Verification {
            user_matched: false,
            ..all
        },
    ] {
        assert!(!missing.all());
    }
}
