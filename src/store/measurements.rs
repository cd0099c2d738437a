//! Measurements as they came, until they are judged.

use std::collections::BTreeMap;
use std::fmt;

use rusqlite::{Connection, params};

use super::column::{At, SinceBoot};
use super::connections::{self, ConnectionId, StoredConnection};
use super::{Store, StoreError};
use crate::core::moment::Now;
use crate::core::name::Name;

/// A stored measurement that is not judged yet. Given out by the store, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeasurementId(pub(super) i64);

/// A measurement that has just come.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMeasurement {
    /// In which connection.
    pub connection: ConnectionId,
    /// The 0x2A35 value as it came.
    pub octets: Vec<u8>,
    /// When.
    pub at: Now,
    /// Whether the wall clock could be believed then.
    pub synchronized: bool,
}

/// A stored measurement that is not judged yet.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMeasurement {
    /// By which it is named.
    pub measurement: MeasurementId,
    /// The 0x2A35 value as it came.
    pub octets: Vec<u8>,
    /// When it came; the moment is of the connection's boot.
    pub at: Now,
    /// Whether the wall clock could be believed then.
    pub synchronized: bool,
}

/// A connection with what it brought and nobody has judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// What is known of the connection.
    pub connection: StoredConnection,
    /// What it brought, in order of arrival; at least one.
    pub measurements: Vec<StoredMeasurement>,
}

// What a cuff sent is health data: neither form prints it.
impl fmt::Debug for NewMeasurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewMeasurement")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StoredMeasurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoredMeasurement").field(&self.measurement.0).finish()
    }
}

impl Store {
    /// Stores measurements, all or none; they survive a power cut once this has returned. In the order given.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn append(&self, measurements: Vec<NewMeasurement>) -> Result<Vec<MeasurementId>, StoreError> {
        self.write(move |transaction| measurements.iter().map(|new| append(transaction, new)).collect())
            .await
    }

    /// What is stored and not judged, connection by connection in the order in which they began.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn unjudged(&self) -> Result<Vec<Unjudged>, StoreError> {
        self.run(|database| unjudged(&database.connection)).await
    }

    /// Whether this cuff has sent this before, whatever became of it (contract 2.5, `duplicate`).
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn knows(&self, cuff: Name, digest: [u8; 32]) -> Result<bool, StoreError> {
        self.run(move |database| {
            let mut known = database
                .connection
                .prepare_cached("SELECT 1 FROM digest WHERE cuff = ?1 AND digest = ?2")?;
            Ok(known.exists(params![cuff.as_str(), digest])?)
        })
        .await
    }
}

fn append(connection: &Connection, new: &NewMeasurement) -> Result<MeasurementId, StoreError> {
    let sql = "INSERT INTO measurement (connection, octets, received_at, received_moment, synchronized) VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = connection.prepare_cached(sql)?.insert(params![
        new.connection.0,
        new.octets,
        At(new.at.wall),
        SinceBoot(new.at.moment),
        new.synchronized
    ])?;
    let sql = "UPDATE cuff SET first_connection = ?1
               WHERE id = (SELECT cuff FROM connection WHERE row = ?1) AND first_connection IS NULL";
    connection.prepare_cached(sql)?.execute([new.connection.0])?;
    Ok(MeasurementId(row))
}

fn unjudged(connection: &Connection) -> Result<Vec<Unjudged>, StoreError> {
    let mut by_connection: BTreeMap<ConnectionId, Vec<StoredMeasurement>> = BTreeMap::new();
    let sql =
        "SELECT row, connection, octets, received_at, received_moment, synchronized FROM measurement ORDER BY row";
    let mut stored = connection.prepare_cached(sql)?;
    let mut rows = stored.query([])?;
    while let Some(row) = rows.next()? {
        let of = ConnectionId(row.get("connection")?);
        by_connection.entry(of).or_default().push(StoredMeasurement {
            measurement: MeasurementId(row.get("row")?),
            octets: row.get("octets")?,
            at: connections::now(row, "received_at", "received_moment")?,
            synchronized: row.get("synchronized")?,
        });
    }
    let facts = |(of, measurements)| {
        Ok(Unjudged {
            connection: connections::read(connection, of)?,
            measurements,
        })
    };
    by_connection.into_iter().map(facts).collect()
}
