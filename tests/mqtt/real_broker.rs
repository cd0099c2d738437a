//! Delivery to a real mosquitto: what a subscriber there has received in the end.

use std::collections::HashSet;
use std::time::Duration;

use cuffd::core::delivery::Kind;
use cuffd::mqtt::settings::{Login, Version};
use uuid::Uuid;

use crate::mosquitto::{Mosquitto, free_port};
use crate::rig::{Link, padded, plain, readings, row, settings, with_window};
use crate::subscriber::Subscriber;

const EVERYTHING: &str = "cuffd/#";

#[tokio::test]
async fn every_message_arrives_octet_for_octet_with_its_properties() {
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/north/gw/session/+/readiness").await;
    let wanted = row(Kind::Readiness, 1);
    let link = Link::start(settings(vec![plain(broker.port)]), vec![wanted.clone()]);
    let message = subscriber.next().await;
    assert_eq!(message.payload, *wanted.payload);
    assert!(!message.retained);
    let properties = message.properties;
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    assert_eq!(properties.payload_format_indicator, Some(1));
    let expected = [("schema", "cuffd.readiness/1"), ("id", &wanted.id.to_string())];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(properties.user_properties, expected);
    link.until_empty().await;
}

#[tokio::test]
async fn a_restart_of_the_broker_loses_nothing() {
    let mut broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, EVERYTHING).await;
    let link = Link::start(settings(vec![plain(broker.port)]), readings(500));
    link.until_outbox("some messages", |outbox| outbox.lock().sent.len() > 100)
        .await;
    broker.stop();
    link.outbox.queue((501..=600).map(|seq| row(Kind::Reading, seq)));
    broker.start().await;
    link.until_empty().await;
    let received = subscriber.collect(600).await;
    assert_eq!(received.len(), 600);
}

/// A PUBACK of mosquitto is a promise that a kill can break. With receipts only what the platform has counts.
#[tokio::test]
async fn with_receipts_a_killed_broker_loses_nothing() {
    let mut broker = Mosquitto::with("allow_anonymous true\nautosave_on_changes false\nautosave_interval 1800\n").await;
    let mut subscriber = Subscriber::start(broker.port, EVERYTHING).await;
    let mut with_receipts = with_window(settings(vec![plain(broker.port)]), 100);
    with_receipts.receipt_timeout = Some(Duration::from_secs(1));
    let rows = readings(3000);
    let ids: HashSet<Uuid> = rows.iter().map(|row| row.id).collect();
    let link = Link::start(with_receipts, rows);
    let mut received = HashSet::new();
    let mut kills = 0;
    while received.len() < ids.len() {
        // What met no subscriber after a kill would wait for a minute.
        let hastened = async {
            loop {
                link.outbox.hasten();
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        };
        let message = tokio::select! {
            message = subscriber.next() => message,
            () = hastened => unreachable!(),
        };
        if message.topic.ends_with("/reading") {
            received.insert(message.id());
            link.outbox.receipt(message.id());
        }
        if received.len() / 700 > kills {
            kills += 1;
            broker.kill();
            broker.start().await;
        }
    }
    assert_eq!(received, ids);
    assert_eq!(kills, 4);
    link.until_empty().await;
}

#[tokio::test]
async fn what_the_broker_forbids_stays_queued_and_the_rest_goes() {
    let rules = "topic write cuffd/v1/north/gw/status\ntopic readwrite cuffd/v1/north/gw/reading\n";
    let broker = Mosquitto::with_files(&[("acl", rules)], "allow_anonymous true\nacl_file @/acl\n").await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/+/+/reading").await;
    let rows = vec![row(Kind::Alert, 1), row(Kind::Reading, 1), row(Kind::Reading, 2)];
    let forbidden = rows[0].id;
    let mut link = Link::start(settings(vec![plain(broker.port)]), rows);
    // The first try, and the second one a second later.
    link.until_outbox("two tries", |outbox| outbox.lock().later.len() == 2)
        .await;
    let later = link.outbox.lock().later.clone();
    let expected = (forbidden, "PUBACK 0x87 not authorized".to_owned());
    assert_eq!(later, [expected.clone(), expected]);
    assert_eq!(subscriber.collect(2).await.len(), 2);
    link.until_outbox("only the forbidden", |outbox| outbox.waiting() == 1)
        .await;
    link.stop().await;
}

#[tokio::test]
async fn messages_over_the_brokers_size_limit_are_set_aside_and_the_rest_arrives() {
    let broker = Mosquitto::with("allow_anonymous true\nmessage_size_limit 2000\n").await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/+/+/reading").await;
    let rows: Vec<_> = (1..=60)
        .map(|seq| {
            padded(
                Kind::Reading,
                seq,
                Uuid::new_v4(),
                if seq % 25 == 0 { 4000 } else { 100 },
            )
        })
        .collect();
    let large: HashSet<Uuid> = [25, 50].map(|seq: usize| rows[seq - 1].id).into();
    let link = Link::start(settings(vec![plain(broker.port)]), rows);
    link.until_empty().await;
    let set_aside: HashSet<Uuid> = link.outbox.lock().set_aside.keys().copied().collect();
    assert_eq!(set_aside, large);
    assert_eq!(subscriber.collect(58).await.len(), 58);
}

#[tokio::test]
async fn with_no_subscriber_messages_wait_until_there_is_one() {
    let broker = Mosquitto::open().await;
    let mut link = Link::start(settings(vec![plain(broker.port)]), readings(3));
    link.until_state("no subscriber", |state| state.no_subscriber).await;
    link.until_outbox("three refusals", |outbox| outbox.lock().later.len() == 3)
        .await;
    assert_eq!(link.outbox.lock().later[0].1, "PUBACK 0x10 no matching subscribers");
    assert_eq!(link.outbox.waiting(), 3);
    let mut subscriber = Subscriber::start(broker.port, EVERYTHING).await;
    link.outbox.hasten();
    assert_eq!(subscriber.collect(3).await.len(), 3);
    link.until_empty().await;
    link.until_state("a subscriber", |state| !state.no_subscriber).await;
}

#[tokio::test]
async fn over_mqtt_3_1_1_receipts_tell_what_has_arrived() {
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, EVERYTHING).await;
    let mut old = settings(vec![plain(broker.port)]);
    old.version = Version::V311;
    old.receipt_timeout = Some(Duration::from_secs(60));
    let mut link = Link::start(old, readings(200));
    for id in subscriber.collect(200).await.into_keys() {
        link.outbox.receipt(id);
    }
    link.until_empty().await;
    link.stop().await;
    let offline = subscriber.next_on("/status").await;
    assert_eq!(offline.json()["state"], "offline");
    assert!(broker.log().contains("p2, c1"), "spoken was 3.1.1");
}

