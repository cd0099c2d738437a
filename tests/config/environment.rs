//! The environment lies over the file, key by key, and is checked like it.

use std::time::Duration;

use cuffd::config::command::Command;

use super::rig::{CONTACTS, GATEWAY, READINESS, load_under, subjects};

#[test]
fn a_variable_wins_over_the_file_whatever_its_type() {
    let text =
        format!("{GATEWAY}[mqtt]\nwindow = 5\nreceipts = false\n[[mqtt.brokers]]\nurl = \"mqtts://a.example\"\n");
    let loaded = load_under(
        &text,
        &[
            ("CUFFD__GATEWAY__ID", "42"),
            ("CUFFD__MQTT__WINDOW", "7"),
            ("CUFFD__MQTT__RECEIPTS", "true"),
            ("CUFFD__MQTT__KEEP_ALIVE", "90s"),
            ("CUFFD__MQTT__VERSION", "3.1.1"),
            ("CUFFD__MQTT__UNSIGNED_COMMANDS", "report, resend"),
            ("CUFFD__MQTT__BROKERS__0__URL", "mqtts://b.example:1"),
            ("CUFFD__WEB__LANGUAGES", "[\"de\", \"en\"]"),
            ("CUFFD__STORE__KEEP", "0"),
        ],
    )
    .expect("good");
    let mqtt = loaded.config.mqtt.as_ref().expect("a table");
    assert_eq!(loaded.config.gateway.id.as_str(), "42");
    assert_eq!((mqtt.window, mqtt.receipts), (7, true));
    assert_eq!(mqtt.keep_alive, Duration::from_secs(90));
    assert_eq!(
        Vec::from_iter(&mqtt.unsigned_commands),
        [&Command::Report, &Command::Resend]
    );
    assert_eq!(
        (mqtt.brokers[0].url.host.as_str(), mqtt.brokers[0].url.port),
        ("b.example", 1)
    );
    let languages: Vec<&str> = loaded.config.web.texts.iter().map(|(tag, _)| tag.as_str()).collect();
    assert_eq!(languages, ["de", "en"]);
    assert_eq!(loaded.config.store.keep, Duration::ZERO);
}

#[test]
fn variables_alone_can_be_the_whole_config() {
    let loaded = load_under(
        "",
        &[
            ("CUFFD__GATEWAY__SITE", "north"),
            ("CUFFD__GATEWAY__ID", "gw-0042"),
            ("CUFFD__MQTT__BROKERS", "[{ url = \"mqtts://a.example\" }]"),
            ("CUFFD__READINESS__SYSTOLIC", "{ min = 90, max = 140 }"),
            ("CUFFD__READINESS__DIASTOLIC__MIN", "50"),
            ("CUFFD__READINESS__DIASTOLIC__MAX", "90.5"),
            ("CUFFD__READINESS__CRISIS", "{ systolic = 180, diastolic = 120 }"),
            ("CUFFD__READINESS__READINGS", "2"),
            ("CUFFD__READINESS__VALID_FOR", "30m"),
            ("CUFFD__WEB__EMERGENCY_NUMBER", "112"),
            ("CUFFD__WEB__CLINIC_CONTACT", "555-0100"),
            ("CUFFD__WEB__CRISIS_TEXT__EN", "Call."),
        ],
    )
    .expect("good");
    let policy = loaded.config.readiness.expect("a policy");
    assert_eq!(policy.diastolic.max.to_string(), "90.5");
    assert_eq!(loaded.config.mqtt.expect("a table").brokers.len(), 1);
}

#[test]
fn a_bad_variable_is_a_mistake_that_names_it() {
    for (name, value, subject) in [
        ("CUFFD__GATEWAY__SITE", "", "gateway.site"),
        ("CUFFD__GATEWAY__SITE", "a b", "gateway.site"),
        ("CUFFD__GATEWAY", "north", "gateway"),
        ("CUFFD__BLUETOOTH__RECOVER", "yes", "bluetooth.recover"),
        ("CUFFD__BLUETOOTH__ADAPTOR", "hci0", "bluetooth.adaptor"),
        ("CUFFD__CLOCK__JUMP", "5", "clock.jump"),
        ("CUFFD__LOG__LEVEL", "INFO", "log.level"),
        ("CUFFD__STORE__MAX_SIZE", "1e9", "store.max_size"),
        ("CUFFD__WEB__LANGUAGES", "", "web.languages"),
        ("CUFFD__WEBB__ENABLED", "true", "webb"),
    ] {
        let mistakes = load_under(GATEWAY, &[(name, value)]).expect_err(name);
        let said = mistakes.to_string();
        // Of an unknown table only the table's own name is known.
        let expected = if name.starts_with("CUFFD__WEBB") { "webb" } else { name };
        if subject == "gateway" {
            assert!(subjects(&mistakes).contains(&"gateway".to_owned()), "{said}");
        } else {
            assert_eq!(subjects(&mistakes), [subject], "{name}={value}: {said}");
        }
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_name_that_leads_to_no_key_is_a_mistake() {
    for name in [
        "CUFFD__",
        "CUFFD__GATEWAY__",
        "CUFFD____SITE",
        "CUFFD__GATEWAY__A.B",
        "CUFFD__CUFFS__99__ID",
    ] {
        let mistakes = load_under(GATEWAY, &[(name, "x")]).expect_err(name);
        assert_eq!(subjects(&mistakes), [name]);
    }
}

#[test]
fn other_variables_are_not_ours() {
    for name in ["CUFFD_LOG", "CUFFD", "cuffd__log__level", "XCUFFD__LOG__LEVEL"] {
        assert!(load_under(GATEWAY, &[(name, "x")]).is_ok(), "{name}");
    }
}

#[test]
fn a_variable_changes_the_policy_and_its_hash() {
    let text = format!("{GATEWAY}{READINESS}{CONTACTS}");
    let sha256 = |environment: &[(&str, &str)]| {
        let loaded = load_under(&text, environment).expect("good");
        loaded.config.readiness.expect("a policy").sha256
    };
    let plain = sha256(&[]);
    assert_eq!(sha256(&[("CUFFD__READINESS__SYSTOLIC__MAX", "140.0")]), plain);
    assert_ne!(sha256(&[("CUFFD__READINESS__SYSTOLIC__MAX", "141")]), plain);
    assert_ne!(sha256(&[("CUFFD__READINESS__POLICY", "2026")]), plain);
}
