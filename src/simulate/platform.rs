//! A clinic's platform, as small as it can be: hears everything that the gateway publishes, and confirms what must be
//! confirmed with receipts.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, Publish, PublishOptions, QoS};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Pause before the broker is tried again.
const RETRY: Duration = Duration::from_millis(200);
/// How long messages are gathered before their receipt goes out, so that a dump has one receipt and not ten.
const GATHER: Duration = Duration::from_millis(400);
/// The most ids in one receipt (contract 3.5).
const IDS: usize = 100;
/// For how long a receipt is worth obeying.
const EXPIRY: Duration = Duration::from_secs(60);
/// How many messages may wait to be looked at.
const ROOM: usize = 64;

/// A message that was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its topic.
    pub topic: String,
    /// Its octets.
    pub payload: Bytes,
}

/// What the platform says and hears.
#[derive(Debug)]
pub struct Ends {
    /// What is published goes there.
    pub published: mpsc::Sender<Published>,
    /// What is asked of a gateway: a command's own fields.
    pub asked: mpsc::Receiver<Value>,
}

/// Subscribes to all topics under `prefix` at `broker`, passes on what is published, answers with receipts, and asks what it
/// is told to of the gateway that it heard last, until `cancel` or until nobody takes `published` any more. A lost connection
/// is tried again. `now` reads the wall clock.
pub async fn run(broker: SocketAddr, prefix: &str, now: impl Fn() -> Timestamp, ends: Ends, cancel: CancellationToken) {
    let Ends { published, asked } = ends;
    let options = MqttOptions::new("demo-platform", (broker.ip().to_string(), broker.port()));
    let (client, event_loop) = AsyncClient::builder(options).capacity(ROOM).build();
    let (to_confirm, confirmable) = mpsc::channel(ROOM);
    let filter = format!("{prefix}/#");
    tokio::select! {
        () = listen(&client, event_loop, &filter, &published, &to_confirm) => {}
        () = speak(&client, confirmable, asked, now) => {}
        () = cancel.cancelled() => {}
    }
}

/// Polls the connection, and does nothing else: its poll must not be dropped half-way.
async fn listen(
    client: &AsyncClient,
    mut event_loop: EventLoop,
    filter: &str,
    published: &mpsc::Sender<Published>,
    to_confirm: &mpsc::Sender<Receivable>,
) {
    loop {
        match event_loop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                // There is room: nothing else has been asked of a connection that is this new.
                let _ = client.try_subscribe(filter.to_owned(), QoS::AtLeastOnce);
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let message = received(&publish);
                if let Some(receivable) = Receivable::of(&message) {
                    // Without room there is no receipt: the gateway will send the message again.
                    let _ = to_confirm.try_send(receivable);
                }
                if published.send(message).await.is_err() {
                    return;
                }
            }
            Ok(_) => {}
            Err(_lost) => tokio::time::sleep(RETRY).await,
        }
    }
}

fn received(publish: &Publish) -> Published {
    Published {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload.clone(),
    }
}

/// Gathers what came in and sends one receipt for it, again and again; between them, what is asked.
async fn speak(
    client: &AsyncClient,
    mut confirmable: mpsc::Receiver<Receivable>,
    mut asked: mpsc::Receiver<Value>,
    now: impl Fn() -> Timestamp,
) {
    let mut gathered: Vec<Receivable> = Vec::new();
    let mut gateway: Option<Receivable> = None;
    let mut due: Option<Instant> = None;
    loop {
        let said = tokio::select! {
            Some(next) = confirmable.recv(), if gathered.len() < IDS => {
                due.get_or_insert_with(|| Instant::now() + GATHER);
                gateway = Some(next.clone());
                gathered.push(next);
                continue;
            }
            Some(fields) = asked.recv(), if gateway.is_some() => {
                gateway.as_ref().and_then(|gateway| command(gateway, fields, Uuid::new_v4(), expiry(&now)))
            }
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                due = None;
                receipt(&std::mem::take(&mut gathered), Uuid::new_v4(), expiry(&now))
            }
            else => return,
        };
        let Some(said) = said else { continue };
        let options = PublishOptions::new(QoS::AtLeastOnce);
        if client.publish(said.topic, said.payload, options).await.is_err() {
            return;
        }
    }
}

