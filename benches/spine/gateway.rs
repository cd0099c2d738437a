//! One gateway: its config, its store, and its intake, fed by hand in place of a cuff.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use cuffd::app;
use cuffd::app::board::Board;
use cuffd::app::intake::ask::Ask;
use cuffd::app::intake::{Intake, IntakeError, LastSeq, Maker, Outside, Settings, Terms};
use cuffd::app::persist::Persist;
use cuffd::app::report::{self, Identity};
use cuffd::clock;
use cuffd::config::{self, Config};
use cuffd::core::delivery::Kind;
use cuffd::core::name::Name;
use cuffd::core::source::{ClockNote, Ending, Event};
use cuffd::core::state::{RadioState, State, StoreState};
use cuffd::core::topics::Topics;
use cuffd::mqtt::message::Origin;
use cuffd::proof::SigningKey;
use cuffd::store::{Opened, Store, StoreThread};
use cuffd::systemd::Heart;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::broker::{self, Mosquitto};

/// As the daemon has it between source and intake.
const EVENTS: usize = 256;

/// How many measurements were indicated: two cuffs of one second must not send the same one, which would be a duplicate.
static INDICATED: AtomicU32 = AtomicU32::new(0);

/// So many measurements differ in their values; after them the cuff's clock has gone on.
const DIFFERENT: u32 = 40 * 60 * 30;

/// The config of a gateway whose files lie in `folder`.
pub(crate) fn config_text(folder: &Path, broker: &Mosquitto) -> String {
    let (store, ca, port) = (store_path(folder), broker.ca_file(), broker.tls_port);
    let (store, ca) = (store.display(), ca.display());
    format!(
        r#"
[gateway]
site = "bench"
id = "gw-1"
time_zone = "UTC"
key_file = "{store}.key"

[mqtt]
[[mqtt.brokers]]
url = "mqtts://{}:{port}"
ca_file = "{ca}"

[[cuffs]]
id = "living-room"
address = "C0:FF:EE:00:00:01"
users = {{ 1 = "p-7f3a" }}

[store]
path = "{store}"
max_size = "64GiB"

[clock]
source = "trust"
"#,
        broker::NAME
    )
}

/// The same of one that decides, with a page on this port of the loopback.
pub(crate) fn room_text(folder: &Path, broker: &Mosquitto, page: u16) -> String {
    [
        &config_text(folder, broker),
        include_str!("../../tests/rig/policy.toml"),
        "readings = 1\nattestations = [\"companion_present\"]\n",
        include_str!("../../tests/rig/contacts.toml"),
        &format!("listen = \"127.0.0.1:{page}\"\n"),
    ]
    .concat()
}

pub(crate) fn config(folder: &Path, broker: &Mosquitto) -> Result<Config> {
    let loaded = config::load_text(&config_text(folder, broker), "bench.toml", [])?;
    Ok(loaded.config)
}

pub(crate) fn store_path(folder: &Path) -> PathBuf {
    folder.join("cuffd.db")
}

pub(crate) fn open(config: &Config) -> Result<(Store, StoreThread)> {
    let Opened { store, thread, .. } = Store::open(app::store_settings(config), clock::now())?;
    Ok((store, thread))
}

/// Closes the store and waits until its files are closed too.
pub(crate) async fn close(store: Store, mut thread: StoreThread) -> Result<()> {
    store.close().await;
    Ok(thread.ended().await?)
}

pub(crate) fn origin(config: &Config) -> Origin {
    Origin {
        site: config.gateway.site.clone(),
        gateway: config.gateway.id.clone(),
        run: Uuid::new_v4(),
        test: false,
    }
}

pub(crate) fn topics(config: &Config) -> Topics {
    Topics::new("cuffd", &config.gateway.site, &config.gateway.id)
}

/// A cuff that is connected, and the intake it tells.
pub(crate) struct Cuff {
    id: Name,
    events: mpsc::Sender<Event>,
    shown: watch::Receiver<Arc<Board>>,
    intake: JoinSet<Result<(), IntakeError>>,
    /// When the last measurement was indicated.
    last: Option<Timestamp>,
    began: Timestamp,
    // What the intake listens to besides; it stays as it is.
    _others: Others,
}

type Others = (
    watch::Sender<bool>,
    watch::Sender<StoreState>,
    watch::Sender<Arc<State>>,
    mpsc::Sender<Ask>,
);

