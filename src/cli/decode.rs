//! `cuffd decode`: octets to JSON (contract 1).
//!
//! Every value or line gives exactly one object on a line of its own, in order; what does not decode gives its error.

mod json;
mod value;

use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};

use crate::app::chain;
use crate::cli::exit;
use crate::cli::lines::read_line;
use crate::core::bls::characteristic::Characteristic;
use crate::core::models::Model;

use value::{Decoder, LONGEST_LINE};

/// Octets that are read, and written, at a time.
const BUFFER: usize = 64 * 1024;

/// Decodes octets of the Blood Pressure Service to JSON, one object a line.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// What the octets are a value of: 2A35 2A36 2A49 2B34 2B35 2B36 2A08 2A2B, or the 128-bit form of one
    #[arg(long, value_name = "UUID", default_value = "2A35", conflicts_with = "stdin")]
    pub characteristic: String,

    /// Apply what is known of this cuff model; without it decoding is by the standard alone
    #[arg(long, value_name = "NAME", default_value = "standard")]
    pub model: String,

    /// Read lines `UUID HEX` from standard input; a bad line prints its error and reading goes on
    #[arg(long, conflicts_with = "hex")]
    pub stdin: bool,

    /// The octets in hexadecimal, one value an argument; arguments that are all too short for a value are the pieces of one
    /// (1e 7800 5000 …)
    #[arg(value_name = "HEX", required_unless_present = "stdin")]
    pub hex: Vec<String>,
}

/// Why decoding could not go on.
#[derive(Debug, thiserror::Error)]
enum DecodeError {
    #[error("unknown model {name:?}: known are {}", names_of_models())]
    Model { name: String },
    #[error("cannot read the lines")]
    Read(#[source] io::Error),
    #[error("cannot write the objects")]
    Write(#[source] io::Error),
}

/// Decodes what `args` tell, and returns the exit code: 0 if all of it decoded, 1 if any did not, 64 for an unknown model,
/// 74 if reading or writing failed. A reader that has seen enough and closed its end is no failure.
pub fn run(args: &Args, input: impl Read, output: impl Write, mut errors: impl Write) -> u8 {
    match decode(args, input, output) {
        Ok(true) => exit::OK,
        Ok(false) => exit::BAD,
        Err(error) => {
            // Where even this cannot be written, the exit code still tells.
            let _ = writeln!(errors, "{}", chain(&error));
            match error {
                DecodeError::Model { .. } => exit::USAGE,
                DecodeError::Read(_) | DecodeError::Write(_) => exit::STORE,
            }
        }
    }
}

/// Whether all of it decoded.
fn decode(args: &Args, input: impl Read, output: impl Write) -> Result<bool, DecodeError> {
    let model = Model::find(&args.model).ok_or_else(|| DecodeError::Model {
        name: args.model.clone(),
    })?;
    let mut decoder = Decoder::new(model);
    let mut output = Output::new(output);
    if args.stdin {
        decode_lines(&mut decoder, BufReader::with_capacity(BUFFER, input), &mut output)?;
    } else {
        for hex in values(args) {
            output.write(|json| decoder.value(&args.characteristic, &hex, json))?;
        }
    }
    output.finish()
}

fn decode_lines<R: Read>(
    decoder: &mut Decoder,
    mut input: BufReader<R>,
    output: &mut Output<impl Write>,
) -> Result<(), DecodeError> {
    let mut line = Vec::new();
    while !output.closed && read_line(&mut input, &mut line, LONGEST_LINE).map_err(DecodeError::Read)? {
        output.write(|json| decoder.line(&line, json))?;
        // The next line is not there yet: whoever writes them one by one waits for this answer.
        if !input.buffer().contains(&b'\n') {
            output.flush()?;
        }
    }
    Ok(())
}

/// One text for each value: the arguments, or all of them together where none is long enough to be a value.
fn values(args: &Args) -> Vec<String> {
    let characteristic = Characteristic::parse_any_form(&args.characteristic);
    let shortest = characteristic.map_or(usize::MAX, Characteristic::shortest);
    if args.hex.iter().all(|text| text.len() / 2 < shortest) {
        vec![args.hex.join(" ")]
    } else {
        args.hex.clone()
    }
}

/// Where the objects go.
struct Output<W: Write> {
    to: BufWriter<W>,
    json: Vec<u8>,
    all_decoded: bool,
    closed: bool,
}

impl<W: Write> Output<W> {
    fn new(to: W) -> Self {
        Self {
            to: BufWriter::with_capacity(BUFFER, to),
            json: Vec::new(),
            all_decoded: true,
            closed: false,
        }
    }

    /// Writes the object that `make` makes, which tells whether a value decoded.
    fn write(&mut self, make: impl FnOnce(&mut Vec<u8>) -> bool) -> Result<(), DecodeError> {
        self.json.clear();
        self.all_decoded &= make(&mut self.json);
        self.json.push(b'\n');
        let written = self.to.write_all(&self.json);
        self.unless_closed(written)
    }

    fn flush(&mut self) -> Result<(), DecodeError> {
        let flushed = self.to.flush();
        self.unless_closed(flushed)
    }

    fn finish(mut self) -> Result<bool, DecodeError> {
        if !self.closed {
            self.flush()?;
        }
        Ok(self.all_decoded)
    }

    fn unless_closed(&mut self, outcome: io::Result<()>) -> Result<(), DecodeError> {
        match outcome {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            outcome => outcome.map_err(DecodeError::Write),
        }
    }
}

fn names_of_models() -> String {
    Model::all()
        .map(|model| model.name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
