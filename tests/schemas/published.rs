//! What a daemon publishes, as a platform receives it from a real broker, keeps to the schemas and to the AsyncAPI document.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::checker::{Sample, assert_described};
use crate::clinic::{Clinic, POLICY, cuffs_of, is, pressures};
use crate::documents;
use crate::mosquitto::Mosquitto;
use crate::rig::next_second;
use crate::rig::{EVERYTHING, Gateway, lines, status};
use crate::subscriber::{Message, Subscriber};

const BASE: &str = "cuffd-test/v1/north/gw/";

/// The schema of a message, by its own word, which the property repeats.
fn schema(message: &Message) -> &'static str {
    const KINDS: [&str; 6] = ["status", "info", "reading", "readiness", "alert", "reply"];
    let json = message.json();
    let kind = KINDS.into_iter().find(|kind| is(&json, kind));
    kind.unwrap_or_else(|| panic!("of what kind is {json}"))
}

fn assert_has_its_properties(message: &Message) {
    let (json, properties) = (message.json(), &message.properties);
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    assert_eq!(properties.payload_format_indicator, Some(1));
    let [(schema, its_schema), (id, its_id)] = properties.user_properties.as_slice() else {
        panic!("{properties:?}");
    };
    assert_eq!((schema.as_str(), id.as_str()), ("schema", "id"));
    assert_eq!(json["schema"], its_schema.as_str());
    its_id.parse::<uuid::Uuid>().unwrap();
    if ["reading", "readiness", "alert"]
        .into_iter()
        .any(|kind| is(&json, kind))
    {
        assert_eq!(json["id"], its_id.as_str());
    }
}

fn assert_described_by_the_documents(messages: &[Message]) {
    for message in messages {
        assert_has_its_properties(message);
        let channel = documents::channel_of(&message.topic);
        assert_eq!(channel, schema(message), "on {}", message.topic);
    }
    let samples: Vec<Sample> = messages
        .iter()
        .map(|message| (schema(message), message.json()))
        .collect();
    assert_described(&samples);
}

/// A session from its opening to its end, and one of another patient that does not come so far.
async fn an_evening(clinic: &mut Clinic, states: &mut Vec<Value>) {
    clinic.open_session("s1", "p1").await;
    states.extend(clinic.daemon().state().await);
    clinic.attest("s1", "companion_present").await;
    clinic
        .measure("cuff-p1", &[pressures(122, 78), pressures(121, 78)])
        .await;
    clinic.state("s1", "ready").await;
    clinic.done("report", json!({"session": "s1"})).await;
    states.extend(clinic.daemon().state().await);
    clinic.done("start", json!({"session": "s1"})).await;

    clinic.open_session("s2", "p2").await;
    let mut loose = pressures(120, 80);
    loose["status"] = json!(["cuff_too_loose", "irregular_pulse"]);
    clinic.measure("cuff-p2", &[loose]).await;
    clinic.reading("cuff-p2").await;
    next_second().await;
    clinic.measure("cuff-p2", &[pressures(185, 80)]).await;
    clinic.state("s2", "crisis").await;
    clinic
        .daemon()
        .order(&json!({"cuff": "cuff-p2", "mishap": "bond_lost"}))
        .await;
    while clinic.alert().await["code"] != "bond_lost" {}
    states.extend(clinic.daemon().state().await);
    clinic.done("report", json!({})).await;
    clinic.refused("report", json!({"session": "s3"})).await;
    clinic.refused("dance", json!({})).await;
    clinic.done("close_session", json!({"session": "s1"})).await;
    clinic.state("s1", "ended").await;
}

/// What has come until now, and until this is among it.
async fn until(witness: &mut Subscriber, last: impl Fn(&Value) -> bool) -> Vec<Message> {
    let mut messages = Vec::new();
    loop {
        let message = witness.next().await;
        if message.topic.ends_with("/command") {
            continue;
        }
        let is_last = last(&message.json());
        messages.push(message);
        if is_last {
            return messages;
        }
    }
}

#[tokio::test]
async fn everything_of_an_evening_is_described() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    let mut witness = Subscriber::start(clinic.broker.port, EVERYTHING).await;
    let mut states = Vec::new();
    an_evening(&mut clinic, &mut states).await;
    // It comes within a minute, at random.
    clinic.next(|message| is(message, "info")).await;
    clinic.daemon().signal(Signal::TERM);
    let messages = until(&mut witness, |message| message["state"] == "offline").await;
    let kinds: BTreeSet<&str> = messages.iter().map(schema).collect();
    assert_eq!(
        kinds,
        BTreeSet::from(["alert", "info", "readiness", "reading", "reply", "status"])
    );
    assert_described_by_the_documents(&messages);

    assert_eq!(states.len(), 3);
    let mut samples: Vec<Sample> = states.into_iter().map(|state| ("state", state)).collect();
    let stored = clinic.gateway.ask(&["readings", "--format", "jsonl"]).await.good();
    samples.extend(lines(&stored).into_iter().map(|reading| ("reading", reading)));
    assert_eq!(samples.len(), 3 + 4);
    assert_described(&samples);

    // Who comes later hears what is retained, and that is what the document says.
    let mut late = Subscriber::start(clinic.broker.port, EVERYTHING).await;
    let mut kept = BTreeSet::new();
    while let Ok(message) = tokio::time::timeout(Duration::from_secs(1), late.next()).await {
        kept.insert(message.topic.strip_prefix(BASE).unwrap().to_owned());
    }
    assert_eq!(kept, documents::retained());
}

/// The broker sends the will, which was written before anything went wrong.
#[tokio::test]
async fn the_will_is_described() {
    let broker = Mosquitto::open().await;
    let mut witness = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_with(broker.port, "will_delay = \"0s\"");
    let daemon = gateway.idle();
    status(&mut witness, "online").await;
    daemon.kill().await;
    let will = status(&mut witness, "lost").await;
    assert_described_by_the_documents(&[will]);
}
