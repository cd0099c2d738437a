//! What becomes of a measurement: a reading with its message, a double, or nobody's. One transaction takes it there.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use rust_decimal::Decimal;

use super::alerts::{self, AlertChange};
use super::column::{At, DecimalText};
use super::commands::{self, Reply};
use super::connections::{self, ConnectionId};
use super::database::Database;
use super::measurements::MeasurementId;
use super::sessions::{self, SessionChanges};
use super::{Store, StoreError, cuffs, messages};
use crate::core::delivery::NewMessage;
use crate::core::name::Name;
use crate::private::Private;

/// One measurement, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Which measurement.
    pub measurement: MeasurementId,
    /// What it is.
    pub became: Became,
}

/// What a measurement turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// A reading, published or kept.
    Reading(Box<NewReading>),
    /// Seen before: counted, not stored again.
    Duplicate,
    /// Nobody's: counted. Its values leave the file, unless `store.keep_unassigned` says otherwise.
    Nobody {
        /// Against doubles; `None` if it has no valid cuff time.
        digest: Option<[u8; 32]>,
    },
}

/// What is stored of a reading beside the octets, the cuff and the time of receipt, which are the measurement's.
#[derive(Clone, PartialEq, Eq)]
pub struct NewReading {
    /// Its message; the message's id is the reading's.
    pub message: NewMessage,
    /// Whose it is.
    pub patient: Private<Name>,
    /// The session it went to, if one was open.
    pub session: Option<Name>,
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
    /// Why it did not: the message's `reasons`, a JSON array.
    pub reasons: String,
    /// Against doubles; `None` if it has no valid cuff time.
    pub digest: Option<[u8; 32]>,
}

// Health data: it prints as the reading's id.
impl fmt::Debug for NewReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NewReading").field(&self.message.id).finish()
    }
}

/// Something that happened, with all that it caused: stored together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// What measurements became.
    pub judged: Vec<Judged>,
    /// Messages beside the readings' own.
    pub messages: Vec<NewMessage>,
    /// What changed of sessions.
    pub sessions: SessionChanges,
    /// Troubles that were alerted, or cleared.
    pub alerts: Vec<AlertChange>,
    /// The command that was carried out, and what is replied to it.
    pub reply: Option<(String, Reply)>,
}

impl Step {
    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Store {
    /// Stores a step.
    ///
    /// # Errors
    /// [`StoreError::NotWaiting`] if a measurement of it is not waiting to be judged; [`StoreError::Refused`] if an id or
    /// `seq` was used before; else any failure of the disk or the database.
    pub async fn commit(&self, step: Step) -> Result<(), StoreError> {
        self.run(move |database| commit(database, &step)).await
    }
}

fn commit(database: &mut Database, step: &Step) -> Result<(), StoreError> {
    let keep_unassigned = database.settings.keep_unassigned;
    let boot = database.settings.boot;
    database.write(|transaction| {
        let mut touched = BTreeSet::new();
        for one in &step.judged {
            touched.insert(settle(transaction, one, keep_unassigned)?);
        }
        for message in &step.messages {
            messages::insert(transaction, message)?;
        }
        sessions::change(transaction, boot, &step.sessions)?;
        alerts::change(transaction, &step.alerts)?;
        if let Some((id, reply)) = &step.reply {
            commands::remember(transaction, id, reply)?;
        }
        for connection in touched {
            connections::drop_if_empty(transaction, connection)?;
        }
        Ok(())
    })?;
    let readings = step.judged.iter().filter_map(|one| match &one.became {
        Became::Reading(reading) => Some(&reading.message),
        Became::Duplicate | Became::Nobody { .. } => None,
    });
    database.note(readings.chain(&step.messages));
    database.announce();
    let nobodys = step
        .judged
        .iter()
        .any(|one| matches!(one.became, Became::Nobody { .. }));
    if nobodys && !keep_unassigned {
        database.forget_wal = true;
        forget_values(database);
    }
    Ok(())
}

/// Empties the write-ahead log, where the values still stand after the database has overwritten them.
fn forget_values(database: &mut Database) {
    // The judgement stands whatever comes of this; housekeeping tries again.
    if let Err(error) = database.checkpoint() {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "cannot empty the write-ahead log"
        );
    }
}

/// Returns the connection that the measurement came in.
fn settle(connection: &Connection, judged: &Judged, keep_unassigned: bool) -> Result<ConnectionId, StoreError> {
    let row = judged.measurement.0;
    let sql = "SELECT connection.row, connection.cuff FROM measurement JOIN connection ON connection.row = connection
               WHERE measurement.row = ?1";
    let (of, cuff): (i64, String) = connection
        .prepare_cached(sql)?
        .query_row([row], |found| Ok((found.get(0)?, found.get(1)?)))
        .optional()?
        .ok_or(StoreError::NotWaiting { row })?;
    match &judged.became {
        Became::Reading(reading) => {
            store_reading(connection, row, reading)?;
            remember(connection, &cuff, reading.digest)?;
        }
        Became::Duplicate => cuffs::count(connection, &cuff, cuffs::Counter::Duplicates)?,
        Became::Nobody { digest } => {
            if keep_unassigned {
                keep_values(connection, row)?;
            }
            remember(connection, &cuff, *digest)?;
            cuffs::count(connection, &cuff, cuffs::Counter::Unassigned)?;
        }
    }
    connection
        .prepare_cached("DELETE FROM measurement WHERE row = ?1")?
        .execute([row])?;
    Ok(ConnectionId(of))
}

fn store_reading(connection: &Connection, measurement: i64, reading: &NewReading) -> Result<(), StoreError> {
    let message = messages::insert(connection, &reading.message)?;
    let sql =
        "INSERT INTO reading (message, connection, patient, session, octets, received_at, received_moment, taken_at,
                                    systolic, diastolic, pulse_rate, counted, reasons)
               SELECT ?2, connection, ?3, ?4, octets, received_at, received_moment, ?5, ?6, ?7, ?8, ?9, ?10
               FROM measurement WHERE row = ?1";
    connection.prepare_cached(sql)?.execute(params![
        measurement,
        message,
        reading.patient.expose().as_str(),
        reading.session.as_ref().map(Name::as_str),
        reading.taken_at.map(At),
        reading.systolic.map(DecimalText),
        reading.diastolic.map(DecimalText),
        reading.pulse_rate.map(DecimalText),
        reading.counted,
        reading.reasons,
    ])?;
    Ok(())
}

fn keep_values(connection: &Connection, measurement: i64) -> Result<(), StoreError> {
    let sql = "INSERT INTO unassigned (cuff, octets, received_at)
               SELECT cuff, octets, received_at FROM measurement JOIN connection ON connection.row = connection
               WHERE measurement.row = ?1";
    connection.prepare_cached(sql)?.execute([measurement])?;
    Ok(())
}

/// Remembers a hash for as long as the cuff is registered: not at all, if it was forgotten in the meantime.
fn remember(connection: &Connection, cuff: &str, digest: Option<[u8; 32]>) -> Result<(), StoreError> {
    if let Some(digest) = digest {
        let sql = "INSERT OR IGNORE INTO digest (cuff, digest) SELECT id, ?2 FROM cuff WHERE id = ?1";
        connection.prepare_cached(sql)?.execute(params![cuff, digest])?;
    }
    Ok(())
}
