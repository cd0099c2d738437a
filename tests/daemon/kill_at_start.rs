//! Power cuts while there is no broker: right after the start, in a connection, after a dump.

use std::collections::HashSet;
use std::fs;

use rusqlite::Connection;
use serde_json::Value;

use crate::mosquitto::{Mosquitto, free_port};
use crate::rig::{EVERYTHING, Gateway, lines, mqtt};
use crate::subscriber::Subscriber;

/// Cuffs that bring five measurements each time, again and again.
const BUSY: &[&str] = &[
    "--cuffs",
    "4",
    "--model",
    "standard",
    "--rate",
    "150",
    "--readings",
    "5",
    "--log-level",
    "debug",
];

/// The ids that a log calls stored.
fn stored(log: &str) -> impl Iterator<Item = String> {
    let stored = log.lines().filter(|line| line.contains(" stored reading_id="));
    stored.filter_map(|line| {
        let id = line.split_once("reading_id=")?.1;
        Some(id.split_whitespace().next()?.to_owned())
    })
}

/// How many measurements the store of a gateway that was killed holds, judged or not.
fn held(gateway: &Gateway) -> usize {
    if !gateway.store().exists() {
        return 0;
    }
    let store = Connection::open(gateway.store()).unwrap();
    let count = |table: &str| {
        let sql = format!("SELECT count(*) FROM {table}");
        store.query_row(&sql, [], |row| row.get::<_, u32>(0)).unwrap_or(0)
    };
    (count("reading") + count("measurement")) as usize
}

async fn listed(gateway: &Gateway) -> Vec<Value> {
    if fs::metadata(gateway.store()).map_or(0, |file| file.len()) == 0 {
        // Killed before it had begun one.
        assert_eq!(gateway.ask(&["readings"]).await.code, Some(74));
        return Vec::new();
    }
    lines(&gateway.ask(&["readings", "--format", "jsonl"]).await.good())
}

#[tokio::test]
async fn whatever_was_stored_before_a_kill_is_listed_and_sent_after_it() {
    let gateway = Gateway::sending_to(free_port());
    let mut ids = HashSet::new();
    let mut runs = HashSet::new();
    for moment in [
        "",
        " ready site=",
        " connected ",
        " stored ",
        "connection is over",
        " stored ",
        " connected ",
    ] {
        let mut daemon = gateway.simulate(BUSY);
        // The empty moment is the first line that it says.
        daemon.says(moment).await;
        ids.extend(stored(&daemon.kill().await));
        let before = held(&gateway);
        let readings = listed(&gateway).await;
        let known: HashSet<String> = readings
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        assert!(known.is_superset(&ids), "killed at {moment:?}");
        assert_eq!(held(&gateway), before, "looking changes nothing");
        runs.extend(readings.iter().map(|one| one["run"].to_string()));
    }
    assert!(ids.len() >= 10, "{ids:?}");
    // A run that was killed early left its measurements to the next to be judged.
    assert!(runs.len() >= 3, "each run has a name of its own: {runs:?}");
    let before = held(&gateway);

    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    gateway.configure(&mqtt(broker.port, ""));
    let daemon = gateway.idle();
    let received = platform.collect(before).await;
    daemon
        .until("an empty queue", |state| state["delivery"]["queued"]["reading"] == 0)
        .await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let readings = listed(&gateway).await;
    // They are listed by the time of their receipt, which several cuffs share.
    let mut seqs: Vec<u64> = readings.iter().map(|one| one["seq"].as_u64().unwrap()).collect();
    seqs.sort_unstable();
    let expected: Vec<u64> = (1..=before as u64).collect();
    assert_eq!(seqs, expected, "numbers go on over restarts, without gaps");
    for one in readings {
        let id = one["id"].as_str().unwrap().parse().unwrap();
        assert!(received.contains_key(&id), "{one}");
    }
}
