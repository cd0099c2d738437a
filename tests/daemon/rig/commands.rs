//! Commands to the gateway, as a platform sends them.

use cuffd::clock;
use jiff::SignedDuration;
use rumqttc::mqttbytes::v5::PublishProperties;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::subscriber::Subscriber;

/// Where the gateway takes commands.
pub(crate) const COMMAND: &str = "cuffd-test/v1/north/gw/command";

pub(crate) fn in_minutes(minutes: i64) -> Value {
    json!(clock::wall() + SignedDuration::from_mins(minutes))
}

/// A command with these fields, in place of or beside those that every one has.
pub(crate) fn command(name: &str, fields: &Value) -> Value {
    let mut command = json!({
        "schema": "cuffd.command/1", "id": Uuid::new_v4(), "site": "north", "gateway": "gw",
        "expires_at": in_minutes(5), "command": name,
    });
    for (field, value) in fields.as_object().unwrap() {
        command[field] = value.clone();
    }
    command
}

pub(crate) async fn send(platform: &Subscriber, payload: &str) {
    platform
        .publish(COMMAND, payload, false, PublishProperties::default())
        .await;
}

/// Sends it in a way that must be refused: the broker is to keep it.
pub(crate) async fn send_retained(platform: &Subscriber, payload: &str) {
    platform
        .publish(COMMAND, payload, true, PublishProperties::default())
        .await;
}
