//! What a platform asks for by MQTT: done or refused, and answered where the answer was wanted.

use bytes::Bytes;
use rumqttc::mqttbytes::v5::PublishProperties;
use rusqlite::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mosquitto::Mosquitto;
use crate::rig::{COMMAND, Daemon, Gateway, command, in_minutes, send, send_retained, status, until};
use crate::subscriber::{Message, Subscriber};

/// A platform that hears everything, and a gateway that hears it.
struct Clinic {
    platform: Subscriber,
    daemon: Daemon,
    gateway: Gateway,
    _broker: Mosquitto,
}

impl Clinic {
    async fn with(mqtt: &str) -> Self {
        let broker = Mosquitto::open().await;
        let mut platform = Subscriber::start(broker.port, "#").await;
        let gateway = Gateway::sending_with(broker.port, mqtt);
        let daemon = gateway.idle();
        // It says so once it has subscribed.
        status(&mut platform, "online").await;
        Self {
            platform,
            daemon,
            gateway,
            _broker: broker,
        }
    }

    /// What is answered on the gateway's own topic.
    async fn answer(&mut self, payload: &str) -> Message {
        send(&self.platform, payload).await;
        self.platform.next_on("north/gw/reply").await
    }

    async fn code(&mut self, command: &Value) -> Value {
        let reply = self.answer(&command.to_string()).await.json();
        assert_eq!(reply["ok"], false, "{reply}");
        // Of what is too large not even the id is read.
        let too_large = command.to_string().len() > 8192;
        assert_eq!(reply["id"], if too_large { Value::Null } else { command["id"].clone() });
        reply["error"]["code"].clone()
    }
}

#[tokio::test]
async fn a_report_tells_the_state_on_the_gateways_own_topic() {
    let mut clinic = Clinic::with("").await;
    let report = command("report", &json!({}));
    let reply = clinic.answer(&report.to_string()).await.json();
    assert_eq!(
        (&reply["schema"], &reply["ok"], &reply["test"]),
        (&json!("cuffd.reply/1"), &json!(true), &json!(true))
    );
    assert_eq!(reply["id"], report["id"]);
    assert_eq!(reply["status"]["schema"], "cuffd.state/1");
    assert_eq!(reply["status"]["run"], clinic.daemon.state().await.unwrap()["run"]);
}

#[tokio::test]
async fn a_reply_goes_to_the_response_topic_only_below_the_prefix() {
    let mut clinic = Clinic::with("reply_prefix = \"clinic/replies/\"").await;
    for (wanted, topic) in [
        ("clinic/replies/7", "clinic/replies/7"),
        ("clinic/other", "cuffd-test/v1/north/gw/reply"),
    ] {
        let properties = PublishProperties {
            response_topic: Some(wanted.to_owned()),
            correlation_data: Some(Bytes::from_static(b"question 1")),
            ..PublishProperties::default()
        };
        let report = command("report", &json!({}));
        clinic
            .platform
            .publish(COMMAND, &report.to_string(), false, properties)
            .await;
        let reply = loop {
            let message = clinic.platform.next().await;
            if message.json()["schema"] == "cuffd.reply/1" {
                break message;
            }
        };
        assert_eq!(reply.topic, topic);
        assert_eq!(reply.json()["id"], report["id"]);
        let back = reply.properties.correlation_data;
        assert_eq!(back.is_some(), wanted == topic, "{back:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_command_is_named() {
    let mut clinic = Clinic::with("").await;
    let fields = json!({"session": "s1", "patient": "p1", "cuff": "cuff-1"});
    for (wrong, code) in [
        (command("report", &json!({"gateway": "gw-2"})), "wrong_gateway"),
        (command("report", &json!({"site": "south"})), "wrong_gateway"),
        (command("report", &json!({"expires_at": in_minutes(-1)})), "expired"),
        (
            command("report", &json!({"expires_at": in_minutes(24 * 60 + 5)})),
            "expired",
        ),
        (command("report", &json!({"expires_at": "tomorrow"})), "malformed"),
        (command("report", &json!({"schema": "cuffd.command/2"})), "malformed"),
        (command("report", &json!({"padding": "x".repeat(8192)})), "malformed"),
        (command("receipt", &json!({"ids": "all"})), "malformed"),
        (command("open_session", &fields), "not_authorized"),
        (command("resend", &json!({"ids": [Uuid::new_v4()]})), "not_authorized"),
        (command("dance", &json!({})), "unknown_command"),
    ] {
        assert_eq!(clinic.code(&wrong).await, code, "{wrong:.120}");
    }
    let lacking = command("attest", &json!({"session": "s1", "item": "safe_setting"}));
    let reply = clinic.answer(&lacking.to_string()).await.json();
    assert_eq!(reply["error"]["field"], "by", "{reply}");
    for octets in ["", "report", "[]", "{\"id\":"] {
        let reply = clinic.answer(octets).await.json();
        assert_eq!(
            (&reply["id"], &reply["error"]["code"]),
            (&Value::Null, &json!("malformed")),
            "{octets:?}"
        );
    }
}

/// MQTT 5 does not deliver it at all; an older broker cannot be asked not to.
#[tokio::test]
async fn a_command_from_the_memory_of_an_older_broker_is_refused() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "#").await;
    let report = command("report", &json!({}));
    send_retained(&platform, &report.to_string()).await;
    platform.next_on("/command").await;
    let gateway = Gateway::sending_with(broker.port, "version = \"3.1.1\"\nreceipts = true\nwill_delay = \"0s\"");
    let _daemon = gateway.idle();
    let reply = platform.next_on("north/gw/reply").await.json();
    assert_eq!(reply["error"]["code"], "retained", "{reply}");
}

