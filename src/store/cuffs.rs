//! What is remembered of each cuff: what it says it is, and how often it sent what was not stored.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};

use super::column::{self, NameText};
use super::{Store, StoreError};
use crate::core::name::Name;
use crate::core::source::Description;

/// What a cuff sent that became no reading, since it was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CuffCounts {
    /// Seen before.
    pub duplicates: u64,
    /// Nobody's.
    pub unassigned: u64,
}

/// One of the two counts.
pub(super) enum Counter {
    Duplicates,
    Unassigned,
}

impl Store {
    /// Adds to what is known of a cuff: what is `None` in `description` stays as it was.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn describe(&self, cuff: Name, description: Description) -> Result<(), StoreError> {
        self.write(move |transaction| describe(transaction, &cuff, &description))
            .await
    }

    /// What the cuffs said of themselves.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn descriptions(&self) -> Result<BTreeMap<Name, Description>, StoreError> {
        self.run(|database| descriptions(&database.connection)).await
    }

    /// How much each cuff sent that became no reading.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn counts(&self) -> Result<BTreeMap<Name, CuffCounts>, StoreError> {
        self.run(|database| counts(&database.connection)).await
    }

    /// Whether the cuff has brought measurements since it was paired, or at all.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn has_brought(&self, cuff: Name) -> Result<bool, StoreError> {
        self.run(move |database| {
            let sql = "SELECT 1 FROM cuff WHERE id = ?1 AND first_connection IS NOT NULL";
            Ok(database.connection.prepare_cached(sql)?.exists([cuff.as_str()])?)
        })
        .await
    }

    /// The cuff was paired anew: the next connection that brings measurements is the first (contract 2.2, `first_connection`).
    /// What it sent before is known all the same.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn begin_anew(&self, cuff: Name) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("UPDATE cuff SET first_connection = NULL WHERE id = ?1", [cuff.as_str()])?;
            Ok(())
        })
        .await
    }

    /// Forgets all that is remembered of a cuff for as long as it is registered: hashes, last setting, description, counts,
    /// and that it ever brought anything. Its readings stay, and what it brought and nobody has judged.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn forget_cuff(&self, cuff: Name) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("DELETE FROM digest WHERE cuff = ?1", [cuff.as_str()])?;
            transaction.execute("DELETE FROM cuff WHERE id = ?1", [cuff.as_str()])?;
            Ok(())
        })
        .await
    }
}

/// Makes the cuff's row, if it is not there.
pub(super) fn ensure(connection: &Connection, cuff: &Name) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR IGNORE INTO cuff (id) VALUES (?1)")?
        .execute([cuff.as_str()])?;
    Ok(())
}

/// Counts one more. A cuff forgotten in the meantime is not brought back by it.
pub(super) fn count(connection: &Connection, cuff: &str, counter: Counter) -> Result<(), StoreError> {
    let sql = match counter {
        Counter::Duplicates => "UPDATE cuff SET duplicates = duplicates + 1 WHERE id = ?1",
        Counter::Unassigned => "UPDATE cuff SET unassigned = unassigned + 1 WHERE id = ?1",
    };
    connection.prepare_cached(sql)?.execute([cuff])?;
    Ok(())
}

fn describe(connection: &Connection, cuff: &Name, description: &Description) -> Result<(), StoreError> {
    ensure(connection, cuff)?;
    let sql = "UPDATE cuff SET manufacturer = coalesce(?2, manufacturer), model = coalesce(?3, model),
                      serial = coalesce(?4, serial), firmware = coalesce(?5, firmware),
                      battery = coalesce(?6, battery), features = coalesce(?7, features)
               WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![
        cuff.as_str(),
        description.manufacturer,
        description.model,
        description.serial,
        description.firmware,
        // More than 100 % is reserved in the specification: the cuff told nothing.
        description.battery.filter(|percent| *percent <= 100),
        description.features
    ])?;
    Ok(())
}

fn descriptions(connection: &Connection) -> Result<BTreeMap<Name, Description>, StoreError> {
    let sql = "SELECT id, manufacturer, model, serial, firmware, battery, features FROM cuff";
    let mut stored = connection.prepare_cached(sql)?;
    let described = stored.query_map([], |row| {
        let description = Description {
            manufacturer: row.get("manufacturer")?,
            model: row.get("model")?,
            serial: row.get("serial")?,
            firmware: row.get("firmware")?,
            battery: row.get("battery")?,
            features: row.get("features")?,
        };
        Ok((row.get::<_, NameText>("id")?.0, description))
    })?;
    Ok(described.collect::<Result<_, _>>()?)
}

fn counts(connection: &Connection) -> Result<BTreeMap<Name, CuffCounts>, StoreError> {
    let mut stored = connection.prepare_cached("SELECT id, duplicates, unassigned FROM cuff")?;
    let counted = stored.query_map([], |row| {
        let counts = CuffCounts {
            duplicates: column::count(row.get("duplicates")?),
            unassigned: column::count(row.get("unassigned")?),
        };
        Ok((row.get::<_, NameText>("id")?.0, counts))
    })?;
    Ok(counted.collect::<Result<_, _>>()?)
}
