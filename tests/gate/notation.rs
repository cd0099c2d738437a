//! Scenarios' short forms: of events to JSON, and of the lines that come from JSON.

use std::fmt::Write as _;

use cuffd::config::ForReplay;
use cuffd::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::models::Model;
use jiff::civil::DateTime;
use serde_json::{Map, Value, json};

/// The day of times that are written without one.
const DAY: &str = "2026-11-21";

/// An event's line of JSON.
pub(crate) fn event(text: &str, config: &ForReplay) -> String {
    if text.starts_with('{') || text.starts_with("raw ") {
        return text.strip_prefix("raw ").unwrap_or(text).to_owned();
    }
    let (at, what) = text.split_once(' ').expect("a time, and what happened");
    let mut event = match what.split_once(':') {
        Some((connection, readings)) => measurement(connection, readings, config),
        None => other(what),
    };
    event.insert("at".to_owned(), json!(time(at)));
    Value::Object(event).to_string()
}

fn time(text: &str) -> String {
    if text.contains('T') {
        text.to_owned()
    } else {
        format!("{DAY}T{text}Z")
    }
}

fn object(value: Value) -> Map<String, Value> {
    let Value::Object(fields) = value else {
        panic!("{value} is an object");
    };
    fields
}

fn other(text: &str) -> Map<String, Value> {
    let words: Vec<&str> = text.split_whitespace().collect();
    object(match words.as_slice() {
        ["tick"] => json!({"event": "tick"}),
        ["clock", "lost"] => json!({"event": "clock", "synchronized": false}),
        ["clock", "synchronized"] => json!({"event": "clock", "synchronized": true}),
        ["opened", session, patient] => json!({"event": "session_opened", "session": session, "patient": patient}),
        ["opened", session, patient, "with", cuff] => {
            json!({"event": "session_opened", "session": session, "patient": patient, "cuff": cuff})
        }
        ["attested", session, item] => json!({"event": "attested", "session": session, "item": item}),
        ["attested", session, item, "by", by] => {
            json!({"event": "attested", "session": session, "item": item, "by": by})
        }
        ["took-back", session, item] => {
            json!({"event": "attested", "session": session, "item": item, "value": false})
        }
        ["approved", session, "by", by] => {
            json!({"event": "decided", "session": session, "decision": "approve", "by": by})
        }
        ["denied", session, "by", by] => {
            json!({"event": "decided", "session": session, "decision": "deny", "by": by})
        }
        ["started", session] => json!({"event": "session_started", "session": session}),
        ["closed", session] => json!({"event": "session_closed", "session": session}),
        _ => panic!("no event is written {text:?}"),
    })
}

/// `CUFF [unbonded] [first] [offset N | no-offset]: READING | READING …`
fn measurement(connection: &str, readings: &str, config: &ForReplay) -> Map<String, Value> {
    let mut words = connection.split_whitespace();
    let cuff = words.next().expect("a cuff");
    let mut event = object(json!({"event": "measurement", "cuff": cuff, "cuff_clock_offset_s": 0}));
    while let Some(word) = words.next() {
        match word {
            "unbonded" => drop(event.insert("bonded".to_owned(), json!(false))),
            "first" => drop(event.insert("first_connection".to_owned(), json!(true))),
            "no-offset" => drop(event.remove("cuff_clock_offset_s")),
            "offset" => {
                let offset: i64 = words.next().expect("an offset").parse().expect("seconds");
                event.insert("cuff_clock_offset_s".to_owned(), json!(offset));
            }
            other => panic!("no connection is {other:?}"),
        }
    }
    let registered = config.cuffs.iter().find(|registered| registered.id.as_str() == cuff);
    let model = registered.map_or_else(Model::standard, |cuff| cuff.model);
    let values: Vec<String> = readings.split('|').map(|text| reading(text, model)).collect();
    match values.as_slice() {
        [value] => event.insert("value".to_owned(), json!(value)),
        _ => event.insert("values".to_owned(), json!(values)),
    };
    event
}

