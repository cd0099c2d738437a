//! Housekeeping: what goes when its time has come or the file is too large, and how much room there is.
//!
//! Only finished messages go, with their readings: never what is queued, awaits a receipt, was set aside, or was kept
//! because there is no broker. With `store.keep` 0 they go in the transaction that finishes them. Each call does a bounded
//! piece of work, so that a measurement never waits long for it.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::column::{self, At};
use super::connections::{self, ConnectionId};
use super::database::Database;
use super::{Settings, Store, StoreError, file, sessions};
use crate::directory;

/// The most messages that go in one call.
const PIECE: usize = 500;

/// The most ended sessions that go in one call.
const SESSIONS: i64 = 20;

/// How many of them go before the size is looked at again.
const STEP: usize = 25;

/// Most of something: so many of so many parts.
const MOST: (u64, u64) = (3, 4);

/// The most pages that are given back to the disk in one call: 2 MiB.
const VACUUM_PAGES: i64 = 512;

/// Free pages up to this share of the file (one in …) stay in it: they will be needed again, and moving pages wears the disk.
const FREE_SHARE: i64 = 4;

/// So many frames of the log, of 4 KiB each, are worth being taken into the database: what is written over and over is then
/// written there once.
const WORTH_TAKING: i64 = 500;

/// What one piece of housekeeping has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// How many messages and ended sessions went.
    pub messages: usize,
    /// Whether there is more to do at once.
    pub more: bool,
}

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// Free octets on the disk, for this user.
    pub free_bytes: u64,
    /// Whether that is at least `store.reserve`.
    pub reserve_ok: bool,
    /// The size of the database with its log, in octets.
    pub size: u64,
    /// Whether what is not finished fills most of `store.max_size`: pruning would make no room.
    pub nearly_full: bool,
}

impl Store {
    /// Does one piece of housekeeping; to be called again at once while [`Pruned::more`], else every few minutes.
    ///
    /// Finished messages older than `store.keep` go; then, while the file is larger than `store.max_size`, the oldest finished
    /// ones. Expired replies to commands go too. To be called only while the wall clock is right: by a clock that is years
    /// ahead everything is old.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn prune(&self, now: Timestamp) -> Result<Pruned, StoreError> {
        self.run(move |database| prune(database, Some(now))).await
    }

    /// As [`Store::prune`], while the wall clock cannot be believed: nothing is too old, and only the size counts.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn prune_by_size(&self) -> Result<Pruned, StoreError> {
        self.run(|database| prune(database, None)).await
    }

    /// Takes the log into the database if that has become worth while; to be called every few seconds. Whether it did.
    ///
    /// # Errors
    /// Any failure of the disk or the database. Nothing is lost by it: the log stays.
    pub async fn take_in_log(&self) -> Result<bool, StoreError> {
        self.run(|database| take_in_log(&database.connection)).await
    }

    /// How much room there is.
    ///
    /// # Errors
    /// [`StoreError::Open`] if the file system does not tell.
    pub async fn health(&self) -> Result<StoreHealth, StoreError> {
        self.run(|database| health(database)).await
    }
}

/// What a change of the config asks for: values of nobody's go where they are not kept any more.
pub(super) fn tidy_at_start(database: &mut Database) -> Result<(), StoreError> {
    if database.settings.keep_unassigned {
        return Ok(());
    }
    let any = database
        .connection
        .prepare("SELECT 1 FROM unassigned LIMIT 1")?
        .exists([])?;
    if any {
        database.connection.execute("DELETE FROM unassigned", [])?;
        database.checkpoint()?;
    }
    Ok(())
}

fn prune(database: &mut Database, now: Option<Timestamp>) -> Result<Pruned, StoreError> {
    let keep = SignedDuration::try_from(database.settings.keep).unwrap_or(SignedDuration::MAX);
    let keep_ended = SignedDuration::try_from(database.settings.keep_ended).unwrap_or(SignedDuration::MAX);
    let settings = database.settings.clone();
    let messages = database.write(|transaction| {
        if let Some(now) = now {
            let since = now.saturating_sub(keep_ended).unwrap_or(Timestamp::MIN);
            let expired = drop_expired(transaction, now, keep, &settings)?
                + sessions::forget_ended(transaction, since, SESSIONS)?;
            if expired > 0 {
                return Ok(expired);
            }
        }
        drop_oldest_above(transaction, &settings)
    })?;
    let vacuumed = vacuum(database)?;
    if database.forget_wal || vacuumed {
        database.checkpoint()?;
    }
    Ok(Pruned {
        messages,
        more: messages > 0 || vacuumed,
    })
}

/// Drops what has been kept long enough, and returns how many messages that were.
fn drop_expired(
    connection: &Connection,
    now: Timestamp,
    keep: SignedDuration,
    settings: &Settings,
) -> Result<usize, StoreError> {
    connection
        .prepare_cached("DELETE FROM command WHERE expires_at <= ?1")?
        .execute([At(now)])?;
    let oldest = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    drop_finished(connection, oldest, PIECE, settings)
}

