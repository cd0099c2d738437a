//! What is told of a made-up box, and what is not.

use serde_json::{Value, json};

use super::*;
use crate::web::CertificateUse;

const NOW: &str = "2026-11-21T18:00:00Z";

/// A box of which everything is known; every text and number that may not be told begins with 77 or "secret".
fn known() -> Value {
    let session = json!({
        "session": "secret-s1", "patient": "secret-p1", "state": "blocked", "ready": false,
        "reasons": [{"code": "systolic_above_limit", "measured": 7701, "limit": 7702}],
        "systolic": 7703, "diastolic": 7704, "pulse_rate": 7705, "counted": [], "attested": [],
        "policy": {"name": "secret-policy", "sha256": "secret-hash"}, "opened_at": NOW, "attestations": [],
    });
    let cuff = |id: &str, heard_at: Value, battery: Value| {
        json!({
            "id": id, "model": "secret-model", "manufacturer": "secret-maker", "model_number": "secret-number",
            "serial": "secret-serial", "firmware": "secret-firmware", "battery": battery, "connected": true,
            "cuff_pressure": "7706 mmHg", "heard_at": heard_at, "rssi": -77, "measured_at": heard_at,
            "health": "bond_lost", "duplicates": 2, "unassigned": 3,
        })
    };
    json!({
        "schema": "cuffd.state/1", "version": "1.2.3", "site": "secret-site", "gateway": "secret-gateway",
        "run": "77777777-7777-4777-8777-777777777777", "test": true, "started_at": "2026-11-21T17:00:00Z",
        "sessions": [session],
        "cuffs": [
            cuff("secret-c1", json!("2026-11-21T17:59:50Z"), json!(90)),
            cuff("secret-c2", json!("2026-11-21T17:50:00Z"), json!(15)),
        ],
        "radio": {"state": "deaf"},
        "delivery": {
            "enabled": true, "connected": true, "broker": "secret.example:7707", "since": "2026-11-21T17:58:00Z",
            "last_error": "secret error", "last_sent_at": "2026-11-21T17:59:57Z",
            "seq": {"reading": 42, "readiness": 17, "alert": 3},
            "queued": {"alert": 1, "readiness": 2, "reading": 4, "fhir": 8},
            "oldest_queued_at": "2026-11-21T16:00:00Z", "set_aside": ["77777777-7777-4777-8777-777777777778"],
            "set_aside_count": 5, "no_subscriber": true, "awaiting_receipt": 6,
        },
        "clock": {"synchronized": true},
        "store": {"available": true, "nearly_full": false, "size": 4096, "free": 1_048_576},
        "problems": ["bond_lost", "no_subscriber"],
    })
}

/// The same box, new, where nothing has happened yet.
fn unknown() -> Value {
    let mut state = known();
    state["sessions"] = json!([]);
    state["cuffs"] = json!([]);
    state["delivery"] = serde_json::to_value(state::DeliveryState::default()).expect("json");
    state["problems"] = json!([]);
    state
}

fn told(state: &Value, uptime_s: u64) -> String {
    let seen = Seen {
        state: &serde_json::from_value(state.clone()).expect("a state"),
        now: NOW.parse().expect("a time"),
        uptime: Duration::from_secs(uptime_s),
        certificates: &[],
    };
    seen.text()
}

fn sample<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
}

#[test]
fn what_is_known_is_told() {
    let text = told(&known(), 3600);
    for (name, value) in [
        ("cuffd_build_info{version=\"1.2.3\"}", "1"),
        ("cuffd_start_time_seconds", "1795280400"),
        ("cuffd_uptime_seconds", "3600"),
        ("cuffd_test_mode", "1"),
        ("cuffd_time_seconds", "1795284000"),
        ("cuffd_clock_synchronized", "1"),
        ("cuffd_problem{code=\"bond_lost\"}", "1"),
        ("cuffd_problem{code=\"no_subscriber\"}", "1"),
        ("cuffd_problem{code=\"adapter_lost\"}", "0"),
        ("cuffd_sessions{state=\"blocked\"}", "1"),
        ("cuffd_sessions{state=\"ready\"}", "0"),
        ("cuffd_cuffs{health=\"bond_lost\"}", "2"),
        ("cuffd_cuffs{health=\"ok\"}", "0"),
        ("cuffd_connected_cuffs", "2"),
        ("cuffd_longest_cuff_silence_seconds", "600"),
        ("cuffd_lowest_cuff_battery_ratio", "0.15"),
        ("cuffd_radio{state=\"deaf\"}", "1"),
        ("cuffd_radio{state=\"scanning\"}", "0"),
        ("cuffd_last_measurement_age_seconds", "10"),
        ("cuffd_duplicate_measurements_total", "4"),
        ("cuffd_unassigned_measurements_total", "6"),
        ("cuffd_broker_configured", "1"),
        ("cuffd_broker_connected", "1"),
        ("cuffd_broker_connection_age_seconds", "120"),
        ("cuffd_last_sent_age_seconds", "3"),
        ("cuffd_messages_total{kind=\"readiness\"}", "17"),
        ("cuffd_queued_messages{kind=\"fhir\"}", "8"),
        ("cuffd_oldest_queued_age_seconds", "7200"),
        ("cuffd_set_aside_messages", "5"),
        ("cuffd_unconfirmed_messages", "6"),
        ("cuffd_store_available", "1"),
        ("cuffd_store_size_bytes", "4096"),
        ("cuffd_store_free_bytes", "1048576"),
    ] {
        assert_eq!(sample(&text, name), Some(value), "{name} in:\n{text}");
    }
}

