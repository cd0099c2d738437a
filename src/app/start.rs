//! Starts every task with its channels.

mod people;

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::board::Board;
use super::commands::Commands;
use super::intake::ask::Ask;
use super::intake::{Intake, LastSeq, Maker, Outside, Settings, Terms};
use super::persist::Persist;
use super::report::{self, Identity, Parts};
use super::tasks::{Task, Tasks};
use super::wiring::{self, Heads};
use super::{AppError, EVENTS, Scope, Source, housekeeping, status};
use crate::bluetooth::Chore;
use crate::config::Config;
use crate::core::cuff::Cuff;
use crate::core::delivery::Kind;
use crate::core::name::Name;
use crate::core::pairing::UnderWay;
use crate::core::readiness::policy::ReadingRules;
use crate::core::source::{Description, Event};
use crate::core::state::{RadioState, State, StoreState};
use crate::mqtt::command::Addressee;
use crate::mqtt::link::{self, LinkState};
use crate::proof::Keyring;
use crate::store::{CuffCounts, Store};
use crate::systemd::{BEAT, Heart, Watchdog};
use crate::{bluetooth, clock};

/// Commands and replies that wait for each other.
const COMMANDS: usize = 64;

/// What is needed to stop in order.
#[derive(Debug)]
pub(super) struct Running {
    /// New at each start.
    pub(super) run: Uuid,
    /// How much of the daemon runs.
    scope: Scope,
    /// Stops what brings measurements.
    pub(super) source: CancellationToken,
    /// Stops what sends them.
    pub(super) link: CancellationToken,
    /// Stops the control socket.
    pub(super) control: CancellationToken,
    /// What is known now.
    pub(super) state: watch::Receiver<Arc<State>>,
    /// How the link stands.
    pub(super) line: watch::Receiver<LinkState>,
    /// Held for those who follow the key, whether or not anybody can change it.
    _keys: Keyring,
}

impl Running {
    fn of(run: Uuid, scope: Scope, channels: &Channels) -> Self {
        Self {
            run,
            scope,
            state: channels.state.subscribe(),
            line: channels.link.subscribe(),
            _keys: channels.keys.clone(),
            source: CancellationToken::new(),
            link: CancellationToken::new(),
            control: CancellationToken::new(),
        }
    }
}

/// The ends of the channels that more than one task holds, and the key.
struct Channels {
    board: watch::Sender<Arc<Board>>,
    link: watch::Sender<LinkState>,
    clock: watch::Sender<bool>,
    store: watch::Sender<StoreState>,
    refused: watch::Sender<bool>,
    state: watch::Sender<Arc<State>>,
    asks: mpsc::Sender<Ask>,
    cuffs: watch::Sender<Arc<[Cuff]>>,
    /// What is shown of a pairing under way.
    pairing: watch::Sender<Option<UnderWay>>,
    keys: Keyring,
}

impl Channels {
    /// What the intake has to do with the others.
    fn outside(&self, asks: mpsc::Receiver<Ask>, source: CancellationToken, heart: Heart) -> Outside {
        Outside {
            shown: self.board.clone(),
            clock: self.clock.subscribe(),
            disk: self.store.subscribe(),
            state: self.state.subscribe(),
            cuffs: self.cuffs.subscribe(),
            asks,
            source,
            heart,
        }
    }
}

/// What was opened before.
pub(super) struct Kept<'a> {
    pub(super) store: &'a Store,
    pub(super) heads: &'a Heads,
    pub(super) keys: Keyring,
}

