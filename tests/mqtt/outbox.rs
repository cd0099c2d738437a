//! An outbox in memory that remembers every mark.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use cuffd::core::delivery::{Due, Kind, Mark, Page};
use cuffd::mqtt::message::status::Standing;
use cuffd::mqtt::outbox::{Outbox, OutboxError};
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

/// Rows and marks, shared by test and link.
#[derive(Clone)]
pub(crate) struct Memory {
    inner: Arc<Mutex<Inner>>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
pub(crate) struct Inner {
    waiting: BTreeMap<(Kind, u64), Row>,
    places: HashMap<Uuid, (Kind, u64)>,
    /// Octets of every row ever queued.
    pub(crate) payloads: HashMap<Uuid, Arc<[u8]>>,
    /// Rows marked sent, with how often.
    pub(crate) sent: HashMap<Uuid, u32>,
    /// Rows set aside, and why.
    pub(crate) set_aside: HashMap<Uuid, String>,
    /// Every [`Mark::Later`], as row and reason.
    pub(crate) later: Vec<(Uuid, String)>,
    /// Rows whose attempt was counted.
    pub(crate) attempts: HashSet<Uuid>,
    /// While true, nothing can be stored.
    pub(crate) broken: bool,
    connections: u64,
}

struct Row {
    due: Due,
    not_before: Option<Timestamp>,
    /// It waits because it was refused, not for a receipt.
    refused: bool,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            inner: Arc::default(),
            changed: watch::channel(0).0,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Changes with every change here; the link takes it for news of queued rows.
    pub(crate) fn queued(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn queue(&self, rows: impl IntoIterator<Item = Due>) {
        let mut inner = self.lock();
        for due in rows {
            let place = (due.kind, due.seq);
            inner.places.insert(due.id, place);
            inner.payloads.insert(due.id, due.payload.clone());
            inner.waiting.insert(
                place,
                Row {
                    due,
                    not_before: None,
                    refused: false,
                },
            );
        }
        drop(inner);
        self.touch();
    }

    /// Makes due what was refused.
    pub(crate) fn hasten(&self) {
        for row in self.lock().waiting.values_mut().filter(|row| row.refused) {
            row.not_before = None;
        }
        self.touch();
    }

    /// The platform has these.
    pub(crate) fn receipt(&self, id: Uuid) {
        let mut inner = self.lock();
        if let Some(place) = inner.places.get(&id).copied() {
            inner.waiting.remove(&place);
        }
        drop(inner);
        self.touch();
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(crate) fn touch(&self) {
        self.changed.send_modify(|count| *count += 1);
    }
}

impl Inner {
    fn apply(&mut self, mark: Mark) {
        let Some(place) = self.places.get(&mark.id()).copied() else {
            panic!("a mark for a row that never was");
        };
        match mark {
            Mark::Sent { id, again, .. } => {
                *self.sent.entry(id).or_default() += 1;
                match (again, self.waiting.get_mut(&place)) {
                    (Some(wait), Some(row)) => {
                        row.not_before = Some(wait.until);
                        row.refused = false;
                        row.due.sends += 1;
                    }
                    _ => {
                        self.waiting.remove(&place);
                    }
                }
            }
            Mark::Later { id, wait, why } => {
                self.later.push((id, why));
                if let Some(row) = self.waiting.get_mut(&place) {
                    row.not_before = Some(wait.until);
                    row.refused = true;
                    row.due.attempts += 1;
                }
            }
            Mark::Attempt { id } => {
                self.attempts.insert(id);
            }
            Mark::SetAside { id, why } => {
                self.set_aside.insert(id, why);
                self.waiting.remove(&place);
            }
        }
    }
}

impl Outbox for Memory {
    async fn page(&self, now: Timestamp, limit: usize, skip: Vec<Uuid>) -> Result<Page, OutboxError> {
        let skip: HashSet<_> = skip.into_iter().collect();
        let inner = self.lock();
        let due = |row: &&Row| row.not_before.is_none_or(|time| time <= now) && !skip.contains(&row.due.id);
        let rows = inner.waiting.values().filter(due).take(limit);
        let rows: Vec<Due> = rows.map(|row| row.due.clone()).collect();
        let later = inner.waiting.values().filter_map(|row| row.not_before);
        let next_due = later.filter(|time| *time > now).min().filter(|_| rows.len() < limit);
        Ok(Page { rows, next_due })
    }

    async fn apply(&self, marks: Vec<Mark>) -> Result<(), OutboxError> {
        let mut inner = self.lock();
        if inner.broken {
            return Err(OutboxError::Passing("no room".into()));
        }
        marks.into_iter().for_each(|mark| inner.apply(mark));
        drop(inner);
        // Waiters of the test look again; a link takes it for news, which it may be.
        self.changed.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn standing(&self) -> Result<Standing, OutboxError> {
        let inner = self.lock();
        if inner.broken {
            return Err(OutboxError::Passing("no room".into()));
        }
        Ok(Standing {
            queued: inner.waiting.len().try_into().unwrap(),
            ..Standing::default()
        })
    }

    async fn next_connection(&self) -> Result<u64, OutboxError> {
        let mut inner = self.lock();
        inner.connections += 1;
        Ok(inner.connections)
    }
}
