//! The schema of commands takes what the program takes, and refuses what it refuses.

use std::fs;
use std::path::Path;

use cuffd::core::json;
use cuffd::mqtt::command::parse;
use cuffd::proof::{public_keys, verify};
use serde_json::{Value, json};

use crate::checker::{Rules, Sample, judge};

const ID: &str = "6b0c5a5e-5f0a-4d0e-8a49-0c8b4f6a2a01";
const PROOF: &str = "eyJhbGciOiJFZDI1NTE5In0..c2lnbmF0dXJl";

fn command(fields: &Value) -> Value {
    let mut value = json!({
        "schema": "cuffd.command/1", "id": "open {7}", "site": "north", "gateway": "gw-0042",
        "expires_at": "2026-11-21T19:05:00+01:00",
    });
    for (name, field) in fields.as_object().unwrap() {
        value[name] = field.clone();
    }
    value
}

fn good() -> Vec<Value> {
    let decide =
        json!({"command": "decide", "session": "s1", "answer": ID, "decision": "deny", "by": "dr", "proof": PROOF});
    let with = |name: &str, value: Value| {
        let mut fields = decide.clone();
        fields[name] = value;
        fields
    };
    vec![
        json!({"command": "open_session", "session": "s1", "patient": "p1"}),
        json!({"command": "open_session", "session": "s1", "patient": "p1", "cuff": "c", "policy_sha256": "aB".repeat(32)}),
        json!({"command": "open_session", "session": "s1", "patient": "p1", "cuff": null, "policy_sha256": null, "proof": null}),
        json!({"command": "attest", "session": "s1", "item": "safe_setting", "by": "anna"}),
        json!({"command": "attest", "session": "s1", "item": "safe_setting", "by": "anna", "value": false}),
        json!({"command": "start", "session": "s1", "proof": PROOF}),
        json!({"command": "close_session", "session": "s".repeat(40)}),
        decide.clone(),
        with("decision", json!("approve")),
        with("note", json!("é".repeat(500))),
        with("note", Value::Null),
        json!({"command": "report"}),
        json!({"command": "report", "session": "s1"}),
        json!({"command": "report", "session": null}),
        json!({"command": "report", "id": "x".repeat(64)}),
        json!({"command": "receipt", "ids": [ID, "unknown"]}),
        json!({"command": "receipt", "ids": vec![ID; 100]}),
        json!({"command": "resend", "ids": [ID]}),
        json!({"command": "resend", "ids": [], "kind": null, "from_seq": null, "to_seq": null}),
        json!({"command": "resend", "kind": "reading", "from_seq": 1, "to_seq": 1000, "ids": null}),
        json!({"command": "resend", "kind": "fhir", "from_seq": 0, "to_seq": 0}),
    ]
}

fn bad() -> Vec<Value> {
    vec![
        json!({}),
        json!({"command": 7}),
        json!({"command": "reboot"}),
        json!({"command": "start"}),
        json!({"command": "start", "session": null}),
        json!({"command": "start", "session": "a/b"}),
        json!({"command": "start", "session": ""}),
        json!({"command": "start", "session": "-s"}),
        json!({"command": "start", "session": "s".repeat(41)}),
        json!({"command": "close_session", "session": ["s1"]}),
        json!({"command": "open_session", "session": "s1"}),
        json!({"command": "open_session", "session": "s1", "patient": "p1", "cuff": 7}),
        json!({"command": "open_session", "session": "s1", "patient": "p1", "policy_sha256": "ab"}),
        json!({"command": "attest", "session": "s1", "item": "x", "by": "y", "value": "true"}),
        json!({"command": "attest", "session": "s1", "item": "x", "by": "y", "value": null}),
        json!({"command": "attest", "session": "s1", "item": "x"}),
        json!({"command": "decide", "session": "s1", "answer": "x", "decision": "deny", "by": "dr", "proof": PROOF}),
        json!({"command": "decide", "session": "s1", "answer": ID, "decision": "maybe", "by": "dr", "proof": PROOF}),
        json!({"command": "decide", "session": "s1", "answer": ID, "decision": "deny", "proof": PROOF}),
        json!({"command": "decide", "session": "s1", "answer": ID, "decision": "deny", "by": "dr", "proof": PROOF, "note": "é".repeat(501)}),
        json!({"command": "report", "session": 7}),
        json!({"command": "receipt"}),
        json!({"command": "receipt", "ids": [7]}),
        json!({"command": "receipt", "ids": vec![ID; 101]}),
        json!({"command": "resend"}),
        json!({"command": "resend", "ids": ["x"]}),
        json!({"command": "resend", "ids": null}),
        json!({"command": "resend", "kind": "reading", "from_seq": 1}),
        json!({"command": "resend", "kind": "status", "from_seq": 1, "to_seq": 2}),
        json!({"command": "resend", "kind": "reading", "from_seq": -1, "to_seq": 2}),
        json!({"command": "resend", "kind": "reading", "from_seq": 1, "to_seq": 2, "ids": []}),
        json!({"command": "report", "schema": "cuffd.command/2"}),
        json!({"command": "report", "id": 7}),
        json!({"command": "report", "id": ""}),
        json!({"command": "report", "id": "x".repeat(65)}),
        json!({"command": "report", "id": "a\nb"}),
        json!({"command": "report", "site": null}),
        json!({"command": "report", "expires_at": "2026-11-21T19:05:00"}),
        json!({"command": "report", "expires_at": "tomorrow"}),
        json!({"command": "report", "expires_at": 1_800_000_000}),
        json!({"command": "report", "proof": 1}),
    ]
}

