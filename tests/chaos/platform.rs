//! A platform that takes messages in: a process of its own, so that it can be killed like any other.
//!
//! What it has, it has written down before it says so: to the broker by its acknowledgement, to the gateway by a receipt.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::{AckMode, AsyncClient, BrokerSessionResumePolicy, Event, Incoming, MqttOptions, PublishOptions};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::clinic::lasting;
use crate::judge::Arrived;
use crate::rig::COMMAND;

/// What it takes in.
const TOPICS: [&str; 3] = [
    "cuffd-test/v1/north/gw/reading",
    "cuffd-test/v1/north/gw/session/+/readiness",
    "cuffd-test/v1/north/gw/alert",
];

/// Where the process is told what to do.
const PORT: &str = "CUFFD_CHAOS_PLATFORM_PORT";
const LEDGER: &str = "CUFFD_CHAOS_PLATFORM_LEDGER";

/// The platform, whose ledger outlives its processes.
pub(crate) struct Platform {
    port: u16,
    ledger: PathBuf,
    pub(crate) process: Option<Child>,
}

impl Platform {
    pub(crate) fn start(port: u16, ledger: PathBuf) -> Self {
        let mut platform = Self {
            port,
            ledger,
            process: None,
        };
        platform.start_again();
        platform
    }

    pub(crate) fn start_again(&mut self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.ledger.with_extension("log"))
            .unwrap();
        let this_program = std::env::current_exe().unwrap();
        let process = Command::new(this_program)
            .args(["--exact", "platform::the_process", "--ignored", "--nocapture"])
            .env(PORT, self.port.to_string())
            .env(LEDGER, &self.ledger)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        self.process = Some(process);
    }

    pub(crate) async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.unwrap();
        }
    }

    /// What it has, doubles too, as it came.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        written(&self.ledger)
    }
}

/// Whole lines only: it was killed before it had said that it has the other.
fn written(ledger: &Path) -> Vec<Arrived> {
    let text = std::fs::read_to_string(ledger).unwrap_or_default();
    let whole = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let arrived = whole.filter_map(|line| {
        let (at, text) = line.split_once(' ')?;
        text.ends_with('}').then(|| Arrived {
            at: at.parse().expect("it writes down when"),
            text: text.to_owned(),
        })
    });
    arrived.collect()
}

fn open(ledger: &Path) -> File {
    let mut file = OpenOptions::new().create(true).append(true).open(ledger).unwrap();
    // What was begun by one that was killed ends here.
    file.write_all(b"\n").unwrap();
    file
}

/// Not a test: what [`Platform`] starts.
#[tokio::test]
#[ignore = "a process of the chaos runs"]
async fn the_process() {
    let wanted = |name| std::env::var(name).unwrap_or_else(|_| panic!("only the chaos runs start this: no {name}"));
    let mut ledger = open(Path::new(&wanted(LEDGER)));
    let mut options = MqttOptions::new("platform", ("127.0.0.1", wanted(PORT).parse().unwrap()));
    options
        .set_clean_start(false)
        .set_session_expiry_interval(Some(3600))
        .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
        .set_ack_mode(AckMode::Manual)
        .set_keep_alive(5)
        .set_max_packet_size(Some(1_000_000));
    let (client, mut events) = AsyncClient::builder(options).capacity(10_000).build();
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                // A broker that was killed has forgotten the session, or a part of it.
                for topic in TOPICS {
                    client.try_subscribe(topic, QoS::AtLeastOnce).unwrap();
                }
            }
            Ok(Event::Incoming(Incoming::Publish(publish))) => {
                let at = format!("{} ", cuffd::clock::wall());
                let line = [at.as_bytes(), publish.payload.as_ref(), b"\n"].concat();
                ledger.write_all(&line).unwrap();
                client.try_ack(&publish).unwrap();
                let message: serde_json::Value = serde_json::from_slice(&publish.payload).unwrap();
                // One that is lost is asked for by the message that comes again.
                let receipt = lasting("receipt", &json!({"ids": [message["id"]]}));
                let receipt = Bytes::from(receipt.to_string());
                client
                    .try_publish(COMMAND, receipt, PublishOptions::at_most_once())
                    .unwrap();
            }
            Ok(_) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
