//! `cuffd replay`: what the gate would have said (contract 2).
//!
//! Events are read, judged and answered line by line, by the same gate that the daemon runs. What it keeps of them is a digest
//! of each measurement, against doubles, and the ids of sessions.

mod event;
mod field;
mod printed;
mod replayer;
mod seen;
mod session;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Global;
use crate::app::chain;
use crate::cli::exit;
use crate::cli::lines::read_line;
use crate::config::mistake::Mistakes;
use crate::config::{self, ForReplay};
use crate::core::name::{Name, NameError};
use crate::core::readiness::gate::Gate;

use replayer::Replayer;

/// Octets that are read, and written, at a time.
const BUFFER: usize = 64 * 1024;

/// The longest line, in octets without its end: a dump of some hundred thousand measurements.
const LONGEST_LINE: usize = 16 << 20;

/// What the gate would have said to events, or what it said in a stored session, and why.
///
/// Prints one JSON object a line. Of the config only `[gateway] time_zone`, `[[cuffs]]` and `[readiness]` are read.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The events, one JSON object a line; `-` is standard input
    #[arg(value_name = "EVENTS", default_value = "-")]
    pub events: PathBuf,

    /// What the gate said in this stored session, and why, by the policy that was in force; asks the running daemon, or the
    /// store where none runs
    #[arg(long, value_name = "ID", value_parser = session_id, conflicts_with = "events")]
    pub session: Option<Name>,

    /// With `--session`: prints the events of the session as `replay` reads them, to try another policy on them
    #[arg(long, requires = "session", conflicts_with = "events")]
    pub as_events: bool,
}

fn session_id(text: &str) -> Result<Name, NameError> {
    Name::parse(text)
}

/// Why a replay could not go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The events cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// Where they were said to be.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The events cannot be read on.
    #[error("cannot read the events")]
    Read(#[source] io::Error),
    /// A stored session names settings that are not stored.
    #[error("the settings that the session was judged by are not stored")]
    NoSettings,
    /// The stored settings are not of this version.
    #[error("the settings that the session was judged by cannot be read: {0}")]
    Settings(Mistakes),
    /// The answers cannot be written.
    #[error("cannot write the answers")]
    Write(#[source] io::Error),
}

/// Prints what the gate said in the session that `args` name.
#[must_use]
pub(super) fn stored_session(args: &Args, global: &Global, session: &Name) -> u8 {
    session::run(global, session, args.as_events, std::io::stdout().lock())
}

/// Replays the events by the config at `config`, and returns the exit code: 0, 1 if there was an error line, 78 for the
/// config, 74 if reading or writing failed. A reader that has seen enough and closed its end is no failure.
pub fn run(args: &Args, config: &Path, input: impl Read, output: impl Write, mut errors: impl Write) -> u8 {
    // Where stderr cannot be written, the exit code still tells.
    match config::load_for_replay(config) {
        Ok(config) => match replay_from(&args.events, config, input, output) {
            Ok(true) => exit::OK,
            Ok(false) => exit::BAD,
            Err(error) => {
                let _ = writeln!(errors, "{}", chain(&error));
                exit::STORE
            }
        },
        Err(mistakes) => {
            let _ = report(&mistakes, &mut errors);
            exit::CONFIG
        }
    }
}

fn replay_from(events: &Path, config: ForReplay, input: impl Read, output: impl Write) -> Result<bool, ReplayError> {
    if events == Path::new("-") {
        return replay(config, input, output);
    }
    let file = File::open(events).map_err(|cause| ReplayError::Open {
        path: events.to_owned(),
        cause,
    })?;
    replay(config, file, output)
}

/// Replays events from `input`; false if there was an error line.
///
/// # Errors
/// When reading or writing fails, other than by a reader of the output that has seen enough.
pub fn replay(config: ForReplay, input: impl Read, output: impl Write) -> Result<bool, ReplayError> {
    let policy = config.readiness.map(Arc::new);
    let gate = Gate::new(policy, config.cuffs, config.time_zone);
    let mut replayer = Replayer::new(gate, BufWriter::with_capacity(BUFFER, output)).map_err(ReplayError::Write)?;
    match read_all(&mut replayer, BufReader::with_capacity(BUFFER, input)) {
        Err(ReplayError::Write(error)) if error.kind() == ErrorKind::BrokenPipe => {}
        other => other?,
    }
    Ok(!replayer.had_error())
}

fn read_all<R: Read>(replayer: &mut Replayer<impl Write>, mut input: BufReader<R>) -> Result<(), ReplayError> {
    let mut line = Vec::new();
    while read_line(&mut input, &mut line, LONGEST_LINE).map_err(ReplayError::Read)? {
        replayer.line(&line).map_err(ReplayError::Write)?;
        // The next line is not there yet: whoever writes them one by one waits for this answer.
        if !input.buffer().contains(&b'\n') {
            replayer.flush().map_err(ReplayError::Write)?;
        }
    }
    replayer.flush().map_err(ReplayError::Write)
}

fn report(mistakes: &Mistakes, errors: &mut impl Write) -> io::Result<()> {
    writeln!(errors, "{mistakes}")
}