fn is_taken(command: &Value) -> bool {
    parse(command.to_string().as_bytes()).is_ok()
}

/// Every command, with and without what may be left out.
pub(crate) fn samples() -> Vec<Sample> {
    good().iter().map(|fields| ("command", command(fields))).collect()
}

#[test]
fn the_schema_and_the_program_agree_on_each_command() {
    for (commands, agreed) in [(good(), true), (bad(), false)] {
        let samples: Vec<Sample> = commands.iter().map(|fields| ("command", command(fields))).collect();
        let judged = judge(Rules::Open, &samples);
        for ((_, command), mistakes) in samples.iter().zip(judged.mistakes) {
            assert_eq!(is_taken(command), agreed, "{command}");
            assert_eq!(mistakes.is_empty(), agreed, "{command}\n{mistakes:#?}");
        }
    }
}

/// Three things no schema of this kind can say, or says more strictly than the form alone: the texts say them.
#[test]
fn what_the_schema_cannot_say_is_known() {
    for (fields, by_schema, by_program) in [
        // Two numbers compared.
        (
            json!({"command": "resend", "kind": "alert", "from_seq": 3, "to_seq": 2}),
            true,
            false,
        ),
        (
            json!({"command": "resend", "kind": "alert", "from_seq": 1, "to_seq": 1001}),
            true,
            false,
        ),
        // Its form is good; it is refused as not authorized.
        (
            json!({"command": "decide", "session": "s", "answer": ID, "decision": "deny", "by": "d"}),
            false,
            true,
        ),
    ] {
        let command = command(&fields);
        let mistakes = &judge(Rules::Open, &[("command", command.clone())]).mistakes[0];
        assert_eq!(
            (mistakes.is_empty(), is_taken(&command)),
            (by_schema, by_program),
            "{command}"
        );
    }
}

#[test]
fn added_fields_are_ignored() {
    let command = command(&json!({"command": "report", "what_is_this": {"new": true}}));
    assert!(is_taken(&command));
    assert!(judge(Rules::Open, &[("command", command)]).mistakes[0].is_empty());
}

/// The fuzzer begins with them: what is refused at once leads nowhere.
#[test]
fn the_seeds_of_the_fuzzer_are_good() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let keys = public_keys(&fs::read(seeds.join("proof/keys.jwks")).unwrap()).unwrap();
    let (mut commands, mut proofs) = (0, 0);
    for folder in ["command", "proof"] {
        for entry in fs::read_dir(seeds.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let octets = fs::read(&path).unwrap();
            let value = json::read(&octets).unwrap();
            if folder == "command" {
                assert!(parse(&octets).is_ok(), "{}", path.display());
                commands += 1;
            }
            if value["proof"].is_string() {
                let proved = verify(value.as_object().unwrap(), &keys);
                assert!(proved.is_ok(), "{}: {proved:?}", path.display());
                proofs += 1;
            }
        }
    }
    assert_eq!((commands, proofs), (10, 12));
}
