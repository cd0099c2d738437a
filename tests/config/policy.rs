//! `[readiness]`: what is a policy, and what its hash is.

use std::time::Duration;

use cuffd::core::readiness::policy::{Approval, OnIrregularPulse, OnStatus, Policy};

use super::rig::{CONTACTS, GATEWAY, READINESS, load, refused, subjects, warnings};

/// The least policy with `lines` added.
fn with(lines: &str) -> String {
    format!("{GATEWAY}{CONTACTS}{READINESS}{lines}\n")
}

/// The least policy with one line replaced; left out, if `line` is empty.
fn replaced(key: &str, line: &str) -> String {
    let lines = READINESS
        .lines()
        .map(|old| if old.starts_with(&format!("{key} ")) { line } else { old });
    format!("{GATEWAY}{CONTACTS}{}\n", lines.collect::<Vec<_>>().join("\n"))
}

fn policy(text: &str) -> Policy {
    load(text).expect(text).config.readiness.expect("a policy")
}

#[test]
fn the_least_policy_has_the_defaults_of_the_contract() {
    let policy = policy(&with(""));
    assert_eq!(policy.name, "unnamed");
    assert_eq!((policy.readings, policy.attempts), (2, 3));
    assert!(policy.pulse_rate.is_none() && policy.extra_if_differ.is_none() && policy.attestations.is_empty());
    assert!(!policy.discard_first && !policy.clinician_may_override);
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!(
        (policy.valid_for, policy.spacing, policy.rest),
        (minutes(30), minutes(1), minutes(5))
    );
    assert_eq!((policy.retry_after, policy.session_limit), (minutes(15), minutes(240)));
    assert_eq!((policy.attest_for, policy.approval), (minutes(30), Approval::None));
    assert_eq!(policy.reading.max_reading_age, minutes(10));
    assert_eq!(policy.reading.on_irregular_pulse, OnIrregularPulse::Refer);
    assert_eq!(policy.reading.on_pulse_rate_range, OnStatus::Reject);
    assert!(policy.reading.require_bond && policy.reading.require_clock);
    assert!(!policy.reading.count_undated && !policy.reading.require_pulse_rate);
}

#[test]
fn the_five_keys_without_default_are_required() {
    for key in ["systolic", "diastolic", "crisis", "readings", "valid_for"] {
        let subject = format!("readiness.{key}");
        assert_eq!(subjects(&refused(&replaced(key, ""))), [subject]);
    }
    let five = subjects(&refused(&format!("{GATEWAY}{CONTACTS}[readiness]\n")));
    assert_eq!(five.len(), 5, "{five:?}");
}

#[test]
fn each_wrong_value_of_a_required_key_is_refused() {
    for (key, line, subject) in [
        ("systolic", "systolic = 140", "readiness.systolic"),
        ("systolic", "systolic = { min = 90 }", "readiness.systolic.max"),
        ("systolic", "systolic = { max = 90 }", "readiness.systolic.min"),
        (
            "systolic",
            "systolic = { min = 90, max = \"140\" }",
            "readiness.systolic.max",
        ),
        (
            "systolic",
            "systolic = { min = 90, max = inf }",
            "readiness.systolic.max",
        ),
        (
            "systolic",
            "systolic = { min = nan, max = 140 }",
            "readiness.systolic.min",
        ),
        (
            "systolic",
            "systolic = { min = -1, max = 140 }",
            "readiness.systolic.min",
        ),
        (
            "systolic",
            "systolic = { min = 90, max = 140, mean = 1 }",
            "readiness.systolic.mean",
        ),
        (
            "systolic",
            "systolic = { min = 140, max = 140 }",
            "readiness.systolic.min",
        ),
        ("systolic", "systolic = { min = 90, max = 180 }", "readiness.crisis"),
        ("diastolic", "diastolic = { min = 50, max = 120 }", "readiness.crisis"),
        ("crisis", "crisis = { systolic = 180 }", "readiness.crisis.diastolic"),
        ("crisis", "crisis = 180", "readiness.crisis"),
        ("readings", "readings = 0", "readiness.readings"),
        ("readings", "readings = 51", "readiness.readings"),
        ("readings", "readings = 1.0", "readiness.readings"),
        ("readings", "readings = \"2\"", "readiness.readings"),
        ("valid_for", "valid_for = \"0s\"", "readiness.valid_for"),
        ("valid_for", "valid_for = 30", "readiness.valid_for"),
    ] {
        let mistakes = refused(&replaced(key, line));
        assert_eq!(subjects(&mistakes), [subject], "{line}\n{mistakes}");
    }
}

#[test]
fn a_check_list_longer_than_an_answer_can_tell_is_refused() {
    let items = |count: usize| -> Vec<String> { (0..count).map(|number| format!("\"item_{number}\"")).collect() };
    let list = |count| with(&format!("attestations = [{}]", items(count).join(", ")));
    assert_eq!(policy(&list(40)).attestations.len(), 40);
    assert_eq!(subjects(&refused(&list(41))), ["readiness.attestations"]);
}

