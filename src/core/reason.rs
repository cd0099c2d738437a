//! Why a reading does not count, and why an answer is not "ready": the codes of contract 2.5 and 2.6, with what decided them.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::name::Name;
use super::notation::Printed;

/// Why a reading does not count (contract 2.5), in the contract's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReadingReason {
    /// No registered cuff sent it.
    UnregisteredCuff,
    /// The same octets of the same cuff, with a valid cuff time, were seen before.
    Duplicate,
    /// It does not decode, or its systolic or diastolic pressure is not a number.
    MeasurementError,
    /// No real blood pressure.
    Implausible,
    /// Octets are left over that the cuff's model does not explain.
    UnexpectedLength,
    /// The link was not bonded.
    NotBonded,
    /// The gateway's clock is not synchronized, so nothing can be dated.
    ClockUnsynchronized,
    /// It came in the first connection after pairing: history.
    FirstSessionHistory,
    /// It cannot be told when it was taken.
    Undated,
    /// Its time lies in the future.
    FutureDated,
    /// It was taken too long before it was received.
    Stale,
    /// It is nobody's.
    OtherUser,
    /// Its patient has no open session.
    NoSession,
    /// The policy has limits for the pulse rate, and it has none.
    PulseRateMissing,
    /// The body moved.
    BodyMovement,
    /// The cuff sat too loosely.
    CuffTooLoose,
    /// The arm or wrist was held wrongly.
    ImproperPosition,
    /// The pulse rate was outside the cuff's own range.
    PulseRateRange,
    /// The pulse was irregular.
    IrregularPulse,
    /// It was taken before the rest was over.
    RestIncomplete,
    /// It was taken too soon after the session's last accepted reading.
    TooSoon,
    /// No round is collecting, or it was taken before the round began.
    RoundOver,
    /// It is the round's first, which the policy does not count.
    DiscardedFirst,
}

impl ReadingReason {
    /// The contract's code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnregisteredCuff => "unregistered_cuff",
            Self::Duplicate => "duplicate",
            Self::MeasurementError => "measurement_error",
            Self::Implausible => "implausible",
            Self::UnexpectedLength => "unexpected_length",
            Self::NotBonded => "not_bonded",
            Self::ClockUnsynchronized => "clock_unsynchronized",
            Self::FirstSessionHistory => "first_session_history",
            Self::Undated => "undated",
            Self::FutureDated => "future_dated",
            Self::Stale => "stale",
            Self::OtherUser => "other_user",
            Self::NoSession => "no_session",
            Self::PulseRateMissing => "pulse_rate_missing",
            Self::BodyMovement => "body_movement",
            Self::CuffTooLoose => "cuff_too_loose",
            Self::ImproperPosition => "improper_position",
            Self::PulseRateRange => "pulse_rate_range",
            Self::IrregularPulse => "irregular_pulse",
            Self::RestIncomplete => "rest_incomplete",
            Self::TooSoon => "too_soon",
            Self::RoundOver => "round_over",
            Self::DiscardedFirst => "discarded_first",
        }
    }
}

impl Serialize for ReadingReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("code", self.code())?;
        map.end()
    }
}

/// What a limit is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vital {
    /// Systolic pressure, mmHg.
    Systolic,
    /// Diastolic pressure, mmHg.
    Diastolic,
    /// Pulse rate, beats per minute.
    PulseRate,
}

/// Which end of a limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Above the highest permitted value.
    Above,
    /// Below the lowest permitted value.
    Below,
}

/// One cause of an answer that is not "ready" (contract 2.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A mean, or a value by itself, is outside the policy's limits.
    Limit {
        /// Of what.
        of: Vital,
        /// Which end was passed.
        side: Side,
        /// What was measured: a mean, for printing only, or one value.
        measured: Decimal,
        /// The limit that it passed.
        limit: Decimal,
    },
    /// A reading said that the pulse is irregular.
    IrregularPulse,
    /// All rounds that may fail have failed.
    AttemptsUsed,
    /// The round passed, and a clinician has not decided yet.
    ApprovalNeeded,
    /// A value at or above a crisis limit.
    Crisis {
        /// Of what.
        of: Vital,
        /// The value.
        measured: Decimal,
        /// The limit.
        limit: Decimal,
    },
    /// The last round does not hold any more.
    ValidityOver,
    /// The patient is still to rest.
    RestIncomplete {
        /// Until when.
        until: Timestamp,
    },
    /// The round is not complete.
    ReadingsNeeded {
        /// Accepted readings to come, the one to discard too.
        needed: u64,
    },
    /// An attestation does not hold.
    AttestationMissing {
        /// Which one.
        item: Name,
    },
    /// The gateway's clock is not synchronized, or it is not known how much time has passed.
    ClockUnsynchronized,
    /// The gateway has no room to store what it says, or cannot (contract 4, `store.reserve`).
    StoreUnavailable,
    /// The session is under way.
    SessionStarted,
    /// The session has ended.
    SessionOver,
    /// A clinician denied the session.
    Denied,
}

