//! What the gate says back, in order.

use jiff::Timestamp;

use super::answer::{Answer, Attested};
use super::means::Means;
use super::refusal::Refusal;
use super::round::Counted;
use crate::core::name::Name;
use crate::core::reading::{Reading, ReadingId, Verification};
use crate::core::reason::ReadingReason;

/// One thing that an event, or time passing before it, caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event changed nothing.
    Refused(Refusal),
    /// A measurement was judged.
    Judged(Box<Judged>),
    /// Somebody must be told now.
    Alert(Alert),
    /// A session's answer is another than before.
    Answer {
        /// Since when it holds: the event's time, or that of a deadline before it.
        at: Timestamp,
        /// The answer.
        answer: Box<Answer>,
        /// The attestations that hold. That one was renewed is no new answer.
        attested: Vec<Attested>,
    },
}

/// A measurement with what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The caller's id for it.
    pub id: ReadingId,
    /// The cuff that sent it.
    pub cuff: Name,
    /// The measurement as steps 1 to 4 judged it.
    pub reading: Reading,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a measurement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It counts in its round.
    Counted,
    /// It counts, and with it its round was judged.
    Completed(Box<JudgedRound>),
    /// It is at or above a crisis limit, and so the answer's only counted reading, whatever else speaks against it.
    Crisis,
    /// Its irregular pulse referred the session; it is the answer's only counted reading.
    IrregularPulse,
    /// It does not count, for these reasons; never empty.
    NotCounted(Vec<ReadingReason>),
}

impl Fate {
    /// Why it does not count; empty if it does.
    #[must_use]
    pub fn reasons(&self) -> &[ReadingReason] {
        match self {
            Self::NotCounted(reasons) => reasons,
            Self::Counted | Self::Completed(_) | Self::Crisis | Self::IrregularPulse => &[],
        }
    }
}

/// A round that was judged, passed or failed. What comes after it in the same connection may hide it from every answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRound {
    /// Its counted readings, in the order counted.
    pub counted: Vec<ReadingId>,
    /// What it was judged by.
    pub means: Means,
}

impl JudgedRound {
    /// `None` if nothing counted.
    pub(super) fn of(counted: &[Counted]) -> Option<Self> {
        Some(Self {
            counted: counted.iter().map(|reading| reading.id).collect(),
            means: Means::of(counted)?,
        })
    }
}

/// What goes out as an alert (contract 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// A reading of the session's patient is at or above a crisis limit.
    Crisis {
        /// Which session.
        session: Name,
        /// Whose.
        patient: Name,
        /// Which reading.
        reading: ReadingId,
        /// What stands behind it.
        verification: Verification,
    },
    /// While a session was open, a cuff brought a reading at or above a crisis limit that is nobody's.
    CrisisUnassigned {
        /// Which cuff.
        cuff: Name,
        /// What stands behind it.
        verification: Verification,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_measurement_that_does_not_count_has_reasons() {
        let reasons = [ReadingReason::RestIncomplete, ReadingReason::TooSoon];
        assert_eq!(Fate::NotCounted(reasons.to_vec()).reasons(), reasons);
        for fate in [Fate::Counted, Fate::Crisis, Fate::IrregularPulse] {
            assert_eq!(fate.reasons(), [], "{fate:?}");
        }
    }
}
