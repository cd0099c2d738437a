//! The gateway's key: made at first start, changed while it runs, and every message checked by it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use super::rig::enrol;
use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, status};
use crate::subscriber::Subscriber;

/// What `cuffd verify` says of these messages.
async fn verify(gateway: &Gateway, list: &Value, messages: &[String]) -> (Option<i32>, String) {
    let path = gateway.path("list.jwks");
    fs::write(&path, list.to_string()).unwrap();
    let path = path.to_str().unwrap();
    let command = gateway
        .ask_with_input(&["verify", "--keys", path], &messages.join("\n"))
        .await;
    (command.code, command.stdout)
}

async fn jwk(gateway: &Gateway, action: &[&str]) -> Value {
    let printed = gateway.ask(&[&["key"], action].concat()).await.good();
    serde_json::from_str(&printed).unwrap()
}

#[tokio::test]
async fn a_reading_is_checked_by_the_key_that_signed_it_over_a_change_of_keys() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let daemon = gateway.simulate(&["--rate", "120"]);
    let first = platform.next_on("north/gw/reading").await;
    let old = jwk(&gateway, &[]).await;
    assert_eq!(old["cuffd_gateway"], "north/gw");
    let mode = fs::metadata(gateway.path("key.jwk")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let next = jwk(&gateway, &["new"]).await;
    assert_ne!(next["kid"], old["kid"]);
    assert_eq!(jwk(&gateway, &[]).await, old, "nothing has changed yet");
    assert_eq!(jwk(&gateway, &["use"]).await, next);
    assert_eq!(jwk(&gateway, &[]).await, next);
    // What was on its way was signed before.
    let second = loop {
        let reading = platform.next_on("north/gw/reading").await;
        let proof = reading.json()["proof"].as_str().unwrap().to_owned();
        let same = first.json()["proof"].as_str().unwrap().split('.').next() == proof.split('.').next();
        if !same {
            break reading;
        }
    };
    daemon.stop().await;
    let text = |message: &crate::subscriber::Message| String::from_utf8(message.payload.clone()).unwrap();
    let messages = [text(&first), text(&second)];
    let ids = (first.id(), second.id());
    let all = json!({"keys": [old, next.clone()]});
    let good = format!("ok {}\nok {}\n", ids.0, ids.1);
    assert_eq!(verify(&gateway, &all, &messages).await, (Some(0), good));
    let without = format!("bad {} unknown_key\nok {}\n", ids.0, ids.1);
    assert_eq!(verify(&gateway, &next, &messages).await, (Some(1), without));
    let changed = messages.map(|message| message.replace("\"mmHg\"", "\"kPa\""));
    let refused = format!("bad {} bad_signature\nbad {} bad_signature\n", ids.0, ids.1);
    assert_eq!(verify(&gateway, &all, &changed).await, (Some(1), refused));
    assert_eq!(jwk(&gateway, &[]).await, next, "also where no daemon runs");
}

#[tokio::test]
async fn info_tells_the_public_key_and_tells_it_again_when_it_changes() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let _daemon = gateway.idle();
    let told = platform.next_on("north/gw/info").await.json()["public_key"].clone();
    assert_eq!(told, jwk(&gateway, &[]).await);
}

#[tokio::test]
async fn without_a_next_key_none_is_used_and_a_file_that_is_no_key_is_refused() {
    let gateway = Gateway::with("");
    enrol(&gateway).await;
    let refused = gateway.ask(&["key", "use"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    assert!(refused.stderr.contains("cuffd key new"), "{}", refused.stderr);
    let daemon = gateway.idle();
    daemon.until("it listens", |_| true).await;
    let refused = gateway.ask(&["key", "use"]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.stderr);
    daemon.stop().await;
    fs::write(gateway.path("key.jwk"), "{}").unwrap();
    let mistake = gateway.ask(&["check"]).await;
    assert_eq!(mistake.code, Some(78), "{}", mistake.stderr);
    assert!(mistake.stderr.contains("gateway.key_file"), "{}", mistake.stderr);
}

#[tokio::test]
async fn a_restored_copy_of_the_state_shows_in_the_numbers() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::sending_to(broker.port);
    let mut lines = Vec::new();
    let (store, copy) = (gateway.path("store"), gateway.path("copy"));
    let copy_all = |from: &Path, to: &Path| {
        let copied = std::process::Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    };
    for run in 0..3 {
        let daemon = gateway.simulate(&["--rate", "120"]);
        for _reading in 0..2 {
            let reading = platform.next_on("north/gw/reading").await;
            lines.push(String::from_utf8(reading.payload).unwrap());
        }
        daemon.stop().await;
        status(&mut platform, "offline").await;
        match run {
            0 => copy_all(&store, &copy),
            // The last run begins where the second one began.
            1 => {
                fs::remove_dir_all(&store).unwrap();
                fs::rename(&copy, &store).unwrap();
            }
            _ => {}
        }
    }
    let list = enrol(&gateway).await;
    let list = list.to_str().unwrap();
    let checked = gateway
        .ask_with_input(&["verify", "--keys", list], &lines.join("\n"))
        .await;
    assert_eq!(checked.code, Some(0), "{}", checked.stdout);
    assert!(checked.stderr.contains("a restored copy"), "{}", checked.stderr);
}
