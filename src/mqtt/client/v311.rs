//! MQTT 3.1.1, by `rumqttc_v4`. Its PUBACK says nothing, so every one counts as a success: only receipts tell the truth.

#![expect(clippy::wildcard_enum_match_arm, reason = "the library's lists are open-ended")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rumqttc_v4::mqttbytes::QoS;
use rumqttc_v4::mqttbytes::v4::{LastWill, SubscribeReasonCode};
use rumqttc_v4::{
    AsyncClient, ClientError, ConnectAuth, ConnectionError, EventLoop, Incoming as Packet, MqttOptions, PublishNotice,
    PublishOptions, PublishResult, StateError, TlsConfiguration, TlsError, Transport,
};
use tokio::sync::mpsc;

use super::fault::{Cause, Stage, explain};
use super::{Event, Handed, Incoming, Limits, OTHER_REQUESTS, Outcome, Plan, Publish, Subscription, library_window};

/// The broker cannot be told to keep large packets to itself, and one that is too large ends the connection: a larger
/// limit than with 5.0, so that a mistaken command does not.
const LARGEST_INCOMING: usize = 1024 * 1024;

const LARGEST_OUTGOING: usize = 1024 * 1024;

const REQUEST_BATCH: usize = 16;

pub(super) fn open(plan: &Plan, reached: &Arc<AtomicBool>) -> (AsyncClient, EventLoop) {
    let capacity = usize::from(plan.window) + usize::from(OTHER_REQUESTS);
    let (client, mut event_loop) = AsyncClient::builder(options(plan, reached)).capacity(capacity).build();
    let mut network = event_loop.network_options();
    network.set_connection_timeout(plan.connect_timeout.as_secs().max(1));
    event_loop.set_network_options(network);
    (client, event_loop)
}

fn options(plan: &Plan, reached: &Arc<AtomicBool>) -> MqttOptions {
    let mut options = MqttOptions::new(plan.client_id.clone(), (plan.host.clone(), plan.port));
    let (host, port, reached) = (plan.host.clone(), plan.port, Arc::clone(reached));
    options.set_socket_connector(move |_, _| super::dial_noting(host.clone(), port, Arc::clone(&reached)));
    if let Some(tls) = &plan.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.clone())));
    }
    let will = &plan.will;
    options
        .set_keep_alive(u16::try_from(plan.keep_alive.as_secs()).unwrap_or(u16::MAX))
        .set_clean_session(true)
        .set_max_request_batch(REQUEST_BATCH)
        .set_max_packet_size(LARGEST_INCOMING, LARGEST_OUTGOING)
        .set_inflight(library_window(plan))
        .set_last_will(LastWill::new(
            will.topic.clone(),
            will.payload.to_vec(),
            QoS::AtLeastOnce,
            will.retain,
        ));
    match &plan.login {
        None => {}
        Some((username, None)) => {
            options.set_auth(ConnectAuth::Username {
                username: username.clone(),
            });
        }
        Some((username, Some(password))) => {
            options.set_credentials(username.clone(), password.expose().clone());
        }
    }
    options
}

pub(super) fn publish(client: &AsyncClient, publish: Publish) -> Handed {
    let options = PublishOptions::at_least_once().retain(publish.retain);
    match client.try_publish_tracked(publish.topic, publish.payload, options) {
        Ok(notice) => Handed::Over(Box::pin(outcome(notice))),
        Err(ClientError::RequestChannelFull(_)) => Handed::Full,
        Err(ClientError::InvalidRequest(_)) => Handed::Unsendable,
        Err(_) => Handed::Gone,
    }
}

async fn outcome(notice: PublishNotice) -> Outcome {
    match notice.wait_async().await {
        Ok(PublishResult::Qos1(_)) => Outcome::Answered(0),
        Ok(_) | Err(_) => Outcome::Unanswered,
    }
}

pub(super) fn subscribe(client: &AsyncClient, topic: &str) {
    let _ = client.try_subscribe(topic, QoS::AtLeastOnce);
}

pub(super) fn disconnect(client: &AsyncClient) {
    let _ = client.try_disconnect_now();
}

pub(super) async fn poll(mut event_loop: EventLoop, events: mpsc::Sender<Event>, tls: bool) {
    let mut stage = Stage { up: false, tls };
    loop {
        let (event, last) = match event_loop.poll().await {
            Ok(rumqttc_v4::Event::Incoming(packet)) => match translate(packet, &mut stage) {
                Some(event) => (event, false),
                None => continue,
            },
            Ok(rumqttc_v4::Event::Outgoing(_)) => continue,
            Err(cause) => (Event::Down(explain(sort(cause), stage)), true),
        };
        if events.send(event).await.is_err() || last {
            return;
        }
    }
}

fn translate(packet: Packet, stage: &mut Stage) -> Option<Event> {
    match packet {
        Packet::ConnAck(_) => {
            stage.up = true;
            Some(Event::Up(Limits {
                receive_maximum: u16::MAX,
                largest_packet: None,
                retains: true,
            }))
        }
        Packet::Publish(publish) => Some(Event::Command(Incoming {
            payload: publish.payload,
            retained: publish.retain,
            response_topic: None,
            correlation: None,
        })),
        Packet::SubAck(suback) => Some(Event::Subscribed(
            if suback.return_codes.contains(&SubscribeReasonCode::Failure) {
                Subscription::Refused
            } else {
                Subscription::Granted
            },
        )),
        // The library sees to all others.
        _ => None,
    }
}

fn sort(cause: ConnectionError) -> Cause {
    match cause {
        ConnectionError::Io(cause) | ConnectionError::Tls(TlsError::Io(cause)) => Cause::Io(cause),
        ConnectionError::Tls(TlsError::TLS(cause)) => Cause::Tls(cause),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => Cause::Timeout,
        ConnectionError::ConnectionRefused(code) => Cause::Refused(format!("{code:?}")),
        ConnectionError::MqttState(cause) => sort_state(cause),
        other => Cause::Protocol(other.to_string()),
    }
}

fn sort_state(cause: StateError) -> Cause {
    match cause {
        StateError::Io(cause) | StateError::Deserialization(rumqttc_v4::mqttbytes::Error::Io(cause)) => {
            Cause::Io(cause)
        }
        StateError::AwaitPingResp => Cause::NoPing,
        StateError::ConnectionAborted => Cause::Closed,
        other => Cause::Protocol(other.to_string()),
    }
}
