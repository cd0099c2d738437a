//! Who sends commands: each again and again, with the same id, until its reply has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::rig::{command, send};
use crate::subscriber::Subscriber;

/// When a reply has not come by then, the command may be lost.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Before it is sent again.
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Clinic {
    commands: mpsc::UnboundedSender<Value>,
    unanswered: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Clinic {
    pub(crate) async fn start(broker: u16) -> Self {
        let mut replies = Subscriber::start(broker, "cuffd-test/v1/north/gw/reply").await;
        let (commands, mut waiting) = mpsc::unbounded_channel::<Value>();
        let unanswered = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&unanswered);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Some(command) = waiting.recv().await {
                while !is_answered(&mut replies, &command).await {
                    tokio::time::sleep(PAUSE).await;
                }
                left.fetch_sub(1, Ordering::SeqCst);
            }
        });
        Self {
            commands,
            unanswered,
            _tasks: tasks,
        }
    }

    /// Sends it once everything before it was answered.
    pub(crate) fn send(&self, name: &str, fields: &Value) {
        let command = lasting(name, fields);
        self.unanswered.fetch_add(1, Ordering::SeqCst);
        self.commands.send(command).unwrap();
    }

    pub(crate) fn unanswered(&self) -> usize {
        self.unanswered.load(Ordering::SeqCst)
    }
}

/// A command that has not expired yet when the gateway's clock was set.
pub(crate) fn lasting(name: &str, fields: &Value) -> Value {
    let mut command = command(name, fields);
    command["expires_at"] = json!(cuffd::clock::wall() + SignedDuration::from_hours(12));
    command
}

async fn is_answered(replies: &mut Subscriber, command: &Value) -> bool {
    send(replies, &command.to_string()).await;
    let reply = async {
        loop {
            let reply = replies.next().await.json();
            if reply["id"] == command["id"] {
                // A gateway that is about to end is busy, too.
                return reply["error"]["code"] != "busy";
            }
        }
    };
    tokio::time::timeout(PATIENCE, reply).await.unwrap_or(false)
}
