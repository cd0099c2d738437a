use super::*;
use crate::config::{Loaded, load_text};

const CREDENTIALS: [(&str, &str); 1] = [("CUFFD__STORE__PATH", "/nonexistent/cuffd.db")];

fn good(draft: &Draft) -> Loaded {
    let environment = CREDENTIALS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    load_text(draft.text(), "draft", environment).unwrap_or_else(|mistakes| panic!("{mistakes}\n{}", draft.text()))
}

fn clinics(text: &str) -> Draft {
    Draft::of(text.to_owned()).expect("TOML")
}

/// The lines of the second that are not in the first, in order.
fn new_lines<'a>(before: &str, after: &'a str) -> Vec<&'a str> {
    let before: Vec<&str> = before.lines().collect();
    after.lines().filter(|line| !before.contains(line)).collect()
}

#[test]
fn the_shipped_config_keeps_every_line_but_those_that_are_answered() {
    let mut draft = Draft::shipped();
    draft.set(Key::SITE, "north");
    draft.set(Key::ID, "gw-0042");
    draft.set(Key::URL, "mqtt://localhost");
    draft.set(Key::EMERGENCY, "911");
    let draft = draft.with_crisis("en", "Call.").with_crisis("de", "Anrufen.");
    let lines = new_lines(SHIPPED, draft.text());
    assert_eq!(
        lines,
        [
            r#"site     = "north"                    # the clinic"#,
            r#"id       = "gw-0042"                  # this machine; one for each, never given out twice"#,
            "[mqtt]",
            "[[mqtt.brokers]]",
            r#"url             = "mqtt://localhost"               # (required) mqtts://, or mqtt:// on this machine"#,
            r#"emergency_number = "911""#,
            r#"crisis_text      = { en = "Call.", de = "Anrufen." }"#,
        ]
    );
    assert_eq!(draft.text().lines().count(), SHIPPED.lines().count());
    let config = good(&draft).config;
    assert_eq!(
        (config.gateway.site.as_str(), config.gateway.id.as_str()),
        ("north", "gw-0042")
    );
    assert_eq!(config.mqtt.expect("a table").brokers[0].url.host, "localhost");
}

#[test]
fn a_clinics_file_keeps_its_words_and_gets_what_is_missing() {
    let text = "# Of the clinic.\n[gateway]\nsite = \"north\" # ours\n\n# The broker\n[mqtt]\nreceipts = true\n\
        [[mqtt.brokers]]\nurl = \"mqtts://a.example.org\"\n[[mqtt.brokers]]\nurl = \"mqtts://b.example.org\"\n";
    let draft = clinics(text).with(Key::ID, "gw-1").with(Key::USER, "somebody");
    assert_eq!(
        new_lines(text, draft.text()),
        [r#"id = "gw-1""#, r#"username = "somebody""#]
    );
    let mqtt = good(&draft).config.mqtt.expect("a table");
    let users: Vec<_> = mqtt.brokers.iter().map(|broker| broker.username.as_deref()).collect();
    assert_eq!(users, [Some("somebody"), None], "the first broker is meant");
    assert!(
        draft
            .text()
            .starts_with("# Of the clinic.\n[gateway]\nsite = \"north\" # ours\nid = \"gw-1\"\n")
    );
}

#[test]
fn every_form_of_a_table_takes_a_key() {
    for text in [
        "",
        "gateway = {}\n",
        "gateway.time_zone = \"UTC\"\n",
        "[log]\nlevel = \"info\"\n",
        "[gateway]\n#site = \"\"\n#id = \"\"\n",
        "#[gateway]\n#site = \"x\n",
        "# [gateway] comes later\n[web]\nlanguages = [\n  \"en\",\n]\n[gateway]\n",
        "[gateway] # who\nsite = \"south\"\nid = \"\"\n",
    ] {
        let mut draft = clinics(text);
        draft.set(Key::SITE, "north");
        draft.set(Key::ID, "gw-1");
        draft.set(Key::CODE, "cred:none");
        assert_eq!(draft.get(Key::SITE).as_deref(), Some("north"), "{text}");
        assert_eq!(draft.get(Key::ID).as_deref(), Some("gw-1"), "{text}");
        assert_eq!(draft.get(Key::CODE).as_deref(), Some("cred:none"), "{text}");
    }
}

#[test]
fn every_form_of_brokers_is_read_and_written() {
    for text in [
        "[mqtt]\nbrokers = [{ url = \"mqtt://localhost\", password_file = \"/a\" }]\n",
        "mqtt = { brokers = [{ url = \"mqtt://localhost\", password_file = \"/a\" }] }\n",
        "[mqtt]\n[[mqtt.brokers]]\nurl = \"mqtt://localhost\"\npassword_file = \"/a\"\n",
    ] {
        let draft = clinics(text);
        assert_eq!(draft.of_brokers(Key::PASSWORD), [Some("/a".to_owned())], "{text}");
        let draft = draft.with(Key::USER, "u");
        assert_eq!(draft.get(Key::USER).as_deref(), Some("u"), "{text}\n{}", draft.text());
    }
    assert!(clinics("[mqtt]\n").of_brokers(Key::URL).is_empty());
}

#[test]
fn what_may_come_one_day_is_a_comment() {
    let words = "Once it has come.";
    for text in [
        SHIPPED,
        "[gateway]\nsite = \"north\"\n",
        "[mqtt]\n[[mqtt.brokers]]\nurl = \"mqtt://localhost\"\n",
        "[mqtt]\nbrokers = [{ url = \"mqtt://localhost\" }]\n",
    ] {
        let mut draft = clinics(text);
        draft.set(Key::SITE, "north");
        draft.set(Key::ID, "gw-1");
        let before = good(&draft);
        draft.suggest(Key::CERTIFICATE, Path::new("/etc/cuffd/gateway.pem"));
        draft.remark(Key::CERTIFICATE, words);
        assert!(
            draft.text().contains("\n#client_cert = \"/etc/cuffd/gateway.pem\"\n"),
            "{}",
            draft.text()
        );
        assert_eq!(format!("{:?}", good(&draft).config), format!("{:?}", before.config));
        draft.set(Key::URL, "mqtt://localhost");
        good(&draft);
    }
}

#[test]
fn texts_for_a_crisis_stand_beside_those_that_are_there() {
    for text in [
        "[web]\nlanguages = [\"en\", \"de\"]\ncrisis_text = { en = \"Call.\" }\n",
        "[web]\nlanguages = [\"en\", \"de\"]\n[web.crisis_text]\nen = \"Call.\"\n",
    ] {
        let draft = clinics(text).with_crisis("de", "Rufen Sie \"112\" an.");
        assert_eq!(draft.languages(), ["en", "de"]);
        assert_eq!(draft.crisis_languages(), ["en", "de"], "{}", draft.text());
    }
}

#[test]
fn a_path_is_quoted() {
    let mut draft = clinics("[gateway]\nsite = \"north\"\nid = \"gw\"\n");
    draft.suggest(Key::CERTIFICATE, Path::new("/a \"b\"\\c"));
    draft.set(Key::KEY_FILE, "/a \"b\"\\c");
    assert_eq!(draft.get(Key::KEY_FILE).as_deref(), Some("/a \"b\"\\c"));
}