fn expiry(now: impl Fn() -> Timestamp) -> Timestamp {
    now().saturating_add(EXPIRY).unwrap_or(Timestamp::MAX)
}

/// A message that wants a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Receivable {
    id: String,
    site: String,
    gateway: String,
    command_topic: String,
}

impl Receivable {
    /// `None` for kinds that want none, and for what is no message of ours.
    fn of(message: &Published) -> Option<Self> {
        let fields: Value = serde_json::from_slice(&message.payload).ok()?;
        let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        let kind = text("schema")?;
        let wanted = ["cuffd.reading/", "cuffd.readiness/", "cuffd.alert/"];
        if !wanted.iter().any(|wanted| kind.starts_with(wanted)) {
            return None;
        }
        let (site, gateway) = (text("site")?, text("gateway")?);
        let own = format!("/{site}/{gateway}/");
        let at = message.topic.find(&own)?;
        let command_topic = format!("{}{own}command", message.topic.get(..at)?);
        Some(Self {
            id: text("id")?,
            site,
            gateway,
            command_topic,
        })
    }
}

/// The receipt for these messages of one gateway; `None` if there are none.
fn receipt(messages: &[Receivable], id: Uuid, expires_at: Timestamp) -> Option<Published> {
    let first = messages.first()?;
    let ids: Vec<_> = messages.iter().map(|message| &message.id).collect();
    command(first, json!({"command": "receipt", "ids": ids}), id, expires_at)
}

/// A command with these fields to the gateway that sent `message`; `None` if they are no object.
fn command(message: &Receivable, fields: Value, id: Uuid, expires_at: Timestamp) -> Option<Published> {
    let mut command = json!({
        "schema": "cuffd.command/1",
        "id": id,
        "site": message.site,
        "gateway": message.gateway,
        "expires_at": expires_at.to_string(),
    });
    let Value::Object(fields) = fields else { return None };
    command.as_object_mut()?.extend(fields);
    Some(Published {
        topic: message.command_topic.clone(),
        payload: command.to_string().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(topic: &str, payload: &Value) -> Published {
        Published {
            topic: topic.to_owned(),
            payload: payload.to_string().into(),
        }
    }

    fn reading(id: &str) -> Value {
        json!({"schema": "cuffd.reading/1", "id": id, "site": "north", "gateway": "gw-1"})
    }

    #[test]
    fn readings_want_a_receipt_on_their_gateways_command_topic() {
        let message = published("cuffd-test/v1/north/gw-1/reading", &reading("r1"));
        let receivable = Receivable::of(&message).expect("a reading");
        assert_eq!(receivable.command_topic, "cuffd-test/v1/north/gw-1/command");
        let id = Uuid::from_u128(7);
        let at: Timestamp = "2026-11-21T18:00:00Z".parse().expect("a time");
        let receipt = receipt(&[receivable], id, at).expect("one message");
        assert_eq!(receipt.topic, "cuffd-test/v1/north/gw-1/command");
        let said: Value = serde_json::from_slice(&receipt.payload).expect("JSON");
        let expected = json!({
            "schema": "cuffd.command/1", "id": id, "site": "north", "gateway": "gw-1",
            "expires_at": "2026-11-21T18:00:00Z", "command": "receipt", "ids": ["r1"],
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn status_and_strange_things_want_none() {
        let topic = "cuffd-test/v1/north/gw-1/status";
        for payload in [
            json!({"schema": "cuffd.status/1", "id": "s"}),
            json!([1]),
            json!("x"),
            reading("r1")["id"].clone(),
        ] {
            assert_eq!(Receivable::of(&published(topic, &payload)), None, "{payload}");
        }
        let elsewhere = published("cuffd-test/v1/south/gw-9/reading", &reading("r1"));
        assert_eq!(Receivable::of(&elsewhere), None, "another gateway's topic");
        let no_json = Published {
            topic: topic.to_owned(),
            payload: Bytes::from_static(b"\xff"),
        };
        assert_eq!(Receivable::of(&no_json), None);
    }
}
