//! How far the numbers of messages have come, in a file beside the database.
//!
//! A write-ahead log that was cut short (a repaired file system), or a database put back from a backup, is whole to SQLite:
//! what came last is gone, and without a word its numbers would be given out twice. With this file they are not, and the gap
//! tells the platform that something is missing. What is missing may stand against an open session: none goes on.
//!
//! It is written after each commit and never flushed: it may fall behind the database, which costs nothing, and is never ahead
//! of one that lost nothing. It costs a commit one small write, and no wait for the disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{StoreError, column, file, sessions};
use crate::core::delivery::{Kind, NewMessage};
use crate::core::moment::Now;

/// No number is above this (the database's own limit): what says so is damaged.
const HIGHEST: u64 = (1 << 53) - 1;

/// The file of one open store.
pub(super) struct HighWater {
    file: File,
    marks: BTreeMap<Kind, u64>,
}

impl HighWater {
    /// Opens the file beside the database, making it if it is not there, and lets the database's numbers go on from it.
    pub(super) fn open(path: &Path, connection: &Connection, boot: Uuid, now: Now) -> Result<Self, StoreError> {
        let mut file = file::open_private(&file::beside(path, ".highest"))?;
        let mut marks = read(&mut file);
        let transaction = connection.unchecked_transaction()?;
        let mut is_behind = false;
        for (kind, mark) in &mut marks {
            let head = raise(&transaction, *kind, *mark)?;
            if head < *mark {
                is_behind = true;
                tracing::error!(
                    kind = kind.as_str(),
                    stored = head,
                    given_out = *mark,
                    "the database was set back: the messages between these numbers are not in it any more, and may never have been sent"
                );
            }
            *mark = head.max(*mark);
        }
        if is_behind {
            sessions::distrust_open(&transaction, boot, now)?;
        }
        transaction.commit()?;
        Ok(Self { file, marks })
    }

    /// Notes messages that are stored.
    pub(super) fn note<'m>(&mut self, messages: impl Iterator<Item = &'m NewMessage>) {
        let before = self.marks.clone();
        for message in messages {
            let mark = self.marks.entry(message.kind).or_default();
            *mark = message.seq.max(*mark);
        }
        if self.marks == before {
            return;
        }
        // The messages are stored whatever becomes of this.
        if let Err(error) = self.file.write_all_at(write(&self.marks).as_bytes(), 0) {
            tracing::debug!(%error, "the numbers given out were not noted beside the database");
        }
    }
}

/// Raises the number that the next message of a kind goes on from. What it was.
fn raise(connection: &Connection, kind: Kind, mark: u64) -> Result<u64, StoreError> {
    let sql = "SELECT highest FROM counter WHERE kind = ?1";
    let head = connection
        .query_row(sql, [kind.as_str()], |row| row.get(0))
        .map(column::count)?;
    if head < mark {
        let sql = "UPDATE counter SET highest = ?2 WHERE kind = ?1";
        connection.execute(sql, params![kind.as_str(), column::integer(mark)])?;
    }
    Ok(head)
}

/// Always as many octets, so that one write replaces them all.
fn write(marks: &BTreeMap<Kind, u64>) -> String {
    let line = |kind: &Kind| format!("{:<9} {:020}\n", kind.as_str(), marks.get(kind).copied().unwrap_or(0));
    Kind::ALL.iter().map(line).collect()
}

/// What cannot be read is not known: the database alone counts then.
fn read(file: &mut File) -> BTreeMap<Kind, u64> {
    let mut text = String::new();
    let _unreadable = file.read_to_string(&mut text);
    let line = |line: &str| {
        let (word, number) = line.split_once(' ')?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == word)?;
        let number = number.trim().parse().ok()?;
        (number <= HIGHEST).then_some((kind, number))
    };
    text.lines().filter_map(line).collect()
}
