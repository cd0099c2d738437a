//! What can go wrong with the store.

use std::io;
use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why the store could not be opened, or why one piece of work was not done. What failed left nothing half-written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory of `store.path` is not there; it is never made here, a mistyped path must not go unnoticed.
    #[error("the directory of {} does not exist", path.display())]
    NoDirectory {
        /// `store.path`.
        path: PathBuf,
    },
    /// A store was to be looked into that is not there. None is made: a mistyped path must not look like an empty store, and
    /// one made by root would keep the daemon out.
    #[error(
        "there is no store at {}: store.path of the config names it, and the daemon makes it at its first start",
        path.display()
    )]
    Missing {
        /// `store.path`.
        path: PathBuf,
    },
    /// This user may not open a file of the store, or may not make files in its directory.
    #[error("{user} may not open {}: run this as root, or as the user that the daemon runs as", path.display())]
    NotPermitted {
        /// The file, or its directory.
        path: PathBuf,
        /// Who tried: name and number, as far as known.
        user: String,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// `store.path` is a symbolic link, which could lead the store to a file of someone else.
    #[error("{} is a symbolic link: name the file itself in store.path", path.display())]
    Symlink {
        /// `store.path`.
        path: PathBuf,
    },
    /// A file of the store could not be opened, made, or given its permissions.
    #[error("cannot open {}", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Another process has it open.
    #[error("{} is in use by another cuffd (it holds {})", path.display(), lock.display())]
    Locked {
        /// `store.path`.
        path: PathBuf,
        /// The lock file.
        lock: PathBuf,
    },
    /// A newer cuffd made it. Nothing was changed.
    #[error(
        "{} was written by a newer cuffd (schema {found}, this one knows up to {known}): install that version again, or \
         restore the copy made before the update",
        path.display()
    )]
    Newer {
        /// `store.path`.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It is a database of another program. Nothing was changed.
    #[error("{} is a database of another program: name another file in store.path", path.display())]
    Foreign {
        /// `store.path`.
        path: PathBuf,
    },
    /// The database is damaged. The next [`Store::open`](super::Store::open) checks it whole and, if so, moves it aside.
    #[error("the database is damaged")]
    Damaged(#[source] rusqlite::Error),
    /// A damaged database could not be moved aside.
    #[error("cannot move the damaged {} aside", path.display())]
    MoveAside {
        /// `store.path`.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The disk is full. The store is usable again as soon as there is room.
    #[error("the disk is full")]
    Full(#[source] rusqlite::Error),
    /// Reading or writing failed: the disk, a file that is read-only or locked by another program, memory. Later work may
    /// succeed.
    #[error("the database cannot be read or written")]
    Disk(#[source] rusqlite::Error),
    /// A value broke a rule of the schema: an id or `seq` given out twice, a reference to what is not there.
    #[error("refused by the schema")]
    Refused(#[source] rusqlite::Error),
    /// Any other answer of SQLite.
    #[error("the database refused a statement")]
    Statement(#[source] rusqlite::Error),
    /// A measurement was judged that is not there (any more): judged twice, or never stored.
    #[error("measurement {row} is not waiting to be judged")]
    NotWaiting {
        /// Its row.
        row: i64,
    },
    /// Site or gateway changed while messages in the old name are unsent (contract 4).
    #[error(
        "gateway.site and gateway.id were {bound} and {unsent} messages in that name are unsent: set them back until \
         `status` shows none, or start with another store.path"
    )]
    GatewayChanged {
        /// The name that the store is bound to, `site/gateway`.
        bound: String,
        /// How many messages of it are queued, awaiting a receipt, or set aside.
        unsent: u64,
    },
    /// A gateway that is a test would write into the store of one that is none.
    #[error(
        "{} belongs to a gateway that is no test, and invented readings must not stand among measured ones: name another \
         file in store.path (or with simulate --store)",
        path.display()
    )]
    NotOfTests {
        /// `store.path`.
        path: PathBuf,
    },
    /// A gateway that is no test would write into the store of one that is.
    #[error(
        "{} was filled by tests (gateway.test, simulate), and measured readings must not stand among invented ones: move \
         it away, or name another file in store.path",
        path.display()
    )]
    OfTests {
        /// `store.path`.
        path: PathBuf,
    },
    /// The thread could not be started.
    #[error("cannot start the store's thread")]
    Thread(#[source] io::Error),
    /// The store's thread has ended.
    #[error("the store is closed")]
    Closed,
}

impl From<rusqlite::Error> for StoreError {
    fn from(cause: rusqlite::Error) -> Self {
        match cause.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged(cause),
            Some(ErrorCode::DiskFull) => Self::Full(cause),
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                // Another program looks into the file, or memory is short: both pass.
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory,
            ) => Self::Disk(cause),
            Some(ErrorCode::ConstraintViolation) => Self::Refused(cause),
            _ => Self::Statement(cause),
        }
    }
}
