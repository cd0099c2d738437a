//! The demo around a gateway that is none: what is printed, when it ends, and how.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use cuffd::cli::demo::{Args, DemoError, Setup, Stored, run};
use cuffd::cli::exit;
use cuffd::simulate::narrator::terminal::{Look, Printer};
use rumqttc::{AsyncClient, EventLoop, MqttOptions, PublishOptions, QoS};
use serde_json::json;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where the page would be: this gateway has none.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8377);

const ONCE: Args = Args { once: true, json: true };

fn connect(broker: SocketAddr) -> (AsyncClient, EventLoop) {
    let options = MqttOptions::new("gateway", (broker.ip().to_string(), broker.port()));
    AsyncClient::builder(options).capacity(20).build()
}

/// Publishes `count` readings and the end of the demo's session (retained, since the platform may not have subscribed yet),
/// and stays until `stop`.
async fn publish(setup: Setup, count: u64, stop: CancellationToken) -> Result<Stored, DemoError> {
    let (client, mut event_loop) = connect(setup.broker);
    for id in 0..count {
        let topic = format!("cuffd-test/v1/demo/gw-{id}/reading");
        let (systolic, gateway) = (120 + id, format!("gw-{id}"));
        let reading = json!({"schema": "cuffd.reading/1", "id": format!("r{id}"), "site": "demo", "gateway": gateway,
                             "systolic": systolic, "diastolic": 80, "counted": true, "verified": true});
        let options = PublishOptions::new(QoS::AtLeastOnce).retained();
        client.try_publish(topic, reading.to_string(), options).expect("room");
    }
    let ended = json!({"schema": "cuffd.readiness/1", "id": "a1", "site": "demo", "gateway": "gw-0", "session": "evening",
                       "state": "ended", "ready": false, "reasons": [{"code": "session_over"}]});
    let options = PublishOptions::new(QoS::AtLeastOnce).retained();
    let topic = "cuffd-test/v1/demo/gw-0/session/evening/readiness";
    client.try_publish(topic, ended.to_string(), options).expect("room");
    let poll = async { while event_loop.poll().await.is_ok() {} };
    tokio::select! {
        () = poll => panic!("the connection holds"),
        () = stop.cancelled() => Ok(Stored { readings: count, waiting: 0 }),
    }
}

async fn shown(
    gateway: impl AsyncFnOnce(Setup, CancellationToken) -> Result<Stored, DemoError>,
) -> (Result<(), DemoError>, String) {
    let (mut out, stop) = (Vec::new(), CancellationToken::new());
    let printer = Printer::new(&mut out, Look::Plain);
    let ended = Box::pin(run(ONCE, printer, stop.clone(), PAGE, |setup| gateway(setup, stop))).await;
    (ended, String::from_utf8(out).expect("text"))
}

#[tokio::test]
async fn once_ends_when_the_session_is_over_and_every_reading_confirmed() {
    let begun = Instant::now();
    let (ended, text) = Box::pin(shown(async |setup, stop| publish(setup, 5, stop).await)).await;
    ended.expect("a good end");
    assert!(begun.elapsed() < Duration::from_secs(10));
    for words in [
        "A virtual cuff, cuff-1, stands",
        "reading    120/80 mmHg, time taken unknown. Counted; verified.",
        "           systolic: 124",
        "command    the platform has received",
    ] {
        assert!(text.contains(words), "{words} in:\n{text}");
    }
    let unwrapped = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = "Published: 5 readings, 5 confirmed by the platform. In the store: 5 readings, 0 messages waiting.";
    assert!(unwrapped.ends_with(end), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[tokio::test]
async fn a_gateway_that_fails_ends_the_demo_at_once() {
    let begun = Instant::now();
    let (ended, _) = shown(async |_, _| Err(std::io::Error::other("no store").into())).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let fault = ended.expect_err("a bad end");
    assert!(matches!(fault, DemoError::Gateway(_)), "{fault}");
    assert_eq!(fault.exit_code(), exit::SOFTWARE);
}
