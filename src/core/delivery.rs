//! Messages on their way to the broker: what they are, how they stand, what to send next.

pub mod answer;
pub mod hearing;
pub mod isolation;
pub mod notice;
pub mod packet;
pub mod reconnect;
pub mod retry;
pub mod schedule;
pub mod seldom;
pub mod tries;
pub mod watchdog;
pub mod window;

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// What a stored message is. The order is the order of sending: alerts first, then readiness, then readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `cuffd.alert/1`.
    Alert,
    /// `cuffd.readiness/1`.
    Readiness,
    /// `cuffd.reading/1`.
    Reading,
    /// A FHIR transaction Bundle. Has no `seq` of its own in the messages; here it counts like the others.
    Fhir,
}

impl Kind {
    /// Every kind, in the order of sending.
    pub const ALL: [Self; 4] = [Self::Alert, Self::Readiness, Self::Reading, Self::Fhir];

    /// The word for it in topics, `status.seq`, the store, and commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Readiness => "readiness",
            Self::Reading => "reading",
            Self::Fhir => "fhir",
        }
    }
}

/// A message made and not yet stored. Its octets never change again: a resend is the same octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMessage {
    /// The message's id, also in the payload.
    pub id: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its number within its kind.
    pub seq: u64,
    /// The whole topic.
    pub topic: String,
    /// The `schema` user property, e.g. `cuffd.reading/1`.
    pub schema: &'static str,
    /// The octets.
    pub payload: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// False where there is no broker: it is kept and can be resent, but is not queued.
    pub publish: bool,
}

/// A stored message that is due to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The message's id.
    pub id: Uuid,
    /// What it is.
    pub kind: Kind,
    /// Its number within its kind.
    pub seq: u64,
    /// The whole topic.
    pub topic: String,
    /// The `schema` user property.
    pub schema: String,
    /// The octets.
    pub payload: Arc<[u8]>,
    /// How often it was tried and refused, or broke a connection.
    pub attempts: u32,
    /// How often a broker took it without a receipt coming.
    pub sends: u32,
}

/// Messages that are due, and when there will be more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Those that are due, in the order of sending.
    pub rows: Vec<Due>,
    /// When the next waiting message becomes due; `None` if none waits, or if there are more rows than were asked for.
    pub next_due: Option<Timestamp>,
}

/// How long a message waits. Both ends are of one clock ([`schedule::Schedule`]): when the daemon starts on a clock that has been
/// set back, a beginning that is still to come tells that the end is of no clock any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When it began.
    pub since: Timestamp,
    /// When it is over.
    pub until: Timestamp,
}

/// What became of one try to send a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The broker took it (PUBACK 0x00).
    Sent {
        /// Which message.
        id: Uuid,
        /// When.
        at: Timestamp,
        /// With receipts: not done yet, goes again when this is over unless a receipt comes.
        again: Option<Wait>,
    },
    /// It stays queued and is tried again.
    Later {
        /// Which message.
        id: Uuid,
        /// When this is over.
        wait: Wait,
        /// Why, e.g. `PUBACK 0x10`.
        why: String,
    },
    /// It is about to be tried in isolation: counted before the try, because the try may end the process.
    Attempt {
        /// Which message.
        id: Uuid,
    },
    /// Refused for good: kept, listed, sent again only by `resend`.
    SetAside {
        /// Which message.
        id: Uuid,
        /// Why, e.g. `PUBACK 0x95 packet too large`.
        why: String,
    },
}

impl Mark {
    /// Which message.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        match self {
            Self::Sent { id, .. } | Self::Later { id, .. } | Self::Attempt { id } | Self::SetAside { id, .. } => *id,
        }
    }

    /// Whether the message is due again by time alone.
    #[must_use]
    pub const fn comes_back(&self) -> bool {
        match self {
            Self::Sent { again, .. } => again.is_some(),
            Self::Later { .. } => true,
            Self::Attempt { .. } | Self::SetAside { .. } => false,
        }
    }
}
