//! How fast queued readings drain to a broker, marks durable, beside a bare socket that publishes the same.
//!
//! `cargo bench --bench drain` needs mosquitto (`/usr/sbin/mosquitto`). Both sides speak to the same broker, one after the
//! other, with the same payload and window; the best of three rounds counts.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot measure has failed")]

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cuffd::clock;
use cuffd::core::delivery::{Kind, NewMessage};
use cuffd::core::name::Name;
use cuffd::mqtt::link::{self, Inputs, LinkState};
use cuffd::mqtt::message::{Origin, info, status};
use cuffd::mqtt::settings::{Broker, Settings, Timing, Transport, Version};
use cuffd::mqtt::topics::Topics;
use cuffd::store::{self, Store};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const READINGS: u64 = 100_000;
const PAYLOAD: usize = 700;
const WINDOW: u16 = 20;
const ROUNDS: u32 = 3;
const GOAL: f64 = 0.4;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Mosquitto::start(folder.path());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let best = |measure: &dyn Fn() -> Duration| (0..ROUNDS).map(|_| measure()).min().unwrap_or_default();
    let bare = best(&|| bare_socket(broker.port));
    let drain = best(&|| runtime.block_on(drain(broker.port)));
    let rate = |time: Duration| f64::from(u32::try_from(READINGS).unwrap_or(0)) / time.as_secs_f64();
    let share = rate(drain) / rate(bare);
    let verdict = if share >= GOAL { "met" } else { "MISSED" };
    println!("{READINGS} readings of {PAYLOAD} octets, window {WINDOW}");
    println!("{:<34} {:>10.0} a second", "bare socket", rate(bare));
    println!("{:<34} {:>10.0} a second", "outbox, marks durable", rate(drain));
    println!("{:<34} {share:>10.2} goal {GOAL} {verdict}", "share");
}

/// Everything is subscribed by nobody but taken: what is published to is retained nowhere, so a subscriber takes it.
struct Mosquitto {
    port: u16,
    process: Child,
    subscriber: Child,
}

