//! What evidence says by itself, before its round has a word (contract 2.5).

use super::policy::{OnIrregularPulse, Policy};
use super::round::Counted;
use crate::core::reading::Reading;
use crate::core::reason::{Reason, Vital};

/// One `crisis` reason for each value at or above its limit; empty: no crisis.
pub(super) fn crisis(values: &Counted, policy: &Policy) -> Vec<Reason> {
    [
        (Vital::Systolic, values.systolic, policy.crisis.systolic),
        (Vital::Diastolic, values.diastolic, policy.crisis.diastolic),
    ]
    .into_iter()
    .filter(|(_, measured, limit)| measured >= limit)
    .map(|(of, measured, limit)| Reason::Crisis { of, measured, limit })
    .collect()
}

/// Whether the reading's pulse is irregular and the policy refers that.
pub(super) fn refers(reading: &Reading, policy: &Policy) -> bool {
    policy.reading.on_irregular_pulse == OnIrregularPulse::Refer && reading.has_irregular_pulse()
}
