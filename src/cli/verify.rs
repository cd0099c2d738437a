//! `verify`: checks messages' proofs, one message a line (contract 1, 3.4).

mod line;
mod sequence;

use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use self::sequence::Sequences;
use super::exit;
use super::lines::{read_line, without_end};
use crate::proof::{Listed, public_keys};

/// The longest line, in octets: more than any message.
const LONGEST_LINE: usize = 1 << 20;

/// Checks the proofs of messages, one a line: `ok ID` or `bad ID WHY`.
///
/// WHY is one of malformed, no_proof, malformed_proof, wrong_algorithm, unknown_key, bad_signature, and wrong_gateway: the
/// key is not listed ("cuffd_gateway") for the gateway that the message names. Missing and doubled numbers (`seq`) of
/// messages that are ok are told on stderr and do not change the exit code: 0, or 1 if a message is bad.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The enrolled keys, a JWKS or one JWK, as `cuffd key` prints it
    #[arg(long, value_name = "JWKS")]
    keys: PathBuf,

    /// The messages, one JSON object a line; `-` is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    messages: PathBuf,
}

/// Why there is nothing to check, or no telling.
#[derive(Debug, thiserror::Error)]
enum VerifyError {
    #[error("cannot read {}: {cause}", path.display())]
    Open { path: PathBuf, cause: io::Error },
    #[error("{} is a file {why}", path.display())]
    NoKeys { path: PathBuf, why: String },
    #[error("cannot read the messages: {0}")]
    Read(#[source] io::Error),
    #[error("cannot write the answers: {0}")]
    Write(#[source] io::Error),
}

/// Checks, and returns the exit code: 0, 1 if a message is bad, 74 where a file cannot be read, 78 for the keys.
#[must_use]
pub fn run(args: &Args, input: impl Read, output: impl Write, mut errors: impl Write) -> u8 {
    let checked = load(&args.keys).and_then(|keys| {
        let input: Box<dyn Read + '_> = if args.messages == Path::new("-") {
            Box::new(input)
        } else {
            Box::new(open(&args.messages)?)
        };
        check(&keys, BufReader::new(input), BufWriter::new(output), &mut errors)
    });
    match checked {
        Ok(true) => exit::OK,
        Ok(false) => exit::BAD,
        // The reader has seen what it wanted.
        Err(VerifyError::Write(cause)) if cause.kind() == ErrorKind::BrokenPipe => exit::OK,
        Err(error) => {
            // Where stderr cannot be written, the exit code still tells.
            let _told = writeln!(errors, "cuffd: {error}");
            match error {
                VerifyError::NoKeys { .. } => exit::CONFIG,
                VerifyError::Open { .. } | VerifyError::Read(_) | VerifyError::Write(_) => exit::STORE,
            }
        }
    }
}

fn open(path: &Path) -> Result<File, VerifyError> {
    File::open(path).map_err(|cause| VerifyError::Open {
        path: path.to_owned(),
        cause,
    })
}

fn load(path: &Path) -> Result<Vec<Listed>, VerifyError> {
    let mut octets = Vec::new();
    open(path)?
        .read_to_end(&mut octets)
        .map_err(|cause| VerifyError::Open {
            path: path.to_owned(),
            cause,
        })?;
    public_keys(&octets).map_err(|why| VerifyError::NoKeys {
        path: path.to_owned(),
        why: why.to_string(),
    })
}

/// Whether all are good.
fn check(
    keys: &[Listed],
    mut input: BufReader<impl Read>,
    mut output: impl Write,
    mut errors: impl Write,
) -> Result<bool, VerifyError> {
    let mut all_good = true;
    let mut sequences = Sequences::default();
    let mut line = Vec::new();
    while read_line(&mut input, &mut line, LONGEST_LINE).map_err(VerifyError::Read)? {
        let judged = line::judge(without_end(&line).trim_ascii(), keys);
        match &judged.verdict {
            Ok(place) => {
                writeln!(output, "ok {}", judged.id).map_err(VerifyError::Write)?;
                sequences.take(place.as_ref(), &judged.id);
            }
            Err(why) => {
                all_good = false;
                writeln!(output, "bad {} {why}", judged.id).map_err(VerifyError::Write)?;
            }
        }
        // The next message is not there yet: whoever receives them one by one waits for this answer.
        if !input.buffer().contains(&b'\n') {
            output.flush().map_err(VerifyError::Write)?;
        }
    }
    output.flush().map_err(VerifyError::Write)?;
    for told in sequences.told() {
        // Where stderr cannot be written, the answers still tell.
        let _told = writeln!(errors, "{told}");
    }
    Ok(all_good)
}

#[cfg(test)]
mod tests;
