//! `[mqtt]` and its brokers: each key, and what must agree with what.

use std::time::Duration;

use cuffd::config::broker::Transport;
use cuffd::config::mqtt::Version;

use super::rig::{GATEWAY, each_is_refused, each_is_taken, load, refused, subjects, warnings};

const MQTT: &str = "[mqtt]\n";
const BROKER: &str = "[[mqtt.brokers]]\nurl = \"mqtts://mqtt.example.org\"\n";

#[test]
fn the_least_mqtt_has_the_defaults_of_the_contract() {
    let loaded = load(&format!("{GATEWAY}{BROKER}")).expect("good");
    let mqtt = loaded.config.mqtt.as_ref().expect("a table");
    assert_eq!(
        (mqtt.prefix.as_str(), mqtt.client_id.as_str()),
        ("cuffd", "north:gw-0042")
    );
    assert_eq!((mqtt.version, mqtt.window, mqtt.receipts), (Version::V5, 20, false));
    assert_eq!(
        (mqtt.keep_alive, mqtt.will_delay),
        (Duration::from_secs(60), Duration::from_secs(60))
    );
    assert_eq!(mqtt.receipt_timeout, Duration::from_secs(120));
    assert_eq!(mqtt.unsigned_commands.len(), 2);
    assert!(mqtt.fhir.is_none() && mqtt.reply_prefix.is_none() && mqtt.command_keys.is_empty());
    let broker = &mqtt.brokers[0];
    assert_eq!((broker.url.transport, broker.url.port), (Transport::Tls, 8883));
    assert!(broker.username.is_none() && broker.password_file.is_none() && broker.identity.is_none());
    assert_eq!(warnings(&loaded), ["mqtt.receipts"]);
}

#[test]
fn mqtt_keys() {
    let before = format!("{GATEWAY}{MQTT}");
    each_is_refused(
        &before,
        BROKER,
        &[
            ("prefix = \"a/b/c\"", "mqtt.prefix"),
            ("prefix = \"/a\"", "mqtt.prefix"),
            ("prefix = \"+\"", "mqtt.prefix"),
            ("version = 5", "mqtt.version"),
            ("version = \"3.1\"", "mqtt.version"),
            ("version = \"3.1.1\"", "mqtt.version"),
            ("client_id = \"\"", "mqtt.client_id"),
            ("client_id = \"{side}\"", "mqtt.client_id"),
            ("keep_alive = \"4s\"", "mqtt.keep_alive"),
            ("keep_alive = \"65536s\"", "mqtt.keep_alive"),
            ("keep_alive = 60", "mqtt.keep_alive"),
            ("window = 0", "mqtt.window"),
            ("window = 65536", "mqtt.window"),
            ("window = -1", "mqtt.window"),
            ("window = 1.5", "mqtt.window"),
            ("window = 99999999999999999999999999", "mqtt.window"),
            ("will_delay = \"soon\"", "mqtt.will_delay"),
            ("receipts = 1", "mqtt.receipts"),
            ("receipt_timeout = \"0s\"", "mqtt.receipt_timeout"),
            ("receipt_timeout = \"3601s\"", "mqtt.receipt_timeout"),
            (
                "unsigned_commands = [\"report\", \"decide\"]",
                "mqtt.unsigned_commands[1]",
            ),
            ("unsigned_commands = [\"reboot\"]", "mqtt.unsigned_commands[0]"),
            ("unsigned_commands = \"report\"", "mqtt.unsigned_commands"),
            ("reply_prefix = \"a/+/\"", "mqtt.reply_prefix"),
            ("reply_prefix = \"\"", "mqtt.reply_prefix"),
            ("fhir = true", "mqtt.fhir_patient_system"),
            ("fhir_patient_system = \"patients\"", "mqtt.fhir_patient_system"),
            ("recieve = true", "mqtt.recieve"),
        ],
    );
    each_is_taken(
        &before,
        BROKER,
        &[
            "prefix = \"clinic/cuffs\"",
            "version = \"3.1.1\"\nreceipts = true",
            "keep_alive = \"5s\"",
            "keep_alive = \"65535s\"",
            "window = 1",
            "window = 65535",
            "will_delay = 0",
            "receipt_timeout = \"1h\"",
            "unsigned_commands = []",
            "reply_prefix = \"clinic/replies/\"",
            "fhir = true\nfhir_patient_system = \"urn:oid:2.999.1\"",
        ],
    );
    assert_eq!(subjects(&refused(&before)), ["mqtt.brokers"]);
}

