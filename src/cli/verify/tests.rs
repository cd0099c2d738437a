use serde_json::{Value, json};

use super::*;
use crate::proof::{SigningKey, prove};

const AT: &str = "2026-11-21T18:00:00Z";

fn key() -> SigningKey {
    SigningKey::generate().expect("random numbers").0
}

fn listed(key: &SigningKey, site: &str, gateway: &str) -> Vec<Listed> {
    public_keys(key.public().jwk(site, gateway).to_string().as_bytes()).expect("a key")
}

/// A reading's envelope: `changes` beside what every one has.
fn message(id: &str, seq: u64, changes: &Value) -> String {
    let mut message = json!({
        "schema": "cuffd.reading/1", "id": id, "site": "north", "gateway": "gw", "run": "r1", "seq": seq,
        "created_at": AT, "systolic": 120.3, "patient": "Zoë", "pulse_rate": null,
    });
    for (name, value) in changes.as_object().expect("an object") {
        message[name] = value.clone();
    }
    message.to_string()
}

fn signed(key: &SigningKey, message: &str) -> String {
    String::from_utf8(prove(key, message.as_bytes()).expect("an object")).expect("UTF-8")
}

/// What is printed, what is told, and whether all was good.
fn verify(keys: &[Listed], lines: &[String]) -> (Vec<String>, Vec<String>, bool) {
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let text = lines.join("\n") + "\n";
    let all_good =
        check(keys, BufReader::new(text.as_bytes()), &mut output, &mut errors).expect("memory can be read and written");
    let lines = |octets: Vec<u8>| -> Vec<String> {
        let text = String::from_utf8(octets).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    };
    (lines(output), lines(errors), all_good)
}

