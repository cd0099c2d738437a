//! Where a session stands between its events (contract 2.6).

use jiff::Timestamp;

use super::policy::{Approval, Policy};
use super::round::{Counted, Round};
use crate::core::name::Name;
use crate::core::reason::Reason;

/// Where a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// A round collects.
    Collecting(Round),
    /// A round is passed.
    Passed(Pass),
    /// A round failed.
    Blocked {
        /// The limits that its means passed.
        why: Vec<Reason>,
        counted: Vec<Counted>,
        next_at: Timestamp,
    },
    /// A clinician decides.
    Referred { why: Vec<Reason>, counted: Vec<Counted> },
    /// A reading was at or above a crisis limit.
    Crisis { why: Vec<Reason>, reading: Counted },
    /// The session is under way.
    Started {
        /// Why there is a crisis, if one came since.
        crisis: Vec<Reason>,
        /// Behind the answer before the start, or the crisis reading that came since.
        counted: Vec<Counted>,
    },
    /// The session is over.
    Ended {
        why: Reason,
        /// Behind the answer before.
        counted: Vec<Counted>,
    },
}

/// A round that passed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pass {
    /// Nothing moves this end later.
    pub(super) until: Timestamp,
    pub(super) counted: Vec<Counted>,
    pub(super) clearance: Clearance,
}

/// What a pass needs beside its numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Clearance {
    /// Nothing.
    Numbers,
    /// A clinician's approval, which is not there yet.
    Awaited,
    /// A clinician approved.
    Given { by: Name },
}

impl Clearance {
    /// What a round that passed needs by the policy.
    pub(super) const fn needed(policy: &Policy) -> Self {
        match policy.approval {
            Approval::None => Self::Numbers,
            Approval::Clinician => Self::Awaited,
        }
    }
}

impl Phase {
    /// When time alone ends it and the next round begins, if it ever does.
    pub(super) fn over_at(&self, policy: &Policy) -> Option<Timestamp> {
        match self {
            Self::Collecting(round) => round.over_at(policy),
            Self::Passed(pass) => Some(pass.until),
            Self::Blocked { next_at, .. } => Some(*next_at),
            Self::Referred { .. } | Self::Crisis { .. } | Self::Started { .. } | Self::Ended { .. } => None,
        }
    }

    /// Why the next round begins, told in its answers, when time alone ended this phase.
    pub(super) fn left_by_time(&self) -> Vec<Reason> {
        match self {
            Self::Collecting(_) | Self::Passed(_) => vec![Reason::ValidityOver],
            Self::Blocked { .. }
            | Self::Referred { .. }
            | Self::Crisis { .. }
            | Self::Started { .. }
            | Self::Ended { .. } => Vec::new(),
        }
    }

    /// The readings behind the answer.
    pub(super) fn counted(&self) -> &[Counted] {
        match self {
            Self::Collecting(round) => &round.counted,
            Self::Passed(pass) => &pass.counted,
            Self::Crisis { reading, .. } => std::slice::from_ref(reading),
            Self::Blocked { counted, .. }
            | Self::Referred { counted, .. }
            | Self::Started { counted, .. }
            | Self::Ended { counted, .. } => counted,
        }
    }
}
