//! `[[cuffs]]` and `[patients]`: whose measurements come from which cuff.

use cuffd::core::cuff::Wearer;

use super::rig::{CONTACTS, GATEWAY, READINESS, each_is_refused, each_is_taken, load, refused, subjects, warnings};

const CUFF: &str = "[[cuffs]]\nid = \"c1\"\naddress = \"C0:FF:EE:00:00:01\"\n";

#[test]
fn cuff_keys() {
    each_is_refused(
        &format!("{GATEWAY}{CUFF}"),
        "",
        &[
            ("", "cuffs[0].patient"),
            ("patient = \"p1\"\nusers = { 1 = \"p1\" }", "cuffs[0].users"),
            ("patient = \"p 1\"", "cuffs[0].patient"),
            ("patient = 1", "cuffs[0].patient"),
            ("patient = \"session\"", "cuffs[0].patient"),
            ("users = {}", "cuffs[0].users"),
            ("users = \"p1\"", "cuffs[0].users"),
            ("users = { 255 = \"p1\" }", "cuffs[0].users"),
            ("users = { 01 = \"p1\" }", "cuffs[0].users"),
            ("users = { a = \"p1\" }", "cuffs[0].users"),
            ("users = { 1 = \"session\" }", "cuffs[0].users.1"),
            ("users = { 1 = 1 }", "cuffs[0].users.1"),
            ("patient = \"p1\"\nmodel = \"beurer-bm45\"", "cuffs[0].model"),
            ("patient = \"p1\"\ntrust_clock = 1", "cuffs[0].trust_clock"),
            ("patient = \"p1\"\nsince = \"yesterday\"", "cuffs[0].since"),
            ("patient = \"p1\"\nsince = \"2026-11-21T18:00:00\"", "cuffs[0].since"),
            ("patient = \"p1\"\nname = \"x\"", "cuffs[0].name"),
        ],
    );
    each_is_refused(
        &format!("{GATEWAY}[[cuffs]]\npatient = \"p1\"\n"),
        "",
        &[
            ("id = \"c1\"", "cuffs[0].address"),
            ("address = \"C0:FF:EE:00:00:01\"", "cuffs[0].id"),
            ("id = \"c 1\"\naddress = \"C0:FF:EE:00:00:01\"", "cuffs[0].id"),
            ("id = \"c1\"\naddress = \"C0:FF:EE:00:00\"", "cuffs[0].address"),
        ],
    );
    assert_eq!(
        subjects(&refused(&format!("{GATEWAY}[cuffs]\nid = \"c1\"\n"))),
        ["cuffs"]
    );
}

#[test]
fn a_cuff_is_its_users_its_patients_or_its_sessions() {
    let users = load(&format!("{GATEWAY}{CUFF}users = {{ 0 = \"p0\", 254 = \"p2\" }}\n")).expect("good");
    assert!(matches!(&users.config.cuffs[0].wearer, Wearer::Users(users) if users.len() == 2));
    let patient = load(&format!(
        "{GATEWAY}{CUFF}patient = \"p1\"\nsince = 2026-11-21T18:00:00Z\n"
    ))
    .expect("good");
    assert!(matches!(patient.config.cuffs[0].wearer, Wearer::Patient(_)));
    assert!(patient.config.cuffs[0].since.is_some());
    assert_eq!(patient.config.cuffs[0].model.name, "standard");
    let session = load(&format!("{GATEWAY}{READINESS}{CONTACTS}{CUFF}patient = \"session\"\n")).expect("good");
    assert_eq!(session.config.cuffs[0].wearer, Wearer::Session);
}

#[test]
fn no_cuff_id_and_no_address_stands_twice() {
    let second = "[[cuffs]]\npatient = \"p1\"\n";
    let before = format!("{GATEWAY}{CUFF}patient = \"p1\"\n{second}");
    each_is_refused(
        &before,
        "",
        &[
            ("id = \"c1\"\naddress = \"C0:FF:EE:00:00:02\"", "cuffs[1].id"),
            ("id = \"c2\"\naddress = \"c0:ff:ee:00:00:01\"", "cuffs[1].address"),
        ],
    );
    each_is_taken(&before, "", &["id = \"c2\"\naddress = \"C0:FF:EE:00:00:02\""]);
}

#[test]
fn what_is_known_against_a_model_is_said() {
    for (model, said) in [
        ("standard", None),
        ("omron-bls", Some("0xFE4A")),
        ("qardioarm", Some("not finished")),
    ] {
        let loaded = load(&format!("{GATEWAY}{CUFF}patient = \"p1\"\nmodel = \"{model}\"\n")).expect("good");
        let expected: Vec<&str> = said.map(|_| "cuffs[0].model").into_iter().collect();
        assert_eq!(warnings(&loaded), expected, "{model}");
        let why = loaded.warnings.first().map_or("", |warning| warning.why.as_str());
        assert!(why.contains(said.unwrap_or_default()), "{model}: {why}");
    }
}

#[test]
fn a_clock_that_is_out_of_reach_and_not_believed_is_said() {
    for (line, said) in [("", &["cuffs[0].trust_clock"][..]), ("trust_clock = true\n", &[])] {
        let cuff = format!("{GATEWAY}{CUFF}patient = \"p1\"\nmodel = \"beurer-bm54\"\n{line}");
        assert_eq!(warnings(&load(&cuff).expect("good")), said);
    }
}

#[test]
fn patients_have_labels() {
    let loaded = load(&format!("{GATEWAY}[patients]\n\"p-7f3a\" = \"Anna\"\n")).expect("good");
    assert_eq!(loaded.config.patients.len(), 1);
    assert!(!format!("{:?}", loaded.config.patients).contains("Anna"));
    each_is_refused(
        &format!("{GATEWAY}[patients]\n"),
        "",
        &[
            ("\"Anna Example\" = \"p-7f3a\"", "patients"),
            ("p-7f3a = 1", "patients"),
            ("p-7f3a = \"\"", "patients"),
        ],
    );
}
