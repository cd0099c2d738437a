//! What stored measurements are: readings with their messages, doubles, or nobody's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tracing::{info, warn};
use uuid::Uuid;

use super::bundles;
use super::connection::{Facts, Waiting};
use super::gatekeeper::{Candidate, Candidates, Gatekeeper};
use crate::app::board::{self, Board};
use crate::app::persist::Persist;
use crate::core::bls::measurement::{CuffTime, Measurement};
use crate::core::cuff::Cuff;
use crate::core::moment::{Now, whole_seconds};
use crate::core::name::Name;
use crate::core::readiness::event::{Arrived, Connection};
use crate::core::reading::ReadingId;
use crate::core::source::Description;
use crate::store::{Became, Judged, Step, StoreError};

/// Judges stored measurements.
#[derive(Debug)]
pub(super) struct Judge {
    /// Registered cuffs.
    pub(super) cuffs: Arc<[Cuff]>,
    /// The zone of the cuffs' own clocks.
    pub(super) zone: TimeZone,
    /// What each cuff says of itself, as far as it was ever read.
    pub(super) descriptions: HashMap<Name, Description>,
    /// Whether it matters that a measurement was the only one of its connection.
    pub(super) waits_for_company: bool,
}

/// Which of a connection's measurements are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// Those of patients without an open session (contract 2.7): the connection goes on.
    WithoutSession,
    /// All: the connection is over.
    All,
}

/// What judging needs besides.
pub(super) struct Judging<'a> {
    pub(super) store: &'a Persist,
    pub(super) gatekeeper: &'a mut Gatekeeper,
    pub(super) board: &'a mut Board,
    pub(super) now: Now,
}

impl Judge {
    /// Remembers what was read of a cuff.
    pub(super) fn learn(&mut self, cuff: &Name, new: &Description) {
        let known = self.descriptions.entry(cuff.clone()).or_default();
        board::merge(known, new);
    }

    /// Takes measurements of one connection to what they are, with all that this causes, in one transaction. Returns those
    /// that have to wait.
    pub(super) async fn judge(
        &self,
        judging: Judging<'_>,
        facts: &Facts,
        waiting: Vec<Waiting>,
        which: Which,
    ) -> Result<Vec<Waiting>, StoreError> {
        let Judging {
            store,
            gatekeeper,
            board,
            now,
        } = judging;
        if waiting.is_empty() {
            return Ok(waiting);
        }
        let Some(cuff) = self.cuffs.iter().find(|cuff| cuff.id == facts.cuff) else {
            warn!(cuff = %facts.cuff, "measurements of a cuff that is registered no more wait until it is again");
            return Ok(Vec::new());
        };
        let at = gatekeeper.time(now);
        let mut connection = Connection {
            cuff: cuff.id.clone(),
            bonded: facts.bonded,
            first: facts.first,
            brought: facts.brought,
            arrived: Vec::new(),
        };
        let mut by_id = HashMap::new();
        let mut rest = Vec::new();
        let mut seen = HashSet::new();
        for one in waiting {
            let decoded = cuff.model.decode(&one.octets).ok();
            let (arrived, candidate) = self.candidate(gatekeeper, facts, &one, decoded.as_ref(), at);
            if which == Which::WithoutSession && gatekeeper.gate.session_of(&connection, &arrived).is_some() {
                rest.push(one);
                continue;
            }
            let seen_before = match candidate.digest {
                Some(digest) => !seen.insert(digest) || store.knows(&cuff.id, digest).await?,
                None => false,
            };
            let id = Uuid::new_v4();
            by_id.insert(id, candidate);
            connection.arrived.push(Arrived {
                id: ReadingId::Unique(id),
                seen_before,
                ..arrived
            });
        }
        if connection.arrived.is_empty() {
            return Ok(rest);
        }
        let unread = Description::default();
        let candidates = Candidates {
            cuff,
            description: self.descriptions.get(&cuff.id).unwrap_or(&unread),
            by_id,
        };
        let (mut step, rounds) = gatekeeper.measured(connection, candidates, now);
        bundles::add(store, &mut gatekeeper.maker, &rounds, &mut step).await?;
        self.commit(store, step, &cuff.id, board).await?;
        Ok(rest)
    }

    async fn commit(&self, store: &Persist, step: Step, cuff: &Name, board: &mut Board) -> Result<(), StoreError> {
        let outcomes: Vec<Outcome> = step.judged.iter().map(Outcome::of).collect();
        store.commit(step).await?;
        for outcome in outcomes {
            outcome.tell(cuff, board);
        }
        Ok(())
    }

    /// A measurement as the gate is told of it, but for its id and whether it came before.
    fn candidate(
        &self,
        gatekeeper: &Gatekeeper,
        facts: &Facts,
        one: &Waiting,
        decoded: Option<&Measurement>,
        at: Timestamp,
    ) -> (Arrived, Candidate) {
        let stamp = decoded
            .and_then(|measurement| measurement.timestamp)
            .and_then(CuffTime::valid);
        let offset_s = stamp.and_then(|stamp| facts.clock.offset_for(stamp, one.at.wall, &self.zone));
        // Moments of another boot say nothing here.
        let by_gate = if facts.of_this_boot {
            gatekeeper.clock.at(one.at.moment)
        } else {
            one.at.wall
        };
        let received_at = by_gate.min(at);
        let ahead = one.at.wall.duration_since(received_at);
        let arrived = Arrived {
            id: ReadingId::Numbered(0),
            octets: one.octets.clone(),
            received_at,
            offset_s: offset_s.map(|offset_s| offset_s.saturating_sub(whole_seconds(ahead))),
            seen_before: false,
            clock_synchronized: one.synchronized,
        };
        let candidate = Candidate {
            measurement: one.measurement,
            octets: one.octets.clone(),
            digest: digest(stamp.is_some(), &one.octets),
            received_at: one.at.wall,
            offset_s,
            ahead,
        };
        (arrived, candidate)
    }
}

/// What became of one measurement, for log and board: no values.
enum Outcome {
    Reading { id: Uuid, counted: bool },
    Duplicate,
    Nobody,
}

impl Outcome {
    fn of(judged: &Judged) -> Self {
        match &judged.became {
            Became::Reading(new) => Self::Reading {
                id: new.message.id,
                counted: new.counted,
            },
            Became::Duplicate => Self::Duplicate,
            Became::Nobody { .. } => Self::Nobody,
        }
    }

    fn tell(self, cuff: &Name, board: &mut Board) {
        match self {
            Self::Reading { id, counted } => info!(reading_id = %id, %cuff, counted, "stored"),
            Self::Duplicate => board.count_duplicate(cuff),
            Self::Nobody => {
                info!(%cuff, "a measurement that belongs to nobody");
                board.count_unassigned(cuff);
            }
        }
    }
}

/// What tells a measurement that comes again; only those with a valid cuff time can (contract 2.5, `duplicate`).
fn digest(is_dated: bool, octets: &[u8]) -> Option<[u8; 32]> {
    if !is_dated {
        return None;
    }
    ring::digest::digest(&ring::digest::SHA256, octets)
        .as_ref()
        .try_into()
        .ok()
}
