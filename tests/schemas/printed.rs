//! The lines of `replay`, as the program prints them.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use cuffd::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::notation::hex;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::checker::{Sample, assert_described};

const CUFFS: &str = concat!("[gateway]\ntime_zone = \"UTC\"\n", include_str!("../rig/cuff.toml"));

const POLICY: &str = r#"
[readiness]
systolic = { min = 90, max = 140 }
diastolic = { min = 50, max = 90 }
crisis = { systolic = 180, diastolic = 120 }
readings = 1
valid_for = "30m"
rest = "0s"
spacing = "0s"
approval = "clinician"
"#;

/// An event at so many minutes after 18:00.
fn event(minute: u32, event: &str, fields: &Value) -> String {
    let mut line = json!({"at": format!("2026-11-21T18:{minute:02}:00Z"), "event": event});
    for (name, field) in fields.as_object().unwrap() {
        line[name] = field.clone();
    }
    line.to_string()
}

/// A measurement taken in that minute.
fn measurement(minute: u32, systolic: u32) -> String {
    let measurement = Measurement {
        flags: 0,
        unit: Unit::MmHg,
        systolic: Sfloat::Number(Decimal::from(systolic)),
        diastolic: Sfloat::Number(Decimal::from(80)),
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: Some(CuffTime::Valid(
            format!("2026-11-21T18:{minute:02}:00").parse().unwrap(),
        )),
        pulse_rate: Some(Sfloat::Number(Decimal::from(72))),
        user_id: None,
        status: Some(Status(0)),
        trailing: 0,
    };
    let value = hex(&measurement.encode().unwrap());
    let fields = json!({"cuff": "own", "value": value, "cuff_clock_offset_s": 0});
    event(minute, "measurement", &fields)
}

fn events() -> Vec<String> {
    let of = |session: &str| json!({"session": session});
    let open = |session: &str| json!({"session": session, "patient": "p1"});
    vec![
        "no event".to_owned(),
        measurement(1, 121),
        event(2, "session_opened", &open("s1")),
        measurement(3, 122),
        event(
            4,
            "decided",
            &json!({"session": "s1", "decision": "approve", "by": "dr"}),
        ),
        event(5, "session_started", &of("s1")),
        event(6, "session_closed", &of("s1")),
        event(7, "session_opened", &open("s2")),
        measurement(8, 150),
        measurement(9, 151),
        event(10, "session_started", &of("s2")),
        event(11, "session_started", &of("s3")),
    ]
}

/// What is printed for these events.
fn replayed(config: &str, events: &[String]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cuffd.toml");
    fs::write(&path, config).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_cuffd"))
        .args(["replay", "-", "--config"])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    stdin.write_all(events.join("\n").as_bytes()).unwrap();
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "there were lines that are wrong");
    crate::rig::lines(&String::from_utf8(output.stdout).unwrap())
}

pub(crate) fn samples() -> Vec<Sample> {
    let mut lines = replayed(&format!("{CUFFS}{POLICY}"), &events());
    lines.extend(replayed(CUFFS, &events()));
    lines.into_iter().map(|line| ("replay", line)).collect()
}

#[test]
fn all_kinds_of_lines_are_printed_and_described() {
    let samples = samples();
    let unseen = assert_described(&samples);
    // What only other messages have in common is not printed here.
    let unseen: Vec<_> = unseen.iter().filter(|place| place.starts_with("replay.json")).collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
}
