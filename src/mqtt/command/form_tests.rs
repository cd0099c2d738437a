//! The form of commands, field by field.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ID: &str = "6b0c5a5e-5f0a-4d0e-8a49-0c8b4f6a2a01";

fn command(fields: &Value) -> Value {
    let mut value = json!({
        "schema": "cuffd.command/1", "id": ID, "site": "north", "gateway": "gw",
        "expires_at": "2026-11-21T19:05:00+01:00",
    });
    let (Some(object), Some(fields)) = (value.as_object_mut(), fields.as_object()) else {
        panic!("objects");
    };
    object.extend(fields.clone());
    value
}

fn parsed(fields: &Value) -> Result<Command, Code> {
    parse(command(fields).to_string().as_bytes())
        .map(|parsed| parsed.command)
        .map_err(|(_, refusal)| refusal.code)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

#[test]
fn commands_of_a_session_are_read_with_and_without_their_optional_fields() {
    let s1 = name("s1");
    let hash = "AB".repeat(32);
    assert_read([
        (
            json!({"command": "open_session", "session": "s1", "patient": "p1"}),
            Command::OpenSession {
                session: s1.clone(),
                patient: name("p1"),
                cuff: None,
                policy_sha256: None,
            },
        ),
        (
            json!({"command": "open_session", "session": "s1", "patient": "p1", "cuff": "c", "policy_sha256": hash}),
            Command::OpenSession {
                session: s1.clone(),
                patient: name("p1"),
                cuff: Some(name("c")),
                policy_sha256: Some(Sha256("ab".repeat(32))),
            },
        ),
        (
            json!({"command": "attest", "session": "s1", "item": "companion_present", "by": "anna"}),
            Command::Attest {
                session: s1.clone(),
                item: name("companion_present"),
                by: name("anna"),
                value: true,
            },
        ),
        (
            json!({"command": "start", "session": "s1"}),
            Command::Start { session: s1.clone() },
        ),
        (
            json!({"command": "close_session", "session": "s1"}),
            Command::CloseSession { session: s1.clone() },
        ),
        (
            json!({"command": "decide", "session": "s1", "answer": ID, "decision": "deny", "by": "dr", "note": "no"}),
            Command::Decide {
                session: s1.clone(),
                answer: Uuid::try_parse(ID).unwrap(),
                decision: Decision::Deny,
                by: name("dr"),
                note: Some(Note("no".to_owned())),
            },
        ),
    ]);
}

#[test]
fn commands_of_the_gateway_are_read_with_and_without_their_optional_fields() {
    let id = Uuid::try_parse(ID).unwrap();
    assert_read([
        (json!({"command": "report"}), Command::Report { session: None }),
        (
            json!({"command": "report", "session": "s1", "what_is_this": {"new": true}}),
            Command::Report {
                session: Some(name("s1")),
            },
        ),
        (
            json!({"command": "receipt", "ids": [ID]}),
            Command::Receipt {
                ids: Receipts(vec![id]),
            },
        ),
        (
            json!({"command": "resend", "ids": [ID]}),
            Command::Resend(Resend::Ids(vec![id])),
        ),
        (
            json!({"command": "resend", "kind": "reading", "from_seq": 1, "to_seq": 1000}),
            Command::Resend(Resend::Range {
                kind: Kind::Reading,
                from_seq: 1,
                to_seq: 1000,
            }),
        ),
    ]);
}

fn assert_read<const COUNT: usize>(cases: [(Value, Command); COUNT]) {
    for (fields, expected) in cases {
        assert_eq!(parsed(&fields), Ok(expected), "{fields}");
    }
}

#[test]
fn what_is_wrong_with_a_field_is_told_by_its_name() {
    assert_named(&[
        ("command", json!({})),
        ("command", json!({"command": 7})),
        ("session", json!({"command": "start"})),
        ("session", json!({"command": "start", "session": null})),
        ("session", json!({"command": "start", "session": "a/b"})),
        ("session", json!({"command": "start", "session": ["s1"]})),
        ("session", json!({"command": "start", "session": "s".repeat(41)})),
        (
            "value",
            json!({"command": "attest", "session": "s1", "item": "x", "by": "y", "value": "true"}),
        ),
        (
            "policy_sha256",
            json!({"command": "open_session", "session": "s1", "patient": "p1", "policy_sha256": "ab"}),
        ),
        (
            "answer",
            json!({"command": "decide", "session": "s1", "answer": "x", "decision": "deny", "by": "dr"}),
        ),
        (
            "decision",
            json!({"command": "decide", "session": "s1", "answer": ID, "decision": "maybe", "by": "dr"}),
        ),
        ("schema", json!({"command": "report", "schema": "cuffd.command/2"})),
        ("id", json!({"command": "report", "id": 7})),
        (
            "expires_at",
            json!({"command": "report", "expires_at": "2026-11-21T19:05:00"}),
        ),
        ("expires_at", json!({"command": "report", "expires_at": 1_800_000_000})),
        ("proof", json!({"command": "report", "proof": 1})),
    ]);
}

#[test]
fn what_is_wrong_with_a_list_or_range_of_messages_is_told_by_its_name() {
    assert_named(&[
        ("ids", json!({"command": "receipt"})),
        ("ids", json!({"command": "receipt", "ids": [7]})),
        ("ids", json!({"command": "resend"})),
        ("ids", json!({"command": "resend", "ids": ["x"]})),
        ("to_seq", json!({"command": "resend", "kind": "reading", "from_seq": 1})),
        (
            "kind",
            json!({"command": "resend", "kind": "status", "from_seq": 1, "to_seq": 2}),
        ),
        (
            "from_seq",
            json!({"command": "resend", "kind": "reading", "from_seq": -1, "to_seq": 2}),
        ),
        (
            "to_seq",
            json!({"command": "resend", "kind": "reading", "from_seq": 3, "to_seq": 2}),
        ),
        (
            "ids",
            json!({"command": "resend", "kind": "reading", "from_seq": 1, "to_seq": 2, "ids": []}),
        ),
    ]);
}

/// Each of these commands is malformed, in this field.
fn assert_named(cases: &[(&str, Value)]) {
    for (field, fields) in cases {
        let (_, refusal) = parse(command(fields).to_string().as_bytes()).unwrap_err();
        assert_eq!(
            (refusal.code, refusal.field),
            (Code::Malformed, Some(*field)),
            "{fields}"
        );
        let told = refusal.message;
        assert!(told.starts_with(*field) && told.contains("; allowed: "), "{told}");
    }
}

#[test]
fn each_field_that_is_missing_is_told_by_its_name() {
    let whole = json!({
        "schema": "cuffd.command/1", "id": ID, "site": "north", "gateway": "gw", "expires_at": "2026-11-21T19:05:00Z",
        "command": "decide", "session": "s1", "answer": ID, "decision": "deny", "by": "dr",
    });
    let whole = whole.as_object().unwrap();
    for missing in whole.keys() {
        let mut rest = whole.clone();
        rest.remove(missing);
        let (_, refusal) = parse(Value::Object(rest).to_string().as_bytes()).unwrap_err();
        assert_eq!(refusal.field, Some(missing.as_str()));
        assert!(
            refusal.message.starts_with(&format!("{missing} is missing; allowed: ")),
            "{}",
            refusal.message
        );
    }
    for text in ["7", "[]", "{"] {
        let (_, refusal) = parse(text.as_bytes()).unwrap_err();
        assert_eq!((refusal.code, refusal.field), (Code::Malformed, None), "{text}");
    }
}

#[test]
fn limits_are_inclusive() {
    for (count, good) in [(99, true), (100, true), (101, false)] {
        let fields = json!({"command": "receipt", "ids": vec![ID; count]});
        assert_eq!(parsed(&fields).is_ok(), good, "{count} ids");
    }
    for (to_seq, good) in [(1007, true), (1008, true), (1009, false)] {
        let fields = json!({"command": "resend", "kind": "alert", "from_seq": 9, "to_seq": to_seq});
        assert_eq!(parsed(&fields).is_ok(), good, "up to {to_seq}");
    }
    for (length, good) in [(499, true), (500, true), (501, false)] {
        let note = "é".repeat(length);
        let fields =
            json!({"command": "decide", "session": "s", "answer": ID, "decision": "approve", "by": "d", "note": note});
        assert_eq!(parsed(&fields).is_ok(), good, "{length} characters");
    }
}

#[test]
fn size_is_at_most_8_kib() {
    let text = command(&json!({"command": "report"})).to_string();
    for (size, good) in [(LARGEST - 1, true), (LARGEST, true), (LARGEST + 1, false)] {
        let padded = text.clone() + &" ".repeat(size - text.len());
        assert_eq!(parse(padded.as_bytes()).is_ok(), good, "{size} octets");
    }
}

#[test]
fn unknown_commands_are_told_apart() {
    assert_eq!(parsed(&json!({"command": "reboot"})), Err(Code::UnknownCommand));
}

#[test]
fn a_name_twice_is_malformed_although_the_last_would_be_good() {
    let text = command(&json!({"command": "report"})).to_string();
    let doubled = text.replacen('{', r#"{"command":"start","#, 1);
    let (_, refusal) = parse(doubled.as_bytes()).unwrap_err();
    assert_eq!(refusal.code, Code::Malformed);
}

#[test]
fn an_id_is_1_to_64_printable_characters_and_only_then_echoed_as_written() {
    let upper = ID.to_uppercase();
    let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
    for (id, good) in [
        (upper.as_str(), true),
        ("7", true),
        (" {shift 3}/~", true),
        (&longest, true),
        (&too_long, false),
        ("", false),
        ("a\nb", false),
        ("a\u{7f}", false),
        ("é", false),
    ] {
        let written = |name: &str| command(&json!({"id": id, "command": name})).to_string();
        let read = parse(written("report").as_bytes()).map(|parsed| parsed.id_text);
        assert_eq!(read.ok().as_deref(), good.then_some(id), "{id:?}");
        let (echoed, refusal) = parse(written("reboot").as_bytes()).unwrap_err();
        assert_eq!(echoed.as_deref(), good.then_some(id), "{id:?}");
        assert_eq!(refusal.code == Code::UnknownCommand, good, "{id:?}");
    }
}

#[test]
fn ids_that_no_message_can_have_do_not_spoil_a_receipt() {
    let ids = Receipts(vec![Uuid::try_parse(ID).unwrap()]);
    let fields = json!({"command": "receipt", "ids": ["x", ID, ""]});
    assert_eq!(parsed(&fields), Ok(Command::Receipt { ids }));
}

#[test]
fn times_may_have_any_offset() {
    let value = command(&json!({"command": "report"}));
    let parsed = parse(value.to_string().as_bytes()).unwrap();
    assert_eq!(parsed.expires_at, "2026-11-21T18:05:00Z".parse().unwrap());
}

proptest! {
    #[test]
    fn no_octets_panic(octets: Vec<u8>) {
        let _ = parse(&octets);
    }

    #[test]
    fn no_cut_or_change_panics(cut in 0_usize..200, at in 0_usize..200, octet: u8) {
        let mut octets = command(&json!({"command": "receipt", "ids": [ID]})).to_string().into_bytes();
        octets.truncate(cut);
        if let Some(place) = octets.get_mut(at) {
            *place = octet;
        }
        let _ = parse(&octets);
    }
}
