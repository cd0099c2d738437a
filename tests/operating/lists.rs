//! The lists of codes are the program's, and the short ways lead where they say.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::manual::{first_cells, operating, project, read};

#[test]
fn the_exit_codes_are_those_of_the_program_each_once() {
    let told = first_cells(&operating(), "Exit codes");
    let source = read("src/cli/exit.rs");
    let codes = source.lines().filter_map(|line| line.strip_prefix("pub const "));
    let codes: Vec<String> = codes
        .filter_map(|constant| constant.split_once(" = "))
        .map(|(_, code)| code.trim_end_matches(';').to_owned())
        .collect();
    assert!(codes.len() > 5, "they are found");
    assert_eq!(told, codes);
}

/// The schema's list is held against the program by `tests/schemas`.
#[test]
fn the_problems_are_those_of_the_program_each_once() {
    let told = first_cells(&operating(), "Problems");
    let schema: Value = serde_json::from_str(&read("docs/schemas/state.json")).unwrap();
    let known = schema["properties"]["problems"]["items"]["enum"].as_array().unwrap();
    let known: BTreeSet<&str> = known.iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), known);
    assert_eq!(told.len(), known.len());
}

#[test]
fn every_link_of_the_manual_leads_somewhere() {
    let text = operating();
    let anchor = |heading: &str| heading.to_lowercase().replace(' ', "-").replace([':', ','], "");
    let anchors = |text: &str| -> BTreeSet<String> {
        let headings = text.lines().filter(|line| line.starts_with('#'));
        headings
            .map(|line| anchor(line.trim_start_matches('#').trim()))
            .collect()
    };
    let links = text.split("](").skip(1).map(|after| after.split(')').next().unwrap());
    let mut count = 0;
    for link in links {
        let (file, heading) = link
            .split_once('#')
            .map_or((link, None), |(file, heading)| (file, Some(heading)));
        let path = format!("docs/{file}");
        assert!(file.is_empty() || project(&path).exists(), "{link}");
        if let Some(heading) = heading {
            let there = if file.is_empty() { text.clone() } else { read(&path) };
            assert!(anchors(&there).contains(heading), "{link}");
        }
        count += 1;
    }
    assert!(count > 10, "{count} links");
}

#[test]
fn the_package_brings_the_manual_what_it_installs_from_and_what_doctor_names() {
    let manifest = read("Cargo.toml");
    for asset in [
        r#"["docs/*.md", "usr/share/doc/cuffd/", "644"]"#,
        r#"["docs/broker/*", "usr/share/doc/cuffd/examples/broker/", "644"]"#,
        r#"["docs/kiosk/*", "usr/share/doc/cuffd/examples/kiosk/", "644"]"#,
    ] {
        assert!(manifest.contains(asset), "{asset}");
    }
}
