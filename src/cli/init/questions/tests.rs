use super::*;

/// Asks with these answers; gives the draft, the rest, and what was shown.
fn asked(
    draft: Draft,
    folder: &Path,
    request: bool,
    lines: &[&str],
    all: bool,
) -> (Draft, Result<Answers, Ended>, String) {
    let mut draft = draft;
    let typed: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut shown = Vec::new();
    let mut dialogue = Dialogue::new(typed.as_bytes(), &mut shown, None);
    let known = Known {
        folder,
        hostname: "Box-7.example.org",
        request,
    };
    let answers = if all {
        ask_all(&mut dialogue, &mut draft, &known)
    } else {
        ask_rest(&mut dialogue, &mut draft, &known)
    };
    (draft, answers, String::from_utf8(shown).expect("text"))
}

fn all(folder: &Path, lines: &[&str]) -> (Draft, Answers, String) {
    let (draft, answers, shown) = asked(Draft::shipped(), folder, false, lines, true);
    (draft, answers.expect("all answered"), shown)
}

#[test]
fn the_least_is_a_site_and_enter() {
    let (draft, answers, shown) = all(Path::new("/etc/cuffd"), &["north", "", "", "", "", "", "", ""]);
    let expected = Draft::shipped().with(Key::SITE, "north").with(Key::ID, "box-7");
    assert_eq!(draft.text(), expected.text(), "{shown}");
    assert!(answers.secrets.is_empty() && !answers.request);
}

#[test]
fn names_that_every_new_machine_has_are_not_proposed() {
    for (hostname, proposed) in [
        ("Box-7.example.org", Some("box-7")),
        ("raspberrypi", None),
        ("localhost.localdomain", None),
        ("-", None),
        ("", None),
        ("a-name-that-is-far-too-long", None),
    ] {
        assert_eq!(proposed_id(hostname).as_deref(), proposed, "{hostname}");
    }
}

#[test]
fn a_broker_with_a_password_gets_a_file_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [
        "north",
        "gw",
        "mqtts://a.example.org",
        "",
        "",
        "me",
        "hunter2",
        "",
        "",
        "",
        "",
        "phones",
    ];
    let (draft, answers, shown) = all(folder.path(), &lines);
    let file = folder.path().join("mqtt-password");
    assert_eq!(answers.secrets, [(file.clone(), Private::new("hunter2".to_owned()))]);
    assert_eq!(draft.get(Key::PASSWORD).as_deref(), file.to_str());
    assert_eq!(draft.get(Key::USER).as_deref(), Some("me"));
    assert_eq!(draft.get(Key::LISTEN).as_deref(), Some("0.0.0.0:8377"));
    assert!(!draft.text().contains("hunter2") && !shown.contains("hunter2"));

    std::fs::write(&file, "before\n").expect("a file");
    let keeps = [
        "north",
        "gw",
        "mqtts://a.example.org",
        "",
        "",
        "me",
        "",
        "",
        "",
        "",
        "",
        "phones",
    ];
    let (draft, answers, _) = all(folder.path(), &keeps);
    assert!(answers.secrets.is_empty(), "what stands there is kept");
    assert_eq!(draft.get(Key::PASSWORD).as_deref(), file.to_str());
}

