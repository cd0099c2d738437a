//! A round: readings that are judged together (contract 2.6).

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::means;
use super::policy::Policy;
use super::timeline;
use crate::core::reading::{Reading, ReadingId};
use crate::core::reason::Reason;

/// A reading behind an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Counted {
    pub(super) id: ReadingId,
    /// mmHg.
    pub(super) systolic: Decimal,
    /// mmHg.
    pub(super) diastolic: Decimal,
    /// Beats per minute, above 0.
    pub(super) pulse_rate: Option<Decimal>,
}

impl Counted {
    /// `None` if the reading lacks a pressure.
    pub(super) fn of(id: ReadingId, reading: &Reading) -> Option<Self> {
        Some(Self {
            id,
            systolic: reading.values.systolic?,
            diastolic: reading.values.diastolic?,
            pulse_rate: reading.values.real_pulse_rate(),
        })
    }
}

/// A round that collects readings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Round {
    /// Readings taken before do not belong to it.
    pub(super) began_at: Timestamp,
    /// Why the round before was left.
    pub(super) left: Vec<Reason>,
    /// What counts so far.
    pub(super) counted: Vec<Counted>,
    /// When its first accepted reading, discarded or not, was received.
    first_received_at: Option<Timestamp>,
    /// One more reading was asked for; that happens once.
    extra: bool,
}

/// What a round makes of a reading that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Accepted {
    /// Kept, but not counted: the policy discards the first.
    Discarded,
    /// Counted; more are needed.
    Counted,
    /// Counted, and the round is complete.
    Complete,
}

impl Round {
    pub(super) const fn begin(at: Timestamp, left: Vec<Reason>) -> Self {
        Self {
            began_at: at,
            left,
            counted: Vec::new(),
            first_received_at: None,
            extra: false,
        }
    }

    pub(super) fn accept(&mut self, reading: Counted, received_at: Timestamp, policy: &Policy) -> Accepted {
        let is_first = self.first_received_at.is_none();
        self.first_received_at.get_or_insert(received_at);
        if is_first && policy.discard_first {
            return Accepted::Discarded;
        }
        self.counted.push(reading);
        if self.is_full(policy) && !self.extra {
            self.extra = policy
                .extra_if_differ
                .is_some_and(|allowed| means::differ_by_more(&self.counted, allowed));
        }
        if self.is_full(policy) {
            Accepted::Complete
        } else {
            Accepted::Counted
        }
    }

    fn is_full(&self, policy: &Policy) -> bool {
        self.missing(policy) == 0
    }

    /// Counted readings to come.
    fn missing(&self, policy: &Policy) -> u64 {
        let wanted = u64::from(policy.readings) + u64::from(self.extra);
        let counted = u64::try_from(self.counted.len()).unwrap_or(u64::MAX);
        wanted.saturating_sub(counted)
    }

    /// Accepted readings to come, the one to discard too.
    pub(super) fn needed(&self, policy: &Policy) -> u64 {
        let to_discard = policy.discard_first && self.first_received_at.is_none();
        self.missing(policy) + u64::from(to_discard)
    }

    /// Accepted readings so far, a discarded one too.
    pub(super) fn accepted(&self, policy: &Policy) -> u64 {
        let discarded = policy.discard_first && self.first_received_at.is_some();
        let counted = u64::try_from(self.counted.len()).unwrap_or(u64::MAX);
        counted + u64::from(discarded)
    }

    /// When it begins afresh, if it is not complete by then.
    pub(super) fn over_at(&self, policy: &Policy) -> Option<Timestamp> {
        let first_received_at = self.first_received_at?;
        Some(timeline::after(first_received_at, policy.valid_for))
    }
}