#[tokio::test]
async fn a_command_that_asks_the_broker_to_keep_it_is_refused() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "#").await;
    let gateway = Gateway::sending_to(broker.port);
    let _daemon = gateway.idle();
    // It says that it is online once the broker has granted the subscription.
    platform.next_on("north/gw/status").await;
    let report = command("report", &json!({}));
    send_retained(&platform, &report.to_string()).await;
    let reply = platform.next_on("north/gw/reply").await.json();
    assert_eq!(reply["error"]["code"], "retained", "{reply}");
}

#[tokio::test]
async fn the_same_command_again_gets_the_same_reply_also_after_a_kill() {
    let mut clinic = Clinic::with("unsigned_commands = [\"resend\"]").await;
    let mut resend = command("resend", &json!({"ids": [Uuid::new_v4()]}));
    let first = clinic.answer(&resend.to_string()).await.payload;
    // What is asked for is another now: only the id counts.
    resend["ids"] = json!([]);
    assert_eq!(clinic.answer(&resend.to_string()).await.payload, first);
    clinic.daemon.kill().await;
    clinic.daemon = clinic.gateway.idle();
    status(&mut clinic.platform, "online").await;
    assert_eq!(clinic.answer(&resend.to_string()).await.payload, first);
}

#[tokio::test]
async fn the_same_report_again_gets_the_first_reply_and_another_tells_how_it_stands_by_then() {
    let mut clinic = Clinic::with("").await;
    let report = |id| command("report", &json!({ "id": id })).to_string();
    let first = clinic.answer(&report("report 1")).await;
    clinic.daemon.kill().await;
    clinic.daemon = clinic.gateway.idle();
    status(&mut clinic.platform, "online").await;
    assert_eq!(clinic.answer(&report("report 1")).await.payload, first.payload);
    let second = clinic.answer(&report("report 2")).await.json();
    assert_eq!(second["id"], "report 2");
    assert_ne!(first.json()["status"]["run"], second["status"]["run"]);
}

#[tokio::test]
async fn each_of_many_commands_at_once_is_carried_out_or_told_to_come_again() {
    let mut clinic = Clinic::with("").await;
    let many = 800;
    for number in 0..many {
        let report = command("report", &json!({ "id": format!("report {number}") }));
        send(&clinic.platform, &report.to_string()).await;
    }
    let (mut done, mut busy) = (0, 0);
    while done + busy < many {
        let reply = clinic.platform.next_on("north/gw/reply").await.json();
        match reply["error"]["code"].as_str() {
            None => done += 1,
            Some("busy") => busy += 1,
            Some(_) => panic!("{reply}"),
        }
    }
    assert!(done >= 256, "{done} were carried out");
}

#[tokio::test]
async fn a_refused_command_does_not_use_its_id_up() {
    let mut clinic = Clinic::with("").await;
    let mut report = command("report", &json!({"expires_at": in_minutes(-1)}));
    assert_eq!(clinic.code(&report).await, "expired");
    report["expires_at"] = in_minutes(5);
    assert_eq!(clinic.answer(&report.to_string()).await.json()["ok"], true);
}

#[tokio::test]
async fn without_a_clock_nothing_is_carried_out() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "#").await;
    let gateway = Gateway::sending_to(broker.port);
    let mut command_line = gateway.command(&["simulate", "--fault", "unreachable=1"]);
    command_line.env("CUFFD__CLOCK__SOURCE", "none");
    let _daemon = Daemon::start(command_line, gateway.socket());
    let online = status(&mut platform, "online").await.json();
    assert_eq!(online["problems"], json!(["clock_unsynchronized"]), "{online}");
    let report = command("report", &json!({}));
    send(&platform, &report.to_string()).await;
    let reply = platform.next_on("north/gw/reply").await.json();
    assert_eq!(reply["error"]["code"], "clock_unsynchronized");
}

#[tokio::test]
async fn a_reading_goes_again_until_its_receipt_comes() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, "#").await;
    let gateway = Gateway::sending_with(broker.port, "receipts = true\nreceipt_timeout = \"1s\"");
    gateway.queue(1).await;
    let _daemon = gateway.idle();
    let first = platform.next_on("north/gw/reading").await;
    let again = platform.next_on("north/gw/reading").await;
    assert_eq!(again.payload, first.payload);
    let stranger = Uuid::new_v4();
    let receipt = command("receipt", &json!({"ids": [stranger, first.id()]}));
    send(&platform, &receipt.to_string()).await;
    // Commands are taken in order: a receipt has no reply, what follows has.
    let report = command("report", &json!({}));
    send(&platform, &report.to_string()).await;
    let reply = platform.next_on("north/gw/reply").await.json();
    assert_eq!(reply["id"], report["id"]);
    let done = until("the receipt in the store", async || {
        let store = Connection::open(gateway.store()).ok()?;
        let sql = "SELECT state FROM message";
        store.query_row(sql, [], |row| row.get::<_, String>(0)).ok()
    });
    assert_eq!(done.await, "done");
}
