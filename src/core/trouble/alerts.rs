//! When trouble is alerted, and when that is cleared (contract 3.3).
//!
//! A trouble is raised while a session is open, or once it has stood for ten minutes without a break; once, until it has gone;
//! then it is cleared under the same id. What changes is in force only when the caller has stored it and says so.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::{Observation, Trouble};
use crate::core::moment::Moment;

/// Trouble that mends itself sooner is not worth a call, while nobody waits.
const BEARABLE: Duration = Duration::from_mins(10);

/// At the start of a run nothing is known yet: Bluetooth, clock and broker take some seconds.
const SETTLING: Duration = Duration::from_mins(1);

/// What is to be told, and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The trouble has come.
    Raised {
        /// The alert's id.
        id: Uuid,
        /// What it is.
        trouble: Trouble,
    },
    /// The trouble has gone.
    Cleared {
        /// The id under which it was raised.
        id: Uuid,
        /// What it was.
        trouble: Trouble,
    },
}

/// The alerts that are open, and the troubles that may become some. There is at most one open alert for a trouble.
#[derive(Clone, Debug)]
pub struct Alerts {
    open: BTreeMap<Trouble, Open>,
    /// The troubles that stand, since when they were first seen.
    since: BTreeMap<Trouble, Moment>,
    session_open: bool,
    /// When it was last observed.
    now: Moment,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    id: Uuid,
    /// It is of an earlier run, and its trouble has not been seen in this one: not cleared before then.
    unknown_until: Option<Moment>,
}

impl Alerts {
    /// Begins a run with what is stored as open.
    #[must_use]
    pub fn new(stored: impl IntoIterator<Item = (Uuid, Trouble)>, now: Moment) -> Self {
        let unknown_until = Some(now + SETTLING);
        let open = |(id, trouble)| (trouble, Open { id, unknown_until });
        Self {
            open: stored.into_iter().map(open).collect(),
            since: BTreeMap::new(),
            session_open: false,
            now,
        }
    }

    /// Notes what stands now. What that changes is asked for with [`Self::changes`].
    pub fn observe(&mut self, observation: &Observation, now: Moment) {
        self.now = now;
        self.session_open = observation.session_open;
        self.since.retain(|trouble, _| observation.standing.contains(trouble));
        for trouble in &observation.standing {
            self.since.entry(trouble.clone()).or_insert(now);
            if let Some(open) = self.open.get_mut(trouble) {
                open.unknown_until = None;
            }
        }
    }

    /// What is to be told as things were last observed: cleared before raised. Each raised one takes a new id.
    ///
    /// The same again (under other ids) until it is applied: a store that failed is simply asked again.
    #[must_use]
    pub fn changes(&self, mut new_id: impl FnMut() -> Uuid) -> Vec<Change> {
        let cleared = self.open.iter().filter(|(trouble, open)| self.has_gone(trouble, open));
        let cleared = cleared.map(|(trouble, open)| Change::Cleared {
            id: open.id,
            trouble: trouble.clone(),
        });
        let due = self
            .since
            .iter()
            .filter(|(trouble, since)| self.is_due(trouble, **since));
        let raised = due.map(|(trouble, _)| Change::Raised {
            id: new_id(),
            trouble: trouble.clone(),
        });
        cleared.chain(raised).collect()
    }

    /// The change is stored, and in force from now on.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Raised { id, trouble } => {
                let open = Open {
                    id: *id,
                    unknown_until: None,
                };
                self.open.insert(trouble.clone(), open);
            }
            Change::Cleared { trouble, .. } => {
                self.open.remove(trouble);
            }
        }
    }

    /// When time alone causes a change, after the last observation.
    ///
    /// A change that is there already and was not applied has none: how soon to ask the store again is the caller's to know.
    #[must_use]
    pub fn deadline(&self) -> Option<Moment> {
        let raised = self
            .since
            .iter()
            .filter(|(trouble, _)| !self.open.contains_key(*trouble));
        let raised = raised.map(|(_, since)| *since + BEARABLE);
        let cleared = self.open.values().filter_map(|open| open.unknown_until);
        raised.chain(cleared).filter(|deadline| *deadline > self.now).min()
    }

    fn has_gone(&self, trouble: &Trouble, open: &Open) -> bool {
        let is_known = open.unknown_until.is_none_or(|until| until <= self.now);
        is_known && !self.since.contains_key(trouble)
    }

    fn is_due(&self, trouble: &Trouble, since: Moment) -> bool {
        let is_to_be_told = self.session_open || self.now.since(since) >= BEARABLE;
        is_to_be_told && !self.open.contains_key(trouble)
    }
}

#[cfg(test)]
mod tests;
