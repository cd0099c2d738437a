//! The tools that know JSON Schema and AsyncAPI, as `tests/tools/setup` installs them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// A message, and the name of the schema that it is to keep to.
pub(crate) type Sample = (&'static str, Value);

/// How fields that no schema describes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// As a reader takes them: they are ignored.
    Open,
    /// As mistakes.
    Closed,
}

/// What is wrong.
#[derive(Debug)]
pub(crate) struct Judged {
    /// With each message.
    pub(crate) mistakes: Vec<Vec<String>>,
    /// Fields that are described and that no message has.
    pub(crate) unseen: Vec<String>,
}

/// A file or folder of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of the installed tools.
fn cache() -> &'static Path {
    static CACHE: OnceLock<PathBuf> = OnceLock::new();
    CACHE.get_or_init(|| {
        output(&mut Command::new(repository("tests/tools/setup")), "")
            .trim()
            .into()
    })
}

/// Python with the packages of the tools.
pub(crate) fn python() -> Command {
    Command::new(cache().join("python/bin/python"))
}

/// What AsyncAPI's own parser finds wrong with a document.
pub(crate) fn asyncapi_problems(document: &Path) -> Vec<String> {
    let mut node = Command::new("node");
    node.arg(repository("tests/schemas/asyncapi.mjs"))
        .arg(cache())
        .arg(document);
    serde_json::from_str(&output(&mut node, "")).expect("a list of problems")
}

/// Judges messages by their schemas.
pub(crate) fn judge(rules: Rules, samples: &[Sample]) -> Judged {
    let rules = match rules {
        Rules::Open => "open",
        Rules::Closed => "closed",
    };
    let mut check = python();
    check
        .arg(repository("tests/schemas/check.py"))
        .arg(repository("docs/schemas"))
        .arg(rules);
    let said = output(&mut check, &serde_json::to_string(samples).unwrap());
    let said: Value = serde_json::from_str(&said).expect("what is wrong");
    let judged = Judged {
        mistakes: serde_json::from_value(said["mistakes"].clone()).unwrap(),
        unseen: serde_json::from_value(said["unseen"].clone()).unwrap(),
    };
    assert_eq!(judged.mistakes.len(), samples.len());
    judged
}

/// Panics, with what is wrong, unless all messages keep to their schemas and have no field beside. Gives the fields that none has.
pub(crate) fn assert_described(samples: &[Sample]) -> Vec<String> {
    let judged = judge(Rules::Closed, samples);
    let wrong = samples
        .iter()
        .zip(&judged.mistakes)
        .filter(|(_, mistakes)| !mistakes.is_empty());
    let wrong: Vec<String> = wrong
        .map(|((schema, message), mistakes)| format!("{schema}: {mistakes:#?}\n{message}"))
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}\n{}",
        wrong.len(),
        samples.len(),
        wrong.join("\n")
    );
    judged.unseen
}

/// What a program prints that is given `input`. It must succeed.
pub(crate) fn output(command: &mut Command, input: &str) -> String {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    let mut stdin = process.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = process.wait_with_output().unwrap();
    // A program that reads no input may be gone already.
    let _unread = writer.join().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