impl Mosquitto {
    fn start(folder: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = folder.join("mosquitto.conf");
        let text = format!("listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n");
        std::fs::write(&config, text).unwrap();
        let quiet = |program: &str| {
            let mut command = Command::new(program);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        let process = quiet("/usr/sbin/mosquitto").arg("-c").arg(&config).spawn().unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        // At QoS 0 it costs the broker least, and without it every message would be refused: nobody subscribes.
        let subscriber = quiet("mosquitto_sub")
            .args(["-p", &port.to_string(), "-q", "0", "-t", "cuffd/#"])
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        Self {
            port,
            process,
            subscriber,
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        for process in [&mut self.subscriber, &mut self.process] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn topics() -> Topics {
    Topics::new("cuffd", &Name::parse("north").unwrap(), &Name::parse("gw").unwrap())
}

/// The least that any client must do: write, and count the answers. Blocking, on one thread.
fn bare_socket(port: u16) -> Duration {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    // CONNECT, 5.0, clean start, client id "bare"; the CONNACK of mosquitto has properties.
    stream
        .write_all(b"\x10\x11\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x04bare")
        .unwrap();
    let mut head = [0; 2];
    answers.read_exact(&mut head).unwrap();
    answers.read_exact(&mut vec![0; head[1].into()]).unwrap();
    let start = clock::moment();
    let mut sent = 0;
    let mut answered = 0;
    while answered < READINGS {
        let mut batch = Vec::new();
        while sent < READINGS && sent - answered < WINDOW.into() {
            sent += 1;
            batch.extend(publish_packet(u16::try_from(sent % 60_000).unwrap() + 1));
        }
        stream.write_all(&batch).unwrap();
        // A PUBACK of success has four octets. One is waited for, and all that came with it are taken.
        loop {
            answers.read_exact(&mut [0; 4]).unwrap();
            answered += 1;
            if answers.buffer().len() < 4 {
                break;
            }
        }
    }
    clock::moment().since(start)
}

fn publish_packet(packet_id: u16) -> Vec<u8> {
    let topic = topics().reading();
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend(topic.as_bytes());
    body.extend(packet_id.to_be_bytes());
    body.push(0);
    body.extend([b'x'; PAYLOAD]);
    let low = u8::try_from(body.len() & 0x7F).unwrap() | 0x80;
    let high = u8::try_from(body.len() >> 7).unwrap();
    [vec![0x32, low, high], body].concat()
}

async fn drain(port: u16) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let store = filled_store(folder.path()).await;
    let shutdown = CancellationToken::new();
    let (inputs, _kept) = inputs(store.queued());
    let mut tasks = tokio::task::JoinSet::new();
    let start = clock::moment();
    tasks.spawn(link::run(
        settings(port),
        origin(),
        store.clone(),
        inputs,
        shutdown.clone(),
    ));
    while !store.delivery_summary().await.unwrap().queued.is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let time = clock::moment().since(start);
    shutdown.cancel();
    tasks.join_next().await.unwrap().unwrap().unwrap();
    time
}

async fn filled_store(folder: &Path) -> Store {
    let settings = store::Settings {
        path: folder.join("cuffd.db"),
        keep: Duration::from_secs(3600),
        max_size: 1 << 32,
        reserve: 0,
        keep_unassigned: false,
        boot: Uuid::from_u128(1),
    };
    let store = Store::open(settings, clock::now()).unwrap().store;
    let topic = topics().reading();
    let message = |seq| NewMessage {
        id: Uuid::new_v4(),
        kind: Kind::Reading,
        seq,
        topic: topic.clone(),
        schema: "cuffd.reading/1",
        payload: vec![b'x'; PAYLOAD],
        created_at: clock::wall(),
        publish: true,
    };
    for first in (1..=READINGS).step_by(1000) {
        store.queue((first..first + 1000).map(message).collect()).await.unwrap();
    }
    store
}

/// The other ends, kept so that the link does not take them for closed.
struct Kept {
    _status: watch::Sender<status::Facts>,
    _info: watch::Sender<info::Facts>,
    _session_open: watch::Sender<bool>,
    _replies: mpsc::Sender<cuffd::mqtt::message::reply::Outgoing>,
    _commands: mpsc::Receiver<cuffd::mqtt::command::Incoming>,
}

fn inputs(queued: watch::Receiver<u64>) -> (Inputs, Kept) {
    let (status_sender, status) = watch::channel(status::Facts::default());
    let (info_sender, info) = watch::channel(info::Facts::default());
    let (session_sender, session_open) = watch::channel(false);
    let (reply_sender, replies) = mpsc::channel(1);
    let (commands, command_receiver) = mpsc::channel(1);
    let inputs = Inputs {
        queued,
        status,
        info,
        session_open,
        replies,
        commands,
        state: watch::channel(LinkState::default()).0,
    };
    let kept = Kept {
        _status: status_sender,
        _info: info_sender,
        _session_open: session_sender,
        _replies: reply_sender,
        _commands: command_receiver,
    };
    (inputs, kept)
}

fn origin() -> Origin {
    Origin {
        site: Name::parse("north").unwrap(),
        gateway: Name::parse("gw").unwrap(),
        run: Uuid::from_u128(1),
        test: false,
    }
}

fn settings(port: u16) -> Settings {
    Settings {
        topics: topics(),
        client_id: "north:gw".to_owned(),
        version: Version::V5,
        keep_alive: Duration::from_secs(60),
        window: NonZeroU16::new(WINDOW).unwrap(),
        will_delay: Duration::from_secs(60),
        receipt_timeout: None,
        brokers: vec![Broker {
            host: "127.0.0.1".to_owned(),
            port,
            transport: Transport::Plain,
            login: None,
        }],
        timing: Timing::CONTRACT,
    }
}
