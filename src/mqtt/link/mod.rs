//! The link's life: connect, deliver, lose the connection, wait, connect again, until it is told to stop.

mod session;
mod state;
mod work;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};
use uuid::Uuid;

use super::client::{Class, Fault, Plan, Publish};
use super::command::Incoming;
use super::credentials::plan;
use super::message::reply::Outgoing;
use super::message::status::{self, Connection, Presence};
use super::message::{MessageError, Origin, info as info_message};
use super::outbox::{Outbox, OutboxError};
use super::settings::{Broker, Settings, Version};
use crate::clock;
use crate::core::delivery::Mark;
use crate::core::delivery::hearing::Hearing;
use crate::core::delivery::isolation::{Change, Isolation};
use crate::core::delivery::reconnect::{Ending, Reconnect, Urgency};
use crate::core::delivery::schedule::Schedule;
use crate::core::delivery::seldom::Seldom;
use crate::core::delivery::tries::Tries;
use crate::core::moment::Moment;
use session::Session;
use state::Reporter;
pub use state::{LinkState, Phase};

/// Why the link cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The outbox is gone.
    #[error("messages cannot be read or marked")]
    Outbox(#[source] OutboxError),
    /// A message of the link's own could not be made.
    #[error("cannot make a message of the link's own")]
    Message(#[from] MessageError),
}

/// What the link is told, and where it tells.
#[derive(Debug)]
pub struct Inputs {
    /// Changes when something was queued.
    pub queued: watch::Receiver<u64>,
    /// For `status`.
    pub status: watch::Receiver<status::Facts>,
    /// For `info`.
    pub info: watch::Receiver<info_message::Facts>,
    /// Whether somebody waits: then a lost connection is replaced sooner.
    pub session_open: watch::Receiver<bool>,
    /// Answers to commands. What is not acknowledged when the connection is lost is lost with it.
    pub replies: mpsc::Receiver<Outgoing>,
    /// Commands, unchecked. If there is no room a command is dropped: its sender gets no reply and sends it again.
    pub commands: mpsc::Sender<Incoming>,
    /// How the link stands.
    pub state: watch::Sender<LinkState>,
}

/// Runs the link until `shutdown`, then says goodbye to the broker.
///
/// # Errors
/// Only what makes every further try useless; an unreachable broker is not an error.
pub async fn run<O: Outbox>(
    settings: Settings,
    origin: Origin,
    outbox: O,
    inputs: Inputs,
    shutdown: CancellationToken,
) -> Result<(), LinkError> {
    let Some(brokers) = NonZeroUsize::new(settings.brokers.len()) else {
        shutdown.cancelled().await;
        return Ok(());
    };
    if settings.version == Version::V311 {
        warn!("MQTT 3.1.1 reports refusals as successes: only receipts tell what has arrived");
    }
    let link = Link {
        reconnect: Reconnect::new(brokers, settings.timing.reconnect),
        memory: Memory {
            isolation: Isolation::new(settings.window.get().into()),
            reporter: Reporter::new(inputs.state.clone()),
            dropped_commands: Seldom::default(),
            lost_replies: Seldom::default(),
            outbox_failed: Seldom::default(),
            tries: Tries::default(),
            schedule: Schedule::starting(clock::now()),
            hearing: Hearing::new(clock::moment()),
        },
        without_retain: BTreeSet::new(),
        connections: 0,
        number_is_unused: false,
        settings: Arc::new(settings),
        origin,
        outbox,
        inputs,
        shutdown,
    };
    link.run().await
}

struct Link<O> {
    settings: Arc<Settings>,
    origin: Origin,
    outbox: O,
    inputs: Inputs,
    shutdown: CancellationToken,
    reconnect: Reconnect,
    memory: Memory,
    connections: u64,
    /// Nobody was told of the last number, so it may be used again.
    number_is_unused: bool,
    /// Places in the list of the brokers that take nothing that is to be retained.
    without_retain: BTreeSet<usize>,
}

/// What outlives a connection.
struct Memory {
    isolation: Isolation,
    reporter: Reporter,
    dropped_commands: Seldom,
    lost_replies: Seldom,
    outbox_failed: Seldom,
    tries: Tries,
    schedule: Schedule,
    hearing: Hearing,
}

/// How a connection ended.
struct Over {
    fault: Fault,
    /// The broker may have learned the connection's number.
    reached: bool,
    /// PUBACKs of whatever was published.
    acknowledged: u32,
    /// Messages of the outbox that were answered.
    answered: u32,
    /// Messages of the outbox that were out.
    in_flight: Vec<Uuid>,
}

impl<O: Outbox> Link<O> {
    async fn run(mut self) -> Result<(), LinkError> {
        while !self.shutdown.is_cancelled() {
            let over = self.connection().await?;
            self.number_is_unused = !over.reached;
            if self.shutdown.is_cancelled() {
                break;
            }
            if self.learns_of_retain(&over) {
                continue;
            }
            self.suspect(&over).await?;
            let delay = self.next(&over);
            self.pause(delay).await;
        }
        self.memory.reporter.stopped();
        Ok(())
    }

    /// One connection from the first packet to the last.
    async fn connection(&mut self) -> Result<Over, LinkError> {
        // A number costs a write; a broker may be away for months.
        if !self.number_is_unused {
            self.connections = self.next_number().await?;
        }
        let place = self.reconnect.broker();
        let connection = Connection {
            number: self.connections,
            since: clock::wall(),
        };
        self.memory.reporter.connecting(place, connection.number);
        let settings = self.settings.clone();
        let Some(broker) = settings.brokers.get(place) else {
            return Ok(Over::without_connection(Fault::new(Class::Config, "no such broker")));
        };
        debug!(broker = %broker.name(), connection = connection.number, "connecting");
        let retain = !self.without_retain.contains(&place);
        let plan = match self.plan(broker, connection, retain)? {
            Ok(plan) => plan,
            Err(fault) => return Ok(Over::without_connection(fault)),
        };
        let session = Session::new(&settings, &self.origin, &self.outbox, connection, &mut self.memory);
        session.run(&plan, &mut self.inputs, &self.shutdown).await
    }

    /// Goes on over restarts, so that a `lost` of an older connection can be told. A store that does not answer now does
    /// not keep the link from connecting.
    async fn next_number(&self) -> Result<u64, LinkError> {
        match self.outbox.next_connection().await {
            Ok(number) => Ok(number),
            Err(OutboxError::Passing(cause)) => {
                warn!(%cause, "the number of the connection could not be stored");
                Ok(self.connections + 1)
            }
            Err(gone @ OutboxError::Gone(_)) => Err(LinkError::Outbox(gone)),
        }
    }

    /// Whether the broker has just said that it takes nothing that is to be retained. Then it is asked for nothing of the
    /// kind any more, and may be connected again at once.
    fn learns_of_retain(&mut self, over: &Over) -> bool {
        let news = over.fault.class == Class::Retain && self.without_retain.insert(self.reconnect.broker());
        if news {
            warn!(
                "the broker keeps no retained messages: who asks it later learns neither `status` nor `info`, nor that the \
                 gateway is lost"
            );
        }
        news
    }

    /// Reads the files and makes the will. The inner error is a fault of this try, not of the program.
    fn plan(&self, broker: &Broker, connection: Connection, retain: bool) -> Result<Result<Plan, Fault>, LinkError> {
        let facts = self.inputs.status.borrow().clone();
        let lost = status::status(&self.origin, Presence::Lost, connection, &facts)?;
        let settings = &self.settings;
        let will = Publish {
            topic: settings.topics.status(),
            payload: lost.into(),
            retain,
            schema: status::SCHEMA.to_owned(),
            id: Uuid::new_v4(),
            correlation: None,
        };
        Ok(plan(settings, broker, will))
    }

    /// Looks for a message that breaks connections.
    async fn suspect(&mut self, over: &Over) -> Result<(), LinkError> {
        match self.memory.isolation.over(over.answered, &over.in_flight) {
            Change::Nothing => Ok(()),
            Change::Begins => {
                warn!("connections keep breaking with messages in flight: sending one at a time");
                Ok(())
            }
            Change::SetAside(id) => {
                warn!(message = %id, "set aside: it alone broke three connections");
                let why = format!("broke three connections: {}", over.fault);
                self.set_aside(Mark::SetAside { id, why }).await
            }
        }
    }

    async fn set_aside(&self, mark: Mark) -> Result<(), LinkError> {
        match self.outbox.apply(vec![mark]).await {
            Ok(()) => Ok(()),
            Err(OutboxError::Passing(cause)) => {
                warn!(%cause, "the message could not be set aside, and will be tried again");
                Ok(())
            }
            Err(gone @ OutboxError::Gone(_)) => Err(LinkError::Outbox(gone)),
        }
    }

    fn next(&mut self, over: &Over) -> Duration {
        let urgency = self.urgency();
        let next = self.reconnect.over(over.ending(), urgency, rand::random());
        self.memory.reporter.waiting(&over.fault, over.in_flight.len(), next);
        next.delay
    }

    fn urgency(&self) -> Urgency {
        if *self.inputs.session_open.borrow() {
            Urgency::InSession
        } else {
            Urgency::Calm
        }
    }

    /// Waits for the next try. A session that opens meanwhile cuts a long wait short.
    async fn pause(&mut self, delay: Duration) {
        let mut until = clock::moment() + delay;
        loop {
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = clock::sleep_until(Some(until)) => return,
                () = changed(&mut self.inputs.session_open) => until = self.sooner(until),
                Some(_) = self.inputs.replies.recv() => debug!("a reply is lost: no broker is connected"),
            }
        }
    }

    fn sooner(&self, until: Moment) -> Moment {
        match self.urgency() {
            Urgency::Calm => until,
            Urgency::InSession => {
                let spread = self.settings.timing.reconnect.spread_in_session;
                until.min(clock::moment() + spread.mul_f64(rand::random()))
            }
        }
    }
}

impl Over {
    fn without_connection(fault: Fault) -> Self {
        Self {
            fault,
            reached: false,
            acknowledged: 0,
            answered: 0,
            in_flight: Vec::new(),
        }
    }

    const fn ending(&self) -> Ending {
        if self.acknowledged > 0 {
            Ending::Acknowledged
        } else {
            Ending::Fruitless
        }
    }
}

impl Broker {
    /// `host:port`, for logs and `status`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Ends when the value changes; never, if nobody can change it any more. May be dropped half-way.
async fn changed<T>(value: &mut watch::Receiver<T>) {
    if value.changed().await.is_err() {
        std::future::pending().await
    }
}
