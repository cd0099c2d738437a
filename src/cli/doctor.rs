//! `doctor`: what keeps a session from being cleared, and the step that mends it.

use std::path::Path;

use clap::Args;

use super::{Failure, block_on, exit, out};
use crate::app;
use crate::core::doctor::{Check, Outcome, Report, examine};

/// The width of a line, and how far what is not its first word is set in.
const COLUMNS: usize = 80;
const MARGIN: usize = 5;

/// Finds what keeps a session from being cleared, and names the step that mends it.
///
/// Looks at the adapter, bluetoothd, permissions, clock, disk, brokers, cuffs and their bonds. Exits with 0 only if a session
/// could be cleared now.
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON, `cuffd.doctor/1`.
    #[arg(long)]
    json: bool,
}

/// Looks at everything and prints what there is to say.
#[must_use]
pub fn run(config: &Path, options: &Options) -> u8 {
    let report = examine(&block_on(app::doctor::look(config)));
    let text = if options.json {
        match serde_json::to_string(&report) {
            Ok(text) => text + "\n",
            Err(cause) => return Failure::NotAReading(cause).tell(),
        }
    } else {
        describe(&report)
    };
    let printed = out(&text);
    match (printed, report.ok) {
        (exit::OK, false) => exit::BAD,
        _ => printed,
    }
}

/// A line or more for each check, and what follows from them.
fn describe(report: &Report) -> String {
    let mut text: String = report.checks.iter().map(line).collect();
    let count = |result| report.checks.iter().filter(|check| check.result == result).count();
    let (bad, warnings) = (count(Outcome::Bad), count(Outcome::Warn));
    text.push('\n');
    text.push_str(&match (bad, warnings) {
        (0, 0) => "A session could be cleared now.\n".to_owned(),
        (0, 1) => "A session could be cleared now. 1 thing to look at.\n".to_owned(),
        (0, more) => format!("A session could be cleared now. {more} things to look at.\n"),
        (1, _) => "No session can be cleared now: 1 thing to mend.\n".to_owned(),
        (more, _) => format!("No session can be cleared now: {more} things to mend, best from above.\n"),
    });
    text
}

fn line(check: &Check) -> String {
    let about = match &check.subject {
        Some(subject) => format!("{} {subject}", check.check.as_str()),
        None => check.check.as_str().to_owned(),
    };
    let told = wrapped(&format!("{about}: {}", check.message));
    let step = check.step.as_ref().map(|step| wrapped(&format!("→ {step}")));
    let margin = " ".repeat(MARGIN);
    let mut lines = told.into_iter().chain(step.into_iter().flatten());
    let first = lines.next().unwrap_or_default();
    let rest: String = lines.map(|line| format!("{margin}{line}\n")).collect();
    format!("{:<MARGIN$}{first}\n{rest}", check.result.as_str())
}

/// The text in lines that fit beside the margin. What stands in backquotes is typed by somebody, and not broken.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= COLUMNS - MARGIN => {
                line.push(' ');
                line.push_str(&word);
            }
            Some(_) | None => lines.push(word),
        }
    }
    lines
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_quotes = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(open) if in_quotes => {
                open.push(' ');
                open.push_str(word);
            }
            Some(_) | None => words.push(word.to_owned()),
        }
        in_quotes ^= word.matches('`').count() % 2 == 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::doctor::{About, SCHEMA};

    fn check(result: Outcome, message: &str, step: Option<&str>) -> Check {
        Check {
            check: About::Adapter,
            subject: Some("hci0".to_owned()),
            result,
            message: message.to_owned(),
            step: step.map(str::to_owned),
        }
    }

    fn report(checks: Vec<Check>) -> Report {
        Report {
            schema: SCHEMA.to_owned(),
            ok: checks.iter().all(|check| check.result != Outcome::Bad),
            checks,
        }
    }

    #[test]
    fn each_check_begins_with_how_it_is_and_its_step_stands_below() {
        let told = describe(&report(vec![
            check(Outcome::Ok, "it listens", None),
            check(Outcome::Warn, "it is old", Some("buy one")),
            check(Outcome::Bad, "it is off", Some("`power on`")),
        ]));
        let expected = "ok   adapter hci0: it listens\nwarn adapter hci0: it is old\n     → buy one\n\
                        bad  adapter hci0: it is off\n     → `power on`\n\nNo session can be cleared now: 1 thing to mend.\n";
        assert_eq!(told, expected);
    }

    #[test]
    fn long_lines_are_broken_but_not_what_is_to_be_typed() {
        let command = format!("`{}`", ["word"; 14].join(" "));
        let message = ["some"; 40].join(" ");
        let told = describe(&report(vec![check(
            Outcome::Bad,
            &message,
            Some(&format!("then {command} again")),
        )]));
        assert!(told.contains(&command), "{told}");
        assert!(told.lines().all(|line| line.chars().count() <= COLUMNS), "{told}");
        assert!(
            told.lines().skip(1).take(3).all(|line| line.starts_with("     ")),
            "{told}"
        );
    }
}
