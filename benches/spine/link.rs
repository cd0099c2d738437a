//! The link on a store that tells when something sent has been marked.

use std::future::Future;

use anyhow::{Context, Result};
use cuffd::config::Config;
use cuffd::core::delivery::{Mark, Page};
use cuffd::mqtt::link::{self, Inputs, LinkError, LinkState, Phase};
use cuffd::mqtt::message::status::Standing;
use cuffd::mqtt::message::{info, status};
use cuffd::mqtt::outbox::{Outbox, OutboxError};
use cuffd::mqtt::settings::{Broker, Settings, Timing, Transport, Version};
use cuffd::store::Store;
use jiff::Timestamp;
use std::num::NonZeroU16;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::gateway;

/// A store that tells of every PUBACK, with its time, once that is durable.
#[derive(Clone)]
struct Observed {
    store: Store,
    sent: mpsc::UnboundedSender<Timestamp>,
}

impl Outbox for Observed {
    fn page(
        &self,
        now: Timestamp,
        limit: usize,
        skip: Vec<uuid::Uuid>,
    ) -> impl Future<Output = Result<Page, OutboxError>> + Send {
        Outbox::page(&self.store, now, limit, skip)
    }

    fn next_connection(&self) -> impl Future<Output = Result<u64, OutboxError>> + Send {
        Outbox::next_connection(&self.store)
    }

    fn standing(&self) -> impl Future<Output = Result<Standing, OutboxError>> + Send {
        Outbox::standing(&self.store)
    }

    async fn apply(&self, marks: Vec<Mark>) -> Result<(), OutboxError> {
        let times: Vec<Timestamp> = marks.iter().filter_map(sent_at).collect();
        Outbox::apply(&self.store, marks).await?;
        for time in times {
            // At the end nobody listens any more.
            let _heard = self.sent.send(time);
        }
        Ok(())
    }
}

fn sent_at(mark: &Mark) -> Option<Timestamp> {
    match mark {
        Mark::Sent { at, .. } => Some(*at),
        Mark::Later { .. } | Mark::Attempt { .. } | Mark::SetAside { .. } => None,
    }
}

/// A running link.
pub(crate) struct Link {
    sent: mpsc::UnboundedReceiver<Timestamp>,
    state: watch::Receiver<LinkState>,
    shutdown: CancellationToken,
    task: JoinSet<Result<(), LinkError>>,
    // What the link listens to besides; it stays as it is.
    _others: Others,
}

type Others = (
    watch::Sender<status::Facts>,
    watch::Sender<info::Facts>,
    watch::Sender<bool>,
    mpsc::Sender<cuffd::mqtt::message::reply::Outgoing>,
    mpsc::Receiver<cuffd::mqtt::command::Incoming>,
);

impl Link {
    /// Connects to the broker on this port.
    pub(crate) fn start(config: &Config, store: &Store, port: u16) -> Result<Self> {
        let (tell, sent) = mpsc::unbounded_channel();
        let outbox = Observed {
            store: store.clone(),
            sent: tell,
        };
        let (status, status_receiver) = watch::channel(status::Facts::default());
        let (info, info_receiver) = watch::channel(info::Facts::default());
        let (session, session_receiver) = watch::channel(false);
        let (replies, reply_receiver) = mpsc::channel(1);
        let (command_sender, commands) = mpsc::channel(1);
        let (state_sender, state) = watch::channel(LinkState::default());
        let inputs = Inputs {
            queued: store.queued(),
            status: status_receiver,
            info: info_receiver,
            session_open: session_receiver,
            replies: reply_receiver,
            commands: command_sender,
            state: state_sender,
        };
        let shutdown = CancellationToken::new();
        let mut task = JoinSet::new();
        let (settings, origin) = (settings(config, port)?, gateway::origin(config));
        task.spawn(link::run(settings, origin, outbox, inputs, shutdown.clone()));
        Ok(Self {
            sent,
            state,
            shutdown,
            task,
            _others: (status, info, session, replies, commands),
        })
    }

    pub(crate) async fn is_up(&mut self) -> Result<()> {
        self.state
            .wait_for(|state| matches!(state.phase, Phase::Up { .. }))
            .await?;
        Ok(())
    }

    /// The time of the next PUBACK, once that is durable.
    pub(crate) async fn sent(&mut self) -> Result<Timestamp> {
        self.sent.recv().await.context("the link runs")
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        Ok(self.task.join_next().await.context("the link runs")???)
    }
}

fn settings(config: &Config, port: u16) -> Result<Settings> {
    let mqtt = config.mqtt.as_ref().context("the config has a broker")?;
    Ok(Settings {
        topics: gateway::topics(config),
        client_id: mqtt.client_id.clone(),
        version: Version::V5,
        keep_alive: mqtt.keep_alive,
        window: NonZeroU16::new(mqtt.window).context("a window")?,
        will_delay: mqtt.will_delay,
        receipt_timeout: None,
        brokers: vec![Broker {
            host: "127.0.0.1".to_owned(),
            port,
            transport: Transport::Plain,
            login: None,
        }],
        timing: Timing::CONTRACT,
    })
}