#[tokio::test]
async fn the_second_broker_takes_over_and_the_first_is_tried_first_again() {
    let mut first = Mosquitto::open().await;
    let second = Mosquitto::open().await;
    let mut at_second = Subscriber::start(second.port, EVERYTHING).await;
    let brokers = vec![plain(free_port()), plain(first.port), plain(second.port)];
    let mut link = Link::start(settings(brokers), Vec::new());
    link.until_state("the first that is there", |state| {
        state.last_puback.is_some() && state.broker == 1
    })
    .await;
    first.kill();
    link.outbox.queue(readings(10));
    assert_eq!(at_second.collect(10).await.len(), 10);
    link.until_empty().await;
    assert_eq!(link.state.borrow().broker, 2);
    first.start().await;
    drop(second);
    link.until_state("the first again", |state| {
        state.last_puback.is_some() && state.broker == 1
    })
    .await;
}

#[tokio::test]
async fn a_password_is_read_anew_for_each_connection() {
    let folder = tempfile::tempdir().unwrap();
    let password_file = folder.path().join("password");
    std::fs::write(&password_file, "wrong\n").unwrap();
    let broker = Mosquitto::with_files(
        &[("users", &password_entry("north/gw", "right"))],
        "password_file @/users\n",
    )
    .await;
    let mut with_login = plain(broker.port);
    with_login.login = Some(Login {
        username: "north/gw".to_owned(),
        password_file: Some(password_file.clone()),
    });
    let mut link = Link::start(settings(vec![with_login]), Vec::new());
    let state = link.until_state("a refusal", |state| state.last_fault.is_some()).await;
    assert!(state.last_fault.unwrap().text.contains("check username, password_file"));
    std::fs::write(&password_file, "right\n").unwrap();
    link.until_state("an acknowledgement", |state| state.last_puback.is_some())
        .await;
}

/// A line of mosquitto's password file (`$6$`: SHA-512 over password and salt).
fn password_entry(user: &str, password: &str) -> String {
    let salt = b"saltsaltsalt";
    let mut context = ring::digest::Context::new(&ring::digest::SHA512);
    context.update(password.as_bytes());
    context.update(salt);
    let hash = context.finish();
    format!("{user}:$6${}${}\n", base64(salt), base64(hash.as_ref()))
}

fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let bits = group
            .iter()
            .fold(0_usize, |bits, octet| (bits << 8) | usize::from(*octet))
            << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
