//! The open database: how SQLite is set up, and what every piece of work gets of it.
//!
//! What is committed survives a power cut (WAL, `synchronous=FULL`). What is deleted is overwritten (`secure_delete`).

use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, Transaction, TransactionBehavior};
use tokio::sync::watch;

use super::high_water::HighWater;
use super::{Settings, StoreError, file, migrate};
use crate::core::delivery::NewMessage;
use crate::directory;

/// How long to wait for another reader of the file, e.g. a backup made with SQLite's own tool.
const BUSY: Duration = Duration::from_secs(5);

/// More than the number of different statements here, so that each is compiled once.
const STATEMENTS: usize = 96;

/// Before the first page of a new database: later it is not heeded, but costs a write.
const SETUP_ONCE: &str = "PRAGMA auto_vacuum = INCREMENTAL;";

/// At every opening. The log is taken into the database at a quiet moment ([`Store::take_in_log`](super::Store::take_in_log)); SQLite by itself
/// would do so within the commit of a measurement, and only does where that moment does not come: at 4,000 frames, 16 MB.
const SETUP: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON;
    PRAGMA journal_size_limit = 4194304;
    PRAGMA temp_store = MEMORY;
";

/// The database with what the thread keeps beside it.
pub(super) struct Database {
    pub(super) connection: Connection,
    pub(super) settings: Settings,
    /// Counted up whenever something may have become due.
    pub(super) queued: watch::Sender<u64>,
    /// The write-ahead log still holds values of nobody's that the database has forgotten.
    pub(super) forget_wal: bool,
    /// Keeps numbers of messages from being given out twice; none where nothing outlives the process.
    pub(super) high_water: Option<HighWater>,
    /// Held for as long as the database is open; none where nobody else could open it.
    pub(super) lock: Option<file::Lock>,
}

impl Database {
    /// Does `work` in one transaction: all of it is stored when this returns `Ok`, nothing of it otherwise.
    pub(super) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// Notes beside the database that these messages are stored.
    pub(super) fn note<'m>(&mut self, messages: impl Iterator<Item = &'m NewMessage>) {
        if let Some(high_water) = &mut self.high_water {
            high_water.note(messages);
        }
    }

    /// Lets whoever sends messages know that there may be one.
    pub(super) fn announce(&self) {
        self.queued.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Moves the write-ahead log into the database and empties it.
    pub(super) fn checkpoint(&mut self) -> Result<(), StoreError> {
        let busy: bool = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        self.forget_wal &= busy;
        Ok(())
    }

    /// Checkpoints and closes the files. A checkpoint that fails (a full disk) loses nothing: the next start reads the log.
    pub(super) fn close(mut self) -> Result<(), StoreError> {
        if let Err(error) = self.checkpoint() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "cannot take the log into the database"
            );
        }
        self.connection.close().map_err(|(_, cause)| cause)?;
        drop(self.lock);
        Ok(())
    }
}

/// Opens or makes the database at `path`, of the newest schema, and looks whether it can be read.
///
/// Closing the connection leaves the log as it is, until [`trust`] says that the database is whole.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    if file::size(path) == 0 && file::size(&file::beside(path, "-wal")) > 0 {
        // SQLite would take it for a new database and drop the log, with everything in it.
        return Err(corrupt("the database file is empty beside a log that is not"));
    }
    file::make_private(path)?;
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Until it is known to be whole and ours, closing it must not change it.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    migrate::examine(&connection, path)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    if file::size(path) == 0 {
        connection.execute_batch(SETUP_ONCE)?;
    }
    connection.execute_batch(SETUP)?;
    migrate::bring_up(&mut connection)?;
    look(&connection)?;
    may_write(&connection, path)?;
    name_durably(path)?;
    Ok(connection)
}

/// Makes the names of the database and of its log durable. SQLite does so too, but not heeding whether it could; and with the
/// name of the log a power cut would take everything away that was ever reported stored in it.
fn name_durably(path: &Path) -> Result<(), StoreError> {
    directory::sync(path).map_err(|cause| StoreError::Open {
        path: directory::of(path).into(),
        cause,
    })
}

/// Where a file could not be opened to write, if only for a moment, SQLite opens it to read, and refuses every write for as long
/// as the connection lives. Of the database it says so; of the log an empty transaction finds out, which writes nothing.
fn may_write(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    if connection.is_readonly(MAIN_DB)? {
        return Err(StoreError::Open {
            path: path.into(),
            cause: io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "it can be read, and not written"),
        });
    }
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT;")?;
    Ok(())
}

/// From here on the log is taken into the database, also when the connection is closed.
pub(super) fn trust(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Reads both ends of every table: finds a damaged header, schema or root page at the cost of a few page reads.
/// A page in the middle is found when it is used; then the next start checks everything ([`check_whole`]).
fn look(connection: &Connection) -> Result<(), StoreError> {
    for table in super::salvage::TABLES {
        for direction in ["ASC", "DESC"] {
            let ends = format!("SELECT * FROM {} {} LIMIT 1", table.name, table.order(direction));
            let found = connection.prepare(&ends).and_then(|mut ends| {
                let mut rows = ends.query([])?;
                rows.next().map(|_| ())
            });
            found.map_err(missing_is_damage)?;
        }
    }
    Ok(())
}

/// A table or column that a file of this schema version lacks is damage too.
fn missing_is_damage(cause: rusqlite::Error) -> StoreError {
    let error = StoreError::from(cause);
    if let StoreError::Statement(cause) = error {
        return StoreError::Damaged(cause);
    }
    error
}

/// Checks every page and index: seconds for a large database, so only where damage was seen.
pub(super) fn check_whole(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(corrupt(&verdict))
    }
}

fn corrupt(what: &str) -> StoreError {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    StoreError::Damaged(rusqlite::Error::SqliteFailure(code, Some(what.to_owned())))
}
