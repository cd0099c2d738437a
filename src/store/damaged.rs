//! A damaged database: moved aside, never deleted, and replaced by a new one with what could still be read of it.
//!
//! * The replacement is built under the name `.unfinished`. Once it is durable it is called `.new`.
//! * From then on it is what counts, also at the next start: the damaged one may have lost its log to the move already.
//! * The damaged one goes before the new one comes, its log first: beside another database it would be taken for that one's.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::database::{check_whole, connect, trust};
use super::salvage::{Salvaged, salvage};
use super::{StoreError, file};
use crate::directory;

/// A replacement that is whole.
const NEW: &str = ".new";

/// A database that was moved aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Where it is now; its log stands beside it.
    pub path: PathBuf,
    /// What could be taken over.
    pub salvaged: Salvaged,
}

/// Opens the database; replaces it first, if it is damaged.
pub(super) fn connect_or_replace(path: &Path, now: Timestamp) -> Result<(Connection, Option<Aside>), StoreError> {
    finish_replacement(path, now)?;
    match connect_twice(path) {
        Ok(connection) => Ok((connection, None)),
        Err(StoreError::Damaged(_)) => {
            let aside = replace(path, now)?;
            let connection = connect_checked(path)?;
            Ok((connection, Some(aside)))
        }
        Err(other) => Err(other),
    }
}

/// Opens the database; where it seems to be damaged, once more, and then it is checked whole: SQLite says of a read that
/// failed, which may pass, the same as of damage, which stays.
fn connect_twice(path: &Path) -> Result<Connection, StoreError> {
    match connect_checked(path) {
        Err(StoreError::Damaged(_)) => {
            file::suspect(path);
            connect_checked(path)
        }
        other => other,
    }
}

/// Opens the database, and checks it whole if damage was seen while it was used.
fn connect_checked(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    let mark = file::beside(path, file::SUSPECT);
    if mark.exists() {
        check_whole(&connection)?;
        remove(path, &mark)?;
    }
    trust(&connection)?;
    Ok(connection)
}

/// Does what is left to do of a replacement that was cut short.
fn finish_replacement(path: &Path, now: Timestamp) -> Result<(), StoreError> {
    if !file::beside(path, NEW).exists() {
        return Ok(());
    }
    let aside = begun_aside(path).unwrap_or_else(|| free_name(path, now));
    put_in_place(path, &aside)?;
    tracing::warn!(aside = %aside.display(), "the replacement of a damaged database was cut short, and is finished now");
    Ok(())
}

fn replace(path: &Path, now: Timestamp) -> Result<Aside, StoreError> {
    let salvaged = build(path, now)?;
    let aside = free_name(path, now);
    put_in_place(path, &aside)?;
    Ok(Aside { path: aside, salvaged })
}

/// Makes the replacement. Once it has its name it is whole and durable.
fn build(path: &Path, now: Timestamp) -> Result<Salvaged, StoreError> {
    let unfinished = file::beside(path, ".unfinished");
    for suffix in ["", "-wal", "-shm"] {
        remove(path, &file::beside(&unfinished, suffix))?;
    }
    let mut fresh = connect(&unfinished)?;
    let salvaged = salvage(path, &mut fresh, now)?;
    // Only the file gets the name: everything must have come from the log to it, which closing alone does not tell.
    let busy: bool = fresh.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        return Err(StoreError::MoveAside {
            path: path.into(),
            cause: io::ErrorKind::ResourceBusy.into(),
        });
    }
    fresh.close().map_err(|(_, cause)| cause)?;
    for suffix in ["-wal", "-shm"] {
        remove(path, &file::beside(&unfinished, suffix))?;
    }
    rename(path, &unfinished, &file::beside(path, NEW))?;
    Ok(salvaged)
}

/// Moves the damaged database aside, as far as it has not been, and the replacement to its place.
fn put_in_place(path: &Path, aside: &Path) -> Result<(), StoreError> {
    for suffix in ["-wal", "-shm", ""] {
        rename(path, &file::beside(path, suffix), &file::beside(aside, suffix))?;
    }
    rename(path, &file::beside(path, NEW), path)?;
    remove(path, &file::beside(path, file::SUSPECT))
}

/// Where a damaged database was being moved to: its log is there and it is not.
fn begun_aside(path: &Path) -> Option<PathBuf> {
    let ours = file::beside(path, ".damaged-");
    let ours = ours.file_name()?.to_str()?;
    let entries = fs::read_dir(directory::of(path)).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let logs = names.filter(|name| name.starts_with(ours)).filter_map(|name| {
        let moved = name.strip_suffix("-wal").or_else(|| name.strip_suffix("-shm"))?;
        Some(directory::of(path).join(moved))
    });
    // The newest, should an older one have been taken away without its log.
    logs.filter(|aside| !aside.exists()).max()
}

/// `<path>.damaged-<UTC>`, and a number if that is taken.
fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ");
    let first = file::beside(path, &format!(".damaged-{stamp}"));
    let others = (2..).map(|number| file::beside(path, &format!(".damaged-{stamp}-{number}")));
    std::iter::once(first)
        .chain(others.take(1_000))
        .find(|candidate| !candidate.exists())
        .unwrap_or_else(|| file::beside(path, ".damaged"))
}

/// Renames, if there is something to rename; durable on return.
fn rename(path: &Path, from: &Path, to: &Path) -> Result<(), StoreError> {
    let renamed = match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    };
    renamed
        .and_then(|()| directory::sync(path))
        .map_err(|cause| StoreError::MoveAside {
            path: path.into(),
            cause,
        })
}

/// Removes one of our own working files, if it is there.
fn remove(path: &Path, working: &Path) -> Result<(), StoreError> {
    match fs::remove_file(working) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(StoreError::MoveAside {
            path: path.into(),
            cause,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}
