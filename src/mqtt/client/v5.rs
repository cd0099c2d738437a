//! MQTT 5.0, by `rumqttc`.

#![expect(clippy::wildcard_enum_match_arm, reason = "the library's lists are open-ended")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{
    ConnAck, DisconnectProperties, DisconnectReasonCode, LastWill, LastWillProperties, PublishProperties,
    RetainForwardRule, SubscribeReasonCode,
};
use rumqttc::{
    AsyncClient, ClientError, ConnectAuth, ConnectProperties, ConnectionError, EventLoop, Incoming as Packet,
    MqttOptions, PublishNotice, PublishNoticeError, PublishOptions, PublishResult, StateError, SubscribeFilterInput,
    TlsConfiguration, TlsError, Transport,
};
use tokio::sync::mpsc;

use super::fault::{Cause, Class, Fault, Stage, explain};
use super::{
    Event, Handed, Incoming, LARGEST_INCOMING, Limits, OTHER_REQUESTS, Outcome, Plan, Publish, Subscription,
    library_window,
};
use crate::mqtt::message::CONTENT_TYPE;

/// The broker remembers the session, and with it the will, for so much longer than the will's delay.
const SESSION_BEYOND_WILL: Duration = Duration::from_secs(240);

/// Requests that the library writes in one go.
const REQUEST_BATCH: usize = 16;

pub(super) fn open(plan: &Plan, reached: &Arc<AtomicBool>) -> (AsyncClient, EventLoop) {
    let capacity = usize::from(plan.window) + usize::from(OTHER_REQUESTS);
    AsyncClient::builder(options(plan, reached)).capacity(capacity).build()
}

fn options(plan: &Plan, reached: &Arc<AtomicBool>) -> MqttOptions {
    let mut options = MqttOptions::new(plan.client_id.clone(), (plan.host.clone(), plan.port));
    let (host, port, reached) = (plan.host.clone(), plan.port, Arc::clone(reached));
    options.set_socket_connector(move |_, _| super::dial_noting(host.clone(), port, Arc::clone(&reached)));
    if let Some(tls) = &plan.tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.clone())));
    }
    options
        .set_keep_alive(u16::try_from(plan.keep_alive.as_secs()).unwrap_or(u16::MAX))
        .set_clean_start(true)
        .set_connect_timeout(plan.connect_timeout)
        .set_max_request_batch(REQUEST_BATCH)
        .set_outgoing_inflight_upper_limit(library_window(plan))
        .set_connect_properties(connect_properties(plan))
        .set_last_will(will(plan));
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

fn connect_properties(plan: &Plan) -> ConnectProperties {
    let mut properties = ConnectProperties::new();
    properties.session_expiry_interval = Some(seconds(plan.will_delay + SESSION_BEYOND_WILL));
    properties.max_packet_size = Some(LARGEST_INCOMING);
    properties
}

fn will(plan: &Plan) -> LastWill {
    let properties = LastWillProperties {
        delay_interval: Some(seconds(plan.will_delay)),
        payload_format_indicator: Some(1),
        message_expiry_interval: None,
        content_type: Some(CONTENT_TYPE.to_owned()),
        response_topic: None,
        correlation_data: None,
        user_properties: user_properties(&plan.will),
    };
    let will = &plan.will;
    LastWill::new(
        will.topic.clone(),
        will.payload.to_vec(),
        QoS::AtLeastOnce,
        will.retain,
        Some(properties),
    )
}

