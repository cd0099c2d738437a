//! The judge can fail: each of these is one change to messages that are all well.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Arrived, Heads, Messages, Policy, Verdict, WallClock, judge, time};

const POLICY: Policy = Policy {
    systolic: (90.0, 140.0),
    diastolic: (50.0, 90.0),
    crisis: (180.0, 120.0),
    readings: 2,
    valid_for: SignedDuration::from_secs(600),
    attest_for: SignedDuration::from_secs(1800),
    session_limit: SignedDuration::from_hours(4),
    max_reading_age: SignedDuration::from_secs(600),
    attestations: &["companion_present"],
};

fn at(second: u32) -> Value {
    json!(format!("2026-11-28T10:{:02}:{:02}Z", second / 60, second % 60))
}

/// A reading that came, and was judged, at this second.
fn reading(seq: u64, second: u32, systolic: u16) -> Value {
    json!({"schema": "cuffd.reading/1", "id": format!("r{seq}"), "seq": seq, "run": "a", "created_at": at(second),
        "session": "s1", "patient": "p1", "systolic": systolic, "diastolic": 80, "status": [], "taken_at": at(second),
        "received_at": at(second), "counted": true, "reasons": [], "verified": true})
}

fn answer(seq: u64, second: u32, state: &str, counted: &[&str]) -> Value {
    json!({"schema": "cuffd.readiness/1", "id": format!("a{seq}"), "seq": seq, "run": "a", "created_at": at(second),
        "session": "s1", "patient": "p1", "state": state, "ready": state == "ready", "reasons": [], "counted": counted,
        "valid_until": null, "systolic": null, "diastolic": null,
        "attested": [{"item": "companion_present", "by": "companion", "at": at(1), "until": at(1801)}]})
}

/// Opened, read twice, ready, and said again after a restart.
fn well() -> Vec<Value> {
    let mut ready = answer(3, 20, "ready", &["r1", "r2"]);
    ready["valid_until"] = at(620);
    ready["systolic"] = json!(121);
    ready["diastolic"] = json!(80);
    let mut again = ready.clone();
    again["id"] = json!("a4");
    again["seq"] = json!(4);
    again["run"] = json!("b");
    again["created_at"] = at(30);
    vec![
        answer(1, 0, "waiting", &[]),
        answer(2, 10, "waiting", &["r1"]),
        reading(1, 10, 120),
        ready,
        reading(2, 20, 122),
        again,
    ]
}

/// The one with this id.
fn one<'a>(messages: &'a mut [Value], id: &str) -> &'a mut Value {
    messages
        .iter_mut()
        .find(|message| message["id"] == id)
        .expect("there is one")
}

/// Each came when it was made, by a clock that nobody has set.
fn arrived(messages: &[Value]) -> Messages {
    let at = |message: &Value| time(&message["created_at"]).unwrap();
    let arrived = messages.iter().map(|message| Arrived {
        at: at(message),
        text: message.to_string(),
    });
    Messages::from_arrived(&arrived.collect::<Vec<_>>()).unwrap()
}

fn verdict(messages: &[Value]) -> Verdict {
    verdict_by(&WallClock::default(), messages)
}

fn verdict_by(clock: &WallClock, messages: &[Value]) -> Verdict {
    let messages = arrived(messages);
    let head = |kind: &str| {
        let seqs = messages.of_kind(kind);
        (kind.to_owned(), seqs.last().map_or(0, |last| super::seq(last)))
    };
    let heads: Heads = [head("reading"), head("readiness")].into();
    judge(&POLICY, &messages, &heads, &Heads::new(), clock)
}

#[test]
fn what_is_well_is_not_complained_of() {
    assert_eq!(verdict(&well()), Verdict::default());
}

#[test]
fn every_change_that_makes_ready_false_is_seen() {
    let changes: [(&str, &str, &str, Value); 24] = [
        ("a3", "/valid_until", "beyond", at(621)),
        ("a3", "/valid_until", "until when", Value::Null),
        ("a3", "/valid_until", "over before", at(20)),
        (
            "a3",
            "/reasons",
            "reasons against",
            json!([{"code": "readings_needed", "needed": 1}]),
        ),
        ("a3", "/counted", "counts 1", json!(["r2"])),
        ("a3", "/counted", "counts 2", json!(["r2", "r2"])),
        ("a3", "/counted", "never came", json!(["r2", "r9"])),
        ("a3", "/systolic", "not the mean", json!(120)),
        ("a3", "/state", "disagree", json!("waiting")),
        ("a2", "/ready", "disagree", json!(true)),
        ("a3", "/attested/0/item", "beyond", json!("safe_setting")),
        ("a3", "/attested/0/until", "beyond", at(619)),
        ("a3", "/attested", "beyond", json!([])),
        ("a2", "/state", "after ended", json!("ended")),
        ("a2", "/state", "after crisis", json!("crisis")),
        ("a2", "/state", "failed round", json!("blocked")),
        ("r2", "/session", "another session's", json!("s2")),
        ("r2", "/patient", "is another's", json!("p2")),
        ("r2", "/verified", "not verified", json!(false)),
        ("r2", "/counted", "not counted", json!(false)),
        ("r2", "/systolic", "is not within", json!(161)),
        ("r2", "/systolic", "crisis limit", json!(180)),
        ("r2", "/status", "irregular", json!(["irregular_pulse"])),
        ("r2", "/received_at", "is stale", at(621)),
    ];
    for (id, place, word, value) in changes {
        let mut messages = well();
        *one(&mut messages, id).pointer_mut(place).unwrap() = value;
        let told = verdict(&messages).falsely_ready.join("\n");
        assert!(told.contains(word), "{id}{place}: {told}");
    }
}

