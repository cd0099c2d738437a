//! `cuffd replay` as programs see it: the lines to the octet, errors by line, exit codes (contract 2.2 and 2.3).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod streams;

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use cuffd::cli::replay::{self, Args};
use tempfile::TempDir;

const CONFIG: &str = r#"
[gateway]
time_zone = "Europe/Berlin"
[[cuffs]]
id = "living-room"
address = "C0:FF:EE:00:00:01"
patient = "p1"
[readiness]
policy     = "clinic-2026-03"
systolic   = { min = 90, max = 140 }
diastolic  = { min = 50, max = 90 }
crisis     = { systolic = 180, diastolic = 120 }
readings   = 2
valid_for  = "30m"
attestations = ["safe_setting"]
"#;

/// 146/82, pulse 72, stamped 19:06:00 (Berlin).
const HIGH: &str = "1e92005200ff07ea070b1513060048000100 00";

/// A directory with a config.
fn directory(config: &str) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("cuffd.toml");
    fs::write(&path, config).expect("writable");
    (directory, path)
}

struct Ran {
    code: u8,
    lines: Vec<String>,
    errors: String,
}

fn run_with(config: &str, events: &str) -> Ran {
    let (_directory, path) = directory(config);
    run_at(&path, "-", events.as_bytes())
}

fn run_at(config: &Path, events: &str, input: &[u8]) -> Ran {
    let args = Args {
        events: events.into(),
        session: None,
        as_events: false,
    };
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let code = replay::run(&args, config, input, &mut output, &mut errors);
    Ran {
        code,
        lines: text(output).lines().map(str::to_owned).collect(),
        errors: text(errors),
    }
}

fn text(octets: Vec<u8>) -> String {
    String::from_utf8(octets).expect("text")
}

fn run(events: &str) -> Ran {
    run_with(CONFIG, events)
}

