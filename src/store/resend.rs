//! Sending again what was stored, octet for octet.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::column::{self, At, Id};
use super::{Store, StoreError};
use crate::core::delivery::Kind;

/// How many rows one transaction looks at: other work gets its turn in between.
const SLICE: i64 = 2_000;

/// The longest range of `seq` (contract 3.5).
pub const LONGEST_RANGE: u64 = 1_000;

/// Which messages to send again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resend {
    /// All that were made then or later.
    Since(Timestamp),
    /// These.
    Ids(Vec<Uuid>),
    /// A range of one kind, both ends included; cut off after [`LONGEST_RANGE`].
    Range {
        /// Which kind.
        kind: Kind,
        /// The first `seq`.
        from_seq: u64,
        /// The last `seq`.
        to_seq: u64,
    },
}

/// What a resend has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// How many messages are queued now and were not, or waited for their time.
    pub queued: usize,
    /// Asked for by id, and not kept (any more).
    pub not_kept: Vec<Uuid>,
    /// Asked for by `seq`, given out once, and not kept any more.
    pub not_kept_seqs: Vec<u64>,
}

impl Store {
    /// Queues stored messages again, whatever became of them. [`Resend::Since`] is done slice by slice: if it fails half-way,
    /// what was queued stays so.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn resend(&self, what: Resend) -> Result<Resent, StoreError> {
        match what {
            Resend::Since(time) => self.resend_since(time).await,
            Resend::Ids(ids) => self.announced(move |connection| by_ids(connection, ids)).await,
            Resend::Range { kind, from_seq, to_seq } => {
                let to_seq = to_seq.min(from_seq.saturating_add(LONGEST_RANGE - 1));
                self.announced(move |connection| by_seqs(connection, kind, from_seq..=to_seq))
                    .await
            }
        }
    }

    async fn resend_since(&self, time: Timestamp) -> Result<Resent, StoreError> {
        let mut resent = Resent::default();
        let mut after = 0;
        loop {
            let slice = self
                .announced(move |connection| slice_since(connection, time, after))
                .await?;
            let Some((last, queued)) = slice else {
                return Ok(resent);
            };
            resent.queued += queued;
            after = last;
        }
    }

    /// Does `work` in one transaction, then lets the sender know.
    async fn announced<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|database| {
            let done = database.write(|transaction| work(transaction))?;
            database.announce();
            Ok(done)
        })
        .await
    }
}

/// The last row of the slice after `after`, and how many of it were queued; `None` at the end.
fn slice_since(connection: &Connection, time: Timestamp, after: i64) -> Result<Option<(i64, usize)>, StoreError> {
    let sql = "SELECT max(row) FROM (SELECT row FROM message WHERE row > ?1 ORDER BY row LIMIT ?2)";
    let last: Option<i64> = connection
        .prepare_cached(sql)?
        .query_row(params![after, SLICE], |row| row.get(0))?;
    let Some(last) = last else {
        return Ok(None);
    };
    let sql = "SELECT row FROM message WHERE row > ?1 AND row <= ?2 AND created_at >= ?3";
    let rows: Vec<i64> = connection
        .prepare_cached(sql)?
        .query_map(params![after, last, At(time)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut queued = 0;
    for row in rows {
        queued += queue_again(connection, row)?;
    }
    Ok(Some((last, queued)))
}

fn by_ids(connection: &Connection, ids: Vec<Uuid>) -> Result<Resent, StoreError> {
    let mut resent = Resent::default();
    for id in ids {
        let row = connection
            .prepare_cached("SELECT row FROM message WHERE id = ?1")?
            .query_row([Id(id)], |row| row.get(0))
            .optional()?;
        match row {
            Some(row) => resent.queued += queue_again(connection, row)?,
            None => resent.not_kept.push(id),
        }
    }
    Ok(resent)
}

fn by_seqs(connection: &Connection, kind: Kind, seqs: RangeInclusive<u64>) -> Result<Resent, StoreError> {
    let highest: i64 = connection
        .prepare_cached("SELECT highest FROM counter WHERE kind = ?1")?
        .query_row([kind.as_str()], |row| row.get(0))?;
    let mut resent = Resent::default();
    // What was never given out is not missing.
    let (first, last) = ((*seqs.start()).max(1), (*seqs.end()).min(column::count(highest)));
    for seq in first..=last {
        let row = connection
            .prepare_cached("SELECT row FROM message WHERE kind = ?1 AND seq = ?2")?
            .query_row(params![kind.as_str(), column::integer(seq)], |row| row.get(0))
            .optional()?;
        match row {
            Some(row) => resent.queued += queue_again(connection, row)?,
            None => resent.not_kept_seqs.push(seq),
        }
    }
    Ok(resent)
}

/// Makes a message as if it had never been tried. Returns 0 if that is how it stands already.
fn queue_again(connection: &Connection, row: i64) -> Result<usize, StoreError> {
    let sql = "UPDATE message SET state = 'queued', attempts = 0, not_before = NULL, finished_at = NULL, why = NULL
               WHERE row = ?1 AND (state <> 'queued' OR not_before IS NOT NULL)";
    Ok(connection.prepare_cached(sql)?.execute([row])?)
}