#[test]
fn a_ready_that_stays_after_a_reading_against_it_is_seen() {
    for (systolic, status, reasons) in [
        (180, json!([]), json!([])),
        (141, json!([]), json!([])),
        (89, json!([]), json!([])),
        (120, json!(["irregular_pulse"]), json!([])),
        (150, json!(["body_movement"]), json!([{"code": "body_movement"}])),
    ] {
        let mut against = reading(3, 25, systolic);
        against["status"] = status;
        against["reasons"] = reasons;
        let mut messages = well();
        messages.push(against);
        let told = verdict(&messages).falsely_ready.join("\n");
        assert!(
            told.contains("answer 3: stands against") && told.contains("answer 4: stands against"),
            "{told}"
        );
        // Taken back in the moment in which it was judged; what was said anew is still false.
        messages.insert(4, answer(4, 25, "waiting", &[]));
        let anew = one(&mut messages[5..], "a4");
        anew["id"] = json!("a5");
        anew["seq"] = json!(5);
        let told = verdict(&messages).falsely_ready.join("\n");
        assert!(
            !told.contains("answer 3") && told.contains("answer 5: stands against"),
            "{told}"
        );
        messages.retain(|message| message["id"] != "a5");
        assert_eq!(verdict(&messages), Verdict::default());
    }
}

#[test]
fn what_says_nothing_against_a_session_does_not() {
    let mut messages = well();
    let mut stale = reading(3, 25, 185);
    stale["reasons"] = json!([{"code": "stale"}]);
    messages.push(stale);
    assert_eq!(verdict(&messages), Verdict::default());
}

#[test]
fn a_restart_after_which_nothing_was_said_is_seen() {
    let mut messages = well();
    let mut later = reading(3, 40, 120);
    later["run"] = json!("c");
    messages.push(later);
    // It may have been killed before it came to that.
    assert_eq!(verdict(&messages), Verdict::default());
    let mut goes_on = reading(4, 44, 120);
    goes_on["run"] = json!("c");
    goes_on["session"] = Value::Null;
    messages.push(goes_on);
    let told = verdict(&messages).falsely_ready.join("\n");
    assert!(told.contains("unsaid in the run of reading 3"), "{told}");
}

#[test]
fn what_is_missing_or_doubled_is_seen() {
    let mut messages = well();
    messages.retain(|message| message["id"] != "a2");
    assert_eq!(verdict(&messages).lost, ["readiness 2 is missing"]);
    let mut messages = well();
    one(&mut messages, "a2")["seq"] = json!(1);
    assert_eq!(
        verdict(&messages).lost,
        ["readiness 2 is missing", "readiness 1 is two messages"]
    );
    one(&mut messages, "a2")["run"] = json!("b");
    assert!(
        verdict(&messages)
            .lost
            .contains(&"readiness 1 is two messages, of other runs".to_owned())
    );
    let short = Heads::from([("reading".to_owned(), 3), ("readiness".to_owned(), 3)]);
    let (messages, clock) = (arrived(&well()), WallClock::default());
    let told = judge(&POLICY, &messages, &short, &Heads::new(), &clock);
    assert_eq!(told.lost, ["readiness 4 was never given out", "reading 3 is missing"]);
    // Damage takes what was made before it, and nothing else.
    let damaged = Heads::from([("reading".to_owned(), 3), ("readiness".to_owned(), 3)]);
    let told = judge(&POLICY, &messages, &short, &damaged, &clock);
    assert_eq!(
        (told.lost.len(), told.taken),
        (1, vec!["reading 3 is missing".to_owned()])
    );
}

#[test]
fn a_step_of_the_clock_excuses_what_came_after_it_alone() {
    let beyond = |by: i64, at: &str| {
        let mut messages = well();
        one(&mut messages, "a3")["valid_until"] = json!("2026-11-28T10:10:30Z");
        let clock = WallClock {
            steps: vec![(at.parse().unwrap(), SignedDuration::from_secs(by))],
        };
        verdict_by(&clock, &messages).falsely_ready.join("\n")
    };
    assert_eq!(beyond(10, "2026-11-28T10:00:15Z"), "");
    for (by, at) in [
        (9, "2026-11-28T10:00:15Z"),
        (-10, "2026-11-28T10:00:15Z"),
        (10, "2026-11-28T10:00:25Z"),
    ] {
        let told = beyond(by, at);
        assert!(told.contains("answer 3: valid until"), "{by} s at {at}: {told}");
    }
}

#[test]
fn a_ready_that_stays_is_seen_until_the_clock_is_set_back() {
    for (set_back, is_seen) in [("2026-11-28T10:00:35Z", true), ("2026-11-28T10:00:22Z", false)] {
        let mut messages = well();
        messages.push(reading(3, 25, 185));
        let clock = WallClock {
            steps: vec![(set_back.parse().unwrap(), SignedDuration::from_secs(-60))],
        };
        let told = verdict_by(&clock, &messages).falsely_ready.join("\n");
        assert_eq!(told.contains("stands against"), is_seen, "{set_back}: {told}");
    }
}

#[test]
fn doubles_are_counted_and_must_be_the_same_octets() {
    let first = Arrived {
        at: "2026-11-28T10:00:10Z".parse().unwrap(),
        text: well()[2].to_string(),
    };
    let messages = Messages::from_arrived(&[first.clone(), first.clone(), first.clone()]).unwrap();
    assert_eq!((messages.all.len(), messages.doubles), (1, 2));
    let other = Arrived {
        text: first.text.replace("120", "121"),
        ..first.clone()
    };
    let refused = Messages::from_arrived(&[first, other]).unwrap_err();
    assert!(refused.contains("other octets"), "{refused}");
}