impl Reason {
    /// The contract's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Limit { of, side, .. } => limit_code(*of, *side),
            Self::IrregularPulse => "irregular_pulse",
            Self::AttemptsUsed => "attempts_used",
            Self::ApprovalNeeded => "approval_needed",
            Self::Crisis { .. } => "crisis",
            Self::ValidityOver => "validity_over",
            Self::RestIncomplete { .. } => "rest_incomplete",
            Self::ReadingsNeeded { .. } => "readings_needed",
            Self::AttestationMissing { .. } => "attestation_missing",
            Self::ClockUnsynchronized => "clock_unsynchronized",
            Self::StoreUnavailable => "store_unavailable",
            Self::SessionStarted => "session_started",
            Self::SessionOver => "session_over",
            Self::Denied => "denied",
        }
    }
}

const fn limit_code(of: Vital, side: Side) -> &'static str {
    match (of, side) {
        (Vital::Systolic, Side::Above) => "systolic_above_limit",
        (Vital::Systolic, Side::Below) => "systolic_below_limit",
        (Vital::Diastolic, Side::Above) => "diastolic_above_limit",
        (Vital::Diastolic, Side::Below) => "diastolic_below_limit",
        (Vital::PulseRate, Side::Above) => "pulse_rate_above_limit",
        (Vital::PulseRate, Side::Below) => "pulse_rate_below_limit",
    }
}

impl Vital {
    /// The name of the field that holds it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Systolic => "systolic",
            Self::Diastolic => "diastolic",
            Self::PulseRate => "pulse_rate",
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        match self {
            Self::Limit { measured, limit, .. } => {
                map.serialize_entry("measured", &Printed(*measured))?;
                map.serialize_entry("limit", &Printed(*limit))?;
            }
            Self::Crisis { of, measured, limit } => {
                map.serialize_entry("of", of.as_str())?;
                map.serialize_entry("measured", &Printed(*measured))?;
                map.serialize_entry("limit", &Printed(*limit))?;
            }
            Self::RestIncomplete { until } => map.serialize_entry("until", until)?,
            Self::ReadingsNeeded { needed } => map.serialize_entry("needed", needed)?,
            Self::AttestationMissing { item } => map.serialize_entry("item", item)?,
            Self::IrregularPulse
            | Self::AttemptsUsed
            | Self::ApprovalNeeded
            | Self::ValidityOver
            | Self::ClockUnsynchronized
            | Self::StoreUnavailable
            | Self::SessionStarted
            | Self::SessionOver
            | Self::Denied => {}
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_written_with_its_numbers() {
        let reasons = [
            (
                Reason::Limit {
                    of: Vital::Systolic,
                    side: Side::Above,
                    measured: Decimal::new(1_460_000, 4),
                    limit: Decimal::from(140),
                },
                r#"{"code":"systolic_above_limit","measured":146,"limit":140}"#,
            ),
            (
                Reason::Crisis {
                    of: Vital::Diastolic,
                    measured: Decimal::new(1205, 1),
                    limit: Decimal::from(120),
                },
                r#"{"code":"crisis","of":"diastolic","measured":120.5,"limit":120}"#,
            ),
            (
                Reason::RestIncomplete {
                    until: Timestamp::UNIX_EPOCH,
                },
                r#"{"code":"rest_incomplete","until":"1970-01-01T00:00:00Z"}"#,
            ),
            (
                Reason::ReadingsNeeded { needed: 2 },
                r#"{"code":"readings_needed","needed":2}"#,
            ),
            (
                Reason::AttestationMissing {
                    item: Name::parse("safe_setting").expect("a name"),
                },
                r#"{"code":"attestation_missing","item":"safe_setting"}"#,
            ),
            (Reason::StoreUnavailable, r#"{"code":"store_unavailable"}"#),
            (Reason::Denied, r#"{"code":"denied"}"#),
        ];
        for (reason, json) in reasons {
            assert_eq!(serde_json::to_string(&reason).expect("json"), json);
        }
        assert_eq!(
            serde_json::to_string(&ReadingReason::TooSoon).expect("json"),
            r#"{"code":"too_soon"}"#
        );
    }

    #[test]
    fn limits_are_named_by_what_and_which_end() {
        let code = |of, side| limit_code(of, side);
        assert_eq!(code(Vital::Systolic, Side::Below), "systolic_below_limit");
        assert_eq!(code(Vital::Diastolic, Side::Above), "diastolic_above_limit");
        assert_eq!(code(Vital::Diastolic, Side::Below), "diastolic_below_limit");
        assert_eq!(code(Vital::PulseRate, Side::Above), "pulse_rate_above_limit");
        assert_eq!(code(Vital::PulseRate, Side::Below), "pulse_rate_below_limit");
    }
}