#[test]
fn each_line_has_its_answer_and_one_bad_message_is_enough_for_a_bad_end() {
    let (key, other) = (key(), key());
    let keys = listed(&key, "north", "gw");
    let good = signed(&key, &message("a", 1, &json!({})));
    let lines = [
        good.clone(),
        good.replace("120.3", "120.4"),
        message("b", 2, &json!({})),
        signed(&other, &message("c", 3, &json!({}))),
        signed(&key, &message("d", 4, &json!({"gateway": "gw2"}))),
        signed(&key, &message("d", 4, &json!({"site": 7}))),
        message("e", 5, &json!({"proof": "x.y.z"})),
        message("f", 6, &json!({"proof": null})),
        "{".to_owned(),
        "[]".to_owned(),
        String::new(),
        signed(&key, r#"{"schema":"cuffd.reading/1","seq":1}"#),
        signed(&key, &message("two words", 7, &json!({}))),
        good.replace(r#""seq":1"#, r#""seq":1,"seq":1"#),
    ];
    let (told, _, all_good) = verify(&keys, &lines);
    let expected = [
        "ok a",
        "bad a bad_signature",
        "bad b no_proof",
        "bad c unknown_key",
        "bad d wrong_gateway",
        "bad d malformed",
        "bad e malformed_proof",
        "bad f no_proof",
        "bad - malformed",
        "bad - malformed",
        "bad - malformed",
        "bad - malformed",
        "bad - malformed",
        "bad a malformed",
    ];
    assert_eq!(told, expected);
    assert!(!all_good);
    assert!(verify(&keys, &[good]).2);
}

#[test]
fn a_key_counts_only_for_the_gateway_that_it_is_listed_for() {
    let key = key();
    let line = [signed(&key, &message("a", 1, &json!({})))];
    let mut unnamed = listed(&key, "north", "gw");
    unnamed[0].gateway = None;
    for (keys, answer) in [
        (listed(&key, "north", "gw"), "ok a"),
        (listed(&key, "south", "gw"), "bad a wrong_gateway"),
        (listed(&key, "north", "gw2"), "bad a wrong_gateway"),
        (unnamed, "bad a wrong_gateway"),
        (
            [listed(&key, "north", "gw2"), listed(&key, "north", "gw")].concat(),
            "ok a",
        ),
    ] {
        assert_eq!(verify(&keys, &line).0, [answer], "{keys:?}");
    }
}

/// What is told of messages with these numbers, ids and further members.
fn told(messages: &[(u64, &str, Value)]) -> Vec<String> {
    let key = key();
    let lines: Vec<String> = messages
        .iter()
        .map(|(seq, id, changes)| signed(&key, &message(id, *seq, changes)))
        .collect();
    let (_, told, all_good) = verify(&listed(&key, "north", "gw"), &lines);
    assert!(all_good, "numbers do not make a message bad");
    told
}

#[test]
fn missing_and_doubled_numbers_are_told_for_each_kind() {
    let none = json!({});
    let alert = json!({"schema": "cuffd.alert/1"});
    assert!(told(&[(7, "a", none.clone()), (8, "b", none.clone()), (1, "x", alert.clone())]).is_empty());
    assert_eq!(
        told(&[
            (1, "a", none.clone()),
            (3, "b", none.clone()),
            (9, "c", none.clone()),
            (3, "d", none.clone()),
            (9, "c", none.clone()),
            (1, "x", alert.clone()),
            (3, "y", alert),
        ]),
        [
            "north/gw cuffd.alert/1: seq missing: 2",
            "north/gw cuffd.reading/1: seq missing: 2, 4 to 8",
            "north/gw cuffd.reading/1: seq 3 is doubled: id b and id d",
            "north/gw cuffd.reading/1: seq 9 came twice, with the same id c",
        ]
    );
}

#[test]
fn a_restored_copy_is_told_and_a_message_that_comes_late_is_none() {
    let later = |run: &str| json!({"run": run, "created_at": "2026-11-21T19:00:00Z"});
    let none = json!({});
    let fell_back = told(&[
        (1, "a", none.clone()),
        (2, "b", none.clone()),
        (2, "c", later("r2")),
        (3, "d", later("r2")),
    ]);
    assert_eq!(
        fell_back,
        [
            "north/gw cuffd.reading/1: seq 2 is doubled: id b and id c",
            "north/gw cuffd.reading/1: seq fell back from 2 to 2 under the new run r2: a restored copy of the gateway's \
             store, or a second machine",
        ]
    );
    let late = told(&[(3, "d", later("r2")), (2, "b", none.clone()), (1, "a", none)]);
    assert!(late.is_empty(), "{late:?}");
}

#[test]
fn of_much_trouble_the_first_is_told_and_how_much_there_is() {
    let twice: Vec<_> = (0..100).map(|number| (number % 50, "a", json!({}))).collect();
    let gaps: Vec<_> = (0..100).map(|number| (number * 2, "a", json!({}))).collect();
    assert_eq!(told(&twice).len(), 21);
    assert!(told(&gaps)[0].ends_with("and 79 gaps more"), "{:?}", told(&gaps));
}

/// Sends the second message only when the first has its answer.
struct Dialogue<'a> {
    answers: &'a std::cell::RefCell<Vec<u8>>,
    messages: std::vec::IntoIter<String>,
    sent: usize,
}

impl Read for Dialogue<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let answered = self.answers.borrow().split(|octet| *octet == b'\n').count() - 1;
        assert_eq!(
            answered, self.sent,
            "each message has its answer before the next one comes"
        );
        let Some(message) = self.messages.next() else {
            return Ok(0);
        };
        self.sent += 1;
        (&mut *buffer).write(format!("{message}\n").as_bytes())
    }
}

struct Shared<'a>(&'a std::cell::RefCell<Vec<u8>>);

impl Write for Shared<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn who_receives_messages_one_by_one_is_answered_one_by_one() {
    let key = key();
    let answers = std::cell::RefCell::default();
    let messages: Vec<String> = (1..4).map(|seq| signed(&key, &message("a", seq, &json!({})))).collect();
    let dialogue = Dialogue {
        answers: &answers,
        messages: messages.into_iter(),
        sent: 0,
    };
    let output = BufWriter::new(Shared(&answers));
    let all_good = check(
        &listed(&key, "north", "gw"),
        BufReader::new(dialogue),
        output,
        io::sink(),
    )
    .unwrap();
    assert!(all_good);
    assert_eq!(answers.into_inner(), b"ok a\nok a\nok a\n");
}