#[test]
fn each_wrong_value_of_a_key_with_default_is_refused() {
    for (line, subject) in [
        ("policy = \"\"", "readiness.policy"),
        ("policy = 2026", "readiness.policy"),
        ("pulse_rate = { min = 100, max = 50 }", "readiness.pulse_rate.min"),
        (
            "extra_if_differ = { systolic = 10 }",
            "readiness.extra_if_differ.diastolic",
        ),
        ("discard_first = 1", "readiness.discard_first"),
        ("spacing = \"1\"", "readiness.spacing"),
        ("rest = \"5min\"", "readiness.rest"),
        ("max_reading_age = true", "readiness.max_reading_age"),
        ("attempts = 0", "readiness.attempts"),
        ("attempts = -1", "readiness.attempts"),
        ("retry_after = \"0s\"", "readiness.retry_after"),
        ("session_limit = 0", "readiness.session_limit"),
        ("attest_for = \"0\"", "readiness.attest_for"),
        ("attestations = \"safe\"", "readiness.attestations"),
        ("attestations = [\"safe\", \"not safe\"]", "readiness.attestations[1]"),
        ("attestations = [\"safe\", \"safe\"]", "readiness.attestations"),
        ("approval = \"nurse\"", "readiness.approval"),
        ("clinician_may_override = \"no\"", "readiness.clinician_may_override"),
        ("count_undated = 0", "readiness.count_undated"),
        ("require_clock = 0", "readiness.require_clock"),
        ("on_irregular_pulse = \"ignore\"", "readiness.on_irregular_pulse"),
        ("on_body_movement = \"refer\"", "readiness.on_body_movement"),
        ("on_cuff_too_loose = true", "readiness.on_cuff_too_loose"),
        ("on_improper_position = \"\"", "readiness.on_improper_position"),
        ("on_pulse_rate_range = \"Reject\"", "readiness.on_pulse_rate_range"),
        ("systolc = { min = 1, max = 2 }", "readiness.systolc"),
    ] {
        let mistakes = refused(&with(line));
        assert_eq!(subjects(&mistakes), [subject], "{line}\n{mistakes}");
    }
}

#[test]
fn a_crisis_limit_stands_above_what_is_permitted() {
    for (limit, good) in [("139.9", false), ("140", false), ("140.1", true)] {
        let text = replaced("crisis", &format!("crisis = {{ systolic = {limit}, diastolic = 120 }}"));
        assert_eq!(load(&text).is_ok(), good, "{limit}");
    }
    let both = refused(&replaced("crisis", "crisis = { systolic = 140, diastolic = 90 }"));
    assert_eq!(subjects(&both), ["readiness.crisis", "readiness.crisis"]);
}

#[test]
fn limits_are_exact_decimals() {
    let text = replaced("systolic", "systolic = { min = 90.1, max = 140.30 }");
    let policy = policy(&text);
    assert_eq!(policy.systolic.min.to_string(), "90.1");
    assert_eq!(policy.systolic.max.to_string(), "140.3");
}

#[test]
fn a_limit_on_the_pulse_rate_makes_it_required_of_readings() {
    let policy = policy(&with("pulse_rate = { min = 50, max = 100 }"));
    assert!(policy.pulse_rate.is_some() && policy.reading.require_pulse_rate);
}

#[test]
fn what_is_unwise_is_warned_of() {
    for (line, warned) in [
        ("rest = \"0s\"", vec!["readiness.rest"]),
        ("rest = \"1s\"", vec![]),
        ("require_bond = false", vec!["readiness.require_bond"]),
        ("spacing = 0", vec![]),
    ] {
        let loaded = load(&with(line)).expect(line);
        assert_eq!(warnings(&loaded), warned, "{line}");
    }
    let unreachable = load(&replaced("crisis", "crisis = { systolic = 1800, diastolic = 120 }")).expect("allowed");
    assert_eq!(warnings(&unreachable), ["readiness.crisis"]);
}

#[test]
fn the_page_must_know_whom_to_call() {
    let three = ["web.emergency_number", "web.clinic_contact", "web.crisis_text"];
    assert_eq!(subjects(&refused(&format!("{GATEWAY}{READINESS}"))), three);
    let text = format!("{GATEWAY}{READINESS}{CONTACTS}languages = [\"en\", \"de\"]\n");
    let mistakes = refused(&text);
    assert_eq!(subjects(&mistakes), ["web.crisis_text"]);
    assert!(mistakes.to_string().contains("none for language \"de\""), "{mistakes}");
}

#[test]
fn the_hash_is_of_the_table_as_written() {
    // sha256 of the JSON by hand: {"crisis":{"diastolic":120,"systolic":180},"diastolic":{"max":90,"min":50},
    // "readings":2,"systolic":{"max":140,"min":90},"valid_for":"30m"}
    let plain = policy(&with("")).sha256;
    assert_eq!(plain, EXPECTED);
    let other_order = format!(
        "{GATEWAY}{CONTACTS}[readiness]\nvalid_for = '30m'\nreadings = 2\nsystolic.max = 140.0\nsystolic.min = 9e1\n\
         crisis = {{ diastolic = 120, systolic = 180 }}\n[readiness.diastolic]\nmin = 50\nmax = 90\n"
    );
    assert_eq!(
        policy(&other_order).sha256,
        plain,
        "order, layout and 140.0 for 140 change nothing"
    );
    assert_ne!(
        policy(&with("rest = \"5m\"")).sha256,
        plain,
        "a default that is written out is written"
    );
    assert_ne!(
        policy(&replaced("valid_for", "valid_for = \"1800s\"")).sha256,
        plain,
        "texts are taken as they stand"
    );
}

const EXPECTED: &str = "edfa12d72d821913b240252c84bcb804777d3ab5066d27e501f6827443d7c03e";
