//! Every list of words in the schemas is the program's list: neither has a word that the other has not.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cuffd::core::state::Problem;
use serde::Serialize;
use serde_json::{Value, json};

use crate::checker::repository;
use crate::every;

type Words = BTreeSet<Option<String>>;

/// What the program writes for each of these.
fn written<T: Serialize>(every: impl IntoIterator<Item = T>) -> Words {
    every
        .into_iter()
        .map(|one| word(&serde_json::to_value(one).unwrap()))
        .collect()
}

/// The same, where none may be told.
fn written_or_null<T: Serialize>(every: impl IntoIterator<Item = T>) -> Words {
    let mut words = written(every);
    words.insert(None);
    words
}

fn word(value: &Value) -> Option<String> {
    let word = || value.as_str().unwrap_or_else(|| panic!("{value} is no word"));
    (!value.is_null()).then(|| word().to_owned())
}

/// The words of everything that has some, by where the schemas list them.
fn of_the_program() -> BTreeMap<&'static str, Words> {
    // Who reads a status by MQTT is connected to the broker.
    let published = every::problems()
        .into_iter()
        .filter(|problem| *problem != Problem::BrokerUnreachable);
    let answer_codes: BTreeSet<_> = every::reasons().iter().map(cuffd::core::reason::Reason::code).collect();
    let replay_codes: BTreeSet<_> = every::refusals()
        .into_iter()
        .map(cuffd::core::readiness::refusal::Refusal::code)
        .collect();
    BTreeMap::from([
        ("alert.json/properties/code", written(every::alert_codes())),
        ("alert.json/properties/state", written(every::alert_states())),
        (
            "command.json/properties/command",
            written(every::command_names().iter().map(|name| name.as_str())),
        ),
        (
            "command.json/$defs/decide/properties/decision",
            written(every::decisions()),
        ),
        (
            "command.json/$defs/resend/properties/kind",
            written_or_null(every::kinds().iter().map(|kind| kind.as_str())),
        ),
        ("common.json/$defs/answer_code", written(answer_codes)),
        (
            "common.json/$defs/answer_reason/properties/of",
            written(every::vitals().iter().map(|vital| vital.as_str())),
        ),
        (
            "common.json/$defs/reading_code",
            written(every::reading_reasons().iter().map(|reason| reason.code())),
        ),
        ("common.json/$defs/state", written(every::states())),
        ("common.json/$defs/status_name", written(every::status_names())),
        ("doctor.json/$defs/check/properties/check", written(every::abouts())),
        ("doctor.json/$defs/check/properties/result", written(every::outcomes())),
        (
            "replay.json/$defs/what/properties/code",
            written(replay_codes.into_iter().chain(["bad_event"])),
        ),
        ("reply.json/$defs/error/properties/code", written(every::reply_codes())),
        (
            "state.json/$defs/cuff/properties/health",
            written(every::cuff_healths()),
        ),
        ("state.json/$defs/radio/properties/state", written(radio_words())),
        (
            "state.json/$defs/session/properties/message",
            written_or_null(every::message_states()),
        ),
        ("state.json/properties/problems/items", written(every::problems())),
        ("status.json/properties/problems/items", written(published)),
        ("status.json/properties/state", written(every::presences())),
    ])
}

fn radio_words() -> Vec<Value> {
    let words = every::radio_states().into_iter();
    words.map(|state| json!(state)["state"].clone()).collect()
}

/// Every list of words in the schemas, by its place. Lists within a condition pick from others.
fn of_the_schemas() -> BTreeMap<String, Words> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(repository("docs/schemas")).unwrap() {
        let path = entry.unwrap().path();
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        collect(&schema, name, &mut found);
    }
    found
}

fn collect(schema: &Value, place: &str, found: &mut BTreeMap<String, Words>) {
    if let Some(words) = schema["enum"].as_array() {
        found.insert(place.to_owned(), words.iter().map(word).collect());
    }
    for (name, part) in parts(schema) {
        match name {
            Some("if" | "then" | "else") => {}
            Some(name) => collect(part, &format!("{place}/{name}"), found),
            None => collect(part, place, found),
        }
    }
}

/// What a value is made of: fields have names, items have none.
fn parts(value: &Value) -> Vec<(Option<&str>, &Value)> {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.map(|(name, part)| (Some(name.as_str()), part));
    let items = value.as_array().into_iter().flatten().map(|part| (None, part));
    fields.chain(items).collect()
}

#[test]
fn the_schemas_list_the_words_of_the_program_and_no_others() {
    let (program, schemas) = (of_the_program(), of_the_schemas());
    for (place, words) in &program {
        assert_eq!(schemas.get(*place), Some(words), "{place}");
    }
    let places: Vec<_> = schemas
        .keys()
        .filter(|place| !program.contains_key(place.as_str()))
        .collect();
    assert!(
        places.is_empty(),
        "nothing says that these are the program's: {places:?}"
    );
}

/// Words within a condition are among those of the field that it is about.
#[test]
fn conditions_speak_of_words_that_there_are() {
    let known: BTreeSet<String> = of_the_program().into_values().flatten().flatten().collect();
    for entry in fs::read_dir(repository("docs/schemas")).unwrap() {
        let path = entry.unwrap().path();
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for word in conditions(&schema) {
            assert!(known.contains(&word), "{}: {word}", path.display());
        }
    }
}

fn conditions(schema: &Value) -> Vec<String> {
    let within = |(name, part)| match name {
        Some("if") => words_in(part),
        Some(_) | None => conditions(part),
    };
    parts(schema).into_iter().flat_map(within).collect()
}

fn words_in(schema: &Value) -> Vec<String> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fields = properties.flat_map(|(_, field)| {
        let one = field.get("const").filter(|word| word.is_string()).into_iter();
        one.chain(field["enum"].as_array().into_iter().flatten())
    });
    fields.filter_map(Value::as_str).map(str::to_owned).collect()
}
