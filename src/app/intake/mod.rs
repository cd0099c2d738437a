//! From what a source tells to stored readings with their messages.
//!
//! * A measurement is durable before anything else is done with it.
//! * What is stored and not judged is judged again after a restart, by the same code.
//! * While the store does not take a measurement it is offered again and again, never dropped.

mod arrived;
pub mod ask;
mod bundles;
mod connection;
mod connections;
mod farewell;
mod gatekeeper;
mod judge;
mod maker;
mod register;
mod rescue;
mod resume;
mod sessions;
#[cfg(test)]
mod tests;
mod troubles;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use uuid::Uuid;

use self::arrived::{Arrived, arrived};
use self::ask::Ask;
use self::connection::{Connected, OpenConnection};
use self::farewell::Farewell;
use self::gatekeeper::Gatekeeper;
use self::judge::Judge;
pub use self::maker::{LastSeq, Maker};
pub use self::rescue::{IntakeError, Unsaved, rescue};
pub use self::resume::Terms;
use self::troubles::Troubles;
use super::board::Board;
use super::persist::Persist;
use crate::clock;
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::source::{Description, Event, Failure};
use crate::core::state::{State, StoreState};
use crate::store::StoreError;
use crate::systemd::{BEAT, Heart};

/// Events taken in one go: a dump shares its trips to the disk.
const BATCH: usize = 64;

/// Between two looks at the clocks while a session is open.
const WATCHFUL: Duration = Duration::from_secs(1);

/// After the store has failed: for the source to end the connections that are open and pass on what they brought.
const LAST_WORDS: Duration = Duration::from_secs(12);

/// At the start: for the first word of the clock. What comes before it would be dated by no clock.
const FIRST_WORD: Duration = Duration::from_secs(6);

/// Takes in what a source tells.
#[derive(Debug)]
pub struct Intake {
    store: Persist,
    judge: Judge,
    gatekeeper: Gatekeeper,
    troubles: Troubles,
    /// Cuffs whose connection has brought nothing yet that is stored.
    connected: HashMap<Name, Connected>,
    open: HashMap<Name, OpenConnection>,
    /// How the last connection of each cuff failed, where it did.
    failed: HashMap<Name, Failure>,
    board: Board,
    farewell: Farewell,
    /// How things stood when this run began.
    settings: Settings,
    shown: watch::Sender<Arc<Board>>,
    clock: watch::Receiver<bool>,
    disk: watch::Receiver<StoreState>,
    state: watch::Receiver<Arc<State>>,
    cuffs: watch::Receiver<Arc<[Cuff]>>,
    asks: mpsc::Receiver<Ask>,
    source: CancellationToken,
    heart: Heart,
    /// What arrived and is not durable yet.
    unsaved: VecDeque<Arrived>,
}

/// What the intake has to do with the rest of the daemon.
#[derive(Debug)]
pub struct Outside {
    /// Where the board is shown.
    pub shown: watch::Sender<Arc<Board>>,
    /// Whether the gateway's clock can be believed.
    pub clock: watch::Receiver<bool>,
    /// Whether the store takes what is measured.
    pub disk: watch::Receiver<StoreState>,
    /// What is known now: troubles are alerted.
    pub state: watch::Receiver<Arc<State>>,
    /// The registered cuffs.
    pub cuffs: watch::Receiver<Arc<[Cuff]>>,
    /// What is asked of the gate.
    pub asks: mpsc::Receiver<Ask>,
    /// Stops the source.
    pub source: CancellationToken,
    /// The sign of life.
    pub heart: Heart,
}

/// What the intake is told of the config and the machine.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What sessions are judged by.
    pub terms: Terms,
    /// What each cuff says of itself, as far as it was ever read.
    pub descriptions: HashMap<Name, Description>,
    /// A bigger step of the wall clock takes every "ready" back.
    pub jump: Duration,
    /// This boot of the machine.
    pub boot: Uuid,
}

impl Intake {
    /// An intake to which no cuff is connected. What is known of the cuffs is shown through `shown`.
    #[must_use]
    pub fn new(store: Persist, settings: Settings, maker: Maker, board: Board, outside: Outside) -> Self {
        let terms = &settings.terms;
        let judge = Judge {
            cuffs: Arc::clone(&terms.cuffs),
            zone: terms.zone.clone(),
            descriptions: settings.descriptions.clone(),
            waits_for_company: terms.policy.as_ref().is_some_and(|policy| policy.reading.count_undated),
        };
        Self {
            store,
            judge,
            gatekeeper: Gatekeeper::new(terms.clone(), maker, clock::now()),
            troubles: Troubles::default(),
            connected: HashMap::new(),
            open: HashMap::new(),
            failed: HashMap::new(),
            board,
            farewell: Farewell::default(),
            settings,
            shown: outside.shown,
            clock: outside.clock,
            disk: outside.disk,
            state: outside.state,
            cuffs: outside.cuffs,
            asks: outside.asks,
            source: outside.source,
            heart: outside.heart,
            unsaved: VecDeque::new(),
        }
    }

