//! Every row of the table of models has a capture in `tests/captures/`, and it decodes as written there.
//!
//! A capture is a line as `decode --stdin` takes it, with the object that it prints below; `#` starts a comment. Values are
//! invented: real captures hold real people's readings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Parser;
use cuffd::cli::decode;
use cuffd::core::models::{Bond, Clock, Model};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: decode::Args,
}

/// What `decode --stdin --model MODEL` prints for these lines.
fn decoded(model: &str, lines: &str) -> String {
    let command = Command::parse_from(["decode", "--stdin", "--model", model]);
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    decode::run(&command.args, lines.as_bytes(), &mut output, &mut errors);
    assert_eq!(String::from_utf8_lossy(&errors), "", "{model}");
    String::from_utf8_lossy(&output).into_owned()
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures"))
}

#[test]
fn every_capture_decodes_as_written() {
    for model in Model::all() {
        let path = folder().join(format!("{}.txt", model.name));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (objects, lines): (Vec<&str>, Vec<&str>) = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .partition(|line| line.starts_with('{'));
        assert!(
            lines.iter().any(|line| line.starts_with("2A35 ")),
            "{}: no measurement",
            model.name
        );
        let printed = decoded(&model.name, &lines.join("\n"));
        assert_eq!(printed.lines().collect::<Vec<_>>(), objects, "{}", model.name);
    }
}

#[test]
fn every_capture_is_of_a_model_in_the_table() {
    let known: BTreeSet<String> = Model::all().map(|model| format!("{}.txt", model.name)).collect();
    let found: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(found, known);
}

/// How the README's table of cuffs says it.
fn words(model: &Model) -> [&str; 2] {
    let bond = match model.bond {
        Bond::None => "**none**",
        Bond::JustWorks => "yes",
        Bond::Passkey => "six digits",
        Bond::Unknown => "not known",
    };
    let clock = match model.clock {
        Clock::DateTime | Clock::CurrentTime => "is set",
        Clock::AsFound => "as found",
        Clock::None if model.keeps_its_clock_to_itself() => "**by hand**",
        Clock::None => "has none",
    };
    [bond, clock]
}

#[test]
fn the_readme_says_of_every_model_how_it_bonds_and_keeps_its_clock() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it is there");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| `--model` |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut told = BTreeSet::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, _, bond, clock, ..] = cells[..] else {
            panic!("{row}");
        };
        let name = name.trim_matches('`');
        let model = Model::find(name).unwrap_or_else(|| panic!("no model {name}"));
        // "yes, with one box or phone" is a "yes".
        assert_eq!([bond.split(',').next().unwrap_or(bond), clock], words(model), "{name}");
        told.insert(name.to_owned());
    }
    let known: BTreeSet<String> = Model::all().map(|model| model.name.clone()).collect();
    assert_eq!(told, &known - &BTreeSet::from(["standard".to_owned()]));
}
