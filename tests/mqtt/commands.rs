//! Commands arrive as they were sent, and replies go where they were asked for.

use bytes::Bytes;
use cuffd::mqtt::message::reply::{self, Outcome, Outgoing, Route};
use rumqttc::mqttbytes::v5::PublishProperties;
use tokio::sync::mpsc::Sender;
use uuid::Uuid;

use crate::fault_broker::{Behaviour, FaultBroker, Seen};
use crate::mosquitto::Mosquitto;
use crate::rig::{Link, bytes, plain, readings, settings, with_window, within};
use crate::subscriber::Subscriber;

const COMMAND: &str = "cuffd/v1/north/gw/command";

fn asking(response_topic: &str) -> PublishProperties {
    PublishProperties {
        response_topic: Some(response_topic.to_owned()),
        correlation_data: Some(Bytes::from_static(b"42")),
        ..PublishProperties::default()
    }
}

async fn connected(broker: &Mosquitto) -> Link {
    let mut link = Link::start(settings(vec![plain(broker.port)]), Vec::new());
    link.until_state("an acknowledgement", |state| state.last_puback.is_some())
        .await;
    link
}

#[tokio::test]
async fn a_command_arrives_and_its_reply_goes_to_its_response_topic() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "clinic/replies/#").await;
    let mut link = connected(&broker).await;
    platform.publish(COMMAND, "{}", false, asking("clinic/replies/7")).await;
    let command = within("the command", link.commands.recv()).await.unwrap();
    assert_eq!(command.payload, "{}");
    assert!(!command.retained);
    let topic = command.response_topic.as_deref();
    let route = reply::route(Some("clinic/replies/"), topic, command.correlation.as_ref());
    let payload = reply::reply(Some("x"), &Outcome::Done, false).unwrap();
    let outgoing = Outgoing {
        route,
        payload: payload.into(),
        id: Uuid::new_v4(),
    };
    link.replies.send(outgoing).await.unwrap();
    let message = platform.next().await;
    assert_eq!(message.topic, "clinic/replies/7");
    assert_eq!(message.json()["ok"], true);
    assert_eq!(message.properties.correlation_data, Some(Bytes::from_static(b"42")));
}

#[tokio::test]
async fn without_a_response_topic_of_ours_the_reply_goes_to_reply() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "cuffd/v1/north/gw/reply").await;
    let link = connected(&broker).await;
    let outgoing = Outgoing {
        route: reply::route(Some("clinic/replies/"), Some("other/topic"), None),
        payload: bytes(r#"{"ok":true}"#),
        id: Uuid::new_v4(),
    };
    link.replies.send(outgoing).await.unwrap();
    assert_eq!(platform.next().await.payload, br#"{"ok":true}"#);
}

/// Answers without end, in a form that the broker of these tests can write down.
async fn flood(replies: &Sender<Outgoing>) {
    loop {
        let id = Uuid::new_v4();
        let outgoing = Outgoing {
            route: Route::Own,
            payload: bytes(&format!(r#"{{"id":"{id}","kind":"reply","seq":1000}}"#)),
            id,
        };
        replies.send(outgoing).await.unwrap();
    }
}

#[tokio::test]
async fn a_flood_of_replies_keeps_no_message_from_going_out_also_one_at_a_time() {
    let judges: [fn(&Seen) -> u8; 2] = [|_| 0, |seen| if seen.seq == 3 { 0x95 } else { 0 }];
    for judge in judges {
        let broker = FaultBroker::start(move |_| Behaviour {
            judge,
            ..Behaviour::default()
        });
        let link = Link::start(with_window(settings(vec![plain(broker.port)]), 4), readings(100));
        tokio::select! {
            () = link.until_empty() => {}
            () = flood(&link.replies) => {}
        }
        let taken = broker.book().order.iter().any(|(kind, _)| kind == "reply");
        assert!(taken, "some replies went out between");
    }
}

#[tokio::test]
async fn commands_that_the_broker_kept_do_not_arrive() {
    let broker = Mosquitto::open().await;
    let platform = Subscriber::start(broker.port, "clinic/#").await;
    platform
        .publish(COMMAND, "kept", true, PublishProperties::default())
        .await;
    // The broker answers in order: when it has the second message, it has the first.
    let mut kept = Subscriber::start(broker.port, COMMAND).await;
    assert_eq!(kept.next().await.payload, b"kept");
    let mut link = connected(&broker).await;
    platform
        .publish(COMMAND, "new", false, PublishProperties::default())
        .await;
    let command = within("the new command", link.commands.recv()).await.unwrap();
    assert_eq!(command.payload, "new");
}

#[tokio::test]
async fn a_broker_that_forbids_commands_is_noticed_and_delivery_goes_on() {
    let broker = FaultBroker::start(|_| Behaviour {
        suback: 0x87,
        ..Behaviour::default()
    });
    let mut link = Link::start(settings(vec![plain(broker.port)]), readings(10));
    link.until_state("the refusal", |state| state.commands_refused).await;
    link.until_empty().await;
    // Whoever reads `online` would count on commands being heard.
    within("a status that says so", async {
        let says_so = |(_, text): &(String, String)| text.contains(r#""problems":["commands_refused"]"#);
        while !broker.book().retained.iter().any(says_so) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