/// Drops the oldest finished messages while more than `max_size` octets are in use, and returns how many.
fn drop_oldest_above(connection: &Connection, settings: &Settings) -> Result<usize, StoreError> {
    let mut dropped = 0;
    while dropped < PIECE && used(connection)? > settings.max_size {
        let step = drop_finished(connection, Timestamp::MAX, STEP, settings)?;
        if step == 0 {
            break;
        }
        dropped += step;
    }
    Ok(dropped)
}

/// Drops the oldest messages that were finished at `until` or before, at most `limit`, and returns how many.
fn drop_finished(
    connection: &Connection,
    until: Timestamp,
    limit: usize,
    settings: &Settings,
) -> Result<usize, StoreError> {
    let sql = "SELECT row FROM message
               WHERE finished_at IS NOT NULL AND finished_at <= ?1
                 AND NOT (?3 AND EXISTS (SELECT 1 FROM reading JOIN session ON session.id = reading.session
                                         WHERE reading.message = message.row AND session.ended_at IS NULL))
               ORDER BY finished_at LIMIT ?2";
    let limit = column::integer(limit as u64);
    let rows: Vec<i64> = connection
        .prepare_cached(sql)?
        .query_map(params![At(until), limit, settings.keep_in_session], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for row in &rows {
        drop_message(connection, *row)?;
    }
    Ok(rows.len())
}

/// With `store.keep` 0: drops what this transaction has finished.
pub(super) fn drop_at_once(connection: &Connection, settings: &Settings) -> Result<(), StoreError> {
    if settings.keep.is_zero() {
        drop_finished(connection, Timestamp::MAX, PIECE, settings)?;
    }
    Ok(())
}

/// Drops a message, its reading, and the connection that brought it if that was the last of it.
fn drop_message(connection: &Connection, row: i64) -> Result<(), StoreError> {
    let of: Option<i64> = connection
        .prepare_cached("SELECT connection FROM reading WHERE message = ?1")?
        .query_row([row], |found| found.get(0))
        .optional()?;
    connection
        .prepare_cached("DELETE FROM message WHERE row = ?1")?
        .execute([row])?;
    match of {
        Some(of) => connections::drop_if_empty(connection, ConnectionId(of)),
        None => Ok(()),
    }
}

/// Gives free pages back to the disk, a bounded number of them. Returns whether there were too many.
fn vacuum(database: &Database) -> Result<bool, StoreError> {
    let connection = &database.connection;
    let free = pragma(connection, "freelist_count")?;
    let pages = pragma(connection, "page_count")?;
    if free * FREE_SHARE <= pages {
        return Ok(false);
    }
    // It frees one page with each step.
    let mut steps = connection.prepare(&format!("PRAGMA incremental_vacuum({VACUUM_PAGES})"))?;
    let mut rows = steps.query([])?;
    while rows.next()?.is_some() {}
    Ok(true)
}

/// The octets in use in the database: what it would shrink to.
fn used(connection: &Connection) -> Result<u64, StoreError> {
    let pages = pragma(connection, "page_count")? - pragma(connection, "freelist_count")?;
    Ok(column::count(pages * pragma(connection, "page_size")?))
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}

fn take_in_log(connection: &Connection) -> Result<bool, StoreError> {
    let (in_log, taken): (i64, i64) =
        connection.query_row("PRAGMA wal_checkpoint(NOOP)", [], |row| Ok((row.get(1)?, row.get(2)?)))?;
    if in_log - taken < WORTH_TAKING {
        return Ok(false);
    }
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    Ok(true)
}

fn health(database: &Database) -> Result<StoreHealth, StoreError> {
    let Settings {
        path,
        reserve,
        max_size,
        ..
    } = &database.settings;
    let disk = rustix::fs::statvfs(directory::of(path)).map_err(|cause| StoreError::Open {
        path: path.clone(),
        cause: cause.into(),
    })?;
    let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
    Ok(StoreHealth {
        free_bytes,
        reserve_ok: free_bytes >= *reserve,
        size: file::size(path) + file::size(&file::beside(path, "-wal")),
        nearly_full: nearly_full(&database.connection, *max_size)?,
    })
}

/// Whether unfinished messages fill most of `max_size`. Counted, not weighed: of a large database every page would be read.
fn nearly_full(connection: &Connection, max_size: u64) -> Result<bool, StoreError> {
    let most = max_size / MOST.1 * MOST.0;
    let used = used(connection)?;
    if used <= most {
        return Ok(false);
    }
    let count = |sql: &str| -> Result<u128, StoreError> {
        let count = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(column::count(count).into())
    };
    let all = count("SELECT count(*) FROM message")?;
    let finished = count("SELECT count(*) FROM message WHERE finished_at IS NOT NULL")?;
    // Without any message it is all measurements that nobody has judged.
    Ok(all == 0 || u128::from(used) * all.saturating_sub(finished) > u128::from(most) * all)
}
