//! What is known of a connection while its measurements are judged.

use jiff::civil::DateTime;
use uuid::Uuid;

use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::reading::cuff_clock::{self, CuffClock, Outcome, Setting};
use crate::core::source::ClockNote;
use crate::store::{ConnectionId, MeasurementId, Opening, StoredConnection, Unjudged};

/// A stored measurement that is not judged yet.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) measurement: MeasurementId,
    pub(super) octets: Vec<u8>,
    pub(super) at: Now,
    /// Whether the gateway's clock could be believed then.
    pub(super) synchronized: bool,
}

/// What a measurement's worth depends on, beside its octets.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) connection: ConnectionId,
    pub(super) cuff: Name,
    pub(super) bonded: bool,
    /// Its moments can be compared with now's.
    pub(super) of_this_boot: bool,
    /// The first connection after pairing that brings measurements.
    pub(super) first: bool,
    /// How many measurements it brought so far; at its end, in all.
    pub(super) brought: usize,
    pub(super) clock: CuffClock,
}

impl Facts {
    /// Takes in what was learned of the cuff's clock: the first reading, the last setting.
    pub(super) fn note(&mut self, note: ClockNote) {
        match note {
            ClockNote::Read { offset_s, at } => {
                self.clock
                    .read
                    .get_or_insert(cuff_clock::Read { offset_s, at: at.wall });
            }
            ClockNote::Set { to, at } => self.set(to, at, Outcome::Taken),
            ClockNote::MaybeSet { to, at } => self.set(to, at, Outcome::Unknown),
        }
    }

    fn set(&mut self, to: DateTime, at: Now, outcome: Outcome) {
        let at = at.wall;
        self.clock.set_now = Some(Setting { to, at, outcome });
    }
}

/// A connection that has brought nothing yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connected {
    pub(super) bonded: bool,
    pub(super) at: Now,
}

/// A stored connection as it goes on.
#[derive(Debug)]
pub(super) struct OpenConnection {
    pub(super) facts: Facts,
    /// The cuff's clock is known as well as it will be.
    pub(super) settled: bool,
    waiting: Vec<Waiting>,
}

impl OpenConnection {
    pub(super) fn new(cuff: Name, bonded: bool, opening: Opening, set_before: Option<Setting>) -> Self {
        let clock = CuffClock {
            set_before,
            ..CuffClock::default()
        };
        let Opening { connection, first } = opening;
        let facts = Facts {
            connection,
            cuff,
            bonded,
            of_this_boot: true,
            first,
            brought: 0,
            clock,
        };
        Self {
            facts,
            settled: false,
            waiting: Vec::new(),
        }
    }

    pub(super) fn wait(&mut self, one: Waiting) {
        self.facts.brought += 1;
        self.waiting.push(one);
    }

    /// What can be judged now. Nothing before the clock is settled; nothing before the end where it matters whether a
    /// measurement came alone.
    pub(super) fn take_ready(&mut self, waits_for_company: bool) -> Vec<Waiting> {
        if self.settled && !waits_for_company {
            self.take_all()
        } else {
            Vec::new()
        }
    }

    /// Puts back what has to wait after all.
    pub(super) fn put_back(&mut self, waiting: Vec<Waiting>) {
        self.waiting.splice(..0, waiting);
    }

    pub(super) fn take_all(&mut self) -> Vec<Waiting> {
        std::mem::take(&mut self.waiting)
    }
}

/// What an earlier run stored and did not judge.
pub(super) fn of_an_earlier_run(left: Unjudged, boot: Uuid) -> (Facts, Vec<Waiting>) {
    let StoredConnection {
        connection,
        cuff,
        bonded,
        first,
        read,
        set,
        set_before,
        boot: of,
        ..
    } = left.connection;
    let brought = left.measurements.len();
    let mut facts = Facts {
        connection,
        cuff,
        bonded,
        of_this_boot: of == boot,
        first,
        brought,
        clock: CuffClock {
            set_before,
            ..CuffClock::default()
        },
    };
    for note in read.into_iter().chain(set) {
        facts.note(note);
    }
    let waiting = left.measurements.into_iter().map(|stored| Waiting {
        measurement: stored.measurement,
        octets: stored.octets,
        at: stored.at,
        synchronized: stored.synchronized,
    });
    (facts, waiting.collect())
}

// What a cuff sent is health data.
impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Waiting").field(&self.measurement).finish()
    }
}
