//! The commands that a platform may send, as the config names them (contract 3.5).

use std::collections::BTreeSet;

use super::kind::choice;
use super::reader::{Read, Table};

/// A command of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// `open_session`.
    OpenSession,
    /// `attest`.
    Attest,
    /// `start`.
    Start,
    /// `close_session`.
    CloseSession,
    /// `decide`; may never be unsigned.
    Decide,
    /// `report`.
    Report,
    /// `receipt`.
    Receipt,
    /// `resend`.
    Resend,
}

/// What a key may be given the power to do.
const SIGNED: [(&str, Command); 8] = [
    ("open_session", Command::OpenSession),
    ("attest", Command::Attest),
    ("start", Command::Start),
    ("close_session", Command::CloseSession),
    ("decide", Command::Decide),
    ("report", Command::Report),
    ("receipt", Command::Receipt),
    ("resend", Command::Resend),
];

/// What anyone may be given the power to do: all but `decide`.
const UNSIGNED: [(&str, Command); 7] = [
    ("open_session", Command::OpenSession),
    ("attest", Command::Attest),
    ("start", Command::Start),
    ("close_session", Command::CloseSession),
    ("report", Command::Report),
    ("receipt", Command::Receipt),
    ("resend", Command::Resend),
];

/// The commands that are accepted without a proof.
pub(super) fn read_unsigned(table: &mut Table) -> Read<BTreeSet<Command>> {
    let written = table.list("unsigned_commands", choice(&UNSIGNED))?;
    let written = written.unwrap_or_else(|| vec![Command::Report, Command::Receipt]);
    Ok(written.into_iter().collect())
}

/// The commands that a key is good for.
pub(super) fn read_may(table: &mut Table) -> Read<BTreeSet<Command>> {
    let written = table.list("may", choice(&SIGNED))?.unwrap_or_default();
    if written.is_empty() {
        let words: Vec<_> = SIGNED.iter().map(|(word, _)| *word).collect();
        return Err(table.missing("may", &format!("a list of {}", words.join(", "))));
    }
    Ok(written.into_iter().collect())
}
