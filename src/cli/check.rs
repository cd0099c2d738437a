//! `cuffd check`: is the config good? Every mistake at once; starts, binds and scans nothing.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use crate::cli::exit;
use crate::config::mistake::Mistakes;
use crate::config::{self, Config, Loaded};
use crate::core::notation;

/// Checks the config at `path` under this process's environment, says on stderr what there is to say, and returns the
/// exit code: 0, also with warnings, or 78.
#[must_use]
pub fn run(path: &Path) -> u8 {
    let answer = config::load(path, config::environment());
    let code = if answer.is_ok() { exit::OK } else { exit::CONFIG };
    // Nobody is left to tell when stderr is gone; the code still says it.
    let _written = io::stderr().write_all(report(path, &answer).as_bytes());
    code
}

/// What `check` says: mistakes or a summary, then warnings.
fn report(path: &Path, answer: &Result<Loaded, Mistakes>) -> String {
    match answer {
        Err(mistakes) => {
            let count = mistakes.iter().count();
            let word = if count == 1 { "mistake" } else { "mistakes" };
            format!("{mistakes}\n{}: {count} {word}\n", path.display())
        }
        Ok(loaded) => format!(
            "{}{}: good; {}\n",
            remarks(loaded),
            path.display(),
            summary(&loaded.config)
        ),
    }
}

/// One line for each warning. `run` says the same when it starts.
#[must_use]
pub fn remarks(loaded: &Loaded) -> String {
    let mut text = String::new();
    for warning in &loaded.warnings {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(text, "warning: {warning}");
    }
    text
}

fn summary(config: &Config) -> String {
    let gateway = format!("{}/{}", config.gateway.site, config.gateway.id);
    let cuffs = counted(config.cuffs.len(), "cuff");
    let brokers = config.mqtt.as_ref().map_or(0, |mqtt| mqtt.brokers.len());
    let brokers = counted(brokers, "broker");
    let policy = match &config.readiness {
        Some(policy) => format!("policy {} ({:.12}…)", policy.name, policy.sha256),
        None => "no policy: transport only".to_owned(),
    };
    format!("{gateway}, {cuffs}, {brokers}, {policy}")
}

fn counted(number: usize, word: &str) -> String {
    match number {
        0 => format!("no {word}"),
        _ => notation::counted(number as u64, word, &format!("{word}s")),
    }
}
