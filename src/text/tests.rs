use super::*;

/// Words that the page does not use (contract 5), as they may begin in each language.
const NOT_USED: [(&str, &[&str]); 3] = [
    (
        "en",
        &[
            "error", "failed", "failure", "abnormal", "safe", "cleared", "approved", "dose", "dosage",
        ],
    ),
    (
        "es",
        &[
            "error",
            "fallo",
            "falló",
            "fallid",
            "anormal",
            "anómal",
            "segur",
            "a salvo",
            "autorizad",
            "aprobad",
            "dosis",
        ],
    ),
    (
        "de",
        &[
            "fehler",
            "fehlgeschlagen",
            "abnormal",
            "anormal",
            "auffällig",
            "sicher",
            "freigegeben",
            "genehmigt",
            "dosis",
            "dosier",
        ],
    ),
];

fn lines(language: &str) -> Vec<(String, String)> {
    let text = match language {
        "es" => SPANISH,
        "de" => GERMAN,
        _ => ENGLISH,
    };
    let mut lines = Vec::new();
    for (name, said) in text.parse::<Table>().expect("TOML") {
        let text = |said: &Value| said.as_str().expect("a text").to_owned();
        if let Some(items) = said.as_table() {
            lines.extend(items.iter().map(|(item, said)| (item.clone(), text(said))));
        } else {
            lines.push((name, text(&said)));
        }
    }
    lines
}

fn slots(line: &str) -> Vec<&str> {
    let mut slots: Vec<_> = pieces(line)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Slot(slot) => Some(slot),
            Piece::Text(_) => None,
        })
        .collect();
    slots.sort_unstable();
    slots
}

#[test]
fn every_language_has_every_line_with_the_same_slots() {
    let english = lines("en");
    for language in SHIPPED {
        assert!(read(language, None).is_ok(), "{language}");
        let others = lines(language);
        for (name, said) in &english {
            let (_, other) = others
                .iter()
                .find(|(other, _)| other == name)
                .unwrap_or_else(|| panic!("{language} {name}"));
            assert_eq!(slots(said), slots(other), "{language} {name}");
        }
        assert_eq!(english.len(), others.len(), "{language}");
    }
}

#[test]
fn words_that_judge_or_frighten_are_used_in_no_language() {
    for (language, words) in NOT_USED {
        for (name, said) in lines(language) {
            let said = said.to_lowercase();
            let begins = |word: &&&str| {
                said.match_indices(**word)
                    .any(|(at, _)| !said[..at].chars().next_back().is_some_and(char::is_alphabetic))
            };
            assert_eq!(words.iter().find(begins), None, "{language} {name}: {said}");
        }
    }
}

#[test]
fn a_clinic_changes_single_lines_and_brings_items_of_its_own() {
    let own = "rest_headline = \"Sit down, please\"\n[attest]\nfasting = \"No food since noon.\"\n";
    let texts = read("en", Some(own)).expect("good");
    assert_eq!(texts.rest_headline, "Sit down, please");
    assert_eq!(texts.ended_headline, "This session is over");
    assert_eq!(texts.item("fasting"), "No food since noon.");
    assert!(texts.item("companion_present").starts_with("I am here"));
    assert_eq!(texts.item("phone_charged"), "phone charged");
}

#[test]
fn a_file_that_lacks_an_emergency_or_crisis_line_is_refused() {
    let whole = "emergency = \"Urgence ? {number}\"\nquestions = \"{contact}\"\ncrisis_headline = \"Haut\"\ncrisis_call = \"{number}\"\n";
    assert!(read("fr", Some(whole)).is_ok());
    for line in ["emergency", "questions", "crisis_headline", "crisis_call"] {
        let lacking: String = whole
            .lines()
            .filter(|one| !one.starts_with(line))
            .map(|one| format!("{one}\n"))
            .collect();
        assert!(
            matches!(read("fr", Some(&lacking)), Err(TextError::Lacks { line: which, .. }) if which == line),
            "{line}"
        );
    }
    for (language, own) in [
        ("fr", ""),
        ("en", "emergency = \"Call somebody.\""),
        ("en", "emergency = 112"),
        ("de", "questions = \"Fragen?\""),
    ] {
        assert!(
            matches!(read(language, Some(own)), Err(TextError::Lacks { .. })),
            "{own}"
        );
    }
}

#[test]
fn what_is_no_line_of_the_page_is_refused() {
    for (own, refused) in [
        (
            "crisis_headline = \" \"",
            TextError::Empty("crisis_headline".to_owned()),
        ),
        ("rest_headline = 1", TextError::Empty("rest_headline".to_owned())),
        ("attest = \"x\"", TextError::Empty("attest".to_owned())),
        ("[attest]\nx = \"\"", TextError::Empty("attest.x".to_owned())),
        ("headline = \"x\"", TextError::Unknown("headline".to_owned())),
    ] {
        assert_eq!(read("en", Some(own)), Err(refused));
    }
    assert!(matches!(read("en", Some("a =")), Err(TextError::NotToml(_))));
}

#[test]
fn slots_are_filled_once_and_only_by_name() {
    assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "2")]), "{b} and 2");
    assert_eq!(fill("{x} {", &[]), "{x} {");
    assert_eq!(pieces("a{b}c"), [Piece::Text("a"), Piece::Slot("b"), Piece::Text("c")]);
}
