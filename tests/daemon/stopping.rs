//! Signals: an end in order says so, takes a bounded time, and nothing else ends the daemon.

use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::json;

use crate::mosquitto::{Mosquitto, free_port};
use crate::rig::{EVERYTHING, Gateway, readings_until_offline, status};
use crate::subscriber::Subscriber;

/// What systemd allows (`TimeoutStopSec=30`), and the daemon's own grace period below it.
const GRACE: Duration = Duration::from_secs(25);

#[tokio::test]
async fn sigterm_leaves_offline_behind_for_whoever_looks_later() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    for signal in [Signal::TERM, Signal::INT] {
        let gateway = Gateway::sending_to(broker.port);
        let daemon = gateway.idle();
        let online = status(&mut platform, "online").await.json();
        daemon.signal(signal);
        let ended = daemon.ended().await;
        assert_eq!(ended.code, Some(0), "{}", ended.log);
        let offline = status(&mut platform, "offline").await.json();
        assert_eq!(offline["run"], online["run"]);
        assert_eq!(offline["connection"], online["connection"]);
    }
    let mut later = Subscriber::start(broker.port, EVERYTHING).await;
    let message = later.next_on("/status").await;
    assert!(message.retained);
    assert_eq!(message.json()["state"], "offline");
}

#[tokio::test]
async fn what_was_measured_before_sigterm_is_sent_before_the_end() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let mut daemon = gateway.simulate(&[
        "--cuffs",
        "3",
        "--model",
        "standard",
        "--rate",
        "300",
        "--readings",
        "10",
    ]);
    daemon.says(" stored ").await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let sent = readings_until_offline(&mut platform).await;
    let stored = gateway.ask(&["readings", "--format", "jsonl"]).await.good();
    assert_eq!(sent.len(), stored.lines().count());
    let offline = Subscriber::start(broker.port, EVERYTHING)
        .await
        .next_on("/status")
        .await
        .json();
    assert_eq!(offline["state"], "offline", "{offline}");
    assert_eq!(
        (&offline["queued"], &offline["seq"]["reading"]),
        (&json!(0), &json!(sent.len())),
        "as it stands at the end, not a second before: {offline}"
    );
}

#[tokio::test]
async fn a_broker_that_hangs_does_not_keep_the_daemon_from_its_end() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    gateway.queue(300).await;
    let daemon = gateway.idle();
    platform.next_on("/reading").await;
    let hung = broker.pid();
    kill_process(hung, Signal::STOP).unwrap();
    let ended = tokio::time::timeout(GRACE, daemon.stop()).await;
    kill_process(hung, Signal::CONT).unwrap();
    let ended = ended.expect("within the grace period");
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[tokio::test]
async fn without_a_broker_the_daemon_ends_at_once() {
    let gateway = Gateway::sending_to(free_port());
    let mut daemon = gateway.idle();
    daemon.is_ready().await;
    let ended = tokio::time::timeout(Duration::from_secs(5), daemon.stop()).await;
    assert_eq!(ended.expect("at once").code, Some(0));
}

#[tokio::test]
async fn sighup_is_noted_and_changes_nothing() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let mut daemon = gateway.idle();
    let run = status(&mut platform, "online").await.json()["run"].clone();
    daemon.signal(Signal::HUP);
    daemon.says("SIGHUP").await;
    let state = daemon
        .until("an answer", |state| state["delivery"]["connected"] == true)
        .await;
    assert_eq!(state["run"], run);
    assert_eq!(daemon.stop().await.code, Some(0));
}