#[test]
fn a_broker_with_certificates_needs_both_files_or_a_request() {
    let folder = tempfile::tempdir().expect("a folder");
    let signed = rcgen::generate_simple_self_signed(["gw".to_owned()]).expect("a certificate");
    let (certificate, key) = (folder.path().join("gw.pem"), folder.path().join("gw.key"));
    std::fs::write(&certificate, signed.cert.pem()).expect("a file");
    super::super::files::write(
        &key,
        &signed.signing_key.serialize_pem(),
        super::super::files::Kind::Secret,
        super::super::files::Existing::Stays,
    )
    .expect("a file");
    let (certificate, key) = (certificate.to_str().expect("text"), key.to_str().expect("text"));
    let begin = ["north", "gw", "mqtts://a.example.org", "", "cert"];
    let end = ["", "", "", "", ""];

    let (draft, answers, shown) = all(
        folder.path(),
        &[&begin[..], &["/none", certificate, "/none", key], &end].concat(),
    );
    assert_eq!(draft.get(Key::CERTIFICATE).as_deref(), Some(certificate), "{shown}");
    assert_eq!(draft.get(Key::CERTIFICATE_KEY).as_deref(), Some(key), "{shown}");
    assert!(!answers.request);

    let (draft, answers, _) = all(folder.path(), &[&begin[..], &[certificate, "", ""], &end].concat());
    assert_eq!(draft.get(Key::CERTIFICATE), None, "the other certificate was none");
    assert!(answers.request);
}

#[test]
fn a_way_that_others_can_read_is_asked_about() {
    let lines = [
        "north",
        "gw",
        "mqtt://10.0.0.1",
        "no",
        "mqtt://10.0.0.1",
        "yes",
        "nothing",
        "",
        "",
        "",
        "",
        "",
    ];
    let (draft, _, shown) = all(Path::new("/etc/cuffd"), &lines);
    assert!(shown.contains("readable"), "{shown}");
    assert!(draft.text().contains("\nallow_plaintext = true"), "{}", draft.text());
    let (draft, _, shown) = all(
        Path::new("/etc/cuffd"),
        &["north", "gw", "mqtt://localhost", "", "", "", "", "", ""],
    );
    assert!(!shown.contains("readable") && draft.get(Key::URL).is_some(), "{shown}");
}

#[test]
fn a_text_for_a_crisis_is_asked_for_in_each_language() {
    let lines = [
        "north", "gw", "", "de es", "112", "555-0100", "Anrufen.", "Llame.", "screen",
    ];
    let (draft, _, shown) = all(Path::new("/etc/cuffd"), &lines);
    assert_eq!(draft.languages(), ["de", "es"], "{shown}");
    assert_eq!(draft.crisis_languages(), ["de", "es"]);
    assert_eq!(draft.get(Key::EMERGENCY).as_deref(), Some("112"));
}

#[test]
fn a_clinics_file_is_asked_only_for_what_it_leaves_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let password = folder.path().join("password");
    let text = format!(
        "[gateway]\nsite = \"north\"\n[[mqtt.brokers]]\nurl = \"mqtts://a.example.org\"\npassword_file = {password:?}\n\
         [web]\nlanguages = [\"en\", \"de\"]\nclinic_contact = \"555\"\ncrisis_text = {{ en = \"Call.\" }}\n\
         [readiness]\nsystolic = {{ min = 90, max = 140 }}\ndiastolic = {{ min = 50, max = 90 }}\n\
         crisis = {{ systolic = 180, diastolic = 120 }}\nreadings = 2\nvalid_for = \"30m\"\n"
    );
    let draft = Draft::of(text).expect("TOML");
    let lines = ["gw-1", "", "112", "", "Anrufen.", "hunter2"];
    let (draft, answers, shown) = asked(draft, folder.path(), false, &lines, false);
    let answers = answers.expect("all answered");
    assert_eq!(
        answers.secrets,
        [(password, Private::new("hunter2".to_owned()))],
        "{shown}"
    );
    assert_eq!(draft.get(Key::ID).as_deref(), Some("gw-1"));
    assert_eq!(draft.crisis_languages(), ["en", "de"]);
    let none = super::super::judge::unusable(&draft, "draft", super::super::judge::Asks::Nobody);
    assert!(none.is_none(), "{none:?}");
}

#[test]
fn answers_that_end_early_give_nothing() {
    let lines = ["north", "gw", "mqtts://a.example.org", "", "", "me"];
    for count in 0..=lines.len() {
        let (_, answers, _) = asked(Draft::shipped(), Path::new("/etc/cuffd"), false, &lines[..count], true);
        assert!(matches!(answers, Err(Ended::Input)), "{count}");
    }
}
