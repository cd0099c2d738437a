//! Why a reading does not count: steps 1 to 4 of contract 2.5.
//!
//! A step is reached only if those before it gave nothing; within a step all that apply are given, in the contract's order.

use rust_decimal::Decimal;

use super::Circumstances;
use super::taken::Taken;
use super::values::{Values, is_positive};
use crate::core::bls::measurement::{CuffTime, Measurement, Status};
use crate::core::bls::status::PulseRateRange;
use crate::core::readiness::policy::{OnIrregularPulse, OnStatus, ReadingRules};
use crate::core::reason::ReadingReason;

/// No blood pressure is higher, in mmHg (contract 2.5).
const HIGHEST_PLAUSIBLE: Decimal = Decimal::from_parts(400, 0, 0, false, 0);

/// What the steps look at.
pub(super) struct Facts<'a> {
    pub(super) measurement: Option<&'a Measurement>,
    pub(super) values: Values,
    pub(super) circumstances: &'a Circumstances<'a>,
    pub(super) taken: Taken,
    pub(super) has_patient: bool,
    pub(super) has_session: bool,
}

/// The reasons of the first step that gives any.
pub(super) fn first_that_speaks(facts: &Facts<'_>) -> Vec<ReadingReason> {
    if facts.circumstances.cuff.is_none() {
        return vec![ReadingReason::UnregisteredCuff];
    }
    if is_duplicate(facts) {
        return vec![ReadingReason::Duplicate];
    }
    match (facts.measurement, facts.values.systolic, facts.values.diastolic) {
        (Some(measurement), Some(systolic), Some(diastolic)) => step_4(facts, measurement, systolic, diastolic),
        _ => vec![ReadingReason::MeasurementError],
    }
}

fn is_duplicate(facts: &Facts<'_>) -> bool {
    let stamp = facts.measurement.and_then(|measurement| measurement.timestamp);
    let dated = stamp.and_then(CuffTime::valid).is_some();
    dated && facts.circumstances.seen_before
}

fn step_4(facts: &Facts<'_>, measurement: &Measurement, systolic: Decimal, diastolic: Decimal) -> Vec<ReadingReason> {
    use ReadingReason as R;
    let circumstances = facts.circumstances;
    let rules = circumstances.rules;
    let doubt = facts.taken.doubt;
    let pulse_rate_missing = rules.require_pulse_rate && facts.values.real_pulse_rate().is_none();
    let before_status = [
        (is_implausible(systolic, diastolic), R::Implausible),
        (measurement.trailing > 0, R::UnexpectedLength),
        (rules.require_bond && !circumstances.bonded, R::NotBonded),
        (doubt == Some(R::ClockUnsynchronized), R::ClockUnsynchronized),
        (circumstances.first_connection, R::FirstSessionHistory),
        (doubt == Some(R::Undated), R::Undated),
        (doubt == Some(R::FutureDated), R::FutureDated),
        (doubt == Some(R::Stale), R::Stale),
        (!facts.has_patient, R::OtherUser),
        (facts.has_patient && !facts.has_session, R::NoSession),
        (pulse_rate_missing, R::PulseRateMissing),
    ];
    let status = rejected_status(measurement.status.unwrap_or(Status(0)), rules);
    applying(before_status).chain(applying(status)).collect()
}

fn applying<const N: usize>(reasons: [(bool, ReadingReason); N]) -> impl Iterator<Item = ReadingReason> {
    reasons
        .into_iter()
        .filter_map(|(applies, reason)| applies.then_some(reason))
}

fn is_implausible(systolic: Decimal, diastolic: Decimal) -> bool {
    // What is below a plausible systolic pressure is not too high for a diastolic one.
    !is_positive(systolic) || !is_positive(diastolic) || systolic > HIGHEST_PLAUSIBLE || diastolic >= systolic
}

fn rejected_status(status: Status, rules: &ReadingRules) -> [(bool, ReadingReason); 5] {
    use ReadingReason as R;
    let rejects = |rule| rule == OnStatus::Reject;
    let out_of_range = status.pulse_rate_range() != PulseRateRange::InRange;
    let rejects_irregular = rules.on_irregular_pulse == OnIrregularPulse::Reject;
    [
        (
            rejects(rules.on_body_movement) && status.body_movement(),
            R::BodyMovement,
        ),
        (
            rejects(rules.on_cuff_too_loose) && status.cuff_too_loose(),
            R::CuffTooLoose,
        ),
        (
            rejects(rules.on_improper_position) && status.improper_position(),
            R::ImproperPosition,
        ),
        (rejects(rules.on_pulse_rate_range) && out_of_range, R::PulseRateRange),
        (rejects_irregular && status.irregular_pulse(), R::IrregularPulse),
    ]
}
