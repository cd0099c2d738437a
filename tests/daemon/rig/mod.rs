//! A gateway in a folder of its own, its daemons, and what is asked of them.

mod daemon;
mod gateway;
mod measured;
mod seed;

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::subscriber::{Message, Subscriber};

pub(crate) use daemon::{Daemon, Ended};
pub(crate) use gateway::{Gateway, mqtt};
pub(crate) use measured::{measured, values};

/// Everything that a test gateway publishes.
pub(crate) const EVERYTHING: &str = "cuffd-test/#";

/// No test waits longer for one thing. A lost connection is replaced after up to 30 s.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks at something that does not tell when it changes.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    })
    .await
}

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
