//! What a session looks like to the people in the room: one row of the contract's table (contract 5).

use jiff::Timestamp;
use serde_json::Value;

use crate::core::readiness::answer::State;
use crate::core::state::SessionState;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Until the first reading may be taken.
    Rest {
        /// When that is.
        until: Timestamp,
    },
    /// A reading is to be taken now.
    Wanted {
        /// Which.
        number: u64,
        /// Of how many.
        count: u64,
    },
    /// Until the next reading may be taken.
    Spacing {
        /// When that is.
        until: Timestamp,
    },
    /// Only the check-list is missing.
    Attest,
    /// Something else is missing: the box must find out the time, or room.
    Settling,
    /// Within limits.
    Ready {
        /// Until then.
        until: Timestamp,
    },
    /// Under way.
    Started {
        /// Since when.
        since: Option<Timestamp>,
    },
    /// The readings were outside a limit.
    Blocked {
        /// When the next round begins.
        next_at: Option<Timestamp>,
    },
    /// A clinician decides.
    Referred,
    /// A reading at a crisis limit.
    Crisis,
    /// Over.
    Ended,
}

impl View {
    /// How a session looks at `now`. What is not surely "ready" is not.
    pub(super) fn of(session: &SessionState, now: Timestamp) -> Self {
        match session.told.state {
            State::Waiting => waiting(session, now),
            State::Ready => match session.told.valid_until {
                Some(until) if session.told.ready && until > now => Self::Ready { until },
                Some(_) | None => Self::Settling,
            },
            State::Started => Self::Started {
                since: session.progress.started_at,
            },
            State::Blocked => Self::Blocked {
                next_at: session.told.next_at,
            },
            State::Referred => Self::Referred,
            State::Crisis => Self::Crisis,
            State::Ended => Self::Ended,
        }
    }

    /// Its name: the class of its section, which gives it its colours.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Rest { .. } => "rest",
            Self::Wanted { .. } => "wanted",
            Self::Spacing { .. } => "spacing",
            Self::Attest => "attest",
            Self::Settling => "settling",
            Self::Ready { .. } => "ready",
            Self::Started { .. } => "started",
            Self::Blocked { .. } => "blocked",
            Self::Referred => "referred",
            Self::Crisis => "crisis",
            Self::Ended => "ended",
        }
    }

    /// When time alone makes it another.
    pub(super) const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Rest { until } | Self::Spacing { until } | Self::Ready { until } => Some(until),
            Self::Blocked { next_at } => next_at,
            Self::Wanted { .. }
            | Self::Attest
            | Self::Settling
            | Self::Started { .. }
            | Self::Referred
            | Self::Crisis
            | Self::Ended => None,
        }
    }
}

fn waiting(session: &SessionState, now: Timestamp) -> View {
    let progress = &session.progress;
    let later = |time: Option<Timestamp>| time.filter(|time| *time > now);
    if let Some(until) = later(progress.rest_until) {
        return View::Rest { until };
    }
    match (progress.readings_done, progress.readings_needed) {
        (Some(done), Some(needed)) if needed > 0 => match later(progress.next_reading_at) {
            Some(until) => View::Spacing { until },
            None => View::Wanted {
                number: done + 1,
                count: done + needed,
            },
        },
        _ if has(session, "attestation_missing") => View::Attest,
        _ => View::Settling,
    }
}

/// Whether a reason of this code is given.
pub(super) fn has(session: &SessionState, code: &str) -> bool {
    session.told.reasons.iter().any(|reason| code_of(reason) == code)
}

/// The code of a reason.
pub(super) fn code_of(reason: &Value) -> &str {
    reason.get("code").and_then(Value::as_str).unwrap_or_default()
}
