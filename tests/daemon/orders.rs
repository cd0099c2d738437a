//! Virtual cuffs that are told what to do: from a file, a pipe, or standard input.

use std::fs;

use serde_json::json;

use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, mqtt, status};
use crate::subscriber::Subscriber;

const CUFF: &str = include_str!("../rig/cuff.toml");

#[tokio::test]
async fn a_named_pipe_has_no_end_and_a_wrong_line_loses_nothing() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::with(&format!("{}{CUFF}", mqtt(broker.port, "")));
    let pipe = gateway.path("orders");
    let made = tokio::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .await
        .unwrap();
    assert!(made.success());
    let mut daemon = gateway.simulate(&["--orders", pipe.to_str().unwrap()]);
    status(&mut platform, "online").await;
    let order = |systolic| json!({"cuff": "own", "readings": [{"systolic": systolic, "diastolic": 80}]});
    for (systolic, wrong) in [(121, "[]\n"), (122, "{\"cuff\":\"lost\"}\n"), (123, "")] {
        // Each time the only writer comes and goes.
        fs::write(&pipe, format!("{wrong}{}\n", order(systolic))).unwrap();
        let reading = platform.next_on("/reading").await.json();
        assert_eq!(
            (&reading["systolic"], &reading["patient"]),
            (&json!(systolic), &json!("p1"))
        );
    }
    daemon.says("line 1 of the orders: ").await;
    daemon
        .says("line 3 of the orders: the config names no cuff \"lost\"")
        .await;
}

#[tokio::test]
async fn the_end_of_the_orders_is_not_the_end_of_the_daemon() {
    let gateway = Gateway::with(CUFF);
    let mut daemon = gateway.ordered();
    daemon.order(&json!({"cuff": "own", "readings": [{}]})).await;
    daemon.order_nothing_more();
    daemon.says("the orders are at their end").await;
    daemon.says("connection is over").await;
    let ended = daemon.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
}

#[tokio::test]
async fn orders_without_cuffs_or_without_a_file_are_named() {
    for (config, file, code, words) in [
        ("", "-", 78, "[[cuffs]]"),
        (CUFF, "/no/orders", 74, "cannot open /no/orders"),
    ] {
        let gateway = Gateway::with(config);
        let answer = gateway.ask(&["simulate", "--orders", file]).await;
        assert_eq!(answer.code, Some(code), "{}", answer.stderr);
        assert!(answer.stderr.contains(words), "{}", answer.stderr);
        assert!(gateway.store_files().is_empty(), "nothing was begun");
    }
}
