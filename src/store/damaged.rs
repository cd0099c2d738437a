//! A damaged database: moved aside, never deleted, and replaced by a new one with what could still be read of it.
//!
//! The replacement is built under another name and takes its place by renames, so that a power cut at any point leaves
//! either the damaged database, to be replaced at the next start, or the finished replacement.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use super::database::{check_whole, connect, trust};
use super::salvage::{Salvaged, salvage};
use super::{StoreError, file};

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
    finish_replacement(path)?;
    match connect_checked(path) {
        Ok(connection) => Ok((connection, None)),
        Err(StoreError::Damaged(_)) => {
            let aside = replace(path, now)?;
            let connection = connect_checked(path)?;
            Ok((connection, Some(aside)))
        }
        Err(other) => Err(other),
    }
}

/// Opens the database, and checks it whole if damage was seen while it was used.
fn connect_checked(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path)?;
    let mark = file::beside(path, ".suspect");
    if mark.exists() {
        check_whole(&connection)?;
        remove(path, &mark)?;
    }
    trust(&connection)?;
    Ok(connection)
}

/// Does the last rename of a replacement that was cut short.
fn finish_replacement(path: &Path) -> Result<(), StoreError> {
    let replacement = file::beside(path, ".new");
    if replacement.exists() && !path.exists() {
        rename(path, &replacement, path)?;
    }
    Ok(())
}

fn replace(path: &Path, now: Timestamp) -> Result<Aside, StoreError> {
    let replacement = file::beside(path, ".new");
    for suffix in ["", "-wal", "-shm"] {
        remove(path, &file::beside(&replacement, suffix))?;
    }
    let mut fresh = connect(&replacement)?;
    trust(&fresh)?;
    let salvaged = salvage(path, &mut fresh, now)?;
    // Closing takes the log into the file, which alone is renamed.
    fresh.close().map_err(|(_, cause)| cause)?;

    let aside = free_name(path, now);
    // The log first: beside a new database it would be taken for that one's.
    for suffix in ["-wal", "-shm", ""] {
        rename(path, &file::beside(path, suffix), &file::beside(&aside, suffix))?;
    }
    rename(path, &replacement, path)?;
    remove(path, &file::beside(path, ".suspect"))?;
    Ok(Aside { path: aside, salvaged })
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
        .and_then(|()| file::sync_directory(path))
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
