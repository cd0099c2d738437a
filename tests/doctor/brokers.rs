//! What a broker can do to a gateway: each with its words and its step, without a daemon and beside one.

use std::path::Path;

use crate::box_of_a_patient::{POLICY, Patient, Told, UNSIGNED, examined, no_bus};
use crate::certificates::{Authority, Validity};
use crate::mosquitto::{Mosquitto, free_port};
use crate::rig::Gateway;

/// What is said of a broker with these lines, without a daemon.
async fn alone(lines: &str) -> Told {
    let gateway = Gateway::with(&format!("[mqtt]\n[[mqtt.brokers]]\n{lines}\n"));
    examined(&gateway, &no_bus(&gateway)).await
}

fn tls(port: u16, host: &str, ca: &Path, more: &str) -> String {
    format!(
        "url = \"mqtts://{host}:{port}\"\nca_file = \"{}\"\n{more}",
        ca.display()
    )
}

#[tokio::test]
async fn a_broker_that_cannot_be_reached_is_told_by_what_is_in_the_way() {
    let told = alone("url = \"mqtt://broker.invalid\"\nallow_plaintext = true").await;
    told.assert_says(
        "broker",
        "bad",
        "the name broker.invalid cannot be found",
        "`getent hosts broker.invalid`",
    );
    assert_eq!(told.wrong("broker")[0]["subject"], "broker.invalid:1883");
    let told = alone(&format!("url = \"mqtt://127.0.0.1:{}\"", free_port())).await;
    told.assert_says("broker", "bad", "nothing listens", "right port");
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let told = alone(&format!(
        "url = \"mqtt://127.0.0.1:{}\"",
        silent.local_addr().unwrap().port()
    ))
    .await;
    told.assert_says("broker", "bad", "no answer in time", "nc -vz 127.0.0.1");
}

#[tokio::test]
async fn each_fault_of_tls_is_told_in_clear_words() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "clinic");
    let stranger = Authority::new(folder.path(), "stranger");
    let broker_with =
        async |name, host, validity| Mosquitto::with_tls(&authority.issue(name, host, validity), None).await;
    let ca = authority.ca_file();
    for (broker, ca, message, step) in [
        (
            broker_with("over", "localhost", Validity::Over).await,
            &ca,
            "has expired",
            "timedatectl",
        ),
        (
            broker_with("other", "broker.example", Validity::Good).await,
            &ca,
            "bears another name",
            "for localhost",
        ),
        (
            broker_with("good", "localhost", Validity::Good).await,
            &stranger.ca_file(),
            "nobody who is trusted",
            "ca_file",
        ),
    ] {
        alone(&tls(broker.port, "localhost", ca, ""))
            .await
            .assert_says("broker", "bad", message, step);
    }
    let plain = Mosquitto::open().await;
    let told = alone(&tls(plain.port, "localhost", &ca, "")).await;
    told.assert_says("broker", "bad", "plain ones have mqtt://", "scheme and port");
    let identity = authority.issue("broker", "localhost", Validity::Good);
    let mutual = Mosquitto::with_tls(&identity, Some(&ca)).await;
    let told = alone(&tls(mutual.port, "localhost", &ca, "")).await;
    told.assert_says("broker", "bad", "client certificate", "client_cert");
    let unknown = stranger.issue("gateway", "gw", Validity::Good);
    let shown = format!(
        "client_cert = \"{}\"\nclient_key = \"{}\"",
        unknown.certificate.display(),
        unknown.key.display()
    );
    std::fs::set_permissions(&unknown.key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let told = alone(&tls(mutual.port, "localhost", &ca, &shown)).await;
    told.assert_says("broker", "bad", "who signed the client certificate", "client_cert");
}

/// A broker with these access rules.
async fn with_rules(rules: &str) -> Mosquitto {
    Mosquitto::with_files(&[("acl", rules)], "allow_anonymous true\nacl_file @/acl\n").await
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_with_and_without_a_daemon() {
    let broker = Mosquitto::with("allow_anonymous false\n").await;
    let told = alone(&format!("url = \"mqtt://127.0.0.1:{}\"", broker.port)).await;
    told.assert_says("broker", "bad", "refuses the login", "password_file");
    let gateway = Gateway::sending_to(broker.port);
    let daemon = gateway.idle();
    daemon
        .until("the refusal", |state| !state["delivery"]["last_error"].is_null())
        .await;
    let told = examined(&gateway, &no_bus(&gateway)).await;
    told.assert_says(
        "broker",
        "bad",
        "not connected: the broker refuses the login",
        "password_file",
    );
    drop(daemon);
}

const ONLY_READS: &str = "topic read #\n";

#[tokio::test]
async fn access_rules_that_are_missing_are_named_with_and_without_a_daemon() {
    let broker = with_rules(ONLY_READS).await;
    let gateway = Gateway::with(&format!("{}{POLICY}", crate::rig::mqtt(broker.port, UNSIGNED)));
    let told = examined(&gateway, &no_bus(&gateway)).await;
    told.assert_says(
        "broker",
        "bad",
        "PUBACK 0x87 not authorized",
        "`cuffd-test/v1/north/gw/`",
    );
    let daemon = gateway.idle();
    daemon
        .until("the refusal", |state| {
            state["delivery"]["refused"] == "status: PUBACK 0x87 not authorized"
        })
        .await;
    let told = examined(&gateway, &no_bus(&gateway)).await;
    told.assert_says(
        "broker",
        "bad",
        "it does not take what is published here",
        "/usr/share/doc/cuffd/examples/broker/acl",
    );
    let words = gateway.ask(&["status"]).await.good();
    assert!(words.contains("refuses status: PUBACK 0x87"), "{words}");
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn over_mqtt_3_1_1_it_says_that_nobody_can_tell() {
    let broker = with_rules(ONLY_READS).await;
    let lines = "version = \"3.1.1\"\nreceipts = true\nwill_delay = \"0s\"";
    let gateway = Gateway::with(&crate::rig::mqtt(broker.port, lines));
    let told = examined(&gateway, &no_bus(&gateway)).await;
    assert!(told.wrong("broker").is_empty(), "{:#}", told.report);
    assert!(
        told.report
            .to_string()
            .contains("MQTT 3.1.1 reports refusals as successes")
    );
}

#[tokio::test]
async fn with_one_broker_connected_a_broken_other_is_a_warning() {
    let patient = Patient::well().await;
    let port = free_port();
    let second = format!("\n[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{port}\"\n");
    let text = crate::box_of_a_patient::config(patient.broker.port, "");
    patient
        .gateway
        .configure(&text.replace("\n[readiness]", &format!("{second}[readiness]")));
    let daemon = patient.run().await;
    let told = patient.doctor().await;
    told.assert_says("broker", "warn", "nothing listens", "start the broker");
    assert_eq!(told.code, Some(0), "{:#}", told.report);
    assert_eq!(daemon.stop().await.code, Some(0));
}

#[tokio::test]
async fn a_platform_that_does_not_listen_is_told() {
    let broker = Mosquitto::open().await;
    let gateway = Gateway::sending_to(broker.port);
    gateway.queue(1).await;
    let daemon = gateway.idle();
    daemon
        .until("that nobody listens", |state| {
            state["delivery"]["no_subscriber"] == true
        })
        .await;
    let told = examined(&gateway, &no_bus(&gateway)).await;
    told.assert_says("delivery", "bad", "nobody subscribes", "must subscribe");
    assert_eq!(daemon.stop().await.code, Some(0));
}
