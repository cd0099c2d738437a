//! `status`, `readings` and `resend`: by the running daemon, and without one.

use std::collections::HashMap;

use jiff::Timestamp;
use uuid::Uuid;

use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, lines, readings_until_offline};
use crate::subscriber::{Message, Subscriber};

/// A gateway that has measured and sent some readings, its broker, and what came there.
async fn after_an_evening() -> (Gateway, Mosquitto, Subscriber, Vec<Message>) {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let mut daemon = gateway.simulate(&[
        "--cuffs",
        "2",
        "--model",
        "standard",
        "--rate",
        "240",
        "--readings",
        "4",
    ]);
    daemon.says("connection is over").await;
    assert_eq!(daemon.stop().await.code, Some(0));
    let readings = readings_until_offline(&mut platform).await;
    assert!(readings.len() >= 4);
    (gateway, broker, platform, readings)
}

/// A time in a message.
fn time(message: &Message, field: &str) -> Timestamp {
    message.json()[field].as_str().expect("a text").parse().expect("a time")
}

#[tokio::test]
async fn status_tells_what_the_daemon_knows_in_words_and_as_json() {
    let broker = Mosquitto::open().await;
    let _platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let daemon = gateway.simulate(&["--model", "standard", "--rate", "600"]);
    daemon
        .until("a reading that was sent", |state| {
            state["delivery"]["seq"]["reading"] != 0 && state["delivery"]["queued"]["reading"] == 0
        })
        .await;
    let state = lines(&gateway.ask(&["status", "--json"]).await.good()).remove(0);
    assert_eq!(state["schema"], "cuffd.state/1");
    assert_eq!((&state["site"], &state["gateway"]), (&"north".into(), &"gw".into()));
    assert_eq!(state["test"], true);
    assert_eq!(state["radio"]["state"], "virtual");
    assert_eq!(state["delivery"]["connected"], true);
    assert_eq!(state["cuffs"][0]["id"], "cuff-1");
    assert_eq!(state["clock"]["synchronized"], true);
    assert_eq!(state["problems"], serde_json::json!([]));
    let words = gateway.ask(&["status"]).await.good();
    for word in [
        "as north/gw",
        "(TEST)",
        "virtual cuffs",
        "cuff-1 (standard)",
        "connected to 127.0.0.1",
        "problems  none",
    ] {
        assert!(words.contains(word), "{word} in\n{words}");
    }
}

#[tokio::test]
async fn without_a_daemon_status_says_so() {
    let gateway = Gateway::with("");
    for arguments in [&["status"][..], &["status", "--json"]] {
        let answer = gateway.ask(arguments).await;
        assert_eq!((answer.code, answer.stdout.as_str()), (Some(69), ""));
        assert!(
            answer.stderr.contains(gateway.socket().to_str().unwrap()),
            "{}",
            answer.stderr
        );
    }
}

/// What each format lists: everything, and what was received since then.
async fn listings(gateway: &Gateway, since: &str) -> Vec<String> {
    let mut listings = Vec::new();
    for format in ["table", "jsonl", "csv"] {
        let all = ["readings", "--format", format];
        listings.push(gateway.ask(&all).await.good());
        let late = [&all[..], &["--since", since]].concat();
        listings.push(gateway.ask(&late).await.good());
    }
    listings
}

#[tokio::test]
async fn readings_are_the_same_from_the_daemon_and_from_the_store() {
    let (gateway, _broker, _platform, published) = after_an_evening().await;
    let mut received: Vec<Timestamp> = published.iter().map(|message| time(message, "received_at")).collect();
    received.sort();
    let (all, since) = (received.len(), &received[received.len() / 2].to_string());
    let late = all - received.len() / 2;
    let by_itself = listings(&gateway, since).await;
    let mut daemon = gateway.idle();
    daemon.is_ready().await;
    assert_eq!(listings(&gateway, since).await, by_itself);
    let counts: Vec<usize> = by_itself.iter().map(|listing| listing.lines().count()).collect();
    // A table and CSV have a head.
    assert_eq!(counts, [all + 1, late + 1, all, late, all + 1, late + 1]);
}

#[tokio::test]
async fn tables_and_csv_show_the_values_of_each_reading() {
    let (gateway, _broker, _platform, _published) = after_an_evening().await;
    let since = "2026-01-01";
    let [table, _, jsonl, _, csv, _] = listings(&gateway, since).await.try_into().expect("six");
    let heads: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    let rows = table.lines().skip(1).zip(csv.lines().skip(1));
    for (reading, (row, record)) in lines(&jsonl).iter().zip(rows) {
        let pressures = format!("{}/{}", reading["systolic"], reading["diastolic"]);
        let texts = [
            reading["received_at"].as_str().unwrap().get(..19).unwrap(),
            reading["cuff"]["id"].as_str().unwrap(),
            &pressures,
        ];
        assert!(texts.iter().all(|text| row.contains(text)), "{texts:?} in {row}");
        let fields: HashMap<&str, &str> = heads.iter().copied().zip(record.split(',')).collect();
        assert_eq!(fields["id"], reading["id"].as_str().unwrap());
        assert_eq!(fields["systolic"], reading["systolic"].to_string());
        assert_eq!(fields["raw"], reading["raw"].as_str().unwrap());
    }
}

#[tokio::test]
async fn resend_brings_the_same_octets_again() {
    let (gateway, _broker, mut platform, published) = after_an_evening().await;
    let expected = octets(&published);
    let created = published.iter().map(|message| time(message, "created_at"));
    let beginning = created.min().unwrap().to_string();
    // Without a daemon they wait for the next one.
    let said = gateway.ask(&["resend", "--since", &beginning]).await.good();
    assert_eq!(said, format!("{} messages are queued again\n", expected.len()));
    let daemon = gateway.idle();
    assert_eq!(platform.collect(expected.len()).await, expected);
    daemon
        .until("an empty queue", |state| state["delivery"]["queued"]["reading"] == 0)
        .await;
    let said = gateway.ask(&["resend", "--since", &beginning]).await.good();
    assert_eq!(said, format!("{} messages are queued again\n", expected.len()));
    assert_eq!(platform.collect(expected.len()).await, expected);
    let later = Timestamp::MAX.to_string();
    let said = gateway.ask(&["resend", "--since", &later]).await.good();
    assert_eq!(said, "0 messages are queued again\n");
}

fn octets(messages: &[Message]) -> HashMap<Uuid, Vec<u8>> {
    messages
        .iter()
        .map(|message| (message.id(), message.payload.clone()))
        .collect()
}
