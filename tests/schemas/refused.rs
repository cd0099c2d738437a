//! What is no message: each schema refuses what a reader must not take for one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::checker::{Rules, Sample, judge};
use crate::encoded::samples;

/// One change that makes a good message bad.
struct Change {
    schema: &'static str,
    /// Of the good messages: the first that has this value there.
    with: (&'static str, Value),
    /// Where, as a JSON pointer, and what is put there; `None` takes it away.
    change: (&'static str, Option<Value>),
}

fn change(schema: &'static str, with: (&'static str, Value), place: &'static str, value: Option<Value>) -> Change {
    Change {
        schema,
        with,
        change: (place, value),
    }
}

fn any() -> (&'static str, Value) {
    ("", Value::Null)
}

/// The first good message of this schema that has this value at this place.
fn good(samples: &[Sample], schema: &str, (place, value): &(&str, Value)) -> Value {
    let found = samples
        .iter()
        .find(|(name, message)| *name == schema && (place.is_empty() || message.pointer(place) == Some(value)));
    found
        .unwrap_or_else(|| panic!("a {schema} with {value} at {place}"))
        .1
        .clone()
}

/// The message with this in that place; an object of the place may get a field that it has not.
fn changed(message: &Value, place: &str, value: Option<&Value>) -> Value {
    let mut message = message.clone();
    let (parent, name) = place.rsplit_once('/').unwrap();
    match (message.pointer_mut(parent), value) {
        (Some(Value::Object(parent)), Some(value)) => drop(parent.insert(name.to_owned(), value.clone())),
        (Some(Value::Object(parent)), None) => drop(parent.remove(name).expect("it is there")),
        (Some(Value::Array(parent)), Some(value)) => parent[name.parse::<usize>().unwrap()] = value.clone(),
        (other, _) => panic!("{place} is in {other:?}"),
    }
    message
}

/// What all signed messages have.
fn envelopes() -> Vec<Change> {
    let of = |schema| {
        [
            ("/proof", None),
            ("/proof", Some(json!("header.payload.signature"))),
            ("/proof", Some(json!("..c2ln"))),
            ("/id", None),
            ("/id", Some(json!("7"))),
            ("/site", Some(json!("s".repeat(25)))),
            ("/gateway", Some(json!("gw 42"))),
            ("/run", Some(json!(7))),
            ("/seq", Some(json!(0))),
            ("/seq", Some(json!(1.5))),
            ("/created_at", Some(json!("2026-11-21T18:00:00"))),
            ("/created_at", Some(json!("2026-02-30T18:00:00Z"))),
            ("/test", Some(json!(false))),
            ("/schema", Some(json!("cuffd.other/1"))),
            ("/schema", None),
        ]
        .map(|(place, value)| change(schema, any(), place, value))
    };
    ["reading", "readiness", "alert"].into_iter().flat_map(of).collect()
}

fn readings() -> Vec<Change> {
    let counted = || ("/counted", json!(true));
    let in_kpa = || ("/as_sent/unit", json!("kPa"));
    let verified = || ("/verified", json!(true));
    [
        (any(), "/systolic", Some(json!("NaN"))),
        (any(), "/systolic", None),
        (any(), "/unit", Some(json!("kPa"))),
        (any(), "/patient", Some(Value::Null)),
        (any(), "/patient", Some(json!("a/b"))),
        (any(), "/session", None),
        (any(), "/user_id", Some(json!(256))),
        (any(), "/status", Some(json!(["arrhythmia"]))),
        (any(), "/status", Some(Value::Null)),
        (any(), "/taken_at", Some(json!("yesterday"))),
        (any(), "/received_at", Some(Value::Null)),
        (any(), "/cuff_time", Some(json!("2026-11-21T18:04:12Z"))),
        (any(), "/cuff_clock_offset_s", Some(json!(0.5))),
        (any(), "/raw", Some(json!("1E78"))),
        (any(), "/raw", Some(json!("1e7"))),
        (any(), "/cuff/id", None),
        (any(), "/cuff/battery", Some(json!(-1))),
        (in_kpa(), "/as_sent/unit", Some(json!("mmHg"))),
        (counted(), "/reasons", Some(json!([{"code": "stale"}]))),
        (counted(), "/counted", Some(json!(false))),
        (counted(), "/counted", Some(json!("true"))),
        (("/counted", json!(false)), "/reasons/0/code", Some(json!("tired"))),
        (("/counted", json!(false)), "/reasons/0/code", None),
        (verified(), "/verification/bonded", Some(json!(false))),
        (verified(), "/verification/fresh", None),
        (verified(), "/verification", None),
    ]
    .map(|(with, place, value)| change("reading", with, place, value))
    .into()
}

fn readinesses() -> Vec<Change> {
    let in_state = |state: &str| ("/state", json!(state));
    let because = |code: &str| ("/reasons/0/code", json!(code));
    [
        (in_state("ready"), "/ready", Some(json!(false))),
        (in_state("ready"), "/valid_until", Some(Value::Null)),
        (in_state("ready"), "/valid_until", None),
        (in_state("ready"), "/reasons", Some(json!([{"code": "denied"}]))),
        (in_state("ready"), "/next_at", Some(json!("2026-11-21T18:00:00Z"))),
        (in_state("waiting"), "/ready", Some(json!(true))),
        (in_state("waiting"), "/reasons", Some(json!([]))),
        (in_state("waiting"), "/valid_until", Some(json!("2026-11-21T18:00:00Z"))),
        (in_state("waiting"), "/by", Some(json!("dr"))),
        (in_state("waiting"), "/state", Some(json!("cleared"))),
        (in_state("blocked"), "/next_at", Some(Value::Null)),
        (in_state("crisis"), "/state", Some(json!("ready"))),
        (in_state("ready"), "/in_answer_to", Some(json!(""))),
        (in_state("ready"), "/in_answer_to", None),
        (in_state("ready"), "/counted/0", Some(json!("r1"))),
        (in_state("ready"), "/policy/sha256", Some(json!("ab"))),
        (in_state("ready"), "/policy", None),
        (in_state("ready"), "/attested/0/until", None),
        (in_state("ready"), "/systolic", Some(json!("121"))),
        (because("systolic_above_limit"), "/reasons/0/measured", None),
        (because("pulse_rate_below_limit"), "/reasons/0/limit", None),
        (because("crisis"), "/reasons/0/of", None),
        (
            because("crisis"),
            "/reasons/0/of",
            Some(json!("mean_arterial_pressure")),
        ),
        (because("rest_incomplete"), "/reasons/0/until", None),
        (because("readings_needed"), "/reasons/0/needed", Some(json!(0))),
        (because("attestation_missing"), "/reasons/0/item", None),
        (because("denied"), "/reasons/0/item", Some(json!("safe_setting"))),
        (because("denied"), "/reasons/0/code", Some(json!("tired"))),
    ]
    .map(|(with, place, value)| change("readiness", with, place, value))
    .into()
}

fn alerts() -> Vec<Change> {
    let about = |code: &str| ("/code", json!(code));
    [
        (about("crisis"), "/state", Some(json!("cleared"))),
        (about("crisis"), "/session", Some(Value::Null)),
        (about("crisis"), "/reading", Some(Value::Null)),
        (about("crisis"), "/reading", None),
        (about("crisis"), "/verified", Some(Value::Null)),
        (about("crisis_unassigned"), "/patient", Some(json!("p1"))),
        (about("crisis_unassigned"), "/verified", Some(json!(true))),
        (about("crisis_unassigned"), "/state", Some(json!("cleared"))),
        (about("bond_lost"), "/cuff", Some(Value::Null)),
        (about("store_unavailable"), "/session", Some(json!("s1"))),
        (about("store_unavailable"), "/verified", Some(json!(false))),
        (about("store_unavailable"), "/code", Some(json!("fire"))),
        (about("store_unavailable"), "/state", Some(json!("over"))),
        (about("store_unavailable"), "/alert", None),
    ]
    .map(|(with, place, value)| change("alert", with, place, value))
    .into()
}

fn of_the_gateway() -> Vec<Change> {
    let status = [
        ("/state", Some(json!("asleep"))),
        ("/connection", Some(json!(-1))),
        ("/since", None),
        ("/seq/alert", None),
        ("/queued", Some(json!("none"))),
        ("/set_aside", Some(json!(vec![uuid::Uuid::nil(); 101]))),
        ("/problems", Some(json!(["broker_unreachable"]))),
        ("/problems", Some(json!(["bond_lost", "bond_lost"]))),
    ]
    .map(|(place, value)| change("status", any(), place, value));
    let info = [
        ("/cuffs/0/id", Some(json!("living room"))),
        ("/cuffs", None),
        ("/shortened", Some(json!(false))),
        ("/policy/sha256", None),
        ("/policy", None),
        ("/public_key", Some(Value::Null)),
        ("/public_key/kty", Some(json!("RSA"))),
        ("/public_key/x", Some(json!("short"))),
        ("/public_key/cuffd_gateway", Some(json!("gw-0042"))),
        ("/public_key/d", Some(json!("the private key"))),
    ]
    .map(|(place, value)| change("info", any(), place, value));
    status.into_iter().chain(info).collect()
}

fn replies() -> Vec<Change> {
    let refused = || ("/ok", json!(false));
    let reported = || ("/status/schema", json!("cuffd.state/1"));
    [
        (refused(), "/ok", Some(json!(true))),
        (refused(), "/error", None),
        (refused(), "/error/code", Some(json!("wrong"))),
        (refused(), "/error/message", None),
        (("/error/field", json!("expires_at")), "/error/field", Some(json!(7))),
        (refused(), "/not_kept", Some(json!([1]))),
        (reported(), "/id", Some(Value::Null)),
        (reported(), "/id", Some(json!("é"))),
        (reported(), "/status", Some(json!({}))),
        (reported(), "/error", Some(json!({"code": "busy", "message": "why"}))),
        (("/not_kept/0", json!(3)), "/not_kept/0", Some(json!("r1"))),
    ]
    .map(|(with, place, value)| change("reply", with, place, value))
    .into()
}

fn states() -> Vec<Change> {
    [
        ("/sessions/0/valid_for_s", Some(json!(-1))),
        ("/sessions/0/opened_at", None),
        ("/sessions/0/message", Some(json!("read"))),
        ("/sessions/0/not_counted/reasons/0/code", Some(json!("tired"))),
        ("/cuffs/0/health", Some(json!("ill"))),
        ("/cuffs/0/duplicates", Some(Value::Null)),
        ("/radio/state", Some(json!("off"))),
        ("/delivery/queued/fhir", None),
        ("/delivery/set_aside/0", Some(json!("7"))),
        ("/clock/synchronized", Some(json!("yes"))),
        ("/store/free", Some(json!(-1))),
        ("/problems/0", Some(json!("sad"))),
        ("/schema", Some(json!("cuffd.status/1"))),
    ]
    .map(|(place, value)| change("state", any(), place, value))
    .into()
}

fn lines() -> Vec<Change> {
    let in_state = |state: &str| ("/state", json!(state));
    [
        (in_state("ready"), "/valid_until", None),
        (in_state("ready"), "/counted/0", Some(json!("1"))),
        (in_state("waiting"), "/by", Some(json!("dr"))),
        (in_state("waiting"), "/reasons/0/needed", None),
        (in_state("waiting"), "/policy_sha256", None),
        (("/counted", json!(false)), "/counted", Some(json!(true))),
        (("/error/code", json!("refused")), "/error/code", Some(json!("wrong"))),
        (("/error/code", json!("refused")), "/error", None),
    ]
    .map(|(with, place, value)| change("replay", with, place, value))
    .into()
}

/// The first check of the sample is well, the second is not.
fn reports() -> Vec<Change> {
    [
        ("/schema", Some(json!("cuffd.doctor/2"))),
        ("/ok", None),
        ("/ok", Some(json!("yes"))),
        ("/checks", None),
        ("/checks/0/check", Some(json!("weather"))),
        ("/checks/0/result", Some(json!("good"))),
        ("/checks/0/message", None),
        ("/checks/0/step", Some(json!("what for?"))),
        ("/checks/1/step", None),
    ]
    .into_iter()
    .map(|(place, value)| change("doctor", any(), place, value))
    .collect()
}

#[test]
fn what_is_no_message_is_refused() {
    let good_ones = samples();
    let all = [
        envelopes(),
        readings(),
        readinesses(),
        alerts(),
        of_the_gateway(),
        replies(),
        states(),
        reports(),
        lines(),
    ];
    let changes: Vec<Change> = all.into_iter().flatten().collect();
    let bad: Vec<Sample> = changes
        .iter()
        .map(
            |Change {
                 schema,
                 with,
                 change: (place, value),
             }| {
                let good = good(&good_ones, schema, with);
                (*schema, changed(&good, place, value.as_ref()))
            },
        )
        .collect();
    let judged = judge(Rules::Open, &bad);
    for (Change { schema, change, .. }, mistakes) in changes.iter().zip(judged.mistakes) {
        assert!(!mistakes.is_empty(), "{schema} is taken with {change:?}");
    }
    let schemas: BTreeSet<&str> = changes.iter().map(|change| change.schema).collect();
    // Commands have a test of their own.
    assert_eq!(
        schemas.len(),
        good_ones
            .iter()
            .map(|(schema, _)| *schema)
            .collect::<BTreeSet<_>>()
            .len()
            - 1
    );
}

/// Fields may be added within a version.
#[test]
fn added_fields_are_ignored() {
    let added = samples()
        .into_iter()
        .map(|(schema, message)| (schema, changed(&message, "/added_later", Some(&json!({"a": 1})))));
    let added: Vec<Sample> = added.collect();
    for ((schema, message), mistakes) in added.iter().zip(judge(Rules::Open, &added).mistakes) {
        assert!(mistakes.is_empty(), "{schema}: {mistakes:#?}\n{message}");
    }
}
