//! The broker inside the demo carries what the gateway needs of a broker: QoS 1, wills, retained messages, properties.

use std::time::Duration;

use cuffd::simulate::broker::Broker;
use cuffd::simulate::platform::{self, Ends, Published};
use jiff::Timestamp;
use rumqttc::{
    AsyncClient, Event, EventLoop, LastWill, MqttOptions, Packet, Publish, PublishOptions, PublishProperties, QoS,
};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const PATIENCE: Duration = Duration::from_secs(10);

fn connection(broker: Broker, name: &str, will: Option<LastWill>) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(name, (broker.v5.ip().to_string(), broker.v5.port()));
    if let Some(will) = will {
        options.set_last_will(will);
    }
    AsyncClient::builder(options).capacity(10).build()
}

/// Polls until `wanted` gives something.
async fn until<T>(event_loop: &mut EventLoop, mut wanted: impl FnMut(Packet) -> Option<T>) -> T {
    let poll = async {
        loop {
            let event = event_loop.poll().await.expect("the connection holds");
            if let Event::Incoming(packet) = event
                && let Some(found) = wanted(packet)
            {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, poll).await.expect("in time")
}

fn publish(packet: Packet) -> Option<Publish> {
    match packet {
        Packet::Publish(publish) => Some(publish),
        _ => None,
    }
}

fn properties() -> PublishProperties {
    PublishProperties {
        payload_format_indicator: Some(1),
        content_type: Some("application/json".to_owned()),
        user_properties: vec![("schema".to_owned(), "cuffd.reading/1".to_owned())],
        ..PublishProperties::default()
    }
}

#[tokio::test]
async fn publishes_wills_and_properties_pass_through() {
    let broker = Broker::start().expect("a broker");
    let (reader, mut reading) = connection(broker, "reader", None);
    reader.try_subscribe("t/#", QoS::AtLeastOnce).expect("room");
    until(&mut reading, |packet| matches!(packet, Packet::SubAck(_)).then_some(())).await;

    let will = LastWill::new("t/status", "lost", QoS::AtLeastOnce, true, None);
    let (writer, mut writing) = connection(broker, "writer", Some(will));
    let options = PublishOptions::new(QoS::AtLeastOnce).properties(properties());
    writer.try_publish("t/reading", "{}", options).expect("room");
    until(&mut writing, |packet| matches!(packet, Packet::PubAck(_)).then_some(())).await;
    let got = until(&mut reading, publish).await;
    assert_eq!((&got.topic[..], &got.payload[..]), (&b"t/reading"[..], &b"{}"[..]));
    let carried = got.properties.expect("properties");
    assert_eq!(carried.content_type, properties().content_type);
    assert_eq!(carried.user_properties, properties().user_properties);

    // Gone without a word.
    drop((writer, writing));
    let will = until(&mut reading, publish).await;
    assert_eq!((&will.topic[..], &will.payload[..]), (&b"t/status"[..], &b"lost"[..]));
}

#[tokio::test]
async fn a_retained_message_waits_for_its_reader_also_at_the_older_protocol() {
    let broker = Broker::start().expect("a broker");
    let (writer, mut writing) = connection(broker, "writer", None);
    let options = PublishOptions::new(QoS::AtLeastOnce).retained();
    writer.try_publish("t/status", "online", options).expect("room");
    until(&mut writing, |packet| matches!(packet, Packet::PubAck(_)).then_some(())).await;

    let options = rumqttc_v4::MqttOptions::new("reader", (broker.v4.ip().to_string(), broker.v4.port()));
    let (reader, mut reading) = rumqttc_v4::AsyncClient::builder(options).capacity(10).build();
    reader.try_subscribe("t/#", rumqttc_v4::QoS::AtLeastOnce).expect("room");
    let poll = async {
        loop {
            let event = reading.poll().await.expect("the connection holds");
            if let rumqttc_v4::Event::Incoming(rumqttc_v4::Packet::Publish(publish)) = event {
                return publish;
            }
        }
    };
    let got = tokio::time::timeout(PATIENCE, poll).await.expect("in time");
    assert_eq!(&got.payload[..], b"online");
}

#[tokio::test]
async fn the_platform_hears_a_reading_and_confirms_it() {
    let broker = Broker::start().expect("a broker");
    let (to_test, mut heard) = mpsc::channel(10);
    let cancel = CancellationToken::new();
    let now = || "2026-11-21T18:00:00Z".parse::<Timestamp>().expect("a time");
    let (_ask, asked) = mpsc::channel(1);
    let ends = Ends {
        published: to_test,
        asked,
    };
    let platform = platform::run(broker.v5, "cuffd-test", now, ends, cancel.clone());

    let (gateway, mut line) = connection(broker, "gateway", None);
    let topic = "cuffd-test/v1/north/gw-1";
    gateway
        .try_subscribe(format!("{topic}/command"), QoS::AtLeastOnce)
        .expect("room");
    let reading = json!({"schema": "cuffd.reading/1", "id": "r1", "site": "north", "gateway": "gw-1"}).to_string();
    let test = async {
        until(&mut line, |packet| matches!(packet, Packet::SubAck(_)).then_some(())).await;
        // The platform may not have subscribed yet: a retained message waits for it.
        let options = PublishOptions::new(QoS::AtLeastOnce).retained();
        gateway
            .try_publish(format!("{topic}/reading"), reading.clone(), options)
            .expect("room");
        let command = until(&mut line, publish).await;
        cancel.cancel();
        command
    };
    let ((), command) = tokio::join!(platform, test);
    let command: Value = serde_json::from_slice(&command.payload).expect("JSON");
    assert_eq!(
        (&command["command"], &command["ids"]),
        (&json!("receipt"), &json!(["r1"]))
    );
    let first = heard.recv().await;
    let expected = Published {
        topic: format!("{topic}/reading"),
        payload: reading.into(),
    };
    assert_eq!(first, Some(expected));
}
