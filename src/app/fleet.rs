//! Many invented gateways in one process, each with a connection, a run, numbers, messages and cuffs of its own.
//!
//! They share a runtime and nothing else. Their stores are in memory: what is not sent at the end is gone, and counted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::life::Life;
use super::{AppError, Scope, Signals, Source, store_settings};
use crate::config::Config;
use crate::core::delivery::Kind;
use crate::core::name::Name;
use crate::core::state::State;
use crate::mqtt::link::{LinkState, Phase};
use crate::simulate;
use crate::store::{Store, StoreError};

/// How often it is told how the fleet stands.
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How often a gateway that is to end looks whether anything is still on its way.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// So many gateways say goodbye at a time: more would only keep each other waiting.
const AT_ONCE: usize = 100;

/// One gateway of a fleet.
#[derive(Debug)]
pub struct Member {
    /// Its config.
    pub config: Config,
    /// Its cuffs.
    pub source: simulate::source::Source,
}

/// How a fleet begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The starts are spread evenly over this time.
    pub over: Duration,
    /// After the last measurement what is queued or awaits a receipt has so long.
    pub settle: Duration,
}

/// What a gateway leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Its name.
    pub gateway: Name,
    /// Its run.
    pub run: Uuid,
    /// How often it tried to connect.
    pub tries: u64,
    /// The last `seq` of each kind, which are the messages that it made.
    pub made: BTreeMap<&'static str, u64>,
    /// How many of them no broker has taken.
    pub queued: u64,
    /// How many of them a broker took, and nobody has confirmed. None without receipts.
    pub unconfirmed: u64,
    /// How many of them a broker refused for good.
    pub set_aside: u64,
}

/// How a fleet stands, all gateways taken together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Gateways that were started.
    pub started: usize,
    /// Those that have a connection.
    pub connected: usize,
    /// How often they tried.
    pub tries: u64,
    /// Messages they made; FHIR Bundles are not counted.
    pub made: u64,
    /// Messages that no broker has taken.
    pub queued: u64,
    /// Messages that a broker took, and nobody has confirmed.
    pub unconfirmed: u64,
    /// Messages that a broker refused for good.
    pub set_aside: u64,
}

/// Runs the gateways until a signal or `stop`, and says what each has left. `tell` hears again and again how they stand.
///
/// # Errors
/// Whatever ended one of them before that, which ends them all.
pub async fn run(
    mut members: impl ExactSizeIterator<Item = Member>,
    pace: Pace,
    mut tell: impl FnMut(Standing),
    stop: CancellationToken,
) -> Result<Vec<Account>, AppError> {
    let mut signals = Signals::listen()?;
    let mut fleet = Fleet::new(pace.settle, stop.clone());
    let apart = pace.over / u32::try_from(members.len()).unwrap_or(u32::MAX).max(1);
    let mut starts = interval(apart.max(Duration::from_micros(1)));
    let mut tells = interval(TELL_EVERY);
    let mut accounts = Vec::with_capacity(members.len());
    let mut failed = None;
    loop {
        tokio::select! {
            _ = starts.tick(), if members.len() > 0 && !stop.is_cancelled() => {
                if let Some(member) = members.next()
                    && let Err(error) = fleet.start(member).await
                {
                    failed.get_or_insert(error);
                    stop.cancel();
                }
            }
            Some(ended) = fleet.lives.join_next() => match ended {
                Ok(Ok(account)) => accounts.push(account),
                Ok(Err(error)) => {
                    failed.get_or_insert(error);
                    stop.cancel();
                }
                // A panic is a fault of ours: it has been printed.
                Err(_) => {
                    failed.get_or_insert(AppError::Ended("gateway"));
                    stop.cancel();
                }
            },
            _ = tells.tick() => tell(fleet.standing()),
            () = signals.ask_to_stop() => {
                // Who asks twice does not want to wait for receipts.
                if stop.is_cancelled() {
                    fleet.hurry.cancel();
                }
                stop.cancel();
            }
            () = stop.cancelled(), if fleet.lives.is_empty() => break,
        }
    }
    tell(fleet.standing());
    failed.map_or(Ok(accounts), Err)
}

