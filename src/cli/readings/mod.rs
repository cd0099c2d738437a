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
}

/// Readings fetched from the store at once.
const PAGE: usize = 500;

/// Prints the stored readings, oldest first.
#[must_use]
pub fn run(global: &Global, options: &Options) -> u8 {
    let mut printer = Printer {
        format: options.format,
        out: BufWriter::new(io::stdout().lock()),
    };
    let printed = block_on(async {
        match from_daemon(options.since, &mut printer).await {
            Err(Failure::Client(ClientError::NotRunning { .. })) => {
                from_store(&global.config, options.since, &mut printer).await
            }
            other => other,
        }?;
        printer.out.flush().map_err(Failure::from)
    });
    match printed {
        Ok(()) => exit::OK,
        Err(failure) => failure.tell(),
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

/// Writes readings in one format.
struct Printer<W: Write> {
    format: Format,
    out: W,
}

impl<W: Write> Printer<W> {
    fn head(&mut self) -> Result<(), Failure> {
        match self.format {
            Format::Table => writeln!(self.out, "{TABLE_HEAD}")?,
            Format::Csv => writeln!(self.out, "{CSV_HEAD}")?,
            Format::Jsonl => {}
        }
        Ok(())
    }

    /// Prints one reading; an empty line is none.
    fn line(&mut self, message: &[u8]) -> Result<(), Failure> {
        if message.is_empty() {
            return Ok(());
        }
        if self.format == Format::Jsonl {
            self.out.write_all(message)?;
            self.out.write_all(b"\n")?;
            return Ok(());
        }
        let row: Row<'_> = serde_json::from_slice(message).map_err(Failure::NotAReading)?;
        let line = if self.format == Format::Csv {
            row.csv()
        } else {
            row.table()
        };
        writeln!(self.out, "{line}")?;
        Ok(())
    }
}
