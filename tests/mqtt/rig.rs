//! A link with an outbox in memory, and short delays.

use std::future::Future;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cuffd::core::delivery::reconnect::Delays;
use cuffd::core::delivery::{Due, Kind};
use cuffd::core::name::Name;
use cuffd::core::topics::Topics;
use cuffd::mqtt::command::Incoming;
use cuffd::mqtt::link::{self, Inputs, LinkError, LinkState};
use cuffd::mqtt::message::reply::Outgoing;
use cuffd::mqtt::message::{Origin, info, status};
use cuffd::mqtt::outbox::Outbox;
use cuffd::mqtt::settings::{Broker, Settings, Timing, Transport, Version};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::outbox::Memory;

/// No test waits longer for one thing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Delays that a test can wait for.
pub(crate) const QUICK: Timing = Timing {
    reconnect: Delays {
        spread: Duration::from_millis(20),
        spread_in_session: Duration::from_millis(10),
        first: Duration::from_millis(20),
        longest: Duration::from_millis(200),
    },
    connect: Duration::from_secs(5),
    patience: Duration::from_secs(1),
    status_every: Duration::from_millis(300),
    info_every: Duration::from_millis(300),
    info_spread: Duration::from_millis(50),
    last_sends: Duration::from_millis(500),
    last_answers: Duration::from_secs(2),
    goodbye: Duration::from_secs(1),
    store_pause: Duration::from_millis(50),
};

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

pub(crate) fn topics() -> Topics {
    Topics::new("cuffd", &name("north"), &name("gw"))
}

pub(crate) fn plain(port: u16) -> Broker {
    Broker {
        host: "127.0.0.1".to_owned(),
        port,
        transport: Transport::Plain,
        login: None,
    }
}

pub(crate) fn settings(brokers: Vec<Broker>) -> Settings {
    Settings {
        topics: topics(),
        client_id: "north:gw".to_owned(),
        version: Version::V5,
        keep_alive: Duration::from_secs(60),
        window: NonZeroU16::new(20).unwrap(),
        will_delay: Duration::ZERO,
        receipt_timeout: None,
        brokers,
        timing: QUICK,
    }
}

pub(crate) fn with_window(mut settings: Settings, window: u16) -> Settings {
    settings.window = NonZeroU16::new(window).unwrap();
    settings
}

/// A row whose payload names it.
pub(crate) fn row(kind: Kind, seq: u64) -> Due {
    let id = Uuid::new_v4();
    padded(kind, seq, id, 0)
}

pub(crate) fn padded(kind: Kind, seq: u64, id: Uuid, padding: usize) -> Due {
    let kind_name = kind.as_str();
    let padding = "x".repeat(padding);
    let payload = format!(r#"{{"id":"{id}","kind":"{kind_name}","seq":{seq},"padding":"{padding}"}}"#);
    let topic = match kind {
        Kind::Readiness => topics().readiness(&name("s1")),
        Kind::Alert => topics().alert(),
        Kind::Reading => topics().reading(),
        Kind::Fhir => topics().fhir(),
    };
    Due {
        id,
        kind,
        seq,
        topic,
        schema: format!("cuffd.{kind_name}/1"),
        payload: Arc::from(payload.into_bytes()),
        attempts: 0,
        sends: 0,
    }
}

pub(crate) fn readings(count: u64) -> Vec<Due> {
    (1..=count).map(|seq| row(Kind::Reading, seq)).collect()
}

/// A running link, and everything it is connected to.
pub(crate) struct Link {
    pub(crate) outbox: Memory,
    pub(crate) status: watch::Sender<status::Facts>,
    pub(crate) info: watch::Sender<info::Facts>,
    pub(crate) session_open: watch::Sender<bool>,
    pub(crate) replies: mpsc::Sender<Outgoing>,
    pub(crate) commands: mpsc::Receiver<Incoming>,
    pub(crate) state: watch::Receiver<LinkState>,
    pub(crate) shutdown: CancellationToken,
    task: JoinSet<Result<(), LinkError>>,
}

impl Link {
    pub(crate) fn start(settings: Settings, rows: Vec<Due>) -> Self {
        let outbox = Memory::new();
        outbox.queue(rows);
        let queued = outbox.queued();
        Self::start_with(settings, outbox.clone(), outbox, queued)
    }

    /// Starts the link on another outbox than the one in memory.
    pub(crate) fn start_with(
        settings: Settings,
        memory: Memory,
        outbox: impl Outbox,
        queued: watch::Receiver<u64>,
    ) -> Self {
        let (status, status_receiver) = watch::channel(status::Facts::default());
        let (info, info_receiver) = watch::channel(info::Facts::default());
        let (session_open, session_receiver) = watch::channel(false);
        let (replies, reply_receiver) = mpsc::channel(16);
        let (command_sender, commands) = mpsc::channel(16);
        let (state_sender, state) = watch::channel(LinkState::default());
        let shutdown = CancellationToken::new();
        let inputs = Inputs {
            queued,
            status: status_receiver,
            info: info_receiver,
            session_open: session_receiver,
            replies: reply_receiver,
            commands: command_sender,
            state: state_sender,
        };
        let mut task = JoinSet::new();
        task.spawn(link::run(settings, origin(), outbox, inputs, shutdown.clone()));
        Self {
            outbox: memory,
            status,
            info,
            session_open,
            replies,
            commands,
            state,
            shutdown,
            task,
        }
    }

    /// Waits until the outbox is as wanted.
    pub(crate) async fn until_outbox(&self, what: &str, mut wanted: impl FnMut(&Memory) -> bool) {
        let mut changes = self.outbox.changes();
        within(what, async {
            while !wanted(&self.outbox) {
                changes.changed().await.unwrap();
            }
        })
        .await;
    }

    /// Waits until nothing is queued any more.
    pub(crate) async fn until_empty(&self) {
        self.until_outbox("an empty outbox", |outbox| outbox.waiting() == 0)
            .await;
    }

    /// Waits until the link says so.
    pub(crate) async fn until_state(&mut self, what: &str, wanted: impl FnMut(&LinkState) -> bool) -> LinkState {
        within(what, async { self.state.wait_for(wanted).await.unwrap().clone() }).await
    }

    /// Stops in order.
    pub(crate) async fn stop(&mut self) {
        self.shutdown.cancel();
        let ended = within("the end of the link", self.task.join_next()).await;
        ended.expect("one task").expect("no panic").expect("no error");
    }
}

pub(crate) fn origin() -> Origin {
    Origin {
        site: name("north"),
        gateway: name("gw"),
        run: Uuid::from_u128(1),
        test: false,
    }
}

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}
