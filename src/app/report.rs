//! Puts together what the daemon knows now, whenever a part of it changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::warn;
use uuid::Uuid;

use super::board::Board;
use crate::clock;
use crate::core::delivery::Kind;
use crate::core::delivery::notice::Notice;
use crate::core::delivery::seldom::Seldom;
use crate::core::moment::Moment;
use crate::core::name::Name;
use crate::core::pairing::UnderWay;
use crate::core::reason::Reason;
use crate::core::state::{
    ClockState, CuffHealth, DeliveryState, MessageState, Problem, Queued, RadioState, SCHEMA, Seq, SessionState, State,
    StoreState,
};
use crate::mqtt::link::{LinkState, Phase};
use crate::store::{self, DeliverySummary, Store, StoreError};
use crate::systemd::{BEAT, Heart};

/// The store is asked how much waits at most this often: where much waits, the answer takes a while.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);

/// It is asked at least this often: not everything that changes it is told.
const SUMMARY_AT_LEAST: Duration = Duration::from_secs(10);

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The clinic.
    pub site: Name,
    /// This machine.
    pub gateway: Name,
    /// New at each start.
    pub run: Uuid,
    /// Whether everything says so that it is a test.
    pub test: bool,
    /// When this run began.
    pub started_at: Timestamp,
    /// The brokers of the config, as `host:port`, in the order of trying.
    pub brokers: Vec<String>,
    /// Whether a message is done only when the clinic's system has named it.
    pub receipts: bool,
}

/// Where the parts come from.
#[derive(Debug)]
pub struct Parts {
    /// Cuffs and radio.
    pub board: watch::Receiver<Arc<Board>>,
    /// The way to the broker.
    pub link: watch::Receiver<LinkState>,
    /// Whether the clock can be believed.
    pub clock: watch::Receiver<bool>,
    /// The store's disk.
    pub store: watch::Receiver<StoreState>,
    /// A pairing under way.
    pub pairing: watch::Receiver<Option<UnderWay>>,
}

/// The state before more is known than what the config and the store tell: no link, and nothing waits.
#[must_use]
pub fn at_start(identity: &Identity, board: &Board, synchronized: bool, store: StoreState) -> State {
    compose(
        identity,
        board,
        &LinkState::default(),
        synchronized,
        store,
        &Waits::default(),
    )
}

/// Keeps `state` right. Ends only with the store.
pub async fn run(identity: Identity, mut parts: Parts, store: Store, state: watch::Sender<Arc<State>>, heart: Heart) {
    let mut waits = Waits::default();
    let mut asking = Asking::new(clock::moment());
    let mut queued = store.queued();
    let mut unanswered = Seldom::default();
    loop {
        heart.beat();
        if queued.has_changed().unwrap_or(false) || parts.link.has_changed().unwrap_or(false) {
            queued.mark_unchanged();
            asking.changed();
        }
        let link = parts.link.borrow_and_update().clone();
        let board = Arc::clone(&parts.board.borrow_and_update());
        let synchronized = *parts.clock.borrow_and_update();
        let disk = *parts.store.borrow_and_update();
        let mut new = compose(&identity, &board, &link, synchronized, disk, &waits);
        new.pairing = *parts.pairing.borrow_and_update();
        state.send_if_modified(|old| {
            let changed = **old != new;
            *old = Arc::new(new);
            changed
        });
        let now = clock::moment();
        // After what needs no store is told: nobody is to wait for it.
        if asking.due() <= now {
            asking.asked(now);
            match ask(&store, board.answers.iter().map(|(_, id)| *id).collect()).await {
                Ok(new) => waits = new,
                Err(error) => {
                    if let Some(times) = unanswered.happened(now) {
                        warn!(times, %error, "the store could not say what waits");
                    }
                }
            }
            continue;
        }
        tokio::select! {
            // A part whose task has ended stays as it was last told.
            Ok(()) = parts.board.changed() => {}
            Ok(()) = parts.link.changed() => asking.changed(),
            Ok(()) = parts.clock.changed() => {}
            Ok(()) = parts.store.changed() => {}
            Ok(()) = parts.pairing.changed() => {}
            Ok(()) = queued.changed() => asking.changed(),
            () = clock::sleep_until(Some(asking.due().min(now + BEAT))) => {}
        }
    }
}

/// When the store is asked what waits.
#[derive(Debug)]
struct Asking {
    changes: Notice,
    at_the_latest: Moment,
}

impl Asking {
    /// Due at once.
    const fn new(now: Moment) -> Self {
        Self {
            changes: Notice::new(SUMMARY_EVERY, now),
            at_the_latest: now,
        }
    }

    /// What waits may have changed.
    const fn changed(&mut self) {
        self.changes.want();
    }

    fn asked(&mut self, now: Moment) {
        self.changes.published(now);
        self.at_the_latest = now + SUMMARY_AT_LEAST;
    }

    fn due(&self) -> Moment {
        let changed = self.changes.due();
        changed.map_or(self.at_the_latest, |due| due.min(self.at_the_latest))
    }
}

/// What waits in the store, and how far the numbers went.
#[derive(Debug, Default)]
struct Waits {
    summary: DeliverySummary,
    heads: BTreeMap<Kind, u64>,
    /// How the messages about the sessions' answers stood.
    answers: Vec<(Uuid, Option<store::State>)>,
}

