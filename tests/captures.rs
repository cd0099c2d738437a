//! Every row of the table of models has a capture in `tests/captures/`, and it decodes as written there.
//!
//! A capture is a line as `decode --stdin` takes it, with the object that it prints below; `#` starts a comment. Values are
//! invented: real captures hold real people's readings.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Parser;
use cuffd::cli::decode;
use cuffd::core::models::Model;

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
