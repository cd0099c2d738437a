//! A month without a network, and then all of it at once: nothing has gone, and it comes in order, signed, from little memory.

use std::fs;

use serde_json::{Value, json};

use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway, status};
use crate::subscriber::Subscriber;

/// Sixty readings a day.
const MONTH: usize = 30 * 60;

/// More than `store.keep` of the queue's age.
const AGED: &str = "UPDATE message SET created_at = created_at - 31 * 86400 * 1000000";

/// A queue of some 12 MB.
const QUEUED: usize = 40_000;

/// What a drain may take beside what the daemon had before.
const BESIDE_KIB: u64 = 6 * 1024;

/// The most that the daemon has ever occupied, in KiB.
fn peak(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid().as_raw_nonzero())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

fn queued(state: &Value) -> u64 {
    state["delivery"]["queued"]["reading"].as_u64().unwrap()
}

/// Forty cuffs measure until a month's readings wait, all signed, and then the month passes.
async fn month_passes(gateway: &Gateway) -> u64 {
    let daemon = gateway.simulate(&["--cuffs", "40", "--model", "standard", "--rate", "600", "--readings", "50"]);
    daemon.until("a month", |state| queued(state) >= MONTH as u64).await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let store = rusqlite::Connection::open(gateway.store()).unwrap();
    let aged = store.execute(AGED, []).unwrap();
    let count = "SELECT count(*) FROM message WHERE state = 'queued'";
    let waiting: i64 = store.query_row(count, [], |row| row.get(0)).unwrap();
    store.close().unwrap();
    assert_eq!(aged, usize::try_from(waiting).unwrap(), "nothing was sent");
    waiting.unsigned_abs()
}

#[tokio::test]
async fn after_a_month_without_a_broker_everything_arrives_in_order_and_signed() {
    let mut broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    broker.stop();
    let gateway = Gateway::sending_to(broker.port);
    let waiting = month_passes(&gateway).await;
    // Its housekeeping comes at the start: what is old and unsent stays.
    let daemon = gateway.idle();
    daemon
        .until("the month", |state| {
            queued(state) == waiting && state["problems"].to_string().contains("broker_unreachable")
        })
        .await;
    broker.start().await;
    let online = status(&mut platform, "online").await.json();
    assert_eq!(online["queued"], waiting, "who looks after it sees what comes: {online}");
    let mut lines = String::new();
    for seq in 1..=waiting {
        let message = platform.next_on("/reading").await;
        assert_eq!(message.json()["seq"], seq, "in order, and none twice");
        lines.push_str(std::str::from_utf8(&message.payload).unwrap());
        lines.push('\n');
    }
    let list = gateway.path("enrolled.jwks");
    let key: Value = serde_json::from_str(&gateway.ask(&["key"]).await.good()).unwrap();
    fs::write(&list, json!({"keys": [key]}).to_string()).unwrap();
    let checked = gateway
        .ask_with_input(&["verify", "--keys", list.to_str().unwrap()], &lines)
        .await;
    assert_eq!(checked.stderr, "", "no number is missing");
    let checked = checked.good();
    let good = checked.lines().filter(|line| line.starts_with("ok ")).count();
    assert_eq!(good as u64, waiting);
    daemon.until("an empty queue", |state| queued(state) == 0).await;
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_drain_takes_little_memory_however_much_waits() {
    let mut broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "cuffd-test/+/+/+/reading").await;
    broker.stop();
    let gateway = Gateway::sending_to(broker.port);
    gateway.queue(QUEUED as u64).await;
    let daemon = gateway.idle();
    daemon.until("all of it", |state| queued(state) == QUEUED as u64).await;
    let before = peak(&daemon);
    broker.start().await;
    for _ in 0..QUEUED {
        platform.next().await;
    }
    daemon.until("an empty queue", |state| queued(state) == 0).await;
    let beside = peak(&daemon) - before;
    assert!(beside < BESIDE_KIB, "{beside} KiB");
}
