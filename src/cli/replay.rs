//! `cuffd replay`: what the gate would have said (contract 2).
//!
//! Events are read, judged and answered line by line, by the same gate that the daemon runs. What it keeps of them is a digest
//! of each measurement, against doubles, and the ids of sessions.

mod event;
mod printed;
mod replayer;
mod seen;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::chain;
use crate::cli::exit;
use crate::cli::lines::read_line;
use crate::config::mistake::Mistakes;
use crate::config::{self, ForReplay};
use crate::core::readiness::gate::Gate;

use replayer::Replayer;

/// Octets that are read, and written, at a time.
const BUFFER: usize = 64 * 1024;

/// The longest line, in octets without its end: a dump of some hundred thousand measurements.
const LONGEST_LINE: usize = 16 << 20;

/// Feeds events to the gate and prints what it says, one JSON object a line.
///
/// Of the config only `[gateway] time_zone`, `[[cuffs]]` and `[readiness]` are read.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The events, one JSON object a line; `-` is standard input
    #[arg(value_name = "EVENTS", default_value = "-")]
    pub events: PathBuf,
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
    /// The answers cannot be written.
    #[error("cannot write the answers")]
    Write(#[source] io::Error),
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
    let mut replayer = Replayer::new(gate, BufWriter::with_capacity(BUFFER, output));
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
