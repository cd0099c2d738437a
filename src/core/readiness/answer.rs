//! The gate's answer about one session (contract 2.3 and 2.6).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::means::Means;
use crate::core::name::Name;
use crate::core::reading::ReadingId;
use crate::core::reason::Reason;

/// A session's state. Only `Ready` permits a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A round collects; or one is passed, and an attestation, the clock or the store is missing.
    Waiting,
    /// Passed, all attestations hold, the clock is synchronized, the store available.
    Ready,
    /// Under way: nothing is judged any more.
    Started,
    /// A round failed; the next begins later.
    Blocked,
    /// A clinician decides.
    Referred,
    /// A reading was at or above a crisis limit.
    Crisis,
    /// Over; the last answer.
    Ended,
}

impl State {
    /// The contract's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Started => "started",
            Self::Blocked => "blocked",
            Self::Referred => "referred",
            Self::Crisis => "crisis",
            Self::Ended => "ended",
        }
    }
}

/// What the gate says about a session. Times are absolute: it stays true without being told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which session.
    pub session: Name,
    /// Whose.
    pub patient: Name,
    /// How it stands.
    pub state: State,
    /// Why it is not ready, all that apply; empty only in `Ready`.
    pub reasons: Vec<Reason>,
    /// Until when "ready" holds; only in `Ready`.
    pub valid_until: Option<Timestamp>,
    /// When the next round begins; only in `Blocked`.
    pub next_at: Option<Timestamp>,
    /// The means of the readings behind it; `None` if there are none.
    pub means: Option<Means>,
    /// The readings behind it.
    pub counted: Vec<ReadingId>,
    /// Who approved; only in a `Ready` that an approval gave.
    pub by: Option<Name>,
}

impl Answer {
    /// The last answer of a session of which nothing else is known.
    #[must_use]
    pub fn over(session: Name, patient: Name) -> Self {
        Self {
            session,
            patient,
            state: State::Ended,
            reasons: vec![Reason::SessionOver],
            valid_until: None,
            next_at: None,
            means: None,
            counted: Vec::new(),
            by: None,
        }
    }

    /// Whether it permits a start.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state == State::Ready
    }
}

/// An attestation that holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Attested {
    /// What.
    pub item: Name,
    /// Who said so.
    pub by: Option<Name>,
    /// Since when it holds.
    pub at: Timestamp,
    /// When it lapses.
    pub until: Timestamp,
}
