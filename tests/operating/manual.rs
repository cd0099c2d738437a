//! What is written: `docs/operating.md`, and the section "Operate" of the README.

use std::fs;
use std::path::{Path, PathBuf};

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(project(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

pub(crate) fn operating() -> String {
    read("docs/operating.md")
}

/// The section of the README.
pub(crate) fn operate() -> String {
    section(&read("README.md"), "Operate")
}

/// A section of this heading, to the next of its level.
pub(crate) fn section(text: &str, heading: &str) -> String {
    let (_, after) = text
        .split_once(&format!("\n## {heading}\n"))
        .unwrap_or_else(|| panic!("a section {heading}"));
    after.split("\n## ").next().unwrap().to_owned()
}

/// Where commands are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the box.
    Box,
    /// On a machine that takes its place.
    Spare,
    /// On the clinic's machine.
    Clinic,
    /// On a box that systemd has booted.
    Systemd,
}

/// Commands that stand together.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// The heading above.
    pub(crate) heading: String,
    pub(crate) place: Place,
    pub(crate) commands: String,
}

/// Every fenced block, those of commands by where they are given; without their margin.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let (mut heading, mut found) = (String::new(), Vec::new());
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(words) = line.strip_prefix('#') {
            words.trim_start_matches('#').trim().clone_into(&mut heading);
        }
        let Some((margin, tag)) = line.split_once("```") else {
            continue;
        };
        assert!(margin.trim().is_empty(), "a fence begins its line: {line}");
        let inside = lines.by_ref().take_while(|line| line.trim() != "```");
        let inside: Vec<&str> = inside.map(|line| line.strip_prefix(margin).unwrap_or(line)).collect();
        let place = match tag {
            "sh" => Place::Box,
            "sh spare" => Place::Spare,
            "sh clinic" => Place::Clinic,
            "sh systemd" => Place::Systemd,
            "toml" => continue,
            _ => panic!("{heading}: nobody knows where to give commands of {tag:?}"),
        };
        found.push(Block {
            heading: heading.clone(),
            place,
            commands: inside.join("\n"),
        });
    }
    assert!(!found.is_empty());
    found
}

/// The first block of this language that is no command below a heading.
pub(crate) fn text_below(text: &str, heading: &str, language: &str) -> String {
    let section = section(text, heading);
    let (_, after) = section.split_once(&format!("```{language}\n")).expect("such a block");
    after.split("```").next().unwrap().to_owned()
}

/// The first cells of the rows of a table below this heading, without their quotes.
pub(crate) fn first_cells(text: &str, heading: &str) -> Vec<String> {
    let section = section(text, heading);
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned())
        .collect()
}