#[test]
fn nothing_is_told_of_anybody() {
    let text = told(&known(), 3600);
    for hidden in ["secret", "77", "mmHg"] {
        assert!(!text.contains(hidden), "{hidden} in:\n{text}");
    }
}

#[test]
fn of_what_has_not_happened_there_is_no_age() {
    let text = told(&unknown(), 5);
    for name in [
        "cuffd_longest_cuff_silence_seconds",
        "cuffd_lowest_cuff_battery_ratio",
        "cuffd_last_measurement_age_seconds",
        "cuffd_broker_connection_age_seconds",
        "cuffd_last_sent_age_seconds",
        "cuffd_unconfirmed_messages",
    ] {
        assert!(!text.contains(name), "{name} in:\n{text}");
    }
    assert_eq!(sample(&text, "cuffd_oldest_queued_age_seconds"), Some("0"));
    assert_eq!(sample(&text, "cuffd_broker_configured"), Some("0"));
}

#[test]
fn a_cuff_that_was_never_heard_is_silent_since_the_start() {
    let mut state = known();
    state["cuffs"][0]["heard_at"] = Value::Null;
    let text = told(&state, 3000);
    assert_eq!(sample(&text, "cuffd_longest_cuff_silence_seconds"), Some("3000"));
}

#[test]
fn a_step_of_the_clock_makes_nothing_of_this_run_older_than_the_run() {
    let text = told(&known(), 5);
    for name in [
        "cuffd_longest_cuff_silence_seconds",
        "cuffd_last_measurement_age_seconds",
        "cuffd_broker_connection_age_seconds",
    ] {
        assert_eq!(sample(&text, name), Some("5"), "{name}");
    }
}

#[test]
fn what_lies_ahead_of_the_clock_has_the_age_0() {
    let mut state = known();
    for field in ["since", "last_sent_at", "oldest_queued_at"] {
        state["delivery"][field] = json!("2026-11-22T00:00:00Z");
    }
    let text = told(&state, 3600);
    for name in [
        "cuffd_broker_connection_age_seconds",
        "cuffd_last_sent_age_seconds",
        "cuffd_oldest_queued_age_seconds",
    ] {
        assert_eq!(sample(&text, name), Some("0"), "{name}");
    }
}

#[test]
fn each_metric_is_begun_once_and_its_samples_follow_it() {
    let text = told(&known(), 3600);
    let mut begun: Vec<&str> = Vec::new();
    for line in text.lines() {
        let first = line.split([' ', '{']).next().expect("a word");
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let name = rest.split(' ').next().expect("a name");
            assert!(!begun.contains(&name), "{name}");
            begun.push(name);
        } else if first != "#" {
            assert_eq!(begun.last(), Some(&first), "{line}");
        }
    }
    assert!(begun.len() > 20, "{begun:?}");
}

/// A chain whose certificates end on the first of January of these years.
fn chain(years: &[i32]) -> String {
    let one = |year: &i32| {
        let mut params = rcgen::CertificateParams::new(vec!["gw.local".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(*year, 1, 1);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    };
    years.iter().map(one).collect()
}

#[test]
fn of_a_chain_the_first_end_is_told_and_of_authorities_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let file = |kind: CertificateUse, name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Certificate { kind, path }
    };
    let certificates = [
        file(CertificateUse::BrokerAuthority, "ca", &chain(&[2030, 2040])),
        file(CertificateUse::BrokerClient, "one", &chain(&[2034, 2033])),
        file(CertificateUse::BrokerClient, "two", &chain(&[2032, 2035])),
        file(CertificateUse::Page, "broken", "no certificate"),
    ];
    let seen = Seen {
        state: &serde_json::from_value(known()).expect("a state"),
        now: NOW.parse().expect("a time"),
        uptime: Duration::ZERO,
        certificates: &certificates,
    };
    let text = seen.text();
    let end = |kind: &str| {
        sample(
            &text,
            &format!("cuffd_certificate_end_time_seconds{{certificate=\"{kind}\"}}"),
        )
    };
    let year = |text: &str| jiff::Timestamp::from_second(text.parse().unwrap()).unwrap().to_string();
    assert_eq!(
        end("broker_authority").map(year).as_deref(),
        Some("2040-01-01T00:00:00Z")
    );
    assert_eq!(end("broker_client").map(year).as_deref(), Some("2032-01-01T00:00:00Z"));
    assert_eq!(end("page"), None);
}
