//! From what a source tells to stored readings with their messages.
//!
//! * A measurement is durable before anything else is done with it.
//! * What is stored and not judged is judged again after a restart, by the same code.
//! * While the store does not take a measurement it is offered again and again, never dropped.

mod connection;
mod judge;
mod maker;
mod rescue;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tracing::{debug, info, warn};

use self::connection::{OpenConnection, Waiting};
pub use self::judge::Judge;
pub use self::maker::Maker;
pub use self::rescue::{IntakeError, Unsaved, rescue};
use super::board::Board;
use super::persist::Persist;
use crate::clock;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::source::{ClockNote, Description, Ending, Event};
use crate::store::{NewMeasurement, StoreError};
use crate::systemd::{BEAT, Heart};

/// Events taken in one go: a dump shares its trips to the disk.
const BATCH: usize = 64;

/// Takes in what a source tells.
#[derive(Debug)]
pub struct Intake {
    store: Persist,
    judge: Judge,
    open: HashMap<Name, OpenConnection>,
    board: Board,
    shown: watch::Sender<Arc<Board>>,
    heart: Heart,
    /// What arrived and is not durable yet.
    unsaved: VecDeque<Arrived>,
}

/// A measurement on its way to the store.
#[derive(Clone)]
struct Arrived {
    cuff: Name,
    octets: Vec<u8>,
    at: Now,
}

impl Intake {
    /// An intake to which no cuff is connected. What is known of the cuffs is shown through `shown`.
    #[must_use]
    pub fn new(store: Persist, judge: Judge, board: Board, shown: watch::Sender<Arc<Board>>, heart: Heart) -> Self {
        Self {
            store,
            judge,
            open: HashMap::new(),
            board,
            shown,
            heart,
            unsaved: VecDeque::new(),
        }
    }

    /// Judges what an earlier run left, then takes in events until the source is gone.
    ///
    /// # Errors
    /// The store is damaged or gone; what can pass is waited for. The error holds what arrived and is not stored.
    pub async fn run(mut self, mut events: mpsc::Receiver<Event>) -> Result<(), IntakeError> {
        let ended = self.take_all(&mut events).await;
        ended.map_err(|cause| self.give_up(cause, events))
    }

