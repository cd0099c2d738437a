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
            Some(meant) => assert!(said.contains(&format!("unknown key; did you mean {meant}?")), "{said}"),
            None => assert!(said.ends_with("unknown key"), "{said}"),
        }
    }
}

#[test]
fn what_is_no_toml_is_said_with_line_and_column() {
    let twice = format!("{GATEWAY}site = \"south\"\n");
    let said = refused(&twice).to_string();
    assert_eq!(said, "line 4, column 1 of test.toml: duplicate key");
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
