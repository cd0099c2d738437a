//! A gateway in a folder of its own, its daemons, and what is asked of them.

mod commands;
mod daemon;
mod gateway;
mod measured;
mod seed;

#[path = "../../rig/folder.rs"]
#[expect(dead_code, reason = "shared with the tests of the page, which need more of it")]
mod folder;

#[path = "../../rig/stranger.rs"]
mod stranger;

#[path = "../../rig/wait.rs"]
mod wait;

use serde_json::Value;

use crate::subscriber::{Message, Subscriber};

pub(crate) use commands::{COMMAND, command, in_minutes, send, send_retained};
pub(crate) use daemon::{Daemon, Ended};
pub(crate) use gateway::{Answer, Gateway, mqtt};
pub(crate) use measured::{measured, values};
pub(crate) use seed::queued;
pub(crate) use wait::{next_second, until, within};

/// Everything that a test gateway publishes.
pub(crate) const EVERYTHING: &str = "cuffd-test/#";

/// The next status message that says so.
pub(crate) async fn status(subscriber: &mut Subscriber, state: &str) -> Message {
    loop {
        let message = subscriber.next_on("/status").await;
        if message.json()["state"] == state {
            return message;
        }
    }
}

/// The readings that come until the gateway says that it is offline.
pub(crate) async fn readings_until_offline(subscriber: &mut Subscriber) -> Vec<Message> {
    let mut readings = Vec::new();
    loop {
        let message = subscriber.next().await;
        if message.topic.ends_with("/reading") {
            readings.push(message);
        } else if message.topic.ends_with("/status") && message.json()["state"] == "offline" {
            return readings;
        }
    }
}

/// One JSON value a line.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect()
}
