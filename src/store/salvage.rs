//! What can be taken over from a damaged database: everything unsent and unjudged, the counters, and what is remembered
//! of cuffs and commands; not the history of what was sent.
//!
//! Best effort: each table is read from both ends up to the damage, row by row, and a row that the schema refuses is left out.
//! What was measured is taken over although its connection is lost: then another stands in, by which nothing counts.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Params, Row, params, params_from_iter};

use super::migrate::{self, Purpose};
use super::{StoreError, column, file};
use crate::core::delivery::Kind;

/// A table of the schema.
pub(super) struct Table {
    /// Its name.
    pub(super) name: &'static str,
    /// The columns that its rows lie in the order of.
    key: &'static [&'static str],
    take: Take,
}

/// Which rows are taken over.
enum Take {
    /// Those for which this condition holds.
    Where(&'static str),
    /// Those that belong to a message that was taken over.
    OfMessages,
}

const ROWID: &[&str] = &["rowid"];
const ALL: Take = Take::Where("TRUE");
const NOTHING: Take = Take::Where("FALSE");

const fn table(name: &'static str, key: &'static [&'static str], take: Take) -> Table {
    Table { name, key, take }
}

/// Every table of the schema, each after those that its rows refer to.
pub(super) const TABLES: [Table; 18] = [
    table("identity", ROWID, ALL),
    table("counter", ROWID, ALL),
    table("delivery", ROWID, ALL),
    table("link", ROWID, ALL),
    table("cuff", ROWID, ALL),
    table("connection", ROWID, ALL),
    table("measurement", ROWID, ALL),
    table("digest", &["cuff", "digest"], ALL),
    table("unassigned", ROWID, ALL),
    table("message", ROWID, Take::Where("finished_at IS NULL")),
    table("content", ROWID, Take::OfMessages),
    table("reading", ROWID, Take::OfMessages),
    table("command", ROWID, ALL),
    table("session", &["id"], ALL),
    table("open_alert", &["id"], ALL),
    // Not what was told of sessions: with a part of it lost, a reading that stands against a session could be the lost
    // part. A session without events is ended at the next start, so that nothing is ready by half of its history.
    table("setting", ROWID, NOTHING),
    table("event", ROWID, NOTHING),
    table("concerns", &["session", "event"], NOTHING),
];

impl Table {
    /// `ORDER BY` for reading it from its beginning (`ASC`) or its end (`DESC`), as its rows lie: nothing is sorted.
    pub(super) fn order(&self, direction: &str) -> String {
        let key: Vec<String> = self.key.iter().map(|column| format!("{column} {direction}")).collect();
        format!("ORDER BY {}", key.join(", "))
    }
}

/// What was taken over from a damaged database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Salvaged {
    /// Whether every `seq` goes on where it was. If not, it goes on at a number above any that was given out, so that the
    /// platform sees a gap (something may be lost) and never a number twice.
    pub counters: bool,
    /// How many unsent messages were taken over.
    pub messages: u64,
    /// How many unjudged measurements were taken over.
    pub measurements: u64,
    /// How many connections are lost of which something was taken over.
    pub connections_lost: u64,
}

/// The cuff of a measurement of which the damage has taken the cuff's name. A store knows only cuffs by the names that the
/// clinic gives; if it gives one this name, what waits under it is that one's.
pub(super) const UNKNOWN_CUFF: &str = "unknown-after-damage";

/// Takes over into `fresh` what can be read of the database at `path`, which is not changed.
pub(super) fn salvage(path: &Path, fresh: &mut Connection, now: Timestamp) -> Result<Salvaged, StoreError> {
    let transaction = fresh.transaction()?;
    // What was measured in a lost connection refers to nothing until one stands in for it.
    transaction.execute_batch("PRAGMA defer_foreign_keys = ON")?;
    // The new database's own, at 0: those that are missing afterwards could not be read.
    transaction.execute("DELETE FROM counter", [])?;
    // SQLite would delete the log of an empty database.
    let readable = file::size(path) > 0;
    if let Some(damaged) = readable.then(|| open_damaged(path).ok()).flatten() {
        if matches!(migrate::purpose(&damaged), Ok(Purpose::Tests)) {
            migrate::dedicate(&transaction, Purpose::Tests)?;
        }
        for table in &TABLES {
            take_over(&damaged, &transaction, table)?;
        }
    }
    let connections_lost = stand_in(&transaction)?;
    leave_out_unusable(&transaction)?;
    let counters = count(&transaction, "counter")? == Kind::ALL.len() as u64;
    mend_counters(&transaction, now)?;
    let salvaged = Salvaged {
        counters,
        messages: count(&transaction, "message")?,
        measurements: count(&transaction, "measurement")?,
        connections_lost,
    };
    transaction.commit()?;
    Ok(salvaged)
}

fn open_damaged(path: &Path) -> rusqlite::Result<Connection> {
    let damaged = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    damaged.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    // Else SQLite refuses every page of a file that is shorter than its header says.
    damaged.set_db_config(DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, true)?;
    damaged.pragma_update(None, "trusted_schema", false)?;
    damaged.pragma_update(None, "cell_size_check", true)?;
    Ok(damaged)
}

/// Copies what can be read of one table. Errors are the new database's only.
fn take_over(damaged: &Connection, fresh: &Connection, table: &Table) -> Result<(), StoreError> {
    let columns = columns(fresh, table.name)?;
    let (name, list) = (table.name, columns.join(", "));
    let marks = vec!["?"; columns.len()].join(", ");
    let mut insert = fresh.prepare(&format!("INSERT OR IGNORE INTO {name} ({list}) VALUES ({marks})"))?;
    let mut take = |row: &[Value]| match insert.execute(params_from_iter(row)).map_err(StoreError::from) {
        // A row that the damage has changed, or whose other half is lost.
        Ok(_) | Err(StoreError::Refused(_)) => Ok(()),
        Err(other) => Err(other),
    };
    match table.take {
        Take::Where(condition) => {
            for direction in ["ASC", "DESC"] {
                let order = table.order(direction);
                // NOT INDEXED: an index may be damaged where the table is whole.
                let sql = format!("SELECT {list} FROM {name} NOT INDEXED WHERE {condition} {order}");
                if read_rows(damaged, &sql, [], &mut take)? == Extent::Whole {
                    break;
                }
            }
        }
        Take::OfMessages => {
            let sql = format!("SELECT {list} FROM {name} WHERE message = ?1");
            for message in messages(fresh)? {
                read_rows(damaged, &sql, [message], &mut take)?;
            }
        }
    }
    Ok(())
}

/// How far a damaged table could be read.
#[derive(PartialEq, Eq)]
enum Extent {
    Whole,
    UpToTheDamage,
}

/// Hands every row that can be read to `take`.
fn read_rows(
    damaged: &Connection,
    sql: &str,
    parameters: impl Params,
    take: &mut impl FnMut(&[Value]) -> Result<(), StoreError>,
) -> Result<Extent, StoreError> {
    let Ok(mut statement) = damaged.prepare_cached(sql) else {
        return Ok(Extent::UpToTheDamage);
    };
    let width = statement.column_count();
    let Ok(mut rows) = statement.query(parameters) else {
        return Ok(Extent::UpToTheDamage);
    };
    loop {
        match rows.next() {
            Ok(Some(row)) => {
                if let Ok(values) = values(row, width) {
                    take(&values)?;
                }
            }
            Ok(None) => return Ok(Extent::Whole),
            Err(_) => return Ok(Extent::UpToTheDamage),
        }
    }
}

fn values(row: &Row<'_>, width: usize) -> rusqlite::Result<Vec<Value>> {
    (0..width).map(|index| row.get(index)).collect()
}

fn columns(fresh: &Connection, table: &str) -> Result<Vec<String>, StoreError> {
    let mut columns = fresh.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = columns.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn messages(fresh: &Connection) -> Result<Vec<i64>, StoreError> {
    let mut messages = fresh.prepare("SELECT row FROM message")?;
    let rows = messages.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Puts a connection in the place of each that is lost, and returns how many those are.
///
/// It was not bonded and belongs to no boot, and the clock was not believed in it. Its cuff is known where it was the cuff's
/// first, or where the store knows of one cuff only.
fn stand_in(fresh: &Connection) -> Result<u64, StoreError> {
    // A number that no count reaches is damage too, and would be the last that could be given out.
    for table in ["measurement", "reading"] {
        let sql = format!("UPDATE {table} SET connection = 0 WHERE connection NOT BETWEEN 0 AND 1000000000000");
        fresh.execute(&sql, [])?;
    }
    let sql = "INSERT INTO connection (row, cuff, bonded, first, boot, began_at, began_moment, ended_at)
               SELECT connection, coalesce(
                          (SELECT min(id) FROM cuff WHERE first_connection = connection),
                          (SELECT min(name) FROM (SELECT id AS name FROM cuff UNION SELECT cuff FROM connection)
                           HAVING count(*) = 1),
                          ?1),
                      0, 0, zeroblob(16), min(received_at), min(received_moment), max(received_at)
               FROM (SELECT connection, received_at, received_moment FROM measurement
                     UNION ALL SELECT connection, received_at, received_moment FROM reading)
               WHERE connection NOT IN (SELECT row FROM connection) GROUP BY connection";
    let lost = fresh.execute(sql, [UNKNOWN_CUFF])?;
    let sql = "UPDATE measurement SET synchronized = 0
               WHERE connection IN (SELECT row FROM connection WHERE boot = zeroblob(16))";
    fresh.execute(sql, [])?;
    Ok(lost as u64)
}

/// A message whose octets are lost cannot be sent; a connection that brought nothing of what is left says nothing.
fn leave_out_unusable(fresh: &Connection) -> Result<(), StoreError> {
    fresh.execute_batch(
        "DELETE FROM message WHERE row NOT IN (SELECT message FROM content);
         DELETE FROM connection WHERE row NOT IN (SELECT connection FROM measurement)
                                  AND row NOT IN (SELECT connection FROM reading);",
    )?;
    Ok(())
}

/// A counter that could not be read goes on at the seconds since 1970, which no gateway's messages reach by counting.
fn mend_counters(fresh: &Connection, now: Timestamp) -> Result<(), StoreError> {
    for kind in Kind::ALL {
        let sql = "INSERT OR IGNORE INTO counter (kind, highest) VALUES (?1, ?2)";
        fresh.execute(sql, params![kind.as_str(), now.as_second().max(0)])?;
    }
    let sql = "UPDATE counter SET highest = max(highest,
                      coalesce((SELECT max(seq) FROM message WHERE message.kind = counter.kind), 0))";
    fresh.execute(sql, [])?;
    Ok(())
}

fn count(fresh: &Connection, table: &str) -> Result<u64, StoreError> {
    let count = fresh.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    Ok(column::count(count))
}