fn user_properties(publish: &Publish) -> Vec<(String, String)> {
    vec![
        ("schema".to_owned(), publish.schema.clone()),
        ("id".to_owned(), publish.id.to_string()),
    ]
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

pub(super) fn publish(client: &AsyncClient, publish: Publish) -> Handed {
    let properties = PublishProperties {
        payload_format_indicator: Some(1),
        correlation_data: publish.correlation.clone(),
        user_properties: user_properties(&publish),
        content_type: Some(CONTENT_TYPE.to_owned()),
        ..PublishProperties::default()
    };
    let options = PublishOptions::at_least_once()
        .retain(publish.retain)
        .properties(properties);
    match client.try_publish_tracked(publish.topic, publish.payload, options) {
        Ok(notice) => Handed::Over(Box::pin(outcome(notice))),
        Err(ClientError::RequestChannelFull(_)) => Handed::Full,
        Err(ClientError::InvalidRequest(_)) => Handed::Unsendable,
        // A dying connection is no fault of the message.
        Err(_) => Handed::Gone,
    }
}

async fn outcome(notice: PublishNotice) -> Outcome {
    match notice.wait_async().await {
        Ok(PublishResult::Qos1(ack)) => Outcome::Answered(ack.reason as u8),
        Err(PublishNoticeError::V5PubAck(reason)) => Outcome::Answered(reason as u8),
        Ok(_) | Err(_) => Outcome::Unanswered,
    }
}

/// Commands that a broker kept are not wanted: retain handling 2. One that asks to be kept arrives marked so (retain as
/// published), and is refused: else it would be carried out now and lie in wait for others.
pub(super) fn subscribe(client: &AsyncClient, topic: &str) {
    let filter = SubscribeFilterInput::new(topic, QoS::AtLeastOnce)
        .preserve_retain(true)
        .retain_forward_rule(RetainForwardRule::Never);
    // If there is no room for it the connection has just ended, and says so.
    let _ = client.try_subscribe_many([filter]);
}

pub(super) fn disconnect(client: &AsyncClient) {
    let properties = DisconnectProperties {
        session_expiry_interval: Some(0),
        reason_string: None,
        user_properties: Vec::new(),
        server_reference: None,
    };
    let _ = client.try_disconnect_now_with_properties(DisconnectReasonCode::NormalDisconnection, properties);
}

pub(super) async fn poll(mut event_loop: EventLoop, events: mpsc::Sender<Event>, tls: bool) {
    let mut stage = Stage { up: false, tls };
    loop {
        let (event, last) = match event_loop.poll().await {
            Ok(rumqttc::Event::Incoming(packet)) => match translate(packet, &mut stage) {
                Some(event) => (event, false),
                None => continue,
            },
            Ok(rumqttc::Event::Outgoing(_) | rumqttc::Event::Auth(_)) => continue,
            Err(cause) => (Event::Down(explain(sort(cause), stage)), true),
        };
        if events.send(event).await.is_err() || last {
            return;
        }
    }
}

fn translate(packet: Packet, stage: &mut Stage) -> Option<Event> {
    match packet {
        Packet::ConnAck(connack) => {
            stage.up = true;
            Some(up(&connack))
        }
        Packet::Publish(publish) => {
            let properties = publish.properties.unwrap_or_default();
            Some(Event::Command(Incoming {
                payload: publish.payload,
                retained: publish.retain,
                response_topic: properties.response_topic,
                correlation: properties.correlation_data,
            }))
        }
        Packet::SubAck(suback) => {
            let granted = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
            Some(Event::Subscribed(if suback.return_codes.iter().all(granted) {
                Subscription::Granted
            } else {
                Subscription::Refused
            }))
        }
        // The library sees to all others.
        _ => None,
    }
}

fn up(connack: &ConnAck) -> Event {
    let properties = connack.properties.as_ref();
    if properties.is_some_and(|p| p.max_qos == Some(0)) {
        let text = "the broker takes no messages at QoS 1, so nobody could tell whether one has arrived";
        return Event::Down(Fault::new(Class::Refused, text));
    }
    Event::Up(Limits {
        receive_maximum: properties.and_then(|p| p.receive_max).unwrap_or(u16::MAX),
        largest_packet: properties.and_then(|p| p.max_packet_size),
        retains: properties.and_then(|p| p.retain_available) != Some(0),
    })
}

fn sort(cause: ConnectionError) -> Cause {
    match cause {
        ConnectionError::Io(cause) | ConnectionError::Tls(TlsError::Io(cause)) => Cause::Io(cause),
        ConnectionError::Tls(TlsError::TLS(cause)) => Cause::Tls(cause),
        ConnectionError::Timeout(_) => Cause::Timeout,
        ConnectionError::ConnectionRefused(code) => Cause::Refused(format!("{code:?}")),
        ConnectionError::MqttState(cause) => sort_state(cause),
        other => Cause::Protocol(other.to_string()),
    }
}

fn sort_state(cause: StateError) -> Cause {
    match cause {
        StateError::Io(cause) | StateError::Deserialization(rumqttc::mqttbytes::Error::Io(cause)) => Cause::Io(cause),
        StateError::ConnFail { reason } => Cause::Refused(format!("{reason:?}")),
        StateError::ServerDisconnect {
            reason_code,
            reason_string,
        } => Cause::Kicked(format!("{reason_code:?}"), reason_string),
        StateError::AwaitPingResp => Cause::NoPing,
        StateError::ConnectionAborted => Cause::Closed,
        other => Cause::Protocol(other.to_string()),
    }
}