    async fn take_all(&mut self, events: &mut mpsc::Receiver<Event>) -> Result<(), StoreError> {
        self.judge_leftovers().await?;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.heart.beat();
            tokio::select! {
                taken = events.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                }
                () = tokio::time::sleep(BEAT) => continue,
            }
            self.take(std::mem::take(&mut batch)).await?;
            self.shown.send_replace(Arc::new(self.board.clone()));
        }
        let open = std::mem::take(&mut self.open);
        for connection in open.into_values() {
            self.end(connection, clock::now()).await?;
        }
        Ok(())
    }

    fn give_up(&self, cause: StoreError, mut events: mpsc::Receiver<Event>) -> IntakeError {
        events.close();
        let unread = std::iter::from_fn(|| events.try_recv().ok()).filter_map(arrived);
        let bonded = |cuff: &Name| self.open.get(cuff).is_some_and(|open| open.facts.bonded);
        let unsaved = self.unsaved.iter().cloned().chain(unread).map(|one| Unsaved {
            bonded: bonded(&one.cuff),
            cuff: one.cuff,
            octets: one.octets,
            at: one.at,
        });
        IntakeError {
            cause,
            unsaved: unsaved.collect(),
        }
    }

    /// That run's connections ended with it.
    async fn judge_leftovers(&mut self) -> Result<(), StoreError> {
        self.store.end_all_connections(clock::wall()).await?;
        for left in self.store.unjudged().await? {
            self.heart.beat();
            let (facts, waiting) = connection::of_an_earlier_run(left);
            info!(measurements = waiting.len(), "judging what an earlier run left");
            self.judge.judge(&self.store, &facts, waiting, &mut self.board).await?;
        }
        Ok(())
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        self.unsaved.extend(events.iter().cloned().filter_map(arrived));
        let mut run = 0;
        for event in events {
            self.board.take(&event);
            if matches!(event, Event::Measurement { .. }) {
                run += 1;
                continue;
            }
            // What arrived before this event must be stored before what the event changes.
            self.store_first(std::mem::take(&mut run)).await?;
            self.take_other(event).await?;
        }
        self.store_first(run).await
    }

    async fn take_other(&mut self, event: Event) -> Result<(), StoreError> {
        match event {
            Event::Connected { cuff, bonded, at } => self.begin(cuff, bonded, at).await,
            Event::Clock { cuff, note } => self.note_clock(&cuff, note).await,
            Event::ClockSettled { cuff } => self.settle(&cuff).await,
            Event::Described { cuff, description } => self.describe(cuff, description).await,
            Event::Over { cuff, ending, at } => self.over(&cuff, ending, at).await,
            // What these tell stands on the board.
            Event::Measurement { .. } | Event::CuffPressure { .. } | Event::Cuff { .. } | Event::Radio(_) => Ok(()),
        }
    }

    async fn begin(&mut self, cuff: Name, bonded: bool, at: Now) -> Result<(), StoreError> {
        if let Some(left_open) = self.open.remove(&cuff) {
            self.end(left_open, at).await?;
        }
        let set_before = self.store.last_setting(&cuff).await?;
        let opening = self.store.begin_connection(&cuff, bonded, at).await?;
        debug!(%cuff, bonded, "connected");
        self.open
            .insert(cuff.clone(), OpenConnection::new(cuff, bonded, opening, set_before));
        Ok(())
    }

    async fn note_clock(&mut self, cuff: &Name, note: ClockNote) -> Result<(), StoreError> {
        let Some(open) = self.open.get_mut(cuff) else {
            return Ok(());
        };
        open.facts.note(note);
        self.store.note_clock(open.facts.connection, note).await
    }

    /// The cuff's clock is known as well as it will be: what waited for that is judged.
    async fn settle(&mut self, cuff: &Name) -> Result<(), StoreError> {
        if let Some(open) = self.open.get_mut(cuff) {
            open.settled = true;
        }
        self.judge_ready().await
    }

    async fn describe(&mut self, cuff: Name, description: Description) -> Result<(), StoreError> {
        self.judge.learn(&cuff, &description);
        self.store.describe(&cuff, &description).await
    }

    async fn over(&mut self, cuff: &Name, ending: Ending, at: Now) -> Result<(), StoreError> {
        let Some(open) = self.open.remove(cuff) else {
            return Ok(());
        };
        match ending {
            Ending::Delivered | Ending::Stopped | Ending::Empty => {
                info!(%cuff, measurements = open.brought, ?ending, "connection is over");
            }
            Ending::Failed(failure) => {
                warn!(%cuff, measurements = open.brought, ?failure, "connection came to nothing")
            }
        }
        self.end(open, at).await
    }

    async fn end(&mut self, mut open: OpenConnection, at: Now) -> Result<(), StoreError> {
        let rest = open.take_all();
        self.judge
            .judge(&self.store, &open.facts, rest, &mut self.board)
            .await?;
        self.store.end_connection(open.facts.connection, at.wall).await
    }

    /// Makes the first `count` of what arrived durable, then judges those that need not wait.
    async fn store_first(&mut self, count: usize) -> Result<(), StoreError> {
        if count == 0 {
            return Ok(());
        }
        let arrived: Vec<Arrived> = self.unsaved.iter().take(count).cloned().collect();
        let mut new = Vec::with_capacity(count);
        for Arrived { cuff, octets, at } in &arrived {
            if !self.open.contains_key(cuff) {
                // A source says first that it is connected. If one forgets, its measurement must not be lost by it.
                warn!(%cuff, "a measurement came outside a connection");
                self.begin(cuff.clone(), false, *at).await?;
            }
            let Some(open) = self.open.get(cuff) else { continue };
            new.push(NewMeasurement {
                connection: open.facts.connection,
                octets: octets.clone(),
                at: *at,
            });
        }
        let ids = self.store.append(new).await?;
        self.unsaved.drain(..count);
        for (Arrived { cuff, octets, at }, measurement) in arrived.into_iter().zip(ids) {
            if let Some(open) = self.open.get_mut(&cuff) {
                open.wait(Waiting {
                    measurement,
                    octets,
                    at,
                });
            }
        }
        self.judge_ready().await
    }

    async fn judge_ready(&mut self) -> Result<(), StoreError> {
        for open in self.open.values_mut() {
            let ready = open.take_ready(self.judge.waits_for_company());
            self.judge
                .judge(&self.store, &open.facts, ready, &mut self.board)
                .await?;
        }
        Ok(())
    }
}

// What a cuff sent is health data.
impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived")
            .field("cuff", &self.cuff)
            .finish_non_exhaustive()
    }
}

fn arrived(event: Event) -> Option<Arrived> {
    match event {
        Event::Measurement { cuff, octets, at } => Some(Arrived { cuff, octets, at }),
        Event::Connected { .. }
        | Event::Clock { .. }
        | Event::ClockSettled { .. }
        | Event::CuffPressure { .. }
        | Event::Described { .. }
        | Event::Over { .. }
        | Event::Cuff { .. }
        | Event::Radio(_) => None,
    }
}
