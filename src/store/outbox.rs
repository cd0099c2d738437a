//! The outbox: what is due, and what became of each try.
//!
//! Ready messages stand in one partial index, waiting ones in another, so that neither finished messages nor a hundred
//! thousand that wait for their time cost anything here.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Transaction, params};
use tracing::debug;
use uuid::Uuid;

use super::column::{self, At, Id};
use super::database::Database;
use super::{Store, StoreError, housekeeping};
use crate::core::delivery::{Due, Kind, Mark, Page, Wait};

/// No wait is longer than an hour (contract 3.4); one that seems to be was reckoned by a wall clock that has stepped back.
/// The five minutes allow for ordinary corrections of the clock.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(65);

/// Never tried, or to be tried again at once. (The time plays no part; all three take the same parameters.)
const READY: &str = "SELECT row, id, seq, attempts, state = 'sent' FROM message
    WHERE kind = ?1 AND state = 'queued' AND not_before IS NULL AND ?2 IS NOT NULL ORDER BY seq LIMIT ?3";

/// Those whose wait is over.
const WAITED: &str = "SELECT row, id, seq, attempts, state = 'sent' FROM message
    WHERE kind = ?1 AND not_before IS NOT NULL AND not_before <= ?2 ORDER BY not_before LIMIT ?3";

/// Those whose wait ends later than any wait can.
const ASTRAY: &str = "SELECT row, id, seq, attempts, state = 'sent' FROM message
    WHERE kind = ?1 AND not_before IS NOT NULL AND not_before > ?2 ORDER BY not_before DESC LIMIT ?3";

/// Those whose wait began later than now: it is over. (`sent_at` is when it began for all that wait.)
const FROM_THE_FUTURE: &str = "UPDATE message SET not_before = ?1 WHERE not_before IS NOT NULL AND sent_at > ?1";

/// The end of the first wait that is not over.
const NEXT: &str = "SELECT not_before FROM message
    WHERE kind = ?1 AND not_before IS NOT NULL AND not_before > ?2 ORDER BY not_before LIMIT 1";

/// A message that is due, before its content is read.
struct Candidate {
    row: i64,
    id: Uuid,
    seq: u64,
    attempts: u32,
    /// Whether a broker has taken it and its receipt is awaited: then `attempts` counts those times.
    sent: bool,
}

impl Store {
    /// Up to `limit` messages to be sent now, in the order of sending; those in `skip` (in flight) are left out.
    ///
    /// A message that waits for more than an hour from `now` is due: the clock was wrong when its wait began.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn due(&self, now: Timestamp, limit: usize, skip: Vec<Uuid>) -> Result<Vec<Due>, StoreError> {
        self.run(move |database| {
            let skip = skip.into_iter().collect();
            due(&database.connection, now, limit, &skip)
        })
        .await
    }

    /// What [`Store::due`] returns, and, if that is fewer than `limit`, when the next waiting message becomes due.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn page(&self, now: Timestamp, limit: usize, skip: Vec<Uuid>) -> Result<Page, StoreError> {
        self.run(move |database| {
            let skip = skip.into_iter().collect();
            let rows = due(&database.connection, now, limit, &skip)?;
            let next_due = if rows.len() < limit {
                next_due(&database.connection, now)?
            } else {
                None
            };
            Ok(Page { rows, next_due })
        })
        .await
    }

    /// Notes what became of tries, all or none. Marks for messages that are finished, set aside or gone change nothing.
    ///
    /// `attempts` grows by one with [`Mark::Attempt`] and [`Mark::Later`]. While a receipt is awaited the times that a broker
    /// took the message are counted instead, so that earlier refusals do not lengthen the wait for it.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn apply(&self, marks: Vec<Mark>) -> Result<(), StoreError> {
        self.run(move |database| {
            finish(database, |transaction| {
                marks.iter().try_for_each(|mark| apply(transaction, mark))?;
                note_sent(transaction, &marks)
            })
        })
        .await
    }

    /// The platform has these. Returns how many of them this has finished; ids that are unknown or done are ignored.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn receipt(&self, ids: Vec<Uuid>, at: Timestamp) -> Result<usize, StoreError> {
        self.run(move |database| {
            let finished = finish(database, |transaction| {
                let sql = "UPDATE message SET state = 'done', finished_at = ?2, not_before = NULL, why = NULL,
                                  sent_at = coalesce(sent_at, ?2)
                           WHERE id = ?1 AND state IN ('queued', 'sent', 'set_aside')";
                let mut finish = transaction.prepare_cached(sql)?;
                let mut finished = 0;
                for id in ids {
                    finished += finish.execute(params![Id(id), At(at)])?;
                }
                Ok(finished)
            })?;
            if finished > 0 {
                // Whoever tells how delivery stands has news.
                database.announce();
            }
            Ok(finished)
        })
        .await
    }
}

