//! Validators that know nothing of us: base FHIR R4 by two, the profiles' rules by a third. Each also has to refuse what is broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::samples;

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fhir");

/// What a program that must succeed has printed.
fn run(program: &Path, arguments: &[&Path]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{text}{errors}", program.display());
    text
}

/// The cache with the validators, filled if it was empty.
fn set_up() -> PathBuf {
    let said = run(&Path::new(HERE).join("../tools/setup"), &[]);
    PathBuf::from(said.lines().last().expect("the cache's path"))
}

#[test]
fn every_kind_of_bundle_is_valid_and_every_broken_one_is_refused() {
    let cache = set_up();
    // It stays, to be looked at.
    let lines = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bundles.jsonl");
    fs::write(&lines, samples::lines()).unwrap();
    let here = Path::new(HERE);
    let base = run(&cache.join("python/bin/python"), &[&here.join("base.py"), &lines]);
    assert!(base.starts_with("15 Bundles, "), "{base}");
    let rules = run(Path::new("node"), &[&here.join("rules.mjs"), &cache, &lines]);
    assert!(rules.starts_with("15 Bundles, "), "{rules}");
}
