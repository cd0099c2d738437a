//! The log never tells what was measured, of whom, by which device, or a password.

use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, readings_until_offline, status};
use crate::subscriber::Subscriber;
use serde_json::Value;

const PASSWORD: &str = "a-word-that-nobody-knows";

/// Everything that can go wrong with a cuff, often, and ten cuffs of all models.
const TROUBLED: &[&str] = &[
    "--cuffs",
    "10",
    "--rate",
    "120",
    "--readings",
    "2",
    "--log-level",
    "debug",
    "--duration",
    "12s",
    "--fault",
    "link-lost=0.2",
    "double=0.2",
    "error-frame=0.2",
    "truncated=0.2",
    "body-movement=0.2",
    "irregular-pulse=0.2",
    "wrong-clock=0.2",
    "unset-clock=0.2",
    "other-user=0.2",
    "kpa=0.2",
    "bond-lost=0.1",
];

/// The log without the times at which its lines were written, which are numbers too.
fn without_times(log: &str, format: &str) -> String {
    let lines = log.lines().map(|line| {
        if format == "json" {
            let mut line: Value = serde_json::from_str(line).expect("each line is JSON");
            let _time = line.as_object_mut().unwrap().remove("timestamp").expect("a time");
            line.to_string()
        } else {
            line.split_once(' ').unwrap_or((line, "")).1.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn words(log: &str) -> impl Iterator<Item = &str> {
    log.split(|letter: char| !letter.is_ascii_alphanumeric())
}

/// A session with two brokers, of which the first refuses the password. The log, and what was published.
async fn session(format: &str) -> (String, Vec<Value>) {
    let refusing = Mosquitto::with("allow_anonymous false\n").await;
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::with(&format!(
        "[log]\nformat = \"{format}\"\n[mqtt]\n[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{}\"\npassword_file = \"@/password\"\n\
         [[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1:{}\"\npassword_file = \"@/password\"\n",
        refusing.port, broker.port
    ));
    write_secret(&gateway);
    let daemon = gateway.simulate(TROUBLED);
    status(&mut platform, "online").await;
    let readings = readings_until_offline(&mut platform).await;
    let ended = daemon.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let readings = readings.iter().map(crate::subscriber::Message::json).collect();
    (ended.log, readings)
}

fn write_secret(gateway: &Gateway) {
    use std::os::unix::fs::PermissionsExt;
    let path = gateway.path("password");
    std::fs::write(&path, PASSWORD).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn tells_nothing(format: &str) {
    let (log, readings) = session(format).await;
    assert!(readings.len() > 10, "there was something to tell");
    // The broker's address is no secret.
    let log = without_times(&log, format).replace("127.0.0.1", "");
    assert!(log.contains("reading_id") && log.contains("cuff-1"), "{log}");
    let mut forbidden: Vec<String> = (1..=10).map(|number| format!("p{number}")).collect();
    for reading in &readings {
        // Whole numbers above 100, which nothing else in the log is.
        forbidden.extend(reading["systolic"].as_u64().map(|systolic| systolic.to_string()));
        forbidden.push(reading["raw"].as_str().unwrap().to_owned());
    }
    for word in words(&log) {
        let told = forbidden.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(word));
        assert!(!told, "{word:?} is in\n{log}");
    }
    let log = log.to_lowercase();
    for part in [PASSWORD, "c0:ff:ee", "c0_ff_ee", "c0ffee", "virtual-cuff"] {
        assert!(!log.contains(part), "{part:?} is in\n{log}");
    }
}

#[tokio::test]
async fn a_log_for_people_tells_nothing_of_health() {
    tells_nothing("text").await;
}

#[tokio::test]
async fn a_log_for_machines_tells_nothing_of_health() {
    tells_nothing("json").await;
}
