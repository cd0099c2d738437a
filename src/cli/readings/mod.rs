//! `readings`: what is stored, from the running daemon or, without one, from the store itself under its lock.

mod row;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::{Args, ValueEnum};
use jiff::Timestamp;

use self::row::{CSV_HEAD, Row, TABLE_HEAD};
use super::{Failure, Global, block_on, exit, open_store, since};
use crate::control::client::{self, ClientError};
use crate::control::socket_path;
use crate::core::notation::counted;
use crate::mqtt::message::fhir;

/// Options of `readings`.
#[derive(Debug, Args)]
pub struct Options {
    /// Only those received from then on: an RFC 3339 time, a local time, or a local date.
    #[arg(long, value_name = "T", value_parser = since::parse)]
    since: Option<Timestamp>,
    /// How they are printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How readings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for people.
    Table,
    /// The messages as they were published, one a line.
    Jsonl,
    /// For spreadsheets, with a head.
    Csv,
    /// FHIR R4 transaction Bundles, one a line, of the readings that have numbers; needs `mqtt.fhir_patient_system`.
    Fhir,
}

/// Readings fetched from the store at once.
const PAGE: usize = 500;

/// Prints the stored readings, oldest first.
#[must_use]
pub fn run(global: &Global, options: &Options) -> u8 {
    let printed = block_on(async {
        let mut printer = Printer {
            form: Form::of(options.format, &global.config).await?,
            out: BufWriter::new(io::stdout().lock()),
            passed_over: 0,
        };
        match from_daemon(options.since, &mut printer).await {
            Err(Failure::Client(ClientError::NotRunning { .. })) => {
                from_store(&global.config, options.since, &mut printer).await
            }
            other => other,
        }?;
        printer.out.flush()?;
        Ok(printer.passed_over)
    });
    match printed {
        Ok(0) => exit::OK,
        Ok(count) => {
            let some = counted(count, "reading", "readings");
            eprintln!("cuffd: {some} could not be printed in this form; --format jsonl prints all");
            exit::BAD
        }
        Err(failure) => Failure::tell(&failure),
    }
}

async fn from_daemon(since: Option<Timestamp>, printer: &mut Printer<impl Write>) -> Result<(), Failure> {
    let target = since.map_or_else(
        || "/control/v1/readings".to_owned(),
        |since| format!("/control/v1/readings?since={since}"),
    );
    let mut answer = client::get(&socket_path(), &target).await?;
    printer.head()?;
    let mut rest = Vec::new();
    while let Some(piece) = answer.piece().await? {
        rest.extend_from_slice(&piece);
        let whole = rest.iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
        for line in rest.drain(..whole).collect::<Vec<u8>>().split(|octet| *octet == b'\n') {
            printer.line(line)?;
        }
    }
    printer.line(&rest)
}

async fn from_store(config: &Path, since: Option<Timestamp>, printer: &mut Printer<impl Write>) -> Result<(), Failure> {
    let opened = open_store(config)?;
    printer.head()?;
    let mut after = None;
    loop {
        let page = opened.store.readings(since, after, PAGE).await?;
        for reading in &page.readings {
            printer.line(&reading.payload)?;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    opened.store.close().await;
    Ok(())
}

/// A format with what it needs.
enum Form {
    Table,
    Jsonl,
    Csv,
    Fhir { patient_system: String },
}

impl Form {
    /// Asks for what the format needs.
    async fn of(format: Format, config: &Path) -> Result<Self, Failure> {
        Ok(match format {
            Format::Table => Self::Table,
            Format::Jsonl => Self::Jsonl,
            Format::Csv => Self::Csv,
            Format::Fhir => {
                let patient_system = match told_patient_system().await {
                    Err(Failure::Client(ClientError::NotRunning { .. })) => configured_patient_system(config)?,
                    told => told?,
                };
                let patient_system = patient_system.ok_or(Failure::NoPatientSystem)?;
                Self::Fhir { patient_system }
            }
        })
    }
}

/// As the daemon has it: whoever may ask the daemon may not read the config's secrets.
async fn told_patient_system() -> Result<Option<String>, Failure> {
    let answer = client::get(&socket_path(), "/control/v1/patient-system").await?;
    serde_json::from_slice(&answer.whole().await?).map_err(Failure::NotAReading)
}

fn configured_patient_system(config: &Path) -> Result<Option<String>, Failure> {
    let loaded = crate::config::load(config, crate::config::environment())?;
    Ok(loaded.config.mqtt.and_then(|mqtt| mqtt.fhir_patient_system))
}

/// Writes readings in one format.
struct Printer<W: Write> {
    form: Form,
    out: W,
    /// Readings that have no form of this kind.
    passed_over: u64,
}

impl<W: Write> Printer<W> {
    fn head(&mut self) -> Result<(), Failure> {
        match self.form {
            Form::Table => writeln!(self.out, "{TABLE_HEAD}")?,
            Form::Csv => writeln!(self.out, "{CSV_HEAD}")?,
            Form::Jsonl | Form::Fhir { .. } => {}
        }
        Ok(())
    }

    /// Prints one reading; an empty line is none.
    fn line(&mut self, message: &[u8]) -> Result<(), Failure> {
        if message.is_empty() {
            return Ok(());
        }
        let row = || serde_json::from_slice::<Row<'_>>(message).map_err(Failure::NotAReading);
        match &self.form {
            Form::Table => writeln!(self.out, "{}", row()?.table())?,
            Form::Csv => writeln!(self.out, "{}", row()?.csv())?,
            Form::Jsonl => write_line(&mut self.out, message)?,
            Form::Fhir { patient_system } => {
                match fhir::reading(message, patient_system) {
                    Ok(Some(bundle)) => write_line(&mut self.out, &bundle.octets)?,
                    Ok(None) => {}
                    // One must not hide those after it. What caused it may quote values.
                    Err(error) => {
                        let id = row().map_or_else(|_| "of no id".to_owned(), |row| row.id.to_owned());
                        eprintln!("cuffd: reading {id}: {error}");
                        self.passed_over += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

fn write_line(out: &mut impl Write, line: &[u8]) -> io::Result<()> {
    out.write_all(line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_that_makes_no_bundle_does_not_hide_those_after_it() {
        let good = include_bytes!("../../../benches/proof/reading.json");
        let form = Form::Fhir {
            patient_system: "urn:example:patients".to_owned(),
        };
        let mut printer = Printer {
            form,
            out: Vec::new(),
            passed_over: 0,
        };
        printer.line(b"{\"schema\":\"cuffd.reading/9\"}").expect("it goes on");
        printer.line(good.trim_ascii()).expect("printed");
        let lines = printer.out.iter().filter(|octet| **octet == b'\n').count();
        assert_eq!((printer.passed_over, lines), (1, 1));
    }
}
