//! A reading: a measurement with its owner and its times, and why it does not count (contract 2.1 and 2.5, steps 1 to 4).
//!
//! What is found here holds with or without a policy. Steps 5 and 6 belong to a session: `core::readiness`.

pub mod cuff_clock;
pub mod taken;
pub mod values;
pub mod whose;

mod steps;

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::bls::measurement::{Measurement, Status};
use super::cuff::Cuff;
use super::name::Name;
use super::readiness::policy::ReadingRules;
use super::reason::ReadingReason;
use taken::{Stamp, Taken};
use values::Values;
use whose::{NoSessions, OpenSession, OpenSessions};

/// What is known of a measurement apart from its octets.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// The registered cuff that it came from; `None` if no such cuff is registered.
    pub cuff: Option<&'a Cuff>,
    /// What a reading must be to count: the policy's, or the defaults where there is no policy.
    pub rules: &'a ReadingRules,
    /// The zone of the cuffs' own clocks.
    pub zone: &'a TimeZone,
    /// When it was received.
    pub received_at: Timestamp,
    /// Gateway minus cuff, in seconds, as far as it dates this reading (see [`cuff_clock::CuffClock`]).
    pub offset_s: Option<i64>,
    /// Bonded before the connection and still.
    pub bonded: bool,
    /// It came in the first connection after pairing that brought measurements.
    pub first_connection: bool,
    /// It was the only measurement of its connection.
    pub alone: bool,
    /// The same octets came from the same cuff before, in any connection.
    pub seen_before: bool,
    /// The gateway's clock is synchronized.
    pub clock_synchronized: bool,
}

/// What a reading is called in answers and messages. The caller gives it; the gate only tells which it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadingId {
    /// By its number in the input of `replay`: `r1`, `r2`, …
    Numbered(u64),
    /// By a UUID, in the daemon.
    Unique(Uuid),
}

impl fmt::Display for ReadingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Numbered(number) => write!(f, "r{number}"),
            Self::Unique(id) => id.fmt(f),
        }
    }
}

impl Serialize for ReadingId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A measurement, whose it is, when it was taken, and what speaks against it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose it is; `None` for nobody's, and for an unregistered cuff's.
    pub patient: Option<Name>,
    /// The open session of its patient.
    pub session: Option<Name>,
    /// When it was received.
    pub received_at: Timestamp,
    /// When it was taken; `None` if that is unknown.
    pub taken_at: Option<Timestamp>,
    /// Gateway minus cuff, in seconds, if that was known for this reading.
    pub offset_s: Option<i64>,
    /// What the cuff sent; `None` if it does not decode.
    pub measurement: Option<Measurement>,
    /// Its numbers, in mmHg and beats per minute, unrounded.
    pub values: Values,
    /// Why it does not count, by the first of the steps 1 to 4 that gave a reason; all reasons of that step, in order.
    pub reasons: Vec<ReadingReason>,
    /// What stands behind it.
    pub verification: Verification,
}

/// What stands behind a reading (contract 3.1). Unknown is not true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// A registered cuff sent it.
    pub registered: bool,
    /// The link was bonded before the connection.
    pub bonded: bool,
    /// The gateway's clock was synchronized.
    pub clock_synchronized: bool,
    /// It is known when it was taken, and that was not long ago.
    pub fresh: bool,
    /// It is known whose it is.
    pub user_matched: bool,
}

impl Verification {
    /// Whether all five are true. Where the policy does not require a bond nothing is verified; the caller knows that.
    #[must_use]
    pub const fn all(self) -> bool {
        self.registered && self.bonded && self.clock_synchronized && self.fresh && self.user_matched
    }
}

impl Reading {
    /// Whether it says something about its patient, whatever else speaks against it: high values are never filtered away.
    #[must_use]
    pub fn is_evidence(&self) -> bool {
        !self.reasons.iter().any(|reason| speaks_of_nobody(*reason))
    }

    /// Whether it would be evidence if it were somebody's.
    #[must_use]
    pub fn is_evidence_of_someone(&self) -> bool {
        self.reasons
            .iter()
            .all(|reason| *reason == ReadingReason::OtherUser || !speaks_of_nobody(*reason))
    }

    /// Whether steps 1 to 4 found nothing against it.
    #[must_use]
    pub fn counts_so_far(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether the cuff saw an irregular pulse.
    #[must_use]
    pub fn has_irregular_pulse(&self) -> bool {
        let status = self.measurement.as_ref().and_then(|measurement| measurement.status);
        status.is_some_and(Status::irregular_pulse)
    }
}

/// Whether a reading with this reason is no evidence (contract 2.5).
const fn speaks_of_nobody(reason: ReadingReason) -> bool {
    use ReadingReason as R;
    match reason {
        R::UnregisteredCuff
        | R::Duplicate
        | R::MeasurementError
        | R::Implausible
        | R::FirstSessionHistory
        | R::Stale
        | R::OtherUser
        | R::NoSession => true,
        R::UnexpectedLength
        | R::NotBonded
        | R::ClockUnsynchronized
        | R::Undated
        | R::FutureDated
        | R::PulseRateMissing
        | R::BodyMovement
        | R::CuffTooLoose
        | R::ImproperPosition
        | R::PulseRateRange
        | R::IrregularPulse
        | R::RestIncomplete
        | R::TooSoon
        | R::RoundOver
        | R::DiscardedFirst => false,
    }
}

/// Judges a measurement by steps 1 to 4. `measurement` is `None` if the octets do not decode.
///
/// Transport only, without a policy, passes [`ReadingRules::default`] and [`NoSessions`].
#[must_use]
pub fn evaluate(
    measurement: Option<Measurement>,
    circumstances: &Circumstances<'_>,
    sessions: &impl OpenSessions,
) -> Reading {
    let taken = when_taken(measurement.as_ref(), circumstances);
    let user_id = measurement.as_ref().and_then(|measurement| measurement.user_id);
    let patient = circumstances
        .cuff
        .and_then(|cuff| whose::patient(cuff, user_id, taken.at, sessions));
    let session = patient
        .as_ref()
        .and_then(|patient| sessions.of_patient(patient))
        .map(|session: OpenSession<'_>| session.id.clone());
    let values = measurement.as_ref().map_or_else(Values::default, Values::of);
    let reasons = steps::first_that_speaks(&steps::Facts {
        measurement: measurement.as_ref(),
        values,
        circumstances,
        taken,
        has_patient: patient.is_some(),
        has_session: session.is_some(),
    });
    let verification = Verification {
        registered: circumstances.cuff.is_some(),
        bonded: circumstances.bonded,
        clock_synchronized: circumstances.clock_synchronized,
        fresh: taken.doubt.is_none(),
        user_matched: patient.is_some(),
    };
    Reading {
        patient,
        session,
        received_at: circumstances.received_at,
        taken_at: taken.at,
        offset_s: circumstances.offset_s,
        measurement,
        values,
        reasons,
        verification,
    }
}

/// As [`evaluate`], where there is no session at all.
#[must_use]
pub fn evaluate_without_sessions(measurement: Option<Measurement>, circumstances: &Circumstances<'_>) -> Reading {
    evaluate(measurement, circumstances, &NoSessions)
}

fn when_taken(measurement: Option<&Measurement>, circumstances: &Circumstances<'_>) -> Taken {
    let stamp = match measurement.map(|measurement| measurement.timestamp) {
        Some(Some(time)) => Stamp::Sent(time),
        Some(None) => Stamp::NoField,
        None => Stamp::Undecodable,
    };
    taken::when(stamp, circumstances)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_common;