    /// Judges what an earlier run left, then takes in events until the source is gone.
    ///
    /// # Errors
    /// The store is damaged or gone; what can pass is waited for. The error holds what arrived and is not stored.
    pub async fn run(mut self, mut events: mpsc::Receiver<Event>) -> Result<(), IntakeError> {
        match self.take_all(&mut events).await {
            Ok(()) => Ok(()),
            Err(cause) => Err(self.give_up(cause, events).await),
        }
    }

    /// Stops the source, and keeps what still comes: the cuffs believe it delivered.
    async fn give_up(&mut self, cause: StoreError, mut events: mpsc::Receiver<Event>) -> IntakeError {
        error!(%cause, "the store failed for good: stopping, to store what comes in the one that takes its place");
        self.source.cancel();
        let synchronized = *self.clock.borrow();
        let all = async {
            while let Some(event) = events.recv().await {
                self.heart.beat();
                self.unsaved.extend(arrived(event, synchronized));
            }
        };
        // A source that does not stop must not keep what it has brought from being stored.
        let _too_long = tokio::time::timeout(LAST_WORDS, all).await;
        let arrived = std::mem::take(&mut self.unsaved);
        let unsaved = arrived.into_iter().map(|one| Unsaved {
            bonded: self.is_bonded(&one.cuff),
            cuff: one.cuff,
            octets: one.octets,
            at: one.at,
            synchronized: one.synchronized,
        });
        IntakeError {
            cause,
            unsaved: unsaved.collect(),
        }
    }

    async fn take_all(&mut self, events: &mut mpsc::Receiver<Event>) -> Result<(), StoreError> {
        self.wait_for_the_clock().await;
        self.resume().await?;
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            self.heart.beat();
            let (due, longest) = (self.gatekeeper.deadline(), self.longest_sleep());
            let asked = tokio::select! {
                taken = events.recv_many(&mut batch, BATCH) => {
                    if taken == 0 {
                        break;
                    }
                    None
                }
                Some(ask) = self.asks.recv() => Some(ask),
                Ok(()) = self.clock.changed() => None,
                Ok(()) = self.disk.changed() => None,
                Ok(()) = self.state.changed() => None,
                Ok(()) = self.cuffs.changed() => None,
                () = clock::sleep_until(due) => None,
                () = tokio::time::sleep(longest) => None,
            };
            self.take(std::mem::take(&mut batch)).await?;
            self.follow_register(clock::now()).await?;
            self.let_time_pass(clock::now()).await?;
            if let Some(ask) = asked {
                self.answer(ask).await?;
            }
            self.show();
        }
        let open = std::mem::take(&mut self.open);
        for connection in open.into_values() {
            self.end(connection, clock::now()).await?;
        }
        Ok(())
    }

    /// Both clocks are looked at that often: while a session is open, a step of the wall clock must not go unnoticed.
    fn longest_sleep(&self) -> Duration {
        if self.gatekeeper.gate.has_open_session() {
            WATCHFUL
        } else {
            BEAT
        }
    }

    async fn wait_for_the_clock(&mut self) {
        // Without a word it is not believed.
        let _no_word = tokio::time::timeout(FIRST_WORD, self.clock.changed()).await;
    }

    /// That run's connections ended with it.
    async fn judge_leftovers(&mut self) -> Result<(), StoreError> {
        self.store.end_all_connections(clock::wall()).await?;
        for left in self.store.unjudged().await? {
            self.heart.beat();
            let (facts, waiting) = connection::of_an_earlier_run(left, self.settings.boot);
            info!(measurements = waiting.len(), "judging what an earlier run left");
            self.judge_all(&facts, waiting).await?;
        }
        Ok(())
    }

    async fn take(&mut self, events: Vec<Event>) -> Result<(), StoreError> {
        let synchronized = *self.clock.borrow();
        let measurements = events.iter().cloned();
        self.unsaved
            .extend(measurements.filter_map(|event| arrived(event, synchronized)));
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

    fn show(&mut self) {
        let now = clock::now();
        let ended = std::mem::take(&mut self.gatekeeper.ended);
        if let Some(policy) = self.gatekeeper.gate.policy() {
            self.farewell.note(&ended, &self.board.sessions, policy, now.moment);
        }
        self.board.sessions = self.farewell.beside(self.gatekeeper.shown(now), now.moment);
        self.board.answers = self.gatekeeper.newest_messages();
        let board = &self.board;
        self.shown.send_if_modified(|shown| {
            let changed = **shown != *board;
            if changed {
                *shown = Arc::new(board.clone());
            }
            changed
        });
    }
}
