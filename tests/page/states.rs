//! Made-up states: each row of the contract's table, and what can stand beside it.

use cuffd::clock;
use cuffd::core::state::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Every one of them by name.
pub(crate) const NAMES: [&str; 31] = [
    "none",
    "rest",
    "wanted",
    "inflating",
    "spacing",
    "attest",
    "attest-partly",
    "settling",
    "ready",
    "started",
    "started-crisis",
    "blocked",
    "blocked-pulse",
    "referred",
    "referred-irregular",
    "crisis",
    "crisis-received",
    "somebody-elses-crisis",
    "ended",
    "moved",
    "loose",
    "too-soon",
    "older",
    "not-measured",
    "other-button",
    "clinic-away",
    "cuff-unheard",
    "clock-unknown",
    "two-sessions",
    "pairing",
    "passkey",
];

/// The state of this name, as it would be now.
pub(crate) fn state(name: &str) -> State {
    let mut state = bare();
    state["sessions"] = match name {
        "none" | "pairing" | "passkey" => json!([]),
        "two-sessions" => {
            let mut second = session("wanted");
            (second["session"], second["patient"]) = (json!("s2"), json!("p2"));
            json!([session("ready"), second])
        }
        _ => json!([session(name)]),
    };
    if name == "inflating" {
        state["cuffs"][0]["connected"] = json!(true);
        state["cuffs"][0]["cuff_pressure"] = json!("87 mmHg");
    }
    if let Some(passkey_wanted) = ["pairing", "passkey"].iter().position(|pairing| *pairing == name) {
        state["pairing"] = json!({"passkey_wanted": passkey_wanted == 1});
    }
    state["problems"] = match name {
        "clinic-away" => json!(["broker_unreachable"]),
        "cuff-unheard" => json!(["adapter_lost"]),
        "clock-unknown" | "settling" => json!(["clock_unsynchronized"]),
        _ => json!([]),
    };
    serde_json::from_value(state).expect("a state")
}

fn after(minutes: i64) -> Timestamp {
    clock::wall() + SignedDuration::from_mins(minutes)
}

fn bare() -> Value {
    json!({
        "schema": "cuffd.state/1", "version": "1", "site": "north", "gateway": "gw",
        "run": "6b0c5a5e-5f0a-4d0e-8a49-0c8b4f6a2a01", "started_at": after(-60), "sessions": [],
        "cuffs": [{
            "id": "living-room", "model": "standard", "connected": false, "health": "ok", "duplicates": 2, "unassigned": 1,
        }],
        "radio": {"state": "scanning"},
        "delivery": {
            "enabled": true, "connected": true, "seq": {"reading": 42, "readiness": 17, "alert": 3},
            "queued": {"alert": 0, "readiness": 1, "reading": 2, "fhir": 0}, "oldest_queued_at": after(-1),
            "set_aside": [], "set_aside_count": 0, "no_subscriber": false, "awaiting_receipt": 4,
        },
        "clock": {"synchronized": true}, "store": {"available": true, "nearly_full": false, "size": 4096, "free": 9999},
        "problems": [],
    })
}

fn session(name: &str) -> Value {
    let mut session = json!({
        "session": "s1", "patient": "p1", "state": "waiting", "ready": false, "reasons": [], "counted": [],
        "attested": [], "policy": {"name": "clinic", "sha256": "00"}, "opened_at": after(-8),
        "attestations": items(3), "message": "sent",
    });
    let change = change(name);
    for (key, value) in change.as_object().expect("an object") {
        session[key] = value.clone();
    }
    session
}

fn items(held: usize) -> Value {
    let items = ["companion_present", "medications_held", "safe_setting"];
    let items = items.iter().enumerate().map(|(place, item)| {
        let holds = place < held;
        json!({"item": item, "holds": holds, "by": holds.then_some("companion"), "until": holds.then(|| after(25))})
    });
    items.collect()
}

fn change(name: &str) -> Value {
    let limit = json!({"code": "systolic_above_limit", "measured": 146, "limit": 140});
    let crisis = json!([{"code": "crisis", "of": "systolic", "measured": 186, "limit": 180}]);
    match name {
        "rest" => json!({
            "reasons": [{"code": "rest_incomplete", "until": after(4)}, {"code": "readings_needed", "needed": 2}],
            "rest_until": after(4), "next_reading_at": after(4), "readings_done": 0, "readings_needed": 2,
            "attestations": items(1),
        }),
        "spacing" => wanted(1, 1, &json!({"next_reading_at": after(1)})),
        "attest" => json!({"reasons": missing(0), "attestations": items(0)}),
        "attest-partly" => json!({"reasons": missing(2), "attestations": items(2)}),
        "settling" => json!({"reasons": [{"code": "clock_unsynchronized"}]}),
        "ready" => json!({
            "state": "ready", "ready": true, "valid_until": after(26), "systolic": 121.5, "diastolic": 78, "pulse_rate": 72,
        }),
        "started" => json!({"state": "started", "reasons": [{"code": "session_started"}], "started_at": after(-12)}),
        "started-crisis" => {
            json!({"state": "started", "reasons": crisis, "started_at": after(-12), "message": "not_sent"})
        }
        "blocked" => json!({"state": "blocked", "reasons": [limit], "next_at": after(15)}),
        "blocked-pulse" => json!({
            "state": "blocked", "next_at": after(15),
            "reasons": [limit, {"code": "pulse_rate_below_limit", "measured": 44.5, "limit": 50}],
        }),
        "referred" => {
            json!({"state": "referred", "reasons": [limit, {"code": "attempts_used"}], "message": "not_sent"})
        }
        "referred-irregular" => json!({
            "state": "referred", "reasons": [{"code": "irregular_pulse"}], "message": "received",
        }),
        "crisis" => json!({"state": "crisis", "reasons": crisis, "message": "not_sent"}),
        "crisis-received" => json!({"state": "crisis", "reasons": crisis, "message": "received"}),
        "somebody-elses-crisis" => wanted(0, 2, &json!({"unassigned": unassigned(true)})),
        "ended" => json!({"state": "ended", "reasons": [{"code": "session_over"}]}),
        "moved" => wanted(0, 2, &not_counted("body_movement")),
        "loose" => wanted(0, 2, &not_counted("cuff_too_loose")),
        "too-soon" => wanted(1, 1, &not_counted("too_soon")),
        "older" => wanted(1, 1, &not_counted("stale")),
        "not-measured" => wanted(0, 2, &not_counted("measurement_error")),
        "other-button" => wanted(1, 1, &json!({"unassigned": unassigned(false)})),
        _ => wanted(0, 2, &json!({})),
    }
}

fn wanted(done: u64, needed: u64, more: &Value) -> Value {
    let mut change = json!({
        "reasons": [{"code": "readings_needed", "needed": needed}], "readings_done": done, "readings_needed": needed,
    });
    for (key, value) in more.as_object().expect("an object") {
        change[key] = value.clone();
    }
    change
}

fn missing(held: usize) -> Value {
    let all = ["companion_present", "medications_held", "safe_setting"];
    all.iter()
        .skip(held)
        .map(|item| json!({"code": "attestation_missing", "item": item}))
        .collect()
}

fn not_counted(code: &str) -> Value {
    json!({"not_counted": {"reading": "r1", "received_at": after(0), "reasons": [{"code": code}]}})
}

fn unassigned(crisis: bool) -> Value {
    json!({"cuff": "living-room", "received_at": after(0), "crisis": crisis, "user_id": 2, "own_user_ids": [1]})
}