/// Starts all tasks.
pub(super) async fn start(
    config: &Config,
    source: Source,
    scope: Scope,
    kept: Kept<'_>,
    tasks: &mut Tasks,
    watchdog: &mut Watchdog,
) -> Result<Running, AppError> {
    let Kept { store, heads, keys } = kept;
    let run = Uuid::new_v4();
    let identity = identity(config, run);
    let descriptions: HashMap<_, _> = store.descriptions().await?.into_iter().collect();
    let board = board(config, &source, &descriptions, store).await?;
    // What is known already is known from the first: the broker's first status tells of no trouble that is none.
    let synchronized = config.clock.source == clock::synchronized::Source::Trust;
    let disk = housekeeping::seen(store.health().await?, false);
    let (asks, asked) = mpsc::channel(COMMANDS);
    let channels = Channels {
        board: watch::Sender::new(Arc::new(board.clone())),
        link: watch::Sender::new(LinkState::default()),
        clock: watch::Sender::new(synchronized),
        store: watch::Sender::new(disk),
        refused: watch::Sender::new(false),
        state: watch::Sender::new(Arc::new(report::at_start(&identity, &board, synchronized, disk))),
        asks,
        cuffs: watch::Sender::new(config.cuffs.clone().into()),
        pairing: watch::Sender::new(None),
        keys,
    };
    let running = Running::of(run, scope, &channels);
    // Before the clock's task begins, so that its first word is not missed.
    let outside = channels.outside(asked, running.source.clone(), watchdog.heart("intake"));
    start_clock(config, &channels, tasks, watchdog.heart("clock"));
    start_keeping(&identity, store, &channels, tasks, watchdog);
    if matches!(running.scope, Scope::Daemon | Scope::Fleet) {
        start_link(config, &identity, store, &channels, &running, tasks, watchdog);
    }
    let (events, arriving) = mpsc::channel(EVENTS);
    let persist = Persist::new(store.clone(), channels.refused.clone(), outside.heart.clone());
    let intake = Intake::new(
        persist,
        settings(config, descriptions),
        maker(config, run, heads, &channels.keys),
        board,
        outside,
    );
    tasks.spawn(Task::Intake, async move { Ok(intake.run(arriving).await?) });
    let chores = start_source(
        config,
        source,
        events,
        &channels,
        &running,
        tasks,
        watchdog.heart("source"),
    );
    if !matches!(running.scope, Scope::Fleet) {
        people::start(config, store, &channels, chores, &running, tasks, watchdog)?;
    }
    Ok(running)
}

fn identity(config: &Config, run: Uuid) -> Identity {
    Identity {
        site: config.gateway.site.clone(),
        gateway: config.gateway.id.clone(),
        run,
        test: config.gateway.test,
        started_at: clock::wall(),
        brokers: wiring::broker_names(config),
        receipts: config.mqtt.as_ref().is_some_and(|mqtt| mqtt.receipts),
    }
}

/// The board as earlier runs left it: what was read of each cuff, and what was counted.
async fn board(
    config: &Config,
    source: &Source,
    descriptions: &HashMap<Name, Description>,
    store: &Store,
) -> Result<Board, AppError> {
    let radio = match source {
        Source::Bluetooth => RadioState::Starting,
        Source::Virtual(_) => RadioState::Virtual,
    };
    let mut board = Board::new(&config.cuffs, radio);
    for (cuff, description) in descriptions {
        board.describe(cuff, description);
    }
    for (id, CuffCounts { duplicates, unassigned }) in store.counts().await? {
        if let Some(cuff) = board.cuff(&id) {
            (cuff.duplicates, cuff.unassigned) = (duplicates, unassigned);
        }
    }
    Ok(board)
}

fn settings(config: &Config, descriptions: HashMap<Name, Description>) -> Settings {
    Settings {
        terms: Terms {
            policy: config.readiness.clone().map(Arc::new),
            cuffs: config.cuffs.clone().into(),
            zone: config.gateway.time_zone.clone(),
        },
        descriptions,
        jump: config.clock.jump,
        boot: clock::boot_id(),
    }
}

fn maker(config: &Config, run: Uuid, heads: &Heads, keys: &Keyring) -> Maker {
    let head = |kind| heads.get(&kind).copied().unwrap_or(0);
    let rules = config.readiness.as_ref().map(|policy| &policy.reading);
    let fhir = config.mqtt.as_ref().and_then(|mqtt| mqtt.fhir.as_ref());
    Maker {
        origin: wiring::origin(config, run),
        topics: wiring::topics(config),
        publish: config.mqtt.is_some(),
        bond_required: rules.unwrap_or(&ReadingRules::default()).require_bond,
        patient_system: fhir.map(|fhir| fhir.patient_system.clone()),
        last: LastSeq {
            reading: head(Kind::Reading),
            readiness: head(Kind::Readiness),
            alert: head(Kind::Alert),
            fhir: head(Kind::Fhir),
        },
        key: keys.subscribe(),
    }
}

fn start_clock(config: &Config, channels: &Channels, tasks: &mut Tasks, heart: Heart) {
    let (of, believed) = (config.clock, channels.clock.clone());
    tasks.spawn(Task::Clock, async move {
        clock::synchronized::watch(of.source, of.max_unsynced, believed, || heart.beat()).await;
        Ok(())
    });
}