/// Has `work` done, which may finish messages, in one transaction.
fn finish<T>(
    database: &mut Database,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let settings = database.settings.clone();
    database.write(|transaction| {
        let done = work(transaction)?;
        housekeeping::drop_at_once(transaction, &settings)?;
        Ok(done)
    })
}

/// Ends the waits that were reckoned by a wall clock that has stepped back since. While the daemon runs waits do not depend on
/// the wall clock; when it starts, nothing else tells how long a message has been waiting.
pub(super) fn end_waits_of_another_clock(connection: &Connection, now: Timestamp) {
    // It does without: then they end later.
    if let Err(fault) = connection.execute(FROM_THE_FUTURE, [At(now)]) {
        debug!(%fault, "waits for a receipt were left as they are");
    }
}

fn due(connection: &Connection, now: Timestamp, limit: usize, skip: &HashSet<Uuid>) -> Result<Vec<Due>, StoreError> {
    let mut found = Vec::new();
    for kind in Kind::ALL {
        let left = limit - found.len();
        if left == 0 {
            break;
        }
        for candidate in candidates(connection, kind, now, left, skip)? {
            found.push(read(connection, kind, candidate)?);
        }
    }
    Ok(found)
}

/// What is due of one kind, by `seq`, at most `limit`.
fn candidates(
    connection: &Connection,
    kind: Kind,
    now: Timestamp,
    limit: usize,
    skip: &HashSet<Uuid>,
) -> Result<Vec<Candidate>, StoreError> {
    // Those to be skipped may be the first to be found.
    let enough = column::integer((limit + skip.len()) as u64);
    let mut found = Vec::new();
    for (sql, time) in [(READY, now), (WAITED, now), (ASTRAY, farthest(now))] {
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![kind.as_str(), At(time), enough])?;
        while let Some(row) = rows.next()? {
            let Id(id) = row.get(1)?;
            if !skip.contains(&id) {
                found.push(Candidate {
                    row: row.get(0)?,
                    id,
                    seq: column::count(row.get(2)?),
                    attempts: row.get(3)?,
                    sent: row.get(4)?,
                });
            }
        }
    }
    found.sort_by_key(|candidate| candidate.seq);
    found.truncate(limit);
    Ok(found)
}

fn read(connection: &Connection, kind: Kind, candidate: Candidate) -> Result<Due, StoreError> {
    let sql = "SELECT topic, schema, octets FROM content WHERE message = ?1";
    let due = connection.prepare_cached(sql)?.query_row([candidate.row], |row| {
        Ok(Due {
            id: candidate.id,
            kind,
            seq: candidate.seq,
            topic: row.get(0)?,
            schema: row.get(1)?,
            payload: Arc::from(row.get_ref(2)?.as_blob()?),
            attempts: if candidate.sent { 0 } else { candidate.attempts },
            sends: if candidate.sent { candidate.attempts } else { 0 },
        })
    })?;
    Ok(due)
}

/// The latest time that a wait begun now can end.
fn farthest(now: Timestamp) -> Timestamp {
    now.saturating_add(LONGEST_WAIT).unwrap_or(Timestamp::MAX)
}

