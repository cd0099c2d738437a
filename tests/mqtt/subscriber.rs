//! A platform: subscribes, publishes, and remembers what came.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v5::{Publish, PublishProperties};
use rumqttc::{AsyncClient, BrokerSessionResumePolicy, Event, Incoming, MqttOptions, PublishOptions};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::rig::within;

/// One message as it came.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) retained: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) properties: PublishProperties,
}

impl Message {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap()
    }

    pub(crate) fn id(&self) -> Uuid {
        self.json()["id"].as_str().unwrap().parse().unwrap()
    }
}

/// A connected subscriber. It comes back by itself when the broker does.
pub(crate) struct Subscriber {
    pub(crate) client: AsyncClient,
    messages: mpsc::UnboundedReceiver<Message>,
    _tasks: JoinSet<()>,
}

impl Subscriber {
    /// Subscribes, and waits until the broker has taken the subscription. Its session outlives its connections.
    pub(crate) async fn start(port: u16, filter: &str) -> Self {
        let mut options = MqttOptions::new(format!("platform-{}", Uuid::new_v4()), ("127.0.0.1", port));
        options
            .set_clean_start(false)
            .set_session_expiry_interval(Some(3600))
            .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly)
            .set_max_packet_size(Some(1_000_000));
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(1000).build();
        let (sender, messages) = mpsc::unbounded_channel();
        let (subscribed, mut is_subscribed) = mpsc::channel(8);
        let (again, filter) = (client.clone(), filter.to_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                match event_loop.poll().await {
                    // A broker that was killed has forgotten the session.
                    Ok(Event::Incoming(Incoming::ConnAck(connack))) if !connack.session_present => {
                        again.try_subscribe(filter.as_str(), QoS::AtLeastOnce).unwrap();
                    }
                    Ok(Event::Incoming(Incoming::Publish(publish))) => drop(sender.send(message(publish))),
                    Ok(Event::Incoming(Incoming::SubAck(_))) => drop(subscribed.try_send(())),
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        within("the subscription", is_subscribed.recv()).await;
        Self {
            client,
            messages,
            _tasks: tasks,
        }
    }

    pub(crate) async fn next(&mut self) -> Message {
        within("a message", self.messages.recv()).await.unwrap()
    }

    /// The next message on a topic that ends so.
    pub(crate) async fn next_on(&mut self, end: &str) -> Message {
        loop {
            let message = self.next().await;
            if message.topic.ends_with(end) {
                return message;
            }
        }
    }

    /// Waits for so many different messages of the outbox; their octets by id. Panics at a double with other octets.
    pub(crate) async fn collect(&mut self, count: usize) -> HashMap<Uuid, Vec<u8>> {
        let mut found: HashMap<Uuid, Vec<u8>> = HashMap::new();
        while found.len() < count {
            let message = self.next().await;
            if message.topic.ends_with("/status") || message.topic.ends_with("/info") {
                continue;
            }
            let earlier = found.insert(message.id(), message.payload.clone());
            assert!(
                earlier.is_none_or(|octets| octets == message.payload),
                "a double is the same octets"
            );
        }
        found
    }

    pub(crate) async fn publish(&self, topic: &str, payload: &str, retain: bool, properties: PublishProperties) {
        let options = PublishOptions::at_least_once().retain(retain).properties(properties);
        let payload = Bytes::copy_from_slice(payload.as_bytes());
        self.client.publish(topic, payload, options).await.unwrap();
    }
}

fn message(publish: Publish) -> Message {
    Message {
        topic: String::from_utf8(publish.topic.to_vec()).unwrap(),
        retained: publish.retain,
        payload: publish.payload.to_vec(),
        properties: publish.properties.unwrap_or_default(),
    }
}
