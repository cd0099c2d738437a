//! What others see of the gateway itself: `status`, the will, `info`.

use std::time::Duration;

use cuffd::core::name::Name;
use cuffd::core::state::Problem;
use cuffd::mqtt::link::Phase;
use cuffd::mqtt::message::info;

use crate::fault_broker::{Behaviour, ConnAck, FaultBroker};
use crate::mosquitto::Mosquitto;
use crate::rig::{Link, QUICK, plain, readings, settings, within};
use crate::subscriber::Subscriber;

async fn linked() -> (Mosquitto, Subscriber, Link) {
    let broker = Mosquitto::open().await;
    let subscriber = Subscriber::start(broker.port, "cuffd/v1/north/gw/+").await;
    let link = Link::start(settings(vec![plain(broker.port)]), Vec::new());
    (broker, subscriber, link)
}

#[tokio::test]
async fn status_is_online_then_offline_and_both_are_kept() {
    let (broker, mut subscriber, mut link) = linked().await;
    let online = subscriber.next_on("/status").await.json();
    assert_eq!(online["state"], "online");
    assert_eq!(online["connection"], 1);
    let mut late = Subscriber::start(broker.port, "cuffd/v1/north/gw/status").await;
    let kept = late.next().await;
    assert!(kept.retained);
    assert_eq!(kept.json()["state"], "online");
    link.stop().await;
    assert_eq!(late.next().await.json()["state"], "offline");
    let mut later = Subscriber::start(broker.port, "cuffd/v1/north/gw/status").await;
    assert_eq!(later.next().await.json()["state"], "offline");
}

#[tokio::test]
async fn a_gateway_that_dies_is_lost() {
    let (broker, mut subscriber, link) = linked().await;
    let online = subscriber.next_on("/status").await.json();
    // Dropped without a word, as by a power cut.
    drop(link);
    let lost = subscriber.next_on("/status").await;
    assert_eq!(lost.json()["state"], "lost");
    assert_eq!(lost.json()["connection"], online["connection"]);
    let properties = lost.properties;
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    let mut late = Subscriber::start(broker.port, "cuffd/v1/north/gw/status").await;
    assert!(late.next().await.retained);
}

/// Each number is a write; a broker may be away for months.
#[tokio::test]
async fn a_number_that_no_broker_can_have_heard_of_is_used_again() {
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/north/gw/status").await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let brokers = vec![plain(nobody.port()), plain(broker.port)];
    let mut link = Link::start(settings(brokers), Vec::new());
    assert_eq!(subscriber.next().await.json()["connection"], 1);
    assert_eq!(link.state.borrow().tries, 2);
    link.stop().await;
}

/// Publishing works and nothing is heard: a cluster that lost a node may leave a subscription like that.
#[tokio::test]
async fn where_receipts_stay_away_the_gateway_subscribes_anew_and_says_nothing_of_being_lost() {
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/north/gw/+").await;
    let mut with_receipts = settings(vec![plain(broker.port)]);
    with_receipts.receipt_timeout = Some(Duration::from_millis(300));
    let mut link = Link::start(with_receipts, readings(1));
    let first = subscriber.next_on("/status").await.json();
    let second = subscriber.next_on("/status").await.json();
    assert_eq!((&first["state"], &first["connection"]), (&"online".into(), &1.into()));
    assert_eq!((&second["state"], &second["connection"]), (&"online".into(), &2.into()));
    link.stop().await;
}

#[tokio::test]
async fn status_comes_again_when_problems_change_and_not_too_often() {
    let (_broker, mut subscriber, link) = linked().await;
    assert_eq!(
        subscriber.next_on("/status").await.json()["problems"],
        serde_json::json!([])
    );
    let set = |problems: &[Problem]| {
        link.status
            .send_modify(|facts| facts.problems = problems.iter().copied().collect())
    };
    set(&[Problem::BondLost]);
    set(&[Problem::ClockUnsynchronized]);
    let status = subscriber.next_on("/status").await.json();
    assert_eq!(
        status["problems"],
        serde_json::json!(["clock_unsynchronized"]),
        "only the last of quick changes"
    );
    link.status.send_modify(|facts| facts.standing.queued = 7);
    set(&[]);
    let status = subscriber.next_on("/status").await.json();
    assert_eq!(status["problems"], serde_json::json!([]));
    assert_eq!(status["queued"], 7);
}

#[tokio::test]
async fn status_tells_that_nobody_subscribes() {
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/north/gw/status").await;
    let link = Link::start(settings(vec![plain(broker.port)]), readings(1));
    while subscriber.next().await.json()["problems"] != serde_json::json!(["no_subscriber"]) {}
    drop(link);
}

#[tokio::test]
async fn info_is_kept_and_comes_again_when_it_changes() {
    let (broker, mut subscriber, link) = linked().await;
    let first = subscriber.next_on("/info").await.json();
    assert_eq!(first["cuffs"], serde_json::json!([]));
    let cuff = info::Cuff {
        id: Name::parse("living-room").unwrap(),
        model: "standard".to_owned(),
    };
    link.info.send_modify(|facts| facts.cuffs.push(cuff));
    let second = subscriber.next_on("/info").await.json();
    assert_eq!(second["cuffs"][0]["id"], "living-room");
    let mut late = Subscriber::start(broker.port, "cuffd/v1/north/gw/info").await;
    let kept = late.next().await;
    assert!(kept.retained);
    assert_eq!(kept.json(), second);
}

#[tokio::test]
async fn what_is_queued_at_the_end_still_goes() {
    let (_broker, mut subscriber, mut link) = linked().await;
    subscriber.next_on("/status").await;
    link.outbox.queue(readings(50));
    link.stop().await;
    assert_eq!(subscriber.collect(50).await.len(), 50);
    assert_eq!(link.outbox.waiting(), 0);
    assert_eq!(subscriber.next_on("/status").await.json()["state"], "offline");
}

/// A broker that keeps no retained messages, and says so in its CONNACK or does not.
fn without_retain(says_so: bool, retains: bool) -> FaultBroker {
    FaultBroker::start(move |_| Behaviour {
        connack: ConnAck {
            retain_available: says_so.then_some(0),
            ..ConnAck::default()
        },
        retains,
        ..Behaviour::default()
    })
}

#[tokio::test]
async fn a_broker_that_keeps_no_retained_messages_is_no_reason_to_connect_again() {
    // The first takes a will that it cannot keep; the others end a connection for it, once.
    for (says_so, retains, connections) in [(true, true, 1), (true, false, 2), (false, false, 2)] {
        let broker = without_retain(says_so, retains);
        let mut link = Link::start(settings(vec![plain(broker.port)]), Vec::new());
        link.until_state("a connection", |state| matches!(state.phase, Phase::Up { .. }))
            .await;
        // Longer than an unacknowledged publish may be out.
        tokio::time::sleep(QUICK.patience * 3).await;
        link.outbox.queue(readings(3));
        link.until_empty().await;
        {
            let book = broker.book();
            assert_eq!((book.connections, book.asked_to_retain), (connections, 1));
            let told = |leaf: &str| book.retained.iter().any(|(topic, _)| topic.ends_with(leaf));
            assert!(told("/status") && told("/info"), "to those who listen now");
        }
        link.stop().await;
        // The broker reads it a moment after the link has written it.
        within("the goodbye", async {
            while broker.book().goodbyes == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
