//! How delivery stands, for `status`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::column::{self, At, Id};
use super::{Store, StoreError};
use crate::core::delivery::Kind;

/// How many set-aside messages are listed by id; the count tells of more.
const LISTED: i64 = 20;

/// How delivery stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverySummary {
    /// How many messages of each kind wait to be sent; kinds with none are left out.
    pub queued: BTreeMap<Kind, u64>,
    /// When the oldest of them was made.
    pub oldest_queued_at: Option<Timestamp>,
    /// How many were sent and await their receipt.
    pub awaiting_receipt: u64,
    /// When the oldest of them was made.
    pub awaiting_receipt_since: Option<Timestamp>,
    /// How many were refused for good.
    pub set_aside_count: u64,
    /// The newest of those, newest first.
    pub set_aside: Vec<Uuid>,
    /// When a broker last took a message.
    pub last_sent_at: Option<Timestamp>,
}

impl Store {
    /// How delivery stands. Costs a look at each unsent message, none at sent ones.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn delivery_summary(&self) -> Result<DeliverySummary, StoreError> {
        self.run(|database| summarize(&database.connection)).await
    }
}

fn summarize(connection: &Connection) -> Result<DeliverySummary, StoreError> {
    let mut summary = DeliverySummary {
        awaiting_receipt: count(connection, AWAITING_RECEIPT)?,
        awaiting_receipt_since: awaiting_since(connection)?,
        set_aside_count: count(connection, SET_ASIDE)?,
        set_aside: set_aside(connection)?,
        last_sent_at: last_sent_at(connection)?,
        ..DeliverySummary::default()
    };
    for kind in Kind::ALL {
        let (queued, lowest) = queued(connection, kind)?;
        let Some(lowest) = lowest else { continue };
        summary.queued.insert(kind, queued);
        let made = created_at(connection, kind, lowest)?;
        summary.oldest_queued_at = Some(summary.oldest_queued_at.map_or(made, |oldest| oldest.min(made)));
    }
    Ok(summary)
}

const AWAITING_RECEIPT: &str = "SELECT count(*) FROM message WHERE not_before IS NOT NULL AND state = 'sent'";
const SET_ASIDE: &str = "SELECT count(*) FROM message WHERE state = 'set_aside'";

/// How many messages are queued, await a receipt, or are set aside.
pub(super) fn unsent(connection: &Connection) -> Result<u64, StoreError> {
    let mut unsent = count(connection, AWAITING_RECEIPT)? + count(connection, SET_ASIDE)?;
    for kind in Kind::ALL {
        unsent += queued(connection, kind)?.0;
    }
    Ok(unsent)
}

fn count(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    let count = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(column::count(count))
}

/// How many messages of a kind are queued, and the lowest `seq` among them.
fn queued(connection: &Connection, kind: Kind) -> Result<(u64, Option<i64>), StoreError> {
    // Two queries, one for each partial index; within a kind the lowest seq is the oldest message.
    let ready = "SELECT count(*), min(seq) FROM message WHERE kind = ?1 AND state = 'queued' AND not_before IS NULL";
    let waiting =
        "SELECT count(*), min(seq) FROM message WHERE kind = ?1 AND not_before IS NOT NULL AND state = 'queued'";
    let ask = |sql: &str| {
        connection.prepare_cached(sql)?.query_row([kind.as_str()], |row| {
            Ok((column::count(row.get(0)?), row.get::<_, Option<i64>>(1)?))
        })
    };
    let (ready, waiting) = (ask(ready)?, ask(waiting)?);
    let lowest = [ready.1, waiting.1].into_iter().flatten().min();
    Ok((ready.0 + waiting.0, lowest))
}

fn created_at(connection: &Connection, kind: Kind, seq: i64) -> Result<Timestamp, StoreError> {
    let sql = "SELECT created_at FROM message WHERE kind = ?1 AND seq = ?2";
    let At(time) = connection
        .prepare_cached(sql)?
        .query_row(params![kind.as_str(), seq], |row| row.get(0))?;
    Ok(time)
}

/// By the lowest `seq` of each kind, so that one row of each is looked at.
fn awaiting_since(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT min(seq) FROM message WHERE kind = ?1 AND not_before IS NOT NULL AND state = 'sent'";
    let mut oldest: Option<Timestamp> = None;
    for kind in Kind::ALL {
        let lowest: Option<i64> = connection
            .prepare_cached(sql)?
            .query_row([kind.as_str()], |row| row.get(0))?;
        let Some(lowest) = lowest else { continue };
        let made = created_at(connection, kind, lowest)?;
        oldest = Some(oldest.map_or(made, |oldest| oldest.min(made)));
    }
    Ok(oldest)
}

fn set_aside(connection: &Connection) -> Result<Vec<Uuid>, StoreError> {
    let sql = "SELECT id FROM message WHERE state = 'set_aside' ORDER BY row DESC LIMIT ?1";
    let mut newest = connection.prepare_cached(sql)?;
    let ids = newest.query_map([LISTED], |row| row.get::<_, Id>(0).map(|id| id.0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn last_sent_at(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let mut last = connection.prepare_cached("SELECT last_sent_at FROM delivery")?;
    let last = last.query_row([], |row| row.get::<_, At>(0)).optional()?;
    Ok(last.map(|at| at.0))
}
