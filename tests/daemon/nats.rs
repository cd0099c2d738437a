//! NATS with JetStream as a broker of MQTT 3.1.1, with the config of `docs/broker`: it reports refusals as successes, and receipts make up for it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use cuffd::clock;
use cuffd::mqtt::settings::TlsFiles;
use cuffd::mqtt::tls::client_config;
use jiff::SignedDuration;
use rumqttc_v4::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions, QoS, TlsConfiguration, Transport};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::certificates::{Authority, Validity};
use crate::mosquitto::free_port;
use crate::rig::{Gateway, until, within};

/// The package `nats-server` installs it here, outside an ordinary user's path.
const PROGRAM: &str = "/usr/sbin/nats-server";

/// A running server. It is killed when it is dropped.
struct Nats {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Nats {
    /// Only paths, ports and names are others than in the shipped config.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (port, own_port) = (free_port(), free_port());
        let server = Authority::new(folder.path(), "clinic").issue("server", "localhost", Validity::Good);
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/broker/nats.conf");
        let mut text = fs::read_to_string(shipped).unwrap();
        for (name, own) in [
            ("/etc/nats/cuffd/server.pem", server.certificate.display().to_string()),
            ("/etc/nats/cuffd/server.key", server.key.display().to_string()),
            ("/var/lib/nats", folder.path().join("store").display().to_string()),
            ("0.0.0.0:8883", format!("127.0.0.1:{port}")),
            ("127.0.0.1:4222", format!("127.0.0.1:{own_port}")),
            ("gw-0042", "gw".to_owned()),
            ("cuffd.v1", "cuffd-test.v1".to_owned()),
        ] {
            assert!(text.contains(name), "{name}");
            text = text.replace(name, &own);
        }
        fs::write(folder.path().join("nats.conf"), text).unwrap();
        fs::write(folder.path().join("password"), "of-the-gateway\n").unwrap();
        fs::set_permissions(
            folder.path().join("password"),
            std::os::unix::fs::PermissionsExt::from_mode(0o600),
        )
        .unwrap();
        let mut nats = Self {
            port,
            folder,
            process: None,
        };
        nats.begin().await;
        nats
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn begin(&mut self) {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let process = Command::new(PROGRAM)
            .arg("-c")
            .arg(self.path("nats.conf"))
            .env("GW_0042_PASSWORD", "of-the-gateway")
            .env("STORE_PASSWORD", "of-the-store")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the package nats-server is installed");
        self.process = Some(process);
        within("nats-server", async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
    }

    /// Ends it as a power cut would.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// A gateway's config for it.
    fn config(&self) -> String {
        format!(
            "[mqtt]\nversion = \"3.1.1\"\nreceipts = true\nreceipt_timeout = \"1s\"\n[[mqtt.brokers]]\n\
             url = \"mqtts://localhost:{}\"\nca_file = \"{}\"\npassword_file = \"{}\"\n",
            self.port,
            self.path("clinic/ca.pem").display(),
            self.path("password").display(),
        )
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The clinic's store. Its session outlives its connections, and it comes back by itself.
struct Platform {
    client: AsyncClient,
    readings: mpsc::UnboundedReceiver<Vec<u8>>,
    _tasks: JoinSet<()>,
}

impl Platform {
    async fn connect(nats: &Nats) -> Self {
        let mut options = MqttOptions::new("store-1", ("localhost", nats.port));
        let files = TlsFiles {
            ca_file: Some(nats.path("clinic/ca.pem")),
            client: None,
        };
        let tls = TlsConfiguration::Rustls(Arc::new(client_config(&files).unwrap()));
        options
            .set_transport(Transport::tls_with_config(tls))
            .set_credentials("store", "of-the-store")
            .set_clean_session(false);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(1000).build();
        let (to_test, readings) = mpsc::unbounded_channel();
        let (subscribed, mut is_subscribed) = mpsc::channel(8);
        client
            .try_subscribe("cuffd-test/v1/+/+/reading", QoS::AtLeastOnce)
            .unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                match event_loop.poll().await {
                    Ok(Event::Incoming(Incoming::SubAck(_))) => drop(subscribed.try_send(())),
                    Ok(Event::Incoming(Incoming::Publish(publish))) => drop(to_test.send(publish.payload.to_vec())),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        });
        within("the subscription", is_subscribed.recv()).await;
        Self {
            client,
            readings,
            _tasks: tasks,
        }
    }

    /// The next reading that comes, with its id.
    async fn next(&mut self) -> (Uuid, Vec<u8>) {
        let octets = within("a reading", self.readings.recv()).await.unwrap();
        let reading: Value = serde_json::from_slice(&octets).unwrap();
        (reading["id"].as_str().unwrap().parse().unwrap(), octets)
    }

    fn receipt(&self, id: Uuid) {
        let receipt = json!({
            "schema": "cuffd.command/1", "id": Uuid::new_v4(), "site": "north", "gateway": "gw",
            "expires_at": clock::wall() + SignedDuration::from_mins(5), "command": "receipt", "ids": [id],
        });
        // Where it gets lost the reading comes again, and with it the next one.
        let topic = "cuffd-test/v1/north/gw/command";
        let _ = self
            .client
            .try_publish(topic, receipt.to_string(), PublishOptions::at_least_once());
    }
}

/// Messages that are not done.
fn waiting(gateway: &Gateway) -> Option<i64> {
    let store = Connection::open(gateway.store()).ok()?;
    let sql = "SELECT count(*) FROM message WHERE state <> 'done'";
    store.query_row(sql, [], |row| row.get(0)).ok()
}

#[tokio::test]
async fn with_receipts_nothing_is_lost_by_a_kill_of_nats() {
    const COUNT: u64 = 300;
    let mut nats = Nats::start().await;
    let mut platform = Platform::connect(&nats).await;
    let gateway = Gateway::with(&nats.config());
    let queued = gateway.queue(COUNT).await;
    let _daemon = gateway.idle();

    // It goes again until its receipt comes.
    let mut received = HashMap::new();
    let mut came_again = HashSet::new();
    while came_again.len() < 10 {
        let (id, octets) = platform.next().await;
        if received.insert(id, octets).is_some() {
            came_again.insert(id);
        }
    }
    assert_eq!(
        waiting(&gateway),
        Some(COUNT.cast_signed()),
        "nothing is done without a receipt"
    );

    nats.kill();
    nats.begin().await;
    let done = async {
        until("receipts for all", async || (waiting(&gateway)? == 0).then_some(())).await;
    };
    tokio::select! {
        () = done => {}
        () = async {
            loop {
                let (id, octets) = platform.next().await;
                received.insert(id, octets);
                platform.receipt(id);
            }
        } => {}
    }
    assert_eq!(received, queued);
}
