//! A NATS JetStream cluster of three nodes, of which one is killed under load: with receipts everything arrives.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cuffd::clock;
use rumqttc_v4::{AsyncClient, Event, Incoming, MqttOptions, PublishOptions, QoS};
use rustix::process::Pid;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::fleet::Fleet;
use crate::judge::nothing_is_lost;
use crate::mosquitto::free_port;
use crate::platform::{Platform, TOPICS, with_receipts};
use crate::process::Usage;
use crate::wait::within;

/// The package `nats-server` installs it here, outside an ordinary user's path.
const PROGRAM: &str = "/usr/sbin/nats-server";

const NODES: usize = 3;

/// A node of the cluster: its ports, and its process while it runs.
struct Node {
    mqtt: u16,
    config: PathBuf,
    log: PathBuf,
    process: Option<Child>,
}

/// They are killed when it is dropped.
struct Cluster {
    nodes: Vec<Node>,
    _folder: TempDir,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let routes: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
        let all: Vec<String> = routes
            .iter()
            .map(|port| format!("\"nats://127.0.0.1:{port}\""))
            .collect();
        let nodes = routes.iter().zip(1..).map(|(route, number)| {
            let mqtt = free_port();
            let here = folder.path().join(format!("node-{number}"));
            fs::create_dir(&here).unwrap();
            let text = format!(
                "server_name: node-{number}\nlisten: \"127.0.0.1:{}\"\n\
                 cluster {{ name: cuffd, listen: \"127.0.0.1:{route}\", routes: [{}] }}\n\
                 jetstream {{ store_dir: \"{}\", max_memory_store: 256MB, max_file_store: 4GB }}\n\
                 mqtt {{ listen: \"127.0.0.1:{mqtt}\", ack_wait: \"10s\", max_ack_pending: 1000, stream_replicas: 3 }}\n",
                free_port(),
                all.join(", "),
                here.display(),
            );
            let config = here.join("nats.conf");
            fs::write(&config, text).unwrap();
            let mut node = Node { mqtt, config, log: here.join("log"), process: None };
            node.start();
            node
        });
        Self {
            nodes: nodes.collect(),
            _folder: folder,
        }
    }

    fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.mqtt).collect()
    }

    fn usage(&self) -> Vec<Usage> {
        self.nodes.iter().map(|node| Usage::of(node.pid())).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.nodes.iter_mut().for_each(Node::kill);
    }
}

impl Node {
    fn start(&mut self) {
        let log = fs::File::options().create(true).append(true).open(&self.log).unwrap();
        let process = Command::new(PROGRAM)
            .arg("-c")
            .arg(&self.config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the package nats-server is installed");
        self.process = Some(process);
    }

    fn pid(&self) -> Pid {
        Pid::from_child(self.process.as_ref().expect("it runs"))
    }

    /// Ends it as a power cut would.
    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

/// The clinic's store at the node of this port. Its session outlives its connections, and it comes back by itself.
async fn platform(port: u16) -> Platform {
    let mut options = MqttOptions::new("store-1", ("127.0.0.1", port));
    options.set_clean_session(false);
    let (client, mut event_loop) = AsyncClient::builder(options).capacity(10_000).build();
    let (heard, to_note) = mpsc::unbounded_channel();
    let (subscribed, mut is_subscribed) = mpsc::channel(8);
    let again = client.clone();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            match event_loop.poll().await {
                Ok(Event::Incoming(Incoming::ConnAck(connack))) if !connack.session_present => {
                    for topic in TOPICS {
                        again.try_subscribe(topic, QoS::AtLeastOnce).unwrap();
                    }
                }
                Ok(Event::Incoming(Incoming::SubAck(_))) => drop(subscribed.try_send(())),
                Ok(Event::Incoming(Incoming::Publish(publish))) => drop(heard.send(publish.payload.to_vec())),
                Ok(_) => {}
                // A cluster has no leader at first, and then closes connections.
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    });
    for _topic in TOPICS {
        within("the subscription", is_subscribed.recv()).await;
    }
    Platform::noting(to_note, tasks, move |topic, receipt| {
        // Without room there is no receipt: the message comes again, and with it the next one.
        let _ = client.try_publish(topic, receipt, PublishOptions::at_least_once());
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes some minutes: tests/fleet/run"]
async fn nothing_is_lost_by_a_kill_of_one_node_of_three() {
    const GATEWAYS: u32 = 100;
    const WINDOW: Duration = Duration::from_secs(60);
    let mut cluster = Cluster::start();
    let platform = platform(cluster.nodes[1].mqtt).await;
    let empty = cluster.usage();
    let lines = "version = \"3.1.1\"\nreceipt_timeout = \"10s\"";
    // Ten messages a second, and all gateways at the first node.
    let mut fleet = Fleet::start(
        &with_receipts(&cluster.ports(), lines),
        &format!("--gateways {GATEWAYS} --over 20s --rate 6 --settle 60s"),
    );
    fleet.is_connected().await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let (begin, had) = (cluster.usage(), platform.ledger().messages());
    tokio::time::sleep(WINDOW).await;
    let (end, has) = (cluster.usage(), platform.ledger().messages());
    println!("| node | memory for each gateway | processor |\n|---|---|---|");
    for (number, ((empty, begin), end)) in empty.iter().zip(&begin).zip(&end).enumerate() {
        println!(
            "| {} | {:.0} KiB | {:.2} |",
            number + 1,
            end.memory.saturating_sub(empty.memory) as f64 / f64::from(GATEWAYS),
            (end.processor - begin.processor).as_secs_f64() / WINDOW.as_secs_f64()
        );
    }
    println!("{:.1} readings a second", (has - had) as f64 / WINDOW.as_secs_f64());

    let killed = clock::moment();
    cluster.nodes[0].kill();
    fleet.until(|now| now["connected"] < u64::from(GATEWAYS)).await;
    fleet.is_connected().await;
    println!(
        "all at another node {:.0} s after the kill",
        clock::moment().since(killed).as_secs_f64()
    );
    tokio::time::sleep(Duration::from_secs(30)).await;
    cluster.nodes[0].start();
    tokio::time::sleep(Duration::from_secs(30)).await;
    let accounts = fleet.stop().await;
    let ledger = platform.close();
    let made = nothing_is_lost(&accounts, &ledger);
    println!("0 of {made} lost, {} doubles", ledger.deliveries - made);
    // What nats-server 2.9.10 delivers to a subscription that is made while a node is away may be nothing, for as long as its
    // connection lasts. Then the gateway has its messages still, and the platform has them again and again.
    let deaf = accounts.iter().filter(|account| account.unconfirmed > 0).count();
    println!("{deaf} of {GATEWAYS} gateways hear no receipts in their new connections");
    let left: u64 = accounts.iter().map(|account| account.queued + account.set_aside).sum();
    assert_eq!(left, 0, "the cluster took everything");
}
