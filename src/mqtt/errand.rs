//! One short connection as the daemon would make it, for commands that run without one: some retained messages, an answer to
//! each, and goodbye.
//!
//! Where a daemon runs this must not be used: two connections of one client id throw each other out.

use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;

use super::client::{Class, Connection, Event, Fault, Handed, Outcome, Publish, Subscription, reach};
use super::credentials::{plan, read_files};
use super::settings::{Broker, Settings};

/// For each answer of the broker.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// For an answer that came before the end of the connection.
const ANSWER_AFTER_END: Duration = Duration::from_secs(1);

/// A message to be retained, or an empty one that clears what is.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Where.
    pub topic: String,
    /// Its octets.
    pub payload: Vec<u8>,
    /// The name of its form.
    pub schema: &'static str,
}

/// What became of an errand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The PUBACK of each notice, in order.
    pub answers: Vec<u8>,
    /// The broker does not let us listen for commands.
    pub commands_refused: bool,
}

/// Connects, listens for commands as the daemon does, publishes the notices one after the other, and says goodbye.
///
/// `will` is what the broker says of us if this is cut short.
///
/// # Errors
/// Why it came to nothing; some notices may have arrived.
pub async fn run(settings: &Settings, broker: &Broker, will: &Notice, notices: &[Notice]) -> Result<Done, Fault> {
    match once(settings, broker, will, notices, true).await {
        // It takes nothing that is to be retained: so it is published to who listens now.
        Err(fault) if fault.class == Class::Retain => once(settings, broker, will, notices, false).await,
        other => other,
    }
}

/// Whether the broker can be reached, without a word of MQTT.
///
/// # Errors
/// What stands in the way.
pub async fn reach(settings: &Settings, broker: &Broker) -> Result<(), Fault> {
    let (tls, _login) = read_files(broker)?;
    reach::reach(&broker.host, broker.port, tls, settings.timing.connect).await
}

async fn once(
    settings: &Settings,
    broker: &Broker,
    will: &Notice,
    notices: &[Notice],
    retain: bool,
) -> Result<Done, Fault> {
    let plan = plan(settings, broker, publish(will, retain))?;
    let mut connection = Connection::open(&plan);
    let done = converse(&mut connection, &settings.topics.command(), notices, retain).await;
    if done.is_ok() {
        connection.disconnect();
        // All was answered before; this is for the DISCONNECT to be on its way.
        let _gone = tokio::time::timeout(settings.timing.goodbye, end_of(&mut connection)).await;
    }
    connection.abandon().await;
    done
}

async fn converse(
    connection: &mut Connection,
    commands: &str,
    notices: &[Notice],
    retain: bool,
) -> Result<Done, Fault> {
    let retains = answer(connection, ANSWER_WITHIN + ANSWER_WITHIN, |event| match event {
        Event::Up(limits) => Some(limits.retains),
        Event::Command(_) | Event::Subscribed(_) | Event::Down(_) => None,
    })
    .await?;
    connection.subscribe(commands);
    let subscription = answer(connection, ANSWER_WITHIN, |event| match event {
        Event::Subscribed(subscription) => Some(*subscription),
        Event::Up(_) | Event::Command(_) | Event::Down(_) => None,
    })
    .await?;
    let mut answers = Vec::new();
    for notice in notices {
        answers.push(say(connection, publish(notice, retain && retains)).await?);
    }
    Ok(Done {
        answers,
        commands_refused: subscription == Subscription::Refused,
    })
}

/// Waits for the event that `wanted` knows; the end of the connection is the fault.
async fn answer<T>(
    connection: &mut Connection,
    patience: Duration,
    wanted: impl Fn(&Event) -> Option<T>,
) -> Result<T, Fault> {
    let waiting = async {
        loop {
            let event = connection.event().await;
            if let Some(answer) = wanted(&event) {
                return Ok(answer);
            }
            if let Event::Down(fault) = event {
                return Err(fault);
            }
        }
    };
    tokio::time::timeout(patience, waiting)
        .await
        .unwrap_or_else(|_| Err(silent()))
}

/// Publishes, and gives the code of the answer.
async fn say(connection: &mut Connection, publish: Publish) -> Result<u8, Fault> {
    let mut over = match connection.publish(publish) {
        Handed::Over(over) => over,
        Handed::Full | Handed::Gone => return Err(end_of(connection).await),
        Handed::Unsendable => return Err(Fault::new(Class::Protocol, "this message cannot be sent by MQTT")),
    };
    // A command that comes meanwhile is not for us to carry out.
    let (outcome, ended) = tokio::select! {
        biased;
        outcome = &mut over => (Some(outcome), None),
        fault = end_of(connection) => (None, Some(fault)),
    };
    let outcome = match outcome {
        Some(outcome) => outcome,
        // Some brokers answer and hang up at once: the answer counts.
        None => tokio::time::timeout(ANSWER_AFTER_END, over)
            .await
            .unwrap_or(Outcome::Unanswered),
    };
    match (outcome, ended) {
        (Outcome::Answered(code), _) => Ok(code),
        (Outcome::Unanswered, Some(fault)) => Err(fault),
        (Outcome::Unanswered, None) => Err(end_of(connection).await),
    }
}

/// Why the connection ended; that nothing more came, if it did not.
async fn end_of(connection: &mut Connection) -> Fault {
    let nothing = |_: &Event| None::<()>;
    answer(connection, ANSWER_WITHIN, nothing)
        .await
        .err()
        .unwrap_or_else(silent)
}

fn silent() -> Fault {
    Fault::new(Class::Silent, "the broker has stopped acknowledging")
}

fn publish(notice: &Notice, retain: bool) -> Publish {
    Publish {
        topic: notice.topic.clone(),
        payload: Bytes::from(notice.payload.clone()),
        retain,
        schema: notice.schema.to_owned(),
        id: Uuid::new_v4(),
        correlation: None,
    }
}
