//! Made-up states, one for each row of the contract's table.

use cuffd::clock;
use cuffd::core::state::{DeliveryState, Problem, State};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A time so many minutes from now, at a whole minute.
pub(crate) fn minutes(from_now: i64) -> Timestamp {
    let minute = clock::wall().as_second().div_euclid(60);
    Timestamp::from_second((minute + from_now) * 60).expect("a time")
}

/// As the page writes it, where the clinic is in UTC.
pub(crate) fn shown(time: Timestamp) -> String {
    time.strftime("%H:%M").to_string()
}

/// What the daemon knows where these sessions are.
pub(crate) fn state(sessions: &[Value]) -> State {
    let state = json!({
        "schema": "cuffd.state/1", "version": "0.0.0", "site": "north", "gateway": "gw",
        "run": "6b1f7d9c-0000-4000-8000-000000000000", "started_at": minutes(-60), "sessions": sessions,
        "cuffs": [cuff()], "radio": {"state": "scanning"},
        "delivery": serde_json::to_value(DeliveryState::default()).expect("json"),
        "clock": {"synchronized": true},
        "store": {"available": true, "nearly_full": false, "size": 0, "free": 0}, "problems": [],
    });
    serde_json::from_value(state).expect("a state")
}

/// The same with these problems.
pub(crate) fn troubled(sessions: &[Value], problems: &[Problem]) -> State {
    State {
        problems: problems.to_vec(),
        ..state(sessions)
    }
}

fn cuff() -> Value {
    json!({
        "id": "own", "model": "standard", "manufacturer": null, "model_number": null, "serial": null, "firmware": null,
        "battery": null, "connected": false, "cuff_pressure": null, "heard_at": null, "rssi": null, "measured_at": null,
        "health": "ok", "duplicates": 0, "unassigned": 0,
    })
}

/// A session that waits, but for what is given.
pub(crate) fn session(given: &Value) -> Value {
    let item = |item: &str| json!({"item": item, "holds": false, "by": null, "until": null});
    let mut session = json!({
        "session": "s1", "patient": "p1", "state": "waiting", "ready": false, "reasons": [], "valid_until": null,
        "next_at": null, "systolic": null, "diastolic": null, "pulse_rate": null, "counted": [], "attested": [],
        "by": null, "policy": {"name": "test", "sha256": ""}, "valid_for_s": null, "opened_at": minutes(-30),
        "started_at": null, "cuff": null, "rest_until": null, "next_reading_at": null, "readings_done": null,
        "readings_needed": null,
        "attestations": [item("companion_present"), item("medications_held"), item("safe_setting")],
        "message": null, "not_counted": null, "unassigned": null,
    });
    for (name, value) in given.as_object().expect("an object") {
        session[name] = value.clone();
    }
    session
}

pub(crate) fn rest(until: Timestamp) -> Value {
    session(&json!({"rest_until": until, "next_reading_at": until, "readings_done": 0, "readings_needed": 2}))
}

pub(crate) fn wanted() -> Value {
    session(&json!({"readings_done": 0, "readings_needed": 2}))
}

pub(crate) fn spacing(until: Timestamp) -> Value {
    session(&json!({"next_reading_at": until, "readings_done": 1, "readings_needed": 1}))
}

pub(crate) fn attest() -> Value {
    session(&json!({
        "readings_done": 2, "readings_needed": 0,
        "reasons": [{"code": "attestation_missing", "item": "companion_present"}],
    }))
}

pub(crate) fn ready(until: Timestamp) -> Value {
    session(&json!({
        "state": "ready", "ready": true, "valid_until": until, "systolic": 121.5, "diastolic": 78,
        "counted": ["r1", "r2"],
    }))
}

pub(crate) fn started(since: Timestamp) -> Value {
    session(&json!({"state": "started", "started_at": since, "reasons": [{"code": "session_started"}]}))
}

pub(crate) fn blocked(next_at: Timestamp) -> Value {
    session(&json!({
        "state": "blocked", "next_at": next_at, "systolic": 146, "diastolic": 78,
        "reasons": [{"code": "systolic_above_limit", "measured": 146, "limit": 140}],
    }))
}

pub(crate) fn referred(message: &str) -> Value {
    session(&json!({"state": "referred", "message": message, "reasons": [{"code": "attempts_used"}]}))
}

pub(crate) fn crisis(message: &str) -> Value {
    session(&json!({"state": "crisis", "message": message, "reasons": [{"code": "crisis"}]}))
}

pub(crate) fn ended() -> Value {
    session(&json!({"state": "ended", "reasons": [{"code": "session_over"}]}))
}

/// Every row of the table, each with its name on the page.
pub(crate) fn every() -> Vec<(&'static str, State)> {
    let later = minutes(20) + SignedDuration::from_secs(20);
    vec![
        ("none", state(&[])),
        ("rest", state(&[rest(later)])),
        ("wanted", state(&[wanted()])),
        ("spacing", state(&[spacing(later)])),
        ("attest", state(&[attest()])),
        ("ready", state(&[ready(later)])),
        ("started", state(&[started(minutes(-5))])),
        ("blocked", state(&[blocked(later)])),
        ("referred", state(&[referred("not_sent")])),
        ("crisis", state(&[crisis("sent")])),
        ("ended", state(&[ended()])),
    ]
}
