//! A month without a network, and then all of it at once: nothing has gone, and it comes in order, signed, from little memory.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use cuffd::clock;
use cuffd::core::delivery::NewMessage;
use cuffd::proof::{SigningKey, prove};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway, queued, status};
use crate::subscriber::Subscriber;

/// Sixty readings a day.
const MONTH: u64 = 30 * 60;

/// Between two of them.
const APART: SignedDuration = SignedDuration::from_mins(24);

/// As many as have some 10 MB.
const MANY: u64 = 10_000;

/// What a drain may take beside what the daemon had before: the database's own memory.
const BESIDE_KIB: u64 = 5 * 1024;

/// A reading of the size that readings have.
fn reading(seq: u64, created_at: Timestamp) -> (Uuid, Vec<u8>) {
    let id = Uuid::new_v4();
    let reading = json!({
        "schema": "cuffd.reading/1", "id": id, "site": "north", "gateway": "gw", "run": Uuid::nil(), "seq": seq,
        "test": true, "created_at": created_at, "patient": "p1", "systolic": 120.5, "diastolic": 80, "pulse_rate": 72,
        "raw": "1e".repeat(400),
    });
    (id, reading.to_string().into_bytes())
}

/// What was measured in a month, begun longer ago than `store.keep`: signed at once, and queued since.
fn measured_in_a_month(gateway: &Gateway) -> Vec<NewMessage> {
    let (key, jwk) = SigningKey::generate().unwrap();
    fs::write(gateway.path("key.jwk"), jwk.expose()).unwrap();
    fs::set_permissions(gateway.path("key.jwk"), Permissions::from_mode(0o600)).unwrap();
    let begin = clock::wall() - SignedDuration::from_hours(31 * 24);
    let signed = |seq| {
        let created_at = begin + APART * i32::try_from(seq).unwrap();
        let (id, octets) = reading(seq, created_at);
        queued(id, seq, created_at, prove(&key, &octets).unwrap())
    };
    (1..=MONTH).map(signed).collect()
}

fn waiting(state: &Value) -> u64 {
    state["delivery"]["queued"]["reading"].as_u64().unwrap()
}

/// The most that the daemon has ever occupied, in KiB.
fn peak(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

/// A broker that knows its subscriber, and is away.
async fn away(filter: &str) -> (Mosquitto, Subscriber) {
    let mut broker = Mosquitto::open().await;
    let platform = Subscriber::start(broker.port, filter).await;
    broker.stop();
    (broker, platform)
}

#[tokio::test]
async fn after_a_month_without_a_broker_everything_arrives_in_order_and_signed() {
    let (mut broker, mut platform) = away(EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    gateway.queue_all(measured_in_a_month(&gateway)).await;
    // Its housekeeping comes at the start: what is old and unsent stays.
    let daemon = gateway.idle();
    let is_alone = |state: &Value| state["problems"].to_string().contains("broker_unreachable");
    daemon
        .until("the month", |state| waiting(state) == MONTH && is_alone(state))
        .await;
    broker.start().await;
    let online = status(&mut platform, "online").await.json();
    assert_eq!(online["queued"], MONTH, "the platform sees what comes: {online}");
    let mut lines = String::new();
    for seq in 1..=MONTH {
        let message = platform.next_on("/reading").await;
        assert_eq!(message.json()["seq"], seq, "in order, and none twice");
        lines.push_str(std::str::from_utf8(&message.payload).unwrap());
        lines.push('\n');
    }
    let list = gateway.path("enrolled.jwks");
    let key: Value = serde_json::from_str(&gateway.ask(&["key"]).await.good()).unwrap();
    fs::write(&list, json!({"keys": [key]}).to_string()).unwrap();
    let check = ["verify", "--keys", list.to_str().unwrap()];
    let checked = gateway.ask_with_input(&check, &lines).await;
    assert_eq!(checked.stderr, "", "no number is missing");
    let checked = checked.good();
    let good = checked.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(good as u64, MONTH);
    daemon.until("an empty queue", |state| waiting(state) == 0).await;
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_drain_takes_little_memory_however_much_waits() {
    let (mut broker, mut platform) = away("cuffd-test/+/+/+/reading").await;
    let gateway = Gateway::sending_with(broker.port, "window = 100");
    let message = |seq| {
        let created_at = clock::wall();
        let (id, octets) = reading(seq, created_at);
        queued(id, seq, created_at, octets)
    };
    gateway.queue_all((1..=MANY).map(message).collect()).await;
    let daemon = gateway.idle();
    daemon.until("all of it", |state| waiting(state) == MANY).await;
    let before = peak(&daemon);
    broker.start().await;
    for _ in 0..MANY {
        platform.next().await;
    }
    daemon.until("an empty queue", |state| waiting(state) == 0).await;
    let beside = peak(&daemon) - before;
    assert!(beside < BESIDE_KIB, "{beside} KiB");
}