/// `SYSTOLIC/DIASTOLIC [kPa] [pulse N] [user N] [taken T] [irregular] [moved] [loose] [position] [range] [extra N]`, or `error`,
/// or `hex OCTETS`.
fn reading(text: &str, model: &Model) -> String {
    let mut words = text.split_whitespace();
    let first = words.next().expect("a reading");
    if first == "hex" {
        return words.collect();
    }
    let mut measurement = Measurement {
        flags: 0,
        unit: Unit::MmHg,
        systolic: Sfloat::NotANumber,
        diastolic: Sfloat::NotANumber,
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: None,
        pulse_rate: None,
        user_id: None,
        status: None,
        trailing: 0,
    };
    if let Some((systolic, diastolic)) = first.split_once('/') {
        measurement.systolic = number(systolic);
        measurement.diastolic = number(diastolic);
    } else {
        assert_eq!(first, "error", "a reading begins with its pressures");
    }
    let mut extra = 0;
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("a value behind its name");
        match word {
            "kPa" => measurement.unit = Unit::KPa,
            "pulse" => measurement.pulse_rate = Some(number(next())),
            "no-pulse" => measurement.pulse_rate = Some(Sfloat::NotANumber),
            "user" => measurement.user_id = Some(next().parse().expect("a user id")),
            "taken" => measurement.timestamp = Some(CuffTime::Valid(local(next()))),
            "clock-unset" => measurement.timestamp = Some(CuffTime::Unknown),
            "irregular" => set(&mut measurement, 0x04),
            "moved" => set(&mut measurement, 0x01),
            "loose" => set(&mut measurement, 0x02),
            "position" => set(&mut measurement, 0x20),
            "range" => set(&mut measurement, 0x08),
            "fine" => set(&mut measurement, 0x00),
            "extra" => extra = next().parse().expect("how many octets"),
            other => panic!("no reading is {other:?}"),
        }
    }
    let mut octets = model.encode(&measurement).expect("encodable");
    octets.resize(octets.len() + extra, 0xEE);
    octets.iter().fold(String::new(), |mut hex, octet| {
        write!(hex, "{octet:02x}").expect("text grows");
        hex
    })
}

fn number(text: &str) -> Sfloat {
    Sfloat::Number(text.parse().expect("a decimal"))
}

fn set(measurement: &mut Measurement, bits: u16) {
    let Status(before) = measurement.status.unwrap_or(Status(0));
    measurement.status = Some(Status(before | bits));
}

fn local(text: &str) -> DateTime {
    let text = if text.contains('T') {
        text.to_owned()
    } else {
        format!("{DAY}T{text}")
    };
    text.parse().expect("a cuff's time")
}

/// The short form of a line of output.
pub(crate) fn line(json: &str) -> String {
    let line: Value = serde_json::from_str(json).expect("a line of JSON");
    let at = line["at"].as_str().map_or("-", short);
    let mut text = at.to_owned();
    for name in ["reading", "session"] {
        if let Some(name) = line[name].as_str() {
            write!(text, " {name}").expect("text grows");
        }
    }
    if let Some(code) = line["error"]["code"].as_str() {
        assert!(
            line["error"]["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty())
        );
        write!(text, " error {code}").expect("text grows");
    } else if line["reading"].is_string() {
        assert_eq!(line["counted"], json!(false));
        write!(text, " not counted: {}", reasons(&line)).expect("text grows");
    } else {
        text += &answer(&line);
    }
    text
}

fn short(time: &str) -> &str {
    time.strip_prefix(DAY)
        .map_or(time, |time| time.trim_start_matches('T').trim_end_matches('Z'))
}

fn answer(line: &Value) -> String {
    let state = line["state"].as_str().expect("a state");
    assert_eq!(line["ready"], json!(state == "ready"));
    assert_eq!(line["reasons"] == json!([]), state == "ready", "{line}");
    assert_eq!(line["valid_until"].is_string(), state == "ready", "{line}");
    assert_eq!(line["next_at"].is_string(), state == "blocked", "{line}");
    let mut text = format!(" {state}");
    for until in ["valid_until", "next_at"] {
        if let Some(time) = line[until].as_str() {
            write!(text, " until {}", short(time)).expect("text grows");
        }
    }
    if let Some(by) = line["by"].as_str() {
        write!(text, " by {by}").expect("text grows");
    }
    if line["reasons"] != json!([]) {
        write!(text, ": {}", reasons(line)).expect("text grows");
    }
    text + &behind(line)
}

fn behind(line: &Value) -> String {
    let counted: Vec<&str> = line["counted"]
        .as_array()
        .expect("counted is always there")
        .iter()
        .map(|id| id.as_str().expect("a reading's id"))
        .collect();
    assert_eq!(counted.is_empty(), line["systolic"].is_null(), "{line}");
    if counted.is_empty() {
        return String::new();
    }
    let pulse = line
        .get("pulse_rate")
        .map_or_else(String::new, |rate| format!(" pulse {rate}"));
    format!(
        " — {}/{}{pulse} of {}",
        line["systolic"],
        line["diastolic"],
        counted.join(" ")
    )
}

fn reasons(line: &Value) -> String {
    let reasons = line["reasons"].as_array().expect("reasons");
    let reasons: Vec<String> = reasons.iter().map(reason).collect();
    reasons.join(", ")
}

fn reason(reason: &Value) -> String {
    let mut fields = object(reason.clone());
    let code = fields.remove("code").expect("a code");
    let mut text = code.as_str().expect("a code is text").to_owned();
    for (name, before, behind) in [
        ("of", " ", ""),
        ("item", " ", ""),
        ("needed", " ", ""),
        ("measured", " ", ""),
        ("limit", " (limit ", ")"),
        ("until", " until ", ""),
    ] {
        if let Some(value) = fields.remove(name) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), |text| short(text).to_owned());
            write!(text, "{before}{value}{behind}").expect("text grows");
        }
    }
    assert!(fields.is_empty(), "no reason has {fields:?}");
    text
}
