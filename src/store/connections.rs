//! Connections to cuffs: what a measurement's worth depends on, kept over restarts.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::column::{At, Id, NameText, SettingText, SinceBoot};
use super::{Store, StoreError, cuffs};
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::reading::cuff_clock::{Outcome, Setting};
use crate::core::source::ClockNote;

/// A stored connection. Given out by the store, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(super) i64);

/// A connection as it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// By which it is named from now on.
    pub connection: ConnectionId,
    /// No earlier connection of this cuff brought a measurement since it was registered: if this one does, it is the
    /// `first_connection` of contract 2.2.
    pub first: bool,
}

/// What is known of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredConnection {
    /// By which it is named.
    pub connection: ConnectionId,
    /// To which cuff.
    pub cuff: Name,
    /// Bonded before it and still.
    pub bonded: bool,
    /// See [`Opening::first`].
    pub first: bool,
    /// The boot that its moments belong to.
    pub boot: Uuid,
    /// When it began.
    pub began: Now,
    /// When it ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
    /// The cuff's clock as it was read; always [`ClockNote::Read`].
    pub read: Option<ClockNote>,
    /// The last setting of the cuff's clock; [`ClockNote::Set`] or [`ClockNote::MaybeSet`].
    pub set: Option<ClockNote>,
    /// The last setting of the cuff's clock before it.
    pub set_before: Option<Setting>,
}

impl Store {
    /// A connection to a registered cuff began.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn begin_connection(&self, cuff: Name, bonded: bool, at: Now) -> Result<Opening, StoreError> {
        self.run(move |database| {
            let boot = database.settings.boot;
            database.write(|transaction| begin(transaction, &cuff, bonded, boot, at))
        })
        .await
    }

    /// The cuff's clock was read or set. The first reading counts and the last setting; the setting outlives the connection.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn note_clock(&self, connection: ConnectionId, note: ClockNote) -> Result<(), StoreError> {
        self.write(move |transaction| note_clock(transaction, connection, note))
            .await
    }

    /// The last setting of the cuff's clock, over all its connections since it was registered.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn last_setting(&self, cuff: Name) -> Result<Option<Setting>, StoreError> {
        self.run(move |database| {
            let sql = "SELECT set_to, set_at FROM cuff WHERE id = ?1 AND set_to IS NOT NULL";
            let mut setting = database.connection.prepare_cached(sql)?;
            let setting = setting.query_row([NameText(cuff)], |row| setting_of(row, "set_to", "set_at"));
            Ok(setting.optional()?.flatten())
        })
        .await
    }

    /// The connection is over.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn end_connection(&self, connection: ConnectionId, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let sql = "UPDATE connection SET ended_at = ?2 WHERE row = ?1 AND ended_at IS NULL";
            transaction
                .prepare_cached(sql)?
                .execute(params![connection.0, At(at)])?;
            drop_if_empty(transaction, connection)
        })
        .await
    }

    /// A restart ends whatever was open. Returns how many connections that were.
    ///
    /// # Errors
    /// Any failure of the disk or the database.
    pub async fn end_all_connections(&self, at: Timestamp) -> Result<usize, StoreError> {
        self.write(move |transaction| {
            let open: Vec<i64> = transaction
                .prepare_cached("SELECT row FROM connection WHERE ended_at IS NULL")?
                .query_map([], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            let sql = "UPDATE connection SET ended_at = ?1 WHERE ended_at IS NULL";
            transaction.prepare_cached(sql)?.execute([At(at)])?;
            for row in &open {
                drop_if_empty(transaction, ConnectionId(*row))?;
            }
            Ok(open.len())
        })
        .await
    }
}

fn begin(connection: &Connection, cuff: &Name, bonded: bool, boot: Uuid, at: Now) -> Result<Opening, StoreError> {
    cuffs::ensure(connection, cuff)?;
    let first: bool = connection
        .prepare_cached("SELECT first_connection IS NULL FROM cuff WHERE id = ?1")?
        .query_row([cuff.as_str()], |row| row.get(0))?;
    let sql = "INSERT INTO connection (cuff, bonded, first, boot, began_at, began_moment, before_to, before_at)
               SELECT id, ?2, ?3, ?4, ?5, ?6, set_to, set_at FROM cuff WHERE id = ?1";
    let row = connection.prepare_cached(sql)?.insert(params![
        cuff.as_str(),
        bonded,
        first,
        Id(boot),
        At(at.wall),
        SinceBoot(at.moment)
    ])?;
    Ok(Opening {
        connection: ConnectionId(row),
        first,
    })
}

