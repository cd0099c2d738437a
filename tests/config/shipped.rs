//! The files in `config/`: what a deployer starts from, and the demo's.

use std::path::Path;

use cuffd::cli::{check, exit};
use cuffd::config::{Loaded, load_text};

use super::rig::{Folder, PUBLIC_KEY, load_under, subjects, warnings};

const SHIPPED: &str = include_str!("../../config/cuffd.toml");
const DEMO: &str = include_str!("../../config/demo.toml");

/// The two that a deployer must fill in.
const FILLED: [(&str, &str); 2] = [("CUFFD__GATEWAY__SITE", "north"), ("CUFFD__GATEWAY__ID", "gw-0042")];

#[test]
fn the_shipped_config_is_refused_for_site_and_id_and_nothing_else() {
    let mistakes = load_under(SHIPPED, &[]).expect_err("blank");
    assert_eq!(subjects(&mistakes), ["gateway.site", "gateway.id"]);
}

#[test]
fn filled_in_the_shipped_config_is_the_defaults() {
    let least = load_under("", &FILLED).expect("good");
    let shipped = load_under(SHIPPED, &FILLED).expect("good");
    assert_eq!(format!("{:?}", shipped.config), format!("{:?}", least.config));
    assert!(shipped.config.readiness.is_none() && shipped.warnings.is_empty());
}

#[test]
fn every_key_that_is_commented_out_is_right() {
    let folder = folder_of_what_it_names();
    let text = uncommented().replace("/etc/cuffd", &folder.path().display().to_string());
    let credentials = folder.path().display().to_string();
    let environment = [&FILLED[..], &[("CREDENTIALS_DIRECTORY", credentials.as_str())]].concat();
    let loaded = load_under(&text, &environment).expect("good");
    assert_eq!((loaded.config.cuffs.len(), loaded.config.patients.len()), (2, 1));
    let mqtt = loaded.config.mqtt.as_ref().expect("a table");
    assert_eq!((mqtt.brokers.len(), mqtt.command_keys.len()), (1, 2));
    assert!(loaded.config.web.contacts.is_some() && loaded.config.readiness.is_some());
    assert!(warnings(&loaded).is_empty(), "{:?}", loaded.warnings);
}

/// The shipped config with every key set: what stands behind "#" alone is a key.
fn uncommented() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => format!("{key}\n"),
        _ => format!("{line}\n"),
    };
    SHIPPED.lines().map(line).collect()
}

/// The files that the shipped config names, credentials included.
fn folder_of_what_it_names() -> Folder {
    let folder = Folder::new();
    folder.identity("ca", 365);
    for (name, key) in [("gw", "mqtt-key"), ("web", "web-key")] {
        let (_certificate, path) = folder.identity(name, 365);
        std::fs::rename(path, folder.path().join(key)).expect("renamed");
    }
    folder.secret("mqtt-password", "hunter2");
    folder.secret("web-code", "314159");
    folder.secret("companion-code", "271828");
    folder.file("keys/clinicians.jwk", PUBLIC_KEY, 0o644);
    folder.file("keys/store.jwk", PUBLIC_KEY, 0o644);
    folder
}

#[test]
fn the_shipped_config_names_every_key_of_the_policy() {
    let written = uncommented();
    for key in [
        "policy",
        "systolic",
        "diastolic",
        "pulse_rate",
        "crisis",
        "readings",
        "valid_for",
        "discard_first",
        "spacing",
        "extra_if_differ",
        "rest",
        "max_reading_age",
        "attempts",
        "retry_after",
        "session_limit",
        "attestations",
        "attest_for",
        "approval",
        "clinician_may_override",
        "count_undated",
        "require_bond",
        "require_clock",
        "on_irregular_pulse",
        "on_body_movement",
        "on_cuff_too_loose",
        "on_improper_position",
        "on_pulse_rate_range",
    ] {
        assert!(
            written.lines().any(|line| line.starts_with(&format!("{key} "))),
            "{key}"
        );
    }
}

fn demo() -> Loaded {
    load_text(DEMO, "demo.toml", []).expect("good")
}

#[test]
fn the_demo_is_good_and_harmless() {
    let config = demo().config;
    assert!(config.gateway.test);
    let mqtt = config.mqtt.expect("a table");
    assert_eq!(mqtt.prefix, "cuffd-test");
    assert!(mqtt.brokers.iter().all(|broker| broker.url.is_loopback()));
    assert!(config.web.listen.ip().is_loopback());
    assert!(config.readiness.is_some_and(|policy| policy.rest.as_secs() < 10));
}

#[test]
fn the_demo_says_that_it_is_no_advice() {
    assert!(
        DEMO.lines()
            .next()
            .is_some_and(|line| line.contains("EXAMPLE VALUES, NOT CLINICAL ADVICE"))
    );
    let policy = demo().config.readiness.expect("a policy");
    assert!(policy.name.contains("NOT-CLINICAL-ADVICE"));
}

#[test]
fn check_answers_with_the_exit_code_of_the_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    assert_eq!(check::run(&root.join("cuffd.toml")), exit::CONFIG);
    assert_eq!(check::run(&root.join("demo.toml")), exit::OK);
    assert_eq!(check::run(&root.join("missing.toml")), exit::CONFIG);
}