async fn ask(store: &Store, answers: Vec<Uuid>) -> Result<Waits, StoreError> {
    Ok(Waits {
        summary: store.delivery_summary().await?,
        heads: store.heads().await?,
        answers: store.standing_of(answers).await?,
    })
}

/// The sessions with what became of the newest message about each one's answer. While the store takes nothing, the gate waits for it
/// and says nothing anew, whatever was measured: what it said last is not told as "ready".
fn sessions(identity: &Identity, board: &Board, store: StoreState, waits: &Waits) -> Vec<SessionState> {
    let mut sessions = board.sessions.clone();
    if !store.available {
        for session in &mut sessions {
            session.told.take_back(&Reason::StoreUnavailable);
        }
    }
    if identity.brokers.is_empty() {
        return sessions;
    }
    for (session, id) in &board.answers {
        let asked = waits.answers.iter().find(|(known, _)| known == id);
        let message = asked.map_or(MessageState::NotSent, |(_, standing)| {
            became(*standing, identity.receipts)
        });
        for one in sessions.iter_mut().filter(|one| one.told.session == *session) {
            one.notes.message = Some(message);
        }
    }
    sessions
}

/// What became of a message, by how it stands in the store.
const fn became(standing: Option<store::State>, receipts: bool) -> MessageState {
    match standing {
        Some(store::State::Local | store::State::Queued | store::State::SetAside) => MessageState::NotSent,
        Some(store::State::Sent) => MessageState::Sent,
        Some(store::State::Done) => MessageState::Received,
        // What is unsent is never deleted: it was finished.
        None if receipts => MessageState::Received,
        None => MessageState::Sent,
    }
}

fn compose(
    identity: &Identity,
    board: &Board,
    link: &LinkState,
    synchronized: bool,
    store: StoreState,
    waits: &Waits,
) -> State {
    let delivery = delivery(identity, link, waits);
    let problems = problems(board, &delivery, synchronized, store);
    State {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        site: identity.site.clone(),
        gateway: identity.gateway.clone(),
        run: identity.run,
        test: identity.test,
        started_at: identity.started_at,
        sessions: sessions(identity, board, store, waits),
        cuffs: board.cuffs.clone(),
        radio: board.radio,
        delivery,
        clock: ClockState { synchronized },
        store,
        problems,
        pairing: None,
    }
}

fn delivery(identity: &Identity, link: &LinkState, waits: &Waits) -> DeliveryState {
    let waiting = |kind| waits.summary.queued.get(&kind).copied().unwrap_or(0);
    let head = |kind| waits.heads.get(&kind).copied().unwrap_or(0);
    let summary = &waits.summary;
    let since = match link.phase {
        Phase::Up { since } => Some(since),
        Phase::Waiting | Phase::Connecting | Phase::Stopped => None,
    };
    DeliveryState {
        enabled: !identity.brokers.is_empty(),
        connected: since.is_some(),
        broker: identity.brokers.get(link.broker).cloned(),
        since,
        last_error: link.last_fault.as_ref().map(ToString::to_string),
        last_sent_at: link.last_puback.max(summary.last_sent_at),
        seq: Seq {
            reading: head(Kind::Reading),
            readiness: head(Kind::Readiness),
            alert: head(Kind::Alert),
        },
        queued: Queued {
            alert: waiting(Kind::Alert),
            readiness: waiting(Kind::Readiness),
            reading: waiting(Kind::Reading),
            fhir: waiting(Kind::Fhir),
        },
        oldest_queued_at: summary.oldest_queued_at,
        set_aside: summary.set_aside.clone(),
        set_aside_count: summary.set_aside_count,
        no_subscriber: link.no_subscriber,
        commands_refused: link.commands_refused,
        refused: link.refused.clone(),
        awaiting_receipt: identity.receipts.then_some(summary.awaiting_receipt),
        awaiting_receipt_since: summary.awaiting_receipt_since.filter(|_| identity.receipts),
    }
}

/// Everything that stands in the way now, each once, in the order of the codes.
fn problems(board: &Board, delivery: &DeliveryState, synchronized: bool, store: StoreState) -> Vec<Problem> {
    let adapter_lost = match board.radio {
        RadioState::Starting | RadioState::Scanning | RadioState::Virtual => false,
        RadioState::NoAdapter | RadioState::AdapterOff | RadioState::NoStack | RadioState::NoBus | RadioState::Deaf => {
            true
        }
    };
    let has = |health| board.cuffs.iter().any(|cuff| cuff.health == health);
    let candidates = [
        (adapter_lost, Problem::AdapterLost),
        (has(CuffHealth::BondLost), Problem::BondLost),
        (delivery.enabled && !delivery.connected, Problem::BrokerUnreachable),
        (!synchronized, Problem::ClockUnsynchronized),
        (delivery.commands_refused, Problem::CommandsRefused),
        (has(CuffHealth::Unreachable), Problem::CuffUnreachable),
        (delivery.set_aside_count > 0, Problem::MessageRefused),
        (delivery.no_subscriber, Problem::NoSubscriber),
        (store.nearly_full, Problem::StoreNearlyFull),
        (!store.available, Problem::StoreUnavailable),
    ];
    candidates
        .into_iter()
        .filter_map(|(holds, problem)| holds.then_some(problem))
        .collect()
}

#[cfg(test)]
mod tests;