/// The gateways that were started.
struct Fleet {
    lives: JoinSet<Result<Account, AppError>>,
    stores: JoinSet<()>,
    seen: Vec<Seen>,
    settle: Duration,
    stop: CancellationToken,
    hurry: CancellationToken,
    turns: Arc<Semaphore>,
}

/// What is known of one of them.
struct Seen {
    state: watch::Receiver<Arc<State>>,
    line: watch::Receiver<LinkState>,
}

impl Fleet {
    fn new(settle: Duration, stop: CancellationToken) -> Self {
        Self {
            lives: JoinSet::new(),
            stores: JoinSet::new(),
            seen: Vec::new(),
            settle,
            stop,
            hurry: CancellationToken::new(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    async fn start(&mut self, Member { config, source }: Member) -> Result<(), AppError> {
        let (opened, serve) = Store::in_memory(store_settings(&config))?;
        self.stores.spawn(serve);
        let life = Life::begin(&config, Source::Virtual(source), Scope::Fleet, opened).await?;
        self.seen.push(Seen {
            state: life.running.state.clone(),
            line: life.running.line.clone(),
        });
        let end = End {
            settle: self.settle,
            stop: self.stop.clone(),
            hurry: self.hurry.clone(),
            turns: Arc::clone(&self.turns),
        };
        self.lives.spawn(live(life, config, end));
        // Those whose stores are closed.
        while self.stores.try_join_next().is_some() {}
        Ok(())
    }

    fn standing(&self) -> Standing {
        let mut all = Standing {
            started: self.seen.len(),
            ..Standing::default()
        };
        for one in &self.seen {
            let line = one.line.borrow();
            all.connected += usize::from(matches!(line.phase, Phase::Up { .. }));
            all.tries += line.tries;
            let delivery = &one.state.borrow().delivery;
            all.made += delivery.seq.reading + delivery.seq.readiness + delivery.seq.alert;
            all.queued += delivery.queued.total();
            all.unconfirmed += delivery.awaiting_receipt.unwrap_or(0);
            all.set_aside += delivery.set_aside_count;
        }
        all
    }
}

/// How one gateway is to end.
struct End {
    /// It may wait so long for what is on its way.
    settle: Duration,
    /// Asks it to end.
    stop: CancellationToken,
    /// It may not wait any more.
    hurry: CancellationToken,
    /// It is to wait for its turn.
    turns: Arc<Semaphore>,
}

/// One gateway until it is asked to end, and its end.
async fn live(mut life: Life, config: Config, end: End) -> Result<Account, AppError> {
    let early = tokio::select! {
        early = life.ends_early() => Some(early),
        () = end.stop.cancelled() => None,
    };
    if early.is_none() {
        life.fall_silent().await;
        // What is left then is told by the account.
        tokio::select! {
            _settled_or_too_long = timeout(end.settle, settled(&life.store)) => {}
            () = end.hurry.cancelled() => {}
        }
    }
    let turn = end.turns.acquire().await;
    life.stop().await;
    let account = account(&config, &life).await;
    life.end(&config, early).await?;
    drop(turn);
    Ok(account?)
}

/// Returns when nothing is on its way any more.
async fn settled(store: &Store) {
    loop {
        match store.delivery_summary().await {
            Ok(summary) if summary.queued.is_empty() && summary.awaiting_receipt == 0 => return,
            Ok(_) | Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

async fn account(config: &Config, life: &Life) -> Result<Account, StoreError> {
    let summary = life.store.delivery_summary().await?;
    let heads = life.store.heads().await?;
    let with_receipts = config.mqtt.as_ref().is_some_and(|mqtt| mqtt.receipts);
    let seq = |kind: Kind| (kind.as_str(), heads.get(&kind).copied().unwrap_or(0));
    Ok(Account {
        gateway: config.gateway.id.clone(),
        run: life.running.run,
        tries: life.running.line.borrow().tries,
        made: Kind::ALL.into_iter().map(seq).collect(),
        queued: summary.queued.values().sum(),
        unconfirmed: if with_receipts { summary.awaiting_receipt } else { 0 },
        set_aside: summary.set_aside_count,
    })
}