fn note_clock(connection: &Connection, of: ConnectionId, note: ClockNote) -> Result<(), StoreError> {
    match note {
        ClockNote::Read { offset_s, at } => {
            let sql = "UPDATE connection SET read_offset_s = ?2, read_at = ?3, read_moment = ?4
                       WHERE row = ?1 AND read_at IS NULL";
            connection
                .prepare_cached(sql)?
                .execute(params![of.0, offset_s, At(at.wall), SinceBoot(at.moment)])?;
        }
        ClockNote::Set { to, at } => note_setting(connection, of, &SettingText(to, Outcome::Taken), at)?,
        ClockNote::MaybeSet { to, at } => note_setting(connection, of, &SettingText(to, Outcome::Unknown), at)?,
    }
    Ok(())
}

fn note_setting(connection: &Connection, of: ConnectionId, to: &SettingText, at: Now) -> Result<(), StoreError> {
    let sql = "UPDATE connection SET set_to = ?2, set_at = ?3, set_moment = ?4 WHERE row = ?1";
    connection
        .prepare_cached(sql)?
        .execute(params![of.0, to, At(at.wall), SinceBoot(at.moment)])?;
    let sql = "UPDATE cuff SET set_to = ?2, set_at = ?3 WHERE id = (SELECT cuff FROM connection WHERE row = ?1)";
    connection
        .prepare_cached(sql)?
        .execute(params![of.0, to, At(at.wall)])?;
    Ok(())
}

/// Forgets an ended connection that nothing refers to any more.
pub(super) fn drop_if_empty(connection: &Connection, of: ConnectionId) -> Result<(), StoreError> {
    let sql = "DELETE FROM connection WHERE row = ?1 AND ended_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM measurement WHERE connection = ?1)
                 AND NOT EXISTS (SELECT 1 FROM reading WHERE connection = ?1)";
    connection.prepare_cached(sql)?.execute([of.0])?;
    Ok(())
}

/// Reads one row of `connection`.
pub(super) fn read(connection: &Connection, of: ConnectionId) -> Result<StoredConnection, StoreError> {
    let sql = "SELECT cuff, bonded, first, boot, began_at, began_moment, ended_at,
                      read_offset_s, read_at, read_moment, set_to, set_at, set_moment, before_to, before_at
               FROM connection WHERE row = ?1";
    let stored = connection.prepare_cached(sql)?.query_row([of.0], |row| {
        Ok(StoredConnection {
            connection: of,
            cuff: row.get::<_, NameText>("cuff")?.0,
            bonded: row.get("bonded")?,
            first: row.get("first")?,
            boot: row.get::<_, Id>("boot")?.0,
            began: now(row, "began_at", "began_moment")?,
            ended_at: row.get::<_, Option<At>>("ended_at")?.map(|at| at.0),
            read: clock_read(row)?,
            set: clock_set(row)?,
            set_before: setting_of(row, "before_to", "before_at")?,
        })
    })?;
    Ok(stored)
}

fn clock_read(row: &Row<'_>) -> rusqlite::Result<Option<ClockNote>> {
    let Some(offset_s) = row.get("read_offset_s")? else {
        return Ok(None);
    };
    let at = now(row, "read_at", "read_moment")?;
    Ok(Some(ClockNote::Read { offset_s, at }))
}

fn clock_set(row: &Row<'_>) -> rusqlite::Result<Option<ClockNote>> {
    let Some(SettingText(to, outcome)) = row.get("set_to")? else {
        return Ok(None);
    };
    let at = now(row, "set_at", "set_moment")?;
    Ok(Some(match outcome {
        Outcome::Taken => ClockNote::Set { to, at },
        Outcome::Unknown => ClockNote::MaybeSet { to, at },
    }))
}

/// A setting, from its two columns.
fn setting_of(row: &Row<'_>, to: &str, at: &str) -> rusqlite::Result<Option<Setting>> {
    let Some(SettingText(to, outcome)) = row.get(to)? else {
        return Ok(None);
    };
    let at = row.get::<_, At>(at)?.0;
    Ok(Some(Setting { to, at, outcome }))
}

/// Both clocks, from their two columns.
pub(super) fn now(row: &Row<'_>, wall: &str, moment: &str) -> rusqlite::Result<Now> {
    Ok(Now {
        wall: row.get::<_, At>(wall)?.0,
        moment: row.get::<_, SinceBoot>(moment)?.0,
    })
}