fn next_due(connection: &Connection, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let mut next = connection.prepare_cached(NEXT)?;
    let mut earliest: Option<Timestamp> = None;
    for kind in Kind::ALL {
        let mut rows = next.query(params![kind.as_str(), At(now)])?;
        if let Some(row) = rows.next()? {
            let At(time) = row.get(0)?;
            earliest = Some(earliest.map_or(time, |other| other.min(time)));
        }
    }
    Ok(earliest)
}

fn apply(connection: &Connection, mark: &Mark) -> Result<(), StoreError> {
    match mark {
        Mark::Sent { id, at, again } => sent(connection, *id, *at, *again)?,
        Mark::Later { id, wait, why } => {
            let sql = "UPDATE message SET state = 'queued', sent_at = ?2, not_before = ?3, why = ?4,
                              attempts = CASE state WHEN 'sent' THEN 1 ELSE attempts + 1 END
                       WHERE id = ?1 AND state IN ('queued', 'sent') AND finished_at IS NULL";
            connection
                .prepare_cached(sql)?
                .execute(params![Id(*id), At(wait.since), At(wait.until), why])?;
        }
        Mark::Attempt { id } => {
            let sql = "UPDATE message SET attempts = attempts + 1
                       WHERE id = ?1 AND state IN ('queued', 'sent') AND finished_at IS NULL";
            connection.prepare_cached(sql)?.execute([Id(*id)])?;
        }
        Mark::SetAside { id, why } => {
            let sql = "UPDATE message SET state = 'set_aside', not_before = NULL, why = ?2
                       WHERE id = ?1 AND state IN ('queued', 'sent') AND finished_at IS NULL";
            connection.prepare_cached(sql)?.execute(params![Id(*id), why])?;
        }
    }
    Ok(())
}

fn sent(connection: &Connection, id: Uuid, at: Timestamp, again: Option<Wait>) -> Result<(), StoreError> {
    let sql = "UPDATE message SET state = 'sent', sent_at = ?2, not_before = ?3, why = NULL,
                      attempts = CASE WHEN ?3 IS NULL THEN attempts WHEN state = 'sent' THEN attempts + 1 ELSE 1 END,
                      finished_at = CASE WHEN ?3 IS NULL THEN ?2 END
               WHERE id = ?1 AND state IN ('queued', 'sent') AND finished_at IS NULL";
    let sent_at = again.map_or(at, |wait| wait.since);
    connection
        .prepare_cached(sql)?
        .execute(params![Id(id), At(sent_at), again.map(|wait| At(wait.until))])?;
    Ok(())
}

/// Notes when a broker last took a message, once for all marks.
fn note_sent(connection: &Connection, marks: &[Mark]) -> Result<(), StoreError> {
    let times = marks.iter().filter_map(|mark| match mark {
        Mark::Sent { at, .. } => Some(*at),
        Mark::Later { .. } | Mark::Attempt { .. } | Mark::SetAside { .. } => None,
    });
    if let Some(latest) = times.max() {
        let sql = "INSERT INTO delivery (one, last_sent_at) VALUES (1, ?1)
                   ON CONFLICT (one) DO UPDATE SET last_sent_at = excluded.last_sent_at";
        connection.prepare_cached(sql)?.execute([At(latest)])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_finds_its_rows_in_an_index_in_the_right_order() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        for (sql, index) in [
            (READY, "message_ready"),
            (WAITED, "message_waiting"),
            (ASTRAY, "message_waiting"),
            (NEXT, "message_waiting"),
        ] {
            let mut explained = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![rusqlite::types::Null; explained.parameter_count()];
            let steps = explained.query_map(rusqlite::params_from_iter(nothing), |row| row.get(3));
            let plan: Vec<String> = steps.unwrap().collect::<Result<_, _>>().unwrap();
            // A second step would be a sort.
            assert!(plan.len() == 1 && plan[0].contains(index), "{plan:?}");
        }
    }
}
