//! How mistakes are said: all at once, each with its place, what was found and what is allowed.

use super::rig::{GATEWAY, refused};

#[test]
fn an_unknown_key_comes_with_the_one_that_was_meant() {
    for (line, meant) in [
        ("[mqtt]\nrecepts = true\n", Some("receipts")),
        ("[blutooth]\n", Some("bluetooth")),
        ("[web]\naccess_code = \"123456\"\n", Some("access_code_file")),
        ("[web]\nxyz = 1\n", None),
    ] {
        let text = format!("{GATEWAY}{line}");
        let said = refused(&text).to_string();
        match meant {
            Some(meant) => assert!(
                said.contains(&format!("unknown key; did you mean {meant}?; allowed: ")),
                "{said}"
            ),
            None => assert!(said.contains("(line 5 of test.toml): unknown key; allowed: "), "{said}"),
        }
    }
    let in_a_table = refused(&format!("{GATEWAY}[clock]\nstep = 1\n[bar]\nx = 1\n")).to_string();
    assert_eq!(
        in_a_table.lines().next(),
        Some("clock.step (line 5 of test.toml): unknown key; allowed: jump, max_unsynced, source")
    );
    assert!(in_a_table.contains("bar (line 7 of test.toml): unknown key; allowed: bluetooth, clock, cuffs, "));
}

#[test]
fn what_is_no_toml_is_said_with_line_and_column() {
    let twice = format!("{GATEWAY}site = \"south\"\n");
    let said = refused(&twice).to_string();
    assert_eq!(
        said,
        "gateway.site (line 4 of test.toml): found it a second time; allowed: each key once"
    );
    let and_another = refused(&format!("{twice}[log]\nlevel = \"x\"\n")).to_string();
    assert!(
        and_another.contains("log.level (line 6 of test.toml): found"),
        "{and_another}"
    );
    let private = refused(&format!("{GATEWAY}[patients]\nanna = \"A\"\nanna = \"B\"\n")).to_string();
    assert_eq!(private, "line 6, column 1 of test.toml: duplicate key");
    let table_twice = format!("{GATEWAY}[gateway]\n");
    assert!(
        refused(&table_twice).to_string().contains("line 4"),
        "{}",
        refused(&table_twice)
    );
    let unfinished = refused("[gateway\nsite = 1\n").to_string();
    assert!(unfinished.contains("line 1, column 9 of test.toml"), "{unfinished}");
}

#[test]
fn twenty_mistakes_are_twenty_lines() {
    let mistakes = refused(include_str!("twenty.toml"));
    let said = mistakes.to_string();
    assert_eq!(mistakes.iter().count(), 20, "{said}");
    assert_eq!(said.lines().count(), 20, "{said}");
    for (line, mistake) in said.lines().zip(mistakes.iter()) {
        assert!(line.starts_with(&mistake.subject()), "{line}");
    }
}

#[test]
fn a_mistake_says_key_line_finding_and_what_is_allowed() {
    let said = refused(&format!(
        "{GATEWAY}\n[mqtt]\nwindow = 0\n[[mqtt.brokers]]\nurl = \"mqtts://a.example\"\n"
    ))
    .to_string();
    assert_eq!(
        said,
        "mqtt.window (line 6 of test.toml): found 0; allowed: a whole number from 1 to 65535"
    );
}
