//! Readings, for listing: page by page, so that a million of them need no memory.

use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::column::{self, At, DecimalText, Id, NameText};
use super::messages::State;
use super::{Store, StoreError};
use crate::core::name::Name;
use crate::private::Private;

/// The most readings of one page.
pub const LARGEST_PAGE: usize = 1_000;

/// The place in a listing after which the next page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    received_at: Timestamp,
    row: i64,
}

/// One page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// By time of receipt, oldest first.
    pub readings: Vec<ReadingRow>,
    /// Where the next page begins; `None` if this was the last.
    pub next: Option<Cursor>,
}

/// A stored reading.
#[derive(Clone, PartialEq, Eq)]
pub struct ReadingRow {
    /// Its id, and its message's.
    pub id: Uuid,
    /// The `seq` of its message.
    pub seq: u64,
    /// How its message stands.
    pub state: State,
    /// From which cuff.
    pub cuff: Name,
    /// Whose.
    pub patient: Private<Name>,
    /// The session it went to.
    pub session: Option<Name>,
    /// The 0x2A35 value as it came.
    pub octets: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was taken; `None` if unknown.
    pub taken_at: Option<Timestamp>,
    /// In mmHg; `None` if it is no number.
    pub systolic: Option<Decimal>,
    /// In mmHg; `None` if it is no number.
    pub diastolic: Option<Decimal>,
    /// Beats per minute; `None` if it is no number or was not sent.
    pub pulse_rate: Option<Decimal>,
    /// Whether it counted.
    pub counted: bool,
    /// Why it did not, a JSON array.
    pub reasons: String,
    /// The message as published.
    pub payload: Vec<u8>,
}

// Health data: it prints as the reading's id.
impl fmt::Debug for ReadingRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadingRow").field(&self.id).finish()
    }
}

impl Store {
    /// A page of at most `limit` readings (and never more than [`LARGEST_PAGE`]) received at `since` or later; `after` is
    /// [`Page::next`] of the page before.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn readings(
        &self,
        since: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page, StoreError> {
        let first = Cursor {
            received_at: since.unwrap_or(Timestamp::MIN),
            row: 0,
        };
        // A cursor never leads back before `since`.
        let after = after.map_or(first, |after| after.max(first));
        let limit = limit.min(LARGEST_PAGE);
        self.run(move |database| page(&database.connection, after, limit)).await
    }
}

fn page(connection: &Connection, after: Cursor, limit: usize) -> Result<Page, StoreError> {
    let sql = "SELECT reading.message, id, seq, state, cuff, patient, session, reading.octets, received_at, taken_at,
                      systolic, diastolic, pulse_rate, counted, reasons, content.octets AS payload
               FROM reading
               JOIN message ON message.row = reading.message
               JOIN content ON content.message = reading.message
               JOIN connection ON connection.row = reading.connection
               WHERE (received_at, reading.message) > (?1, ?2)
               ORDER BY received_at, reading.message LIMIT ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![At(after.received_at), after.row, column::integer(limit as u64)])?;
    let mut readings = Vec::new();
    let mut next = None;
    while let Some(row) = rows.next()? {
        let reading = read(row)?;
        next = Some(Cursor {
            received_at: reading.received_at,
            row: row.get(0)?,
        });
        readings.push(reading);
    }
    let next = next.filter(|_| readings.len() == limit);
    Ok(Page { readings, next })
}

fn read(row: &Row<'_>) -> rusqlite::Result<ReadingRow> {
    let decimal = |name: &str| {
        row.get::<_, Option<DecimalText>>(name)
            .map(|value| value.map(|decimal| decimal.0))
    };
    Ok(ReadingRow {
        id: row.get::<_, Id>("id")?.0,
        seq: column::count(row.get("seq")?),
        state: row.get("state")?,
        cuff: row.get::<_, NameText>("cuff")?.0,
        patient: Private::new(row.get::<_, NameText>("patient")?.0),
        session: row.get::<_, Option<NameText>>("session")?.map(|name| name.0),
        octets: row.get("octets")?,
        received_at: row.get::<_, At>("received_at")?.0,
        taken_at: row.get::<_, Option<At>>("taken_at")?.map(|at| at.0),
        systolic: decimal("systolic")?,
        diastolic: decimal("diastolic")?,
        pulse_rate: decimal("pulse_rate")?,
        counted: row.get("counted")?,
        reasons: row.get("reasons")?,
        payload: row.get("payload")?,
    })
}
