//! The AsyncAPI document against its own parser and the program's topics, and the page that is made of it.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use cuffd::core::name::Name;
use cuffd::core::topics::Topics;
use cuffd::mqtt::message;
use serde_json::Value;

use crate::checker::{asyncapi_problems, output, python, repository};

/// The AsyncAPI document.
fn asyncapi() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let to_json = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
        let text = fs::read_to_string(repository("docs/asyncapi.yaml")).unwrap();
        serde_json::from_str(&output(python().args(["-c", to_json]), &text)).unwrap()
    })
}

/// The channels with an address of their own.
fn channels() -> impl Iterator<Item = (&'static str, &'static str)> {
    let channels = asyncapi()["channels"].as_object().unwrap().iter();
    channels.filter_map(|(name, channel)| Some((name.as_str(), channel["address"].as_str()?)))
}

fn address(address: &str) -> String {
    let parameters = [
        ("{prefix}", "cuffd"),
        ("{site}", "north"),
        ("{gateway}", "gw-0042"),
        ("{session}", "s1"),
    ];
    parameters
        .into_iter()
        .fold(address.to_owned(), |address, (parameter, value)| {
            address.replace(parameter, value)
        })
}

/// The channel of a topic.
pub(crate) fn channel_of(topic: &str) -> &'static str {
    let fits = |address: &str| {
        let (address, topic): (Vec<&str>, Vec<&str>) = (address.split('/').collect(), topic.split('/').collect());
        address.len() == topic.len()
            && address
                .iter()
                .zip(&topic)
                .all(|(level, part)| level.starts_with('{') || level == part)
    };
    let found: Vec<&str> = channels()
        .filter(|(_, address)| fits(address))
        .map(|(name, _)| name)
        .collect();
    let [channel] = found.as_slice() else {
        panic!("{topic} is on {found:?}");
    };
    channel
}

/// What stands below the gateway on the topics that the document calls retained.
pub(crate) fn retained() -> BTreeSet<String> {
    let operations = asyncapi()["operations"].as_object().unwrap().iter();
    let retained = operations.filter(|(_, operation)| operation["bindings"]["mqtt"]["retain"] == true);
    retained.map(|(name, _)| name.clone()).collect()
}

#[test]
fn the_parser_of_asyncapi_finds_nothing_wrong() {
    assert_eq!(asyncapi_problems(&repository("docs/asyncapi.yaml")), [""; 0]);
}

#[test]
fn the_parser_of_asyncapi_would_find_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let schemas = folder.path().join("schemas");
    fs::create_dir(&schemas).unwrap();
    for entry in fs::read_dir(repository("docs/schemas")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), schemas.join(entry.file_name())).unwrap();
    }
    let text = fs::read_to_string(repository("docs/asyncapi.yaml")).unwrap();
    let document = folder.path().join("asyncapi.yaml");
    for (right, wrong) in [
        ("action: receive", "action: get"),
        ("schemas/alert.json", "schemas/lost.json"),
        ("#/channels/reading", "#/channels/lost"),
    ] {
        fs::write(&document, text.replace(right, wrong)).unwrap();
        assert!(!asyncapi_problems(&document).is_empty(), "{wrong}");
    }
}

#[test]
fn the_topics_are_those_of_the_program() {
    let name = |text| Name::parse(text).unwrap();
    let topics = Topics::new("cuffd", &name("north"), &name("gw-0042"));
    let of_the_program = BTreeSet::from([
        topics.status(),
        topics.info(),
        topics.reading(),
        topics.readiness(&name("s1")),
        topics.alert(),
        topics.fhir(),
        topics.command(),
        topics.reply(),
    ]);
    let of_the_document: BTreeSet<String> = channels().map(|(_, written)| address(written)).collect();
    assert_eq!(of_the_document, of_the_program);
}

#[test]
fn every_channel_has_its_operation_at_qos_1_and_the_content_type_of_the_program() {
    for (name, _) in channels() {
        let operation = &asyncapi()["operations"][name];
        assert_eq!(operation["channel"]["$ref"], format!("#/channels/{name}"));
        let action = if name == "command" { "receive" } else { "send" };
        assert_eq!(
            (&operation["action"], &operation["bindings"]["mqtt"]["qos"]),
            (&action.into(), &1.into()),
            "{name}"
        );
    }
    assert_eq!(asyncapi()["defaultContentType"], message::CONTENT_TYPE);
}

#[test]
fn every_message_has_the_schema_of_its_name() {
    let messages = asyncapi()["components"]["messages"].as_object().unwrap();
    for (name, message) in messages {
        assert_eq!(message["name"], format!("cuffd.{name}/1"));
        // What a FHIR Bundle is others have written down.
        let schema = (name != "fhir").then(|| format!("schemas/{name}.json"));
        assert_eq!(message["payload"]["$ref"].as_str(), schema.as_deref());
    }
}

#[test]
fn the_page_is_made_of_the_documents_as_they_are() {
    let page = output(python().arg(repository("docs/render.py")), "");
    let kept = fs::read_to_string(repository("docs/messages.md")).unwrap();
    assert!(
        page == kept,
        "make it anew: tests/tools/cache/python/bin/python docs/render.py > docs/messages.md"
    );
}
