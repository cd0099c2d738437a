//! What the gate is told (contract 2.2).

use jiff::Timestamp;

use crate::core::name::Name;
use crate::core::reading::ReadingId;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody opens a session.
    SessionOpened {
        /// Its id, never used before.
        session: Name,
        /// Whose readings it is for.
        patient: Name,
        /// A clinic's cuff that is used for it.
        cuff: Option<Name>,
    },
    /// Somebody attests an item of the policy, or takes that back.
    Attested {
        /// For which session.
        session: Name,
        /// What.
        item: Name,
        /// Who says so.
        by: Option<Name>,
        /// Whether it holds from now on.
        value: bool,
    },
    /// A connection that brought measurements is over.
    Measured(Connection),
    /// The gateway's clock became synchronized, or lost that.
    Clock {
        /// Whether it is.
        synchronized: bool,
    },
    /// The store became unable to take what is said here, or able again. It is able until told otherwise.
    ///
    /// No line of `replay` is this: what a disk had room for is no part of what was measured.
    Store {
        /// Whether it is able to.
        available: bool,
    },
    /// How much time has passed became unknown, or known again. It is known until told otherwise.
    ///
    /// Unknown over a reboot until the clock is synchronized, and while the wall clock has just stepped (contract 2.6, 2.7).
    /// Nothing is ready then, whatever the policy says of the clock; how readings are judged does not change. No line of
    /// `replay` is this: its time is the events'.
    Elapsed {
        /// Whether it is known.
        known: bool,
    },
    /// A clinician decided.
    Decided {
        /// About which session.
        session: Name,
        /// How.
        decision: Decision,
        /// Who.
        by: Name,
    },
    /// The session is started: the platform acts on "ready".
    SessionStarted {
        /// Which one.
        session: Name,
    },
    /// The session is ended.
    SessionClosed {
        /// Which one.
        session: Name,
    },
    /// Nothing happened; time passes.
    Tick,
}

impl Event {
    /// The session that it names.
    #[must_use]
    pub const fn session(&self) -> Option<&Name> {
        match self {
            Self::SessionOpened { session, .. }
            | Self::Attested { session, .. }
            | Self::Decided { session, .. }
            | Self::SessionStarted { session }
            | Self::SessionClosed { session } => Some(session),
            Self::Measured(_) | Self::Clock { .. } | Self::Store { .. } | Self::Elapsed { .. } | Self::Tick => None,
        }
    }
}

/// A clinician's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Clears what waits for it, as far as the policy allows.
    Approve,
    /// Ends the session.
    Deny,
}

/// One connection's measurements, told when it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Which cuff, registered or not.
    pub cuff: Name,
    /// Bonded before the connection and still.
    pub bonded: bool,
    /// The first connection after pairing that brought measurements.
    pub first: bool,
    /// How many measurements it brought in all. In the daemon some of them were judged before it was over (contract 2.7).
    pub brought: usize,
    /// The measurements in order of arrival.
    pub arrived: Vec<Arrived>,
}

/// One measurement as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// The id under which the gate tells of it; the caller's choice.
    pub id: ReadingId,
    /// The 0x2A35 value.
    pub octets: Vec<u8>,
    /// When it was received; not after the event.
    pub received_at: Timestamp,
    /// Gateway minus cuff, in seconds, if that dates this measurement.
    pub offset_s: Option<i64>,
    /// The same octets came from the same cuff before.
    pub seen_before: bool,
    /// The gateway's clock was synchronized when it was received.
    pub clock_synchronized: bool,
}