impl Cuff {
    /// Starts an intake and connects the first registered cuff to it.
    pub(crate) async fn connect(config: &Config, store: &Store) -> Result<Self> {
        let cuff = config.cuffs.first().context("a cuff is registered")?;
        let board = Board::new(&config.cuffs, RadioState::Virtual);
        let (show, shown) = watch::channel(Arc::new(board.clone()));
        let (events, arriving) = mpsc::channel(EVENTS);
        let persist = Persist::new(store.clone(), watch::Sender::new(false), Heart::default());
        let believed = watch::Sender::new(true);
        let (asks, asked) = mpsc::channel(1);
        let room = StoreState {
            available: true,
            ..StoreState::default()
        };
        let disk = watch::Sender::new(room);
        let state = watch::Sender::new(Arc::new(a_state(config)));
        let outside = Outside {
            shown: show,
            clock: believed.subscribe(),
            disk: disk.subscribe(),
            state: state.subscribe(),
            cuffs: watch::channel(Arc::from(config.cuffs.clone())).1,
            asks: asked,
            source: CancellationToken::new(),
            heart: Heart::default(),
        };
        // The clock's first word, which the intake waits for.
        believed.send_replace(true);
        let intake = Intake::new(persist, settings(config), maker(config, store).await?, board, outside);
        let mut running = JoinSet::new();
        running.spawn(intake.run(arriving));
        let this = Self {
            id: cuff.id.clone(),
            events,
            shown,
            intake: running,
            last: None,
            began: clock::wall(),
            _others: (believed, disk, state, asks),
        };
        this.introduce().await?;
        Ok(this)
    }

    async fn introduce(&self) -> Result<()> {
        let (cuff, at) = (self.id.clone(), clock::now());
        let bonded = true;
        self.tell(Event::Connected { cuff, bonded, at }).await?;
        let (cuff, note) = (self.id.clone(), ClockNote::Read { offset_s: 0, at });
        self.tell(Event::Clock { cuff, note }).await?;
        let cuff = self.id.clone();
        self.tell(Event::ClockSettled { cuff }).await
    }

    /// Indicates a measurement unlike all before, and returns when.
    pub(crate) async fn indicate(&mut self) -> Result<Timestamp> {
        let taken = TimeZone::UTC.to_datetime(self.began);
        let octets = octets(INDICATED.fetch_add(1, Ordering::Relaxed), taken)?;
        let (cuff, at) = (self.id.clone(), clock::now());
        self.last = Some(at.wall);
        self.tell(Event::Measurement { cuff, octets, at }).await?;
        Ok(at.wall)
    }

    /// Returns once the last indicated measurement is stored and judged.
    pub(crate) async fn stored(&mut self) -> Result<()> {
        let last = self.last;
        let mine = |board: &Arc<Board>| board.cuffs.iter().any(|cuff| cuff.measured_at == last);
        self.shown.wait_for(mine).await?;
        Ok(())
    }

    /// Hangs up and returns once all is stored.
    pub(crate) async fn hang_up(mut self) -> Result<()> {
        let (cuff, at) = (self.id.clone(), clock::now());
        let ending = Ending::Delivered;
        self.tell(Event::Over { cuff, ending, at }).await?;
        drop(self.events);
        self.intake.join_next().await.context("the intake runs")???;
        Ok(())
    }

    async fn tell(&self, event: Event) -> Result<()> {
        self.events.send(event).await.context("the intake runs")
    }
}

fn settings(config: &Config) -> Settings {
    Settings {
        terms: Terms {
            policy: None,
            cuffs: config.cuffs.clone().into(),
            zone: TimeZone::UTC,
        },
        descriptions: HashMap::new(),
        jump: config.clock.jump,
        boot: clock::boot_id(),
    }
}

async fn maker(config: &Config, store: &Store) -> Result<Maker> {
    let heads = store.heads().await?;
    Ok(Maker {
        origin: origin(config),
        topics: topics(config),
        publish: true,
        bond_required: true,
        patient_system: None,
        last: LastSeq {
            reading: heads.get(&Kind::Reading).copied().unwrap_or(0),
            ..LastSeq::default()
        },
        key: watch::channel(Arc::new(SigningKey::generate()?.0)).1,
    })
}

/// A daemon's state without trouble.
fn a_state(config: &Config) -> State {
    let identity = Identity {
        site: config.gateway.site.clone(),
        gateway: config.gateway.id.clone(),
        run: Uuid::nil(),
        test: false,
        started_at: clock::wall(),
        brokers: Vec::new(),
        receipts: false,
    };
    let board = Board::new(&config.cuffs, RadioState::Virtual);
    let room = StoreState {
        available: true,
        ..StoreState::default()
    };
    report::at_start(&identity, &board, true, room)
}

/// A measurement with every field: time, pulse rate, user 1, status. Number and time tell it from others.
fn octets(number: u32, taken: DateTime) -> Result<Vec<u8>> {
    let taken = taken.checked_add(jiff::Span::new().seconds(number / DIFFERENT))?;
    let of_values = number % DIFFERENT;
    let (systolic, diastolic) = (100 + of_values / 40 % 60, 60 + of_values / 2400);
    let pulse_rate = 50 + of_values % 40;
    let mut octets = vec![0x1e];
    for pressure in [systolic, diastolic, 93] {
        octets.extend(u16::try_from(pressure)?.to_le_bytes());
    }
    octets.extend(taken.year().to_le_bytes());
    let rest = [taken.month(), taken.day(), taken.hour(), taken.minute(), taken.second()];
    octets.extend(rest.map(i8::cast_unsigned));
    octets.extend(u16::try_from(pulse_rate)?.to_le_bytes());
    octets.extend([1, 0, 0]);
    Ok(octets)
}
