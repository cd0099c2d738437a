//! A platform: takes readings and alerts in, notes them, and confirms each to its gateway.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use cuffd::clock;
use jiff::SignedDuration;
use rumqttc::mqttbytes::QoS;
use rumqttc::{AsyncClient, BrokerSessionResumePolicy, Event, Incoming, MqttOptions, PublishOptions};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::judge::Ledger;
use crate::wait::within;

/// What it takes in, below a group's prefix or none.
pub(crate) const TOPICS: [&str; 2] = ["cuffd-test/v1/+/+/reading", "cuffd-test/v1/+/+/alert"];

/// Receipts wait so long for others to the same gateway.
const GATHER: Duration = Duration::from_millis(100);

/// No receipt names more (contract 3.5).
const IDS: usize = 100;

/// It comes back by itself when its broker does.
pub(crate) struct Platform {
    ledger: Arc<Mutex<Ledger>>,
    _tasks: JoinSet<()>,
}

impl Platform {
    /// Subscribes at the broker on this port, and waits until it is taken. With a `group` it shares with the others of it.
    pub(crate) async fn start(port: u16, name: &str, group: Option<&str>) -> Self {
        let mut options = MqttOptions::new(name, ("127.0.0.1", port));
        options
            .set_clean_start(false)
            .set_session_expiry_interval(Some(3600))
            .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(10_000).build();
        let filters = TOPICS.map(|topic| group.map_or(topic.to_owned(), |group| format!("$share/{group}/{topic}")));
        let (subscribed, mut is_subscribed) = mpsc::channel(8);
        let (heard, to_note) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        let again = client.clone();
        tasks.spawn(async move {
            loop {
                match event_loop.poll().await {
                    // A broker that was killed has forgotten the session.
                    Ok(Event::Incoming(Incoming::ConnAck(connack))) if !connack.session_present => {
                        for filter in &filters {
                            again.try_subscribe(filter.as_str(), QoS::AtLeastOnce).unwrap();
                        }
                    }
                    Ok(Event::Incoming(Incoming::Publish(publish))) => drop(heard.send(publish.payload.to_vec())),
                    Ok(Event::Incoming(Incoming::SubAck(_))) => drop(subscribed.try_send(())),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        for _filter in TOPICS {
            within("the subscription", is_subscribed.recv()).await;
        }
        Self::noting(to_note, tasks, move |topic, receipt| {
            // Without room there is no receipt: the message comes again, and with it the next one.
            let _ = client.try_publish(topic, receipt, PublishOptions::at_least_once());
        })
    }

    /// Notes what comes, and has it confirmed by `confirm`.
    pub(crate) fn noting(
        heard: mpsc::UnboundedReceiver<Vec<u8>>,
        mut tasks: JoinSet<()>,
        confirm: impl FnMut(String, String) + Send + 'static,
    ) -> Self {
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        tasks.spawn(note(heard, Arc::clone(&ledger), confirm));
        Self { ledger, _tasks: tasks }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// Stops taking anything in, and gives what it has.
    pub(crate) fn close(self) -> Ledger {
        std::mem::take(&mut *self.ledger())
    }
}

async fn note(
    mut heard: mpsc::UnboundedReceiver<Vec<u8>>,
    ledger: Arc<Mutex<Ledger>>,
    mut confirm: impl FnMut(String, String),
) {
    let mut owed: HashMap<String, Vec<Uuid>> = HashMap::new();
    let mut turn = tokio::time::interval(GATHER);
    loop {
        tokio::select! {
            Some(octets) = heard.recv() => {
                let message: Value = serde_json::from_slice(&octets).unwrap();
                let text = |name: &str| message[name].as_str().unwrap().to_owned();
                let kind = text("schema").trim_start_matches("cuffd.").trim_end_matches("/1").to_owned();
                let id: Uuid = text("id").parse().unwrap();
                let place = (text("gateway"), kind, message["seq"].as_u64().unwrap());
                ledger.lock().unwrap().note(place, id, text("run").parse().unwrap());
                owed.entry(text("gateway")).or_default().push(id);
            }
            _ = turn.tick() => {
                for (gateway, ids) in owed.drain() {
                    for ids in ids.chunks(IDS) {
                        confirm(format!("cuffd-test/v1/north/{gateway}/command"), receipt(&gateway, ids));
                    }
                }
            }
        }
    }
}

fn receipt(gateway: &str, ids: &[Uuid]) -> String {
    json!({
        "schema": "cuffd.command/1", "id": Uuid::new_v4(), "site": "north", "gateway": gateway,
        "expires_at": clock::wall() + SignedDuration::from_mins(5), "command": "receipt", "ids": ids,
    })
    .to_string()
}

/// The config of gateways that want receipts, at the brokers on these ports of the loopback.
pub(crate) fn with_receipts(ports: &[u16], lines: &str) -> String {
    let brokers: String = ports
        .iter()
        .map(|port| format!("[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{port}\"\n"))
        .collect();
    format!("[mqtt]\nreceipts = true\n{lines}\n{brokers}")
}
