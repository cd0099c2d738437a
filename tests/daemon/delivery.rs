//! What virtual cuffs measure arrives at the platform, each reading once and in order.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, measured, readings_until_offline, status, values};
use crate::subscriber::{Message, Subscriber};

const CUFFS: u64 = 6;

/// Six cuffs of six models, for some visits each.
async fn an_evening() -> Vec<Message> {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let daemon = gateway.simulate(&[
        "--cuffs",
        "6",
        "--rate",
        "40",
        "--readings",
        "2",
        "--seed",
        "7",
        "--duration",
        "9s",
    ]);
    status(&mut platform, "online").await;
    let readings = readings_until_offline(&mut platform).await;
    let ended = daemon.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let stored = gateway.ask(&["readings", "--format", "jsonl"]).await.good();
    // What is stored is listed by the time of its receipt, what is published comes by its number.
    let published: BTreeSet<String> = readings.iter().map(text).collect();
    let stored: BTreeSet<String> = stored.lines().map(str::to_owned).collect();
    assert_eq!(published, stored, "octet for octet");
    readings
}

fn text(message: &Message) -> String {
    String::from_utf8(message.payload.clone()).unwrap()
}

#[tokio::test]
async fn every_reading_arrives_with_its_values_and_none_twice() {
    let readings: Vec<Value> = an_evening().await.iter().map(Message::json).collect();
    let mut by_cuff: HashMap<String, Vec<Value>> = HashMap::new();
    for reading in &readings {
        let cuff = reading["cuff"]["id"].as_str().unwrap().to_owned();
        by_cuff.entry(cuff).or_default().push(values(reading));
    }
    for cuff in 1..=CUFFS {
        let arrived = by_cuff.remove(&format!("cuff-{cuff}")).unwrap_or_default();
        assert!(arrived.len() >= 2, "cuff {cuff} was heard: {arrived:?}");
        let expected: Vec<Value> = measured(7, cuff, 2).take(arrived.len()).collect();
        assert_eq!(arrived, expected, "cuff {cuff}");
    }
    let seqs: Vec<u64> = readings
        .iter()
        .map(|reading| reading["seq"].as_u64().unwrap())
        .collect();
    let expected: Vec<u64> = (1..=readings.len() as u64).collect();
    assert_eq!(seqs, expected, "in order, without gaps");
    let ids: HashSet<&str> = readings.iter().map(|reading| reading["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), readings.len());
    let runs: HashSet<&str> = readings
        .iter()
        .map(|reading| reading["run"].as_str().unwrap())
        .collect();
    assert_eq!(runs.len(), 1);
}

#[tokio::test]
async fn everything_that_virtual_cuffs_cause_says_that_it_is_a_test() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "#").await;
    // Nothing in the config says so.
    let gateway = Gateway::sending_to(broker.port);
    let config = std::fs::read_to_string(gateway.path("cuffd.toml")).unwrap();
    std::fs::write(gateway.path("cuffd.toml"), config.replace("test = true\n", "")).unwrap();
    let _daemon = gateway.simulate(&["--rate", "600"]);
    let mut reading = None;
    while reading.is_none() {
        let message = platform.next().await;
        assert!(
            message.topic.starts_with("cuffd-test/v1/north/gw/"),
            "{}",
            message.topic
        );
        assert_eq!(message.json()["test"], true, "{}", message.topic);
        reading = message.topic.ends_with("/reading").then_some(message);
    }
}