/// The policy's name and hash, as every answer ends.
fn policy() -> String {
    let (_directory, path) = directory(CONFIG);
    let policy = cuffd::config::load_for_replay(&path)
        .expect("a good config")
        .readiness
        .expect("a policy");
    assert_eq!(policy.sha256.len(), 64);
    format!(r#""policy":"clinic-2026-03","policy_sha256":"{}"}}"#, policy.sha256)
}

#[test]
fn lines_have_the_contracts_fields_in_its_order() {
    let measured = |at: &str, value: &str| {
        format!(
            r#"{{"at":"{at}","event":"measurement","cuff":"living-room","value":"{value}","cuff_clock_offset_s":0}}"#
        )
    };
    let ran = run(&[
        r#"{"at":"2026-11-21T19:00:00+01:00","event":"session_opened","session":"s1","patient":"p1"}"#.to_owned(),
        r#"{"at":"2026-11-21T18:05:00.250Z","event":"attested","session":"s1","item":"safe_setting"}"#.to_owned(),
        measured("2026-11-21T18:06:10Z", HIGH),
        // The same a minute later, 95/60 pulse 71.5, and stamped 19:07:20.
        measured("2026-11-21T18:06:20Z", "1e92005200ff07ea070b1513061448000100 00"),
        measured("2026-11-21T18:07:30Z", "1e5f003c00ff07ea070b15130714cbf2 01 0000"),
        r#"{"at":"2026-11-21T18:08:00Z","event":"session_started","session":"s1"}"#.to_owned(),
        r#"{"at":"2026-11-21T18:08:30Z","event":"session_closed","session":"s1"}"#.to_owned(),
    ]
    .join("\n"));
    let policy = policy();
    let expected = [
        format!(
            r#"{{"at":"2026-11-21T18:00:00Z","session":"s1","state":"waiting","ready":false,"reasons":[{{"code":"rest_incomplete","until":"2026-11-21T18:05:00Z"}},{{"code":"readings_needed","needed":2}},{{"code":"attestation_missing","item":"safe_setting"}}],"counted":[],{policy}"#
        ),
        format!(
            r#"{{"at":"2026-11-21T18:05:00Z","session":"s1","state":"waiting","ready":false,"reasons":[{{"code":"readings_needed","needed":2}},{{"code":"attestation_missing","item":"safe_setting"}}],"counted":[],{policy}"#
        ),
        format!(
            r#"{{"at":"2026-11-21T18:05:00.25Z","session":"s1","state":"waiting","ready":false,"reasons":[{{"code":"readings_needed","needed":2}}],"counted":[],{policy}"#
        ),
        format!(
            r#"{{"at":"2026-11-21T18:06:10Z","session":"s1","state":"waiting","ready":false,"reasons":[{{"code":"readings_needed","needed":1}}],"systolic":146,"diastolic":82,"pulse_rate":72,"counted":["r1"],{policy}"#
        ),
        r#"{"at":"2026-11-21T18:06:20Z","reading":"r2","session":"s1","counted":false,"reasons":[{"code":"too_soon"}]}"#
            .to_owned(),
        format!(
            r#"{{"at":"2026-11-21T18:07:30Z","session":"s1","state":"ready","ready":true,"reasons":[],"valid_until":"2026-11-21T18:35:00.25Z","systolic":120.5,"diastolic":71,"pulse_rate":71.75,"counted":["r1","r3"],{policy}"#
        ),
        format!(
            r#"{{"at":"2026-11-21T18:08:00Z","session":"s1","state":"started","ready":false,"reasons":[{{"code":"session_started"}}],"systolic":120.5,"diastolic":71,"pulse_rate":71.75,"counted":["r1","r3"],{policy}"#
        ),
        format!(
            r#"{{"at":"2026-11-21T18:08:30Z","session":"s1","state":"ended","ready":false,"reasons":[{{"code":"session_over"}}],"systolic":120.5,"diastolic":71,"pulse_rate":71.75,"counted":["r1","r3"],{policy}"#
        ),
    ];
    assert_eq!(ran.lines, expected);
    assert_eq!(ran.code, 0);
}

#[test]
fn a_blocked_answer_says_when_the_next_round_begins_and_an_approved_one_by_whom() {
    let config = format!("{CONFIG}rest = \"0s\"\nclinician_may_override = true\n")
        .replace("readings   = 2", "readings = 1")
        .replace("[\"safe_setting\"]", "[]");
    let opened = r#"{"at":"2026-11-21T18:00:00Z","event":"session_opened","session":"s1","patient":"p1"}"#;
    let high = format!(
        r#"{{"at":"2026-11-21T18:06:10Z","event":"measurement","cuff":"living-room","values":["{HIGH}"],"cuff_clock_offset_s":0}}"#
    );
    let blocked = run_with(&config, &format!("{opened}\n{high}"));
    let start = r#"{"at":"2026-11-21T18:06:10Z","session":"s1","state":"blocked","ready":false,"reasons":[{"code":"systolic_above_limit","measured":146,"limit":140}],"next_at":"2026-11-21T18:21:10Z","systolic":146,"diastolic":82,"pulse_rate":72,"counted":["r1"],"policy":"#;
    assert!(blocked.lines[1].starts_with(start), "{}", blocked.lines[1]);

    let config = format!("{config}attempts = 1\n");
    let approved = r#"{"at":"2026-11-21T18:10:00Z","event":"decided","session":"s1","decision":"approve","by":"dr-a","note":"seen"}"#;
    let ready = run_with(&config, &format!("{opened}\n{high}\n{approved}"));
    let start = r#"{"at":"2026-11-21T18:10:00Z","session":"s1","state":"ready","ready":true,"reasons":[],"valid_until":"2026-11-21T18:40:00Z","systolic":146,"diastolic":82,"pulse_rate":72,"counted":["r1"],"by":"dr-a","policy":"#;
    assert!(ready.lines[2].starts_with(start), "{}", ready.lines[2]);
}

#[test]
fn a_reading_of_no_session_leaves_it_out() {
    let ran = run(r#"{"at":"2026-11-21T18:00:00Z","event":"measurement","cuff":"attic","value":""}"#);
    assert_eq!(
        ran.lines,
        [r#"{"at":"2026-11-21T18:00:00Z","reading":"r1","counted":false,"reasons":[{"code":"unregistered_cuff"}]}"#]
    );
    assert_eq!(ran.code, 0);
}

/// Lines that are no events.
const BAD: &[&str] = &[
    "",
    " ",
    "no json",
    "[]",
    r#"["2026-11-21T18:00:01Z","tick"]"#,
    "null",
    r#"{"at":"2026-11-21T18:00:01Z","event":"tick"} x"#,
    r#"{"event":"tick"}"#,
    r#"{"at":"2026-11-21T18:00:01Z"}"#,
    r#"{"at":null,"event":"tick"}"#,
    r#"{"at":1,"event":"tick"}"#,
    r#"{"at":"2026-11-21T18:00:01","event":"tick"}"#,
    r#"{"at":"2026-11-21 18:00:01Z","event":"tick"}"#,
    r#"{"at":"2026-11-21T17:59:59Z","event":"tick"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","at":"2026-11-21T18:00:01Z","event":"tick"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"tock"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"Tick"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"s9"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":null,"patient":"p1"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"","patient":"p1"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"s/9","patient":"p1"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"s9","patient":"-p"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"s9","patient":"p1","cuff":"a b"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"s9","patient":"p1","cuff":7}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_opened","session":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","patient":"p1"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"attested","session":"s1"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"attested","session":"s1","item":"safe_setting","value":null}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"attested","session":"s1","item":"safe_setting","value":"true"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"attested","session":"s1","item":"safe_setting","by":"no spaces"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","value":"00"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living room","value":"00"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"0"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"0g"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":0}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","values":["00"]}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","values":[]}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","values":"00"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","values":["00",null]}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":null,"values":null}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","bonded":null}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","bonded":1}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","first_connection":null}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","cuff_clock_offset_s":"0"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","cuff_clock_offset_s":0.5}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"measurement","cuff":"living-room","value":"00","cuff_clock_offset_s":1e99}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"clock"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"clock","synchronized":null}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"clock","synchronized":0}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"decided","session":"s1","decision":"approve"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"decided","session":"s1","decision":"maybe","by":"dr"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"decided","session":"s1","decision":{"approve":null},"by":"dr"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"decided","session":"s1","decision":"deny","by":"dr","note":5}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_started"}"#,
    r#"{"at":"2026-11-21T18:00:01Z","event":"session_closed","session":5}"#,
];

#[test]
fn a_line_that_is_no_event_is_skipped_and_lets_no_time_pass() {
    let config = CONFIG
        .replace("[gateway]", "[gateway]\n")
        .replace("valid_for  = \"30m\"", "valid_for = \"30m\"\nrest = \"1s\"");
    for bad in BAD {
        let opened = r#"{"at":"2026-11-21T18:00:00Z","event":"session_opened","session":"s1","patient":"p1"}"#;
        let ran = run_with(&config, &format!("{opened}\n{bad}\n"));
        assert_eq!(ran.lines.len(), 2, "{bad}: {:?}", ran.lines);
        let error = r#"{"at":"2026-11-21T18:00:00Z","error":{"code":"bad_event","message":""#;
        assert!(ran.lines[1].starts_with(error), "{bad}: {}", ran.lines[1]);
        assert_eq!(ran.code, 1, "{bad}");
    }
}

#[test]
fn before_any_event_a_bad_one_has_no_time() {
    let ran = run("x\n");
    assert!(
        ran.lines[0].starts_with(r#"{"error":{"code":"bad_event","message":""#),
        "{:?}",
        ran.lines
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn octets_that_are_no_text_are_a_bad_event() {
    let (_directory, path) = directory(CONFIG);
    let ran = run_at(
        &path,
        "-",
        b"{\"at\":\"2026-11-21T18:00:00Z\",\"event\":\"tick\",\"x\":\"\xff\"}\n",
    );
    assert!(
        ran.lines[0].starts_with(r#"{"error":{"code":"bad_event""#),
        "{:?}",
        ran.lines
    );
}

#[test]
fn a_null_is_as_if_left_out_and_unknown_fields_are_ignored() {
    let ran = run(
        r#"{"at":"2026-11-21T18:00:00Z","event":"session_opened","session":"s1","patient":"p1","cuff":null,"colour":{"a":[1]}}
{"at":"2026-11-21T18:00:00Z","event":"attested","session":"s1","item":"safe_setting","by":null}
{"at":"2026-11-21T18:00:00Z","event":"measurement","cuff":"living-room","value":"","values":null,"cuff_clock_offset_s":null}
{"at":"2026-11-21T18:00:00Z","event":"measurement","cuff":"living-room","value":null,"values":["00 FF"],"cuff_clock_offset_s":-1.97e2}
{"at":"2026-11-21T18:00:00Z","event":"tick","synchronized":null,"value":[]}"#,
    );
    assert_eq!(ran.code, 0, "{:?}", ran.lines);
    assert!(
        ran.lines[2]
            .contains(r#""reading":"r1","session":"s1","counted":false,"reasons":[{"code":"measurement_error"}]"#)
    );
    assert!(ran.lines[3].contains(r#""reading":"r2""#));
}

#[test]
fn refusals_name_the_session_and_say_why() {
    let ran = run(r#"{"at":"2026-11-21T18:00:00Z","event":"session_closed","session":"s1"}
{"at":"2026-11-21T18:00:00Z","event":"session_opened","session":"s1","patient":"p2"}"#);
    assert_eq!(
        ran.lines,
        [
            r#"{"at":"2026-11-21T18:00:00Z","session":"s1","error":{"code":"unknown_session","message":"no session of this id is open"}}"#,
            r#"{"at":"2026-11-21T18:00:00Z","session":"s1","error":{"code":"refused","message":"no cuff names this patient, and no \"session\" cuff was named"}}"#,
        ]
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn no_events_are_no_answers() {
    let ran = run("");
    assert_eq!((ran.code, ran.lines.len(), ran.errors.as_str()), (0, 0, ""));
}

#[test]
fn events_come_from_a_file_too() {
    let (directory, config) = directory(CONFIG);
    let events = directory.path().join("events.jsonl");
    // Without an end of the last line, with a carriage return before the first's.
    fs::write(&events, "{\"at\":\"2026-11-21T18:00:00Z\",\"event\":\"tick\"}\r\nx").expect("writable");
    let ran = run_at(&config, events.to_str().expect("text"), b"");
    assert_eq!((ran.code, ran.lines.len()), (1, 1));
    let ran = run_at(&config, "/nowhere/events.jsonl", b"");
    assert_eq!((ran.code, ran.lines.len()), (74, 0));
    assert!(ran.errors.contains("/nowhere/events.jsonl"), "{}", ran.errors);
}

#[test]
fn a_config_with_a_mistake_is_78_and_replays_nothing() {
    for (bad, key) in [
        (CONFIG.replace("readings   = 2", "readings = 0"), "readings"),
        (CONFIG.replace("valid_for  = \"30m\"", ""), "valid_for"),
        (CONFIG.replace("policy ", "policies "), "policies"),
    ] {
        let ran = run_with(&bad, "x\n");
        assert_eq!((ran.code, ran.lines.len()), (78, 0), "{key}");
        assert!(ran.errors.contains(key), "{}", ran.errors);
    }
}

#[test]
fn of_the_config_nothing_else_is_needed_or_read() {
    let ran = run_with(
        "[mqtt]\nversion = 7\n",
        r#"{"at":"2026-11-21T18:00:00Z","event":"tick"}"#,
    );
    assert_eq!((ran.code, ran.errors.as_str()), (0, ""));
}