/// What is known now, and the room for what is stored.
fn start_keeping(identity: &Identity, store: &Store, channels: &Channels, tasks: &mut Tasks, watchdog: &mut Watchdog) {
    let (disk, of, heart) = (channels.store.clone(), store.clone(), watchdog.heart("housekeeping"));
    let told = housekeeping::Told {
        refused: channels.refused.subscribe(),
        clock: channels.clock.subscribe(),
    };
    tasks.spawn(Task::Housekeeping, async move {
        housekeeping::run(of, disk, told, heart).await;
        Ok(())
    });
    let parts = Parts {
        board: channels.board.subscribe(),
        link: channels.link.subscribe(),
        clock: channels.clock.subscribe(),
        store: channels.store.subscribe(),
        pairing: channels.pairing.subscribe(),
    };
    let (identity, of, state, heart) = (
        identity.clone(),
        store.clone(),
        channels.state.clone(),
        watchdog.heart("report"),
    );
    tasks.spawn(Task::Report, async move {
        report::run(identity, parts, of, state, heart).await;
        Ok(())
    });
}

/// The link to the broker, what it tells of us, and the commands that come by it. Without `[mqtt]` there is none.
fn start_link(
    config: &Config,
    identity: &Identity,
    store: &Store,
    channels: &Channels,
    running: &Running,
    tasks: &mut Tasks,
    watchdog: &mut Watchdog,
) {
    let (Some(settings), Some(mqtt)) = (wiring::link_settings(config), &config.mqtt) else {
        return;
    };
    let (commands, incoming) = mpsc::channel(COMMANDS);
    let (replies, outgoing) = mpsc::channel(COMMANDS);
    let facts = status::Told::new(&channels.state.borrow(), config, channels.keys.public());
    let inputs = link::Inputs {
        queued: store.queued(),
        status: facts.status.subscribe(),
        info: facts.info.subscribe(),
        session_open: facts.session_open.subscribe(),
        replies: outgoing,
        commands,
        state: channels.link.clone(),
    };
    let (origin, outbox, shutdown) = (
        wiring::origin(config, identity.run),
        store.clone(),
        running.link.clone(),
    );
    let heart = watchdog.heart("link");
    tasks.spawn(Task::Link, async move {
        tokio::select! {
            ended = link::run(settings, origin, outbox, inputs, shutdown) => Ok(ended?),
            () = beat_for_ever(&heart) => Ok(()),
        }
    });
    let (state, key, heart) = (
        channels.state.subscribe(),
        channels.keys.subscribe(),
        watchdog.heart("status"),
    );
    tasks.spawn(Task::Status, async move {
        facts.keep(state, key, heart).await;
        Ok(())
    });
    let commands = Commands {
        addressee: Addressee {
            site: identity.site.clone(),
            gateway: identity.gateway.clone(),
        },
        authority: wiring::authority(mqtt),
        reply_prefix: mqtt.reply_prefix.clone(),
        test: identity.test,
        store: store.clone(),
        state: channels.state.subscribe(),
        clock: channels.clock.subscribe(),
        asks: channels.asks.clone(),
        replies,
        heart: watchdog.heart("commands"),
    };
    tasks.spawn(Task::Commands, async move {
        commands.run(incoming).await;
        Ok(())
    });
}

/// What brings measurements; also where an operator's chores go, if there is a radio.
fn start_source(
    config: &Config,
    source: Source,
    events: mpsc::Sender<Event>,
    channels: &Channels,
    running: &Running,
    tasks: &mut Tasks,
    heart: Heart,
) -> Option<mpsc::Sender<Chore>> {
    let cancel = running.source.clone();
    match source {
        Source::Bluetooth => {
            let (chores, asked) = mpsc::channel(COMMANDS);
            let settings = wiring::radio_settings(config, channels.cuffs.subscribe(), channels.clock.subscribe());
            tasks.spawn(Task::Source, async move {
                Ok(bluetooth::run(settings, asked, events, heart.counter(), cancel).await?)
            });
            Some(chores)
        }
        Source::Virtual(cuffs) => {
            tasks.spawn(Task::Source, async move {
                cuffs.run(clock::now, events, heart.counter(), cancel.clone()).await;
                // Virtual cuffs that have nothing more to tell are as quiet as real ones.
                beat_until(cancel, &heart).await;
                Ok(())
            });
            None
        }
    }
}

/// The link has watchdogs of its own; this shows that its task is not blocked.
async fn beat_for_ever(heart: &Heart) {
    loop {
        heart.beat();
        tokio::time::sleep(BEAT).await;
    }
}

async fn beat_until(cancel: CancellationToken, heart: &Heart) {
    loop {
        heart.beat();
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(BEAT) => {}
        }
    }
}
