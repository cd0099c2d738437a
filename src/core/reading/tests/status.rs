//! What status bits say against a reading.

use super::*;

/// Every status bit with the reason that it gives when the policy rejects.
const STATUS_BITS: [(u16, R); 7] = [
    (0x01, R::BodyMovement),
    (0x02, R::CuffTooLoose),
    (0x20, R::ImproperPosition),
    (0x08, R::PulseRateRange),
    (0x10, R::PulseRateRange),
    (0x18, R::PulseRateRange),
    (0x04, R::IrregularPulse),
];

#[test]
fn each_status_bit_rejects_or_counts_as_the_policy_says() {
    let all = |on_irregular_pulse, on| ReadingRules {
        on_irregular_pulse,
        on_body_movement: on,
        on_cuff_too_loose: on,
        on_improper_position: on,
        on_pulse_rate_range: on,
        ..ReadingRules::default()
    };
    for (bits, reason) in STATUS_BITS {
        let status = |m: &mut Option<Measurement>| m.as_mut().expect("a measurement").status = Some(Status(bits));
        let rejected = reasons_by(&all(OnIrregularPulse::Reject, OnStatus::Reject), |m, _| status(m));
        let counted = reasons_by(&all(OnIrregularPulse::Count, OnStatus::Count), |m, _| status(m));
        let referred = reasons_by(&all(OnIrregularPulse::Refer, OnStatus::Count), |m, _| status(m));
        assert_eq!(
            (&rejected[..], &counted[..], &referred[..]),
            (&[reason][..], &[][..], &[][..])
        );
    }
}

#[test]
fn each_status_rule_is_its_own() {
    let count = ReadingRules {
        on_irregular_pulse: OnIrregularPulse::Count,
        on_body_movement: OnStatus::Count,
        on_cuff_too_loose: OnStatus::Count,
        on_improper_position: OnStatus::Count,
        on_pulse_rate_range: OnStatus::Count,
        ..ReadingRules::default()
    };
    let one_each = [
        (
            R::BodyMovement,
            ReadingRules {
                on_body_movement: OnStatus::Reject,
                ..count.clone()
            },
        ),
        (
            R::CuffTooLoose,
            ReadingRules {
                on_cuff_too_loose: OnStatus::Reject,
                ..count.clone()
            },
        ),
        (
            R::ImproperPosition,
            ReadingRules {
                on_improper_position: OnStatus::Reject,
                ..count.clone()
            },
        ),
        (
            R::PulseRateRange,
            ReadingRules {
                on_pulse_rate_range: OnStatus::Reject,
                ..count.clone()
            },
        ),
        (
            R::IrregularPulse,
            ReadingRules {
                on_irregular_pulse: OnIrregularPulse::Reject,
                ..count
            },
        ),
    ];
    for (reason, rules) in one_each {
        let reasons = reasons_by(&rules, |m, _| {
            m.as_mut().expect("a measurement").status = Some(Status(0xFFFF))
        });
        assert_eq!(reasons, [reason]);
    }
}

#[test]
fn reserved_status_bits_say_nothing() {
    assert_eq!(
        reasons(|m, _| m.as_mut().expect("a measurement").status = Some(Status(0xFFC0))),
        []
    );
}
