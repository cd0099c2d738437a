//! A client over TLS that tries what it may not, and hears what the broker says to that.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use cuffd::mqtt::settings::{Broker, Transport};
use cuffd::mqtt::tls::client_config;
use rumqttc::mqttbytes::QoS;
use rumqttc::{
    AsyncClient, BrokerSessionResumePolicy, Event, Incoming, MqttOptions, PublishNoticeError, PublishOptions,
    PublishResult, TlsConfiguration, Transport as Carrier,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::rig::within;

/// A connected client. Its session outlives it.
pub(crate) struct Client {
    client: AsyncClient,
    messages: mpsc::UnboundedReceiver<(String, Vec<u8>)>,
    subscribed: mpsc::UnboundedReceiver<()>,
    _tasks: JoinSet<()>,
}

impl Client {
    pub(crate) async fn connect(broker: &Broker, id: &str) -> Self {
        let mut options = MqttOptions::new(id, (broker.host.clone(), broker.port));
        if let Transport::Tls(files) = &broker.transport {
            let tls = TlsConfiguration::Rustls(Arc::new(client_config(files).unwrap()));
            options.set_transport(Carrier::tls_with_config(tls));
        }
        if let Some(login) = &broker.login {
            let password = fs::read_to_string(login.password_file.as_ref().unwrap()).unwrap();
            options.set_credentials(login.username.clone(), password.trim().to_owned());
        }
        options
            .set_clean_start(false)
            .set_session_expiry_interval(Some(3600))
            .set_max_packet_size(Some(1_000_000))
            .set_broker_session_resume_policy(BrokerSessionResumePolicy::AllowBrokerOnly);
        let (client, mut event_loop) = AsyncClient::builder(options).capacity(1000).build();
        let (to_test, messages) = mpsc::unbounded_channel();
        let (suback, subscribed) = mpsc::unbounded_channel();
        let (up, mut is_up) = mpsc::channel(1);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                match event_loop.poll().await {
                    Ok(Event::Incoming(Incoming::ConnAck(_))) => drop(up.send(()).await),
                    Ok(Event::Incoming(Incoming::SubAck(_))) => drop(suback.send(())),
                    Ok(Event::Incoming(Incoming::Publish(publish))) => {
                        let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                        drop(to_test.send((topic, publish.payload.to_vec())));
                    }
                    Ok(_) => {}
                    Err(cause) => return eprintln!("the connection has ended: {cause}"),
                }
            }
        });
        within("the connection", is_up.recv())
            .await
            .expect("the broker takes it");
        Self {
            client,
            messages,
            subscribed,
            _tasks: tasks,
        }
    }

    pub(crate) async fn subscribe(&mut self, filter: &str) {
        self.client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        within("the subscription", self.subscribed.recv()).await.unwrap();
    }

    /// Publishes at QoS 1, and gives the reason code of the answer.
    pub(crate) async fn publish(&self, topic: &str, payload: &str) -> u8 {
        let options = PublishOptions::at_least_once();
        let notice = self
            .client
            .publish_tracked(topic, payload.to_owned(), options)
            .await
            .unwrap();
        match within("an answer", notice.wait_async()).await {
            Ok(PublishResult::Qos1(answer)) => answer.reason as u8,
            Err(PublishNoticeError::V5PubAck(reason)) => reason as u8,
            other => panic!("{other:?}"),
        }
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> (String, String) {
        let (topic, payload) = within("a message", self.messages.recv()).await.unwrap();
        (topic, String::from_utf8(payload).unwrap())
    }

    /// What has come by now and in half a second more.
    pub(crate) async fn all(&mut self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        while let Ok(Some((topic, payload))) =
            tokio::time::timeout(Duration::from_millis(500), self.messages.recv()).await
        {
            all.push((topic, String::from_utf8(payload).unwrap()));
        }
        all
    }
}
