//! Power cuts while a long queue is sent: of the gateway, and of the broker.

use std::collections::HashMap;

use cuffd::clock;
use jiff::SignedDuration;
use rumqttc::mqttbytes::v5::PublishProperties;
use serde_json::json;
use uuid::Uuid;

use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway};
use crate::subscriber::Subscriber;

const QUEUED: usize = 20_000;

/// Writes down what it has so rarely that a kill loses what it had promised to keep.
const FORGETFUL: &str = "allow_anonymous true\nautosave_on_changes false\nautosave_interval 1800\n";

/// Takes in readings; a double must be the same octets.
fn take(received: &mut HashMap<Uuid, Vec<u8>>, id: Uuid, octets: Vec<u8>) {
    if let Some(before) = received.get(&id) {
        assert_eq!(*before, octets, "a double is the same octets");
    }
    received.insert(id, octets);
}

#[tokio::test]
async fn a_killed_gateway_loses_nothing_and_sends_doubles_octet_for_octet() {
    let broker = Mosquitto::with(FORGETFUL).await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_with(broker.port, "window = 100");
    let queued = gateway.queue(QUEUED as u64).await;
    let mut received = HashMap::new();
    let mut daemon = Some(gateway.idle());
    let mut kills = 0;
    while received.len() < QUEUED {
        let message = platform.next().await;
        if message.topic.ends_with("/reading") {
            take(&mut received, message.id(), message.payload);
        }
        if received.len() / 3_500 > kills {
            kills += 1;
            daemon.take().unwrap().kill().await;
            daemon = Some(gateway.idle());
        }
    }
    assert_eq!(kills, 5);
    assert_eq!(received, queued);
    let daemon = daemon.unwrap();
    daemon
        .until("an empty queue", |state| state["delivery"]["queued"]["reading"] == 0)
        .await;
    let ended = daemon.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[tokio::test]
async fn with_receipts_a_killed_broker_loses_nothing() {
    let mut broker = Mosquitto::with(FORGETFUL).await;
    let mut platform = Subscriber::start(broker.port, "cuffd-test/+/+/+/reading").await;
    let gateway = Gateway::sending_with(broker.port, "window = 100\nreceipts = true\nreceipt_timeout = \"10s\"");
    let queued = gateway.queue(QUEUED as u64).await;
    let _daemon = gateway.idle();
    let mut received = HashMap::new();
    let mut unconfirmed = Vec::new();
    let mut killed = false;
    while received.len() < QUEUED {
        let message = platform.next().await;
        unconfirmed.push(message.id());
        take(&mut received, message.id(), message.payload);
        if unconfirmed.len() == 100 {
            confirm(&platform, std::mem::take(&mut unconfirmed)).await;
        }
        if received.len() == QUEUED / 2 && !killed {
            killed = true;
            broker.kill();
            broker.start().await;
        }
    }
    assert!(killed);
    assert_eq!(received, queued);
}

async fn confirm(platform: &Subscriber, ids: Vec<Uuid>) {
    let expires_at = clock::wall() + SignedDuration::from_mins(5);
    let receipt = json!({
        "schema": "cuffd.command/1", "id": Uuid::new_v4(), "site": "north", "gateway": "gw",
        "expires_at": expires_at, "command": "receipt", "ids": ids,
    });
    let topic = "cuffd-test/v1/north/gw/command";
    platform
        .publish(topic, &receipt.to_string(), false, PublishProperties::default())
        .await;
}
