//! Runs a scenario: a config, events, and after each event the lines that must come.
//!
//! How a scenario is written is told in `tests/scenarios/README.md`.

use std::fs;

use cuffd::cli::replay;
use cuffd::config::{self, ForReplay};

use crate::notation;

/// What separates the config of a scenario from its events.
const CONFIG_ENDS: &str = "---";

/// Stands for any lines.
const ANYTHING: &str = "...";

/// An event with the lines that must come after it.
struct Step {
    line: usize,
    event: String,
    expected: Vec<String>,
}

/// Runs a scenario that has its config before `---`.
pub(crate) fn run(name: &str, text: &str) {
    let (config, events) = text
        .split_once(&format!("\n{CONFIG_ENDS}\n"))
        .unwrap_or_else(|| panic!("{name}: no {CONFIG_ENDS} between config and events"));
    let first_line = config.lines().count() + 2;
    run_steps(name, &load(config), &steps(events, first_line));
}

/// Runs events against one clinic's cuffs and this policy, a `[readiness]` table without its head.
pub(crate) fn session(policy: &str, events: &str) {
    let config = format!("{CUFFS}[readiness]\n{POLICY}{policy}");
    run_steps("events", &load(&config), &steps(events, 1));
}

/// Runs events where there is no policy.
pub(crate) fn transport(events: &str) {
    let cuffs = CUFFS.replace("patient = \"session\"", "patient = \"p9\"");
    run_steps("events", &load(&cuffs), &steps(events, 1));
}

/// The cuffs of [`session`].
const CUFFS: &str = r#"
[gateway]
time_zone = "UTC"
[[cuffs]]
id = "own"
address = "C0:FF:EE:00:00:01"
patient = "p1"
[[cuffs]]
id = "second"
address = "C0:FF:EE:00:00:02"
patient = "p1"
[[cuffs]]
id = "shared"
address = "C0:FF:EE:00:00:03"
users = { 1 = "p1", 2 = "p2" }
[[cuffs]]
id = "clinic"
address = "C0:FF:EE:00:00:04"
patient = "session"
[[cuffs]]
id = "clinic-b"
address = "C0:FF:EE:00:00:05"
patient = "session"
[[cuffs]]
id = "new"
address = "C0:FF:EE:00:00:06"
patient = "p1"
since = "2026-11-21T18:00:00Z"
[[cuffs]]
id = "trusted"
address = "C0:FF:EE:00:00:07"
patient = "p1"
trust_clock = true
"#;

/// The required keys of [`session`]'s policy, and no rest.
const POLICY: &str = r#"
systolic   = { min = 90, max = 140 }
diastolic  = { min = 50, max = 90 }
crisis     = { systolic = 180, diastolic = 120 }
readings   = 2
valid_for  = "30m"
rest       = "0s"
"#;

fn load(config: &str) -> ForReplay {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    // A policy may say again what the rig's says: the later one counts.
    fs::write(file.path(), without_doubles(config)).expect("a temporary file is writable");
    config::load_for_replay(file.path()).unwrap_or_else(|mistakes| panic!("{mistakes}\n{config}"))
}

/// The config with only the last line of each key of `[readiness]`.
fn without_doubles(config: &str) -> String {
    let Some((before, policy)) = config.split_once("[readiness]\n") else {
        return config.to_owned();
    };
    let key = |line: &str| line.split_once('=').map(|(key, _)| key.trim().to_owned());
    let lines: Vec<&str> = policy.lines().collect();
    let is_last = |at: usize| {
        let own = lines.get(at).copied().and_then(key);
        own.is_none() || !lines.iter().skip(at + 1).any(|later| key(later) == own)
    };
    let kept = (0..lines.len()).filter(|at| is_last(*at)).map(|at| lines[at]);
    let policy: Vec<&str> = kept.collect();
    format!("{before}[readiness]\n{}\n", policy.join("\n"))
}

fn steps(text: &str, first_line: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        let number = first_line + at;
        if let Some(event) = line.strip_prefix('>') {
            steps.push(Step {
                line: number,
                event: event.trim().to_owned(),
                expected: Vec::new(),
            });
        } else if !line.is_empty() && !line.starts_with('#') {
            let step = steps.last_mut().expect("an event comes before what it causes");
            step.expected.push(line.to_owned());
        }
    }
    steps
}

fn run_steps(name: &str, config: &ForReplay, steps: &[Step]) {
    let events: Vec<String> = steps.iter().map(|step| notation::event(&step.event, config)).collect();
    // What an event causes is what the events up to it give more than those before it.
    let mut before = 0;
    for (at, step) in steps.iter().enumerate() {
        let lines = replayed(config, &events[..=at]);
        let came = &lines[before..];
        before = lines.len();
        assert!(
            fits(came, &step.expected),
            "{name}, line {}: > {}\n  expected:\n    {}\n  came:\n    {}",
            step.line,
            step.event,
            step.expected.join("\n    "),
            came.join("\n    ")
        );
    }
}

fn replayed(config: &ForReplay, events: &[String]) -> Vec<String> {
    let input = events.join("\n");
    let mut output = Vec::new();
    replay::replay(config.clone(), input.as_bytes(), &mut output).expect("memory is readable and writable");
    let output = String::from_utf8(output).expect("JSON is text");
    output.lines().map(notation::line).collect()
}

/// Whether lines are those expected, `...` standing for any.
fn fits(came: &[String], expected: &[String]) -> bool {
    match expected.split_first() {
        None => came.is_empty(),
        Some((first, rest)) if first == ANYTHING => (0..=came.len()).any(|skipped| fits(&came[skipped..], rest)),
        Some((first, rest)) => came.first() == Some(first) && fits(&came[1..], rest),
    }
}