#[test]
fn the_longest_topic_has_at_most_128_octets() {
    // /v1/ + site + / + gateway + /session/ + 40 + /readiness is 64 octets beside the names; 24 + 24 leave 16.
    let gateway = format!("[gateway]\nsite = \"{0}\"\nid = \"{0}\"\n", "a".repeat(24));
    for (length, fits) in [(15, true), (16, true), (17, false)] {
        let text = format!("{gateway}{MQTT}prefix = \"{}\"\n{BROKER}", "p".repeat(length));
        assert_eq!(load(&text).is_ok(), fits, "{length}");
    }
}

#[test]
fn a_test_gateway_publishes_under_its_own_prefix() {
    let text = format!("{GATEWAY}test = true\n{MQTT}prefix = \"clinic\"\n{BROKER}");
    let mqtt = load(&text).expect("good").config.mqtt.expect("a table");
    assert_eq!(mqtt.prefix, "cuffd-test");
}

#[test]
fn mqtt_3_1_1_has_no_will_delay() {
    let text = format!("{GATEWAY}{MQTT}version = \"3.1.1\"\nreceipts = true\n{BROKER}");
    let mqtt = load(&text).expect("good").config.mqtt.expect("a table");
    assert_eq!((mqtt.version, mqtt.will_delay), (Version::V311, Duration::ZERO));
}

#[test]
fn broker_keys() {
    let broker = format!("{GATEWAY}{MQTT}receipts = true\n[[mqtt.brokers]]\n");
    each_is_refused(
        &broker,
        "",
        &[
            ("", "mqtt.brokers[0].url"),
            ("url = 1", "mqtt.brokers[0].url"),
            ("url = \"mqtt.example.org\"", "mqtt.brokers[0].url"),
            ("url = \"mqtt://mqtt.example.org\"", "mqtt.brokers[0].url"),
            ("url = \"mqtt://192.168.0.2\"", "mqtt.brokers[0].url"),
            ("url = \"mqtts://host/path\"", "mqtt.brokers[0].url"),
        ],
    );
    each_is_taken(
        &broker,
        "",
        &[
            "url = \"mqtt://localhost\"",
            "url = \"mqtt://[::1]:1884\"",
            "url = \"mqtts://10.0.0.1\"",
        ],
    );
    let known = format!("{broker}url = \"mqtts://mqtt.example.org\"\n");
    each_is_refused(
        &known,
        "",
        &[
            ("allow_plaintext = \"yes\"", "mqtt.brokers[0].allow_plaintext"),
            ("ca_file = \"/nonexistent/ca.pem\"", "mqtt.brokers[0].ca_file"),
            ("username = 5", "mqtt.brokers[0].username"),
            ("username = \"{name}\"", "mqtt.brokers[0].username"),
            ("password = \"x\"", "mqtt.brokers[0].password"),
        ],
    );
}

#[test]
fn plaintext_beyond_loopback_needs_to_be_allowed_and_is_warned_of() {
    let text = format!("{GATEWAY}{MQTT}receipts = true\n[[mqtt.brokers]]\nurl = \"mqtt://mqtt.example.org\"\n");
    assert_eq!(subjects(&refused(&text)), ["mqtt.brokers[0].url"]);
    let allowed = load(&format!("{text}allow_plaintext = true\n")).expect("good");
    assert_eq!(warnings(&allowed), ["mqtt.brokers[0].allow_plaintext"]);
}

#[test]
fn the_patient_system_is_known_whether_or_not_bundles_are_published() {
    let system = "fhir_patient_system = \"urn:oid:2.999.1\"\n";
    for (lines, published) in [(system.to_owned(), false), (format!("fhir = true\n{system}"), true)] {
        let text = format!("{GATEWAY}{MQTT}{lines}{BROKER}");
        let loaded = load(&text).expect("good");
        let mqtt = loaded.config.mqtt.expect("a table");
        assert_eq!(mqtt.fhir_patient_system.as_deref(), Some("urn:oid:2.999.1"));
        assert_eq!(mqtt.fhir.is_some(), published);
    }
}
