//! SQLite on a thread of its own: what was measured, and what is still to be sent.
//!
//! * What a method has returned `Ok` for survives a power cut; what it has returned `Err` for is not there. Only if the process
//!   ends right then, before anything else is written, it may be there afterwards, whole: of what was written and could not be
//!   synced nobody knows. (`tests/crash_points` holds both.)
//! * Everything a method writes, it writes in one transaction, unless it says otherwise.
//! * A measurement is in exactly one place: waiting to be judged, a reading, or counted and forgotten.
//! * A message's octets never change, and its `seq` is never given out again, whatever is deleted.
//! * The file, and every file beside it, can be read by its owner only.

mod alerts;
mod column;
mod commands;
mod connections;
mod cuffs;
mod damaged;
mod database;
mod error;
mod file;
mod high_water;
mod housekeeping;
mod identity;
mod judged;
mod link;
mod measurements;
mod messages;
mod migrate;
mod outbox;
mod readings;
mod resend;
mod salvage;
mod sessions;
mod summary;
mod thread;
mod volatile;

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

pub use self::alerts::{AlertChange, OpenAlert};
pub use self::commands::Reply;
pub use self::connections::{ConnectionId, Opening, StoredConnection};
pub use self::cuffs::CuffCounts;
pub use self::damaged::Aside;
pub use self::error::StoreError;
pub use self::file::Lock;
pub use self::housekeeping::{Pruned, StoreHealth};
pub use self::judged::{Became, Judged, NewReading, Step};
pub use self::measurements::{MeasurementId, NewMeasurement, StoredMeasurement, Unjudged};
pub use self::messages::State;
pub use self::readings::{Cursor, LARGEST_PAGE, Page, ReadingRow};
pub use self::resend::{LONGEST_RANGE, Resend, Resent};
pub use self::salvage::Salvaged;
pub use self::sessions::{NewEvent, SessionChanges, SessionHistory, StoredEvent, StoredSessions};
pub use self::summary::DeliverySummary;
pub use self::thread::StoreThread;

use self::database::Database;
use self::high_water::HighWater;
use self::thread::Job;
use crate::core::moment::Now;

/// What the store is told of the config (contract 4, `[store]`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The database file; its directory must exist.
    pub path: PathBuf,
    /// How long a message is kept after nothing more is awaited for it.
    pub keep: Duration,
    /// Whether the readings of a session are kept until it is over, whatever `keep` and `max_size` say: averages are made of them.
    pub keep_in_session: bool,
    /// How long what was told of a session is kept after its end.
    pub keep_ended: Duration,
    /// The size in octets above which finished messages go before their time.
    pub max_size: u64,
    /// The free disk space in octets below which [`StoreHealth::reserve_ok`] is false.
    pub reserve: u64,
    /// Whether measurements that belong to nobody are kept with their values.
    pub keep_unassigned: bool,
    /// This boot of the machine: moments of different boots must not be compared.
    pub boot: Uuid,
}

/// A handle to the store. Its methods wait their turn; what was asked for is done even if the asker stops waiting.
///
/// When the last handle is dropped the thread finishes what it was given, checkpoints and ends.
#[derive(Clone, Debug)]
pub struct Store {
    jobs: mpsc::Sender<Job>,
    queued: watch::Receiver<u64>,
}

/// An opened store.
#[derive(Debug)]
pub struct Opened {
    /// The handle.
    pub store: Store,
    /// To be watched, and awaited at the end.
    pub thread: StoreThread,
    /// What had to be moved aside because it was damaged.
    pub aside: Option<Aside>,
}

impl Store {
    /// Opens the store, making it if it is not there, and starts its thread. Blocks while it reads the file.
    ///
    /// # Errors
    /// Where the path, its permissions, the schema version or the disk stand in the way, or another process has it open.
    /// A damaged database is no error: it is moved aside, a new one takes its place, and [`Opened::aside`] says so.
    pub fn open(settings: Settings, now: Now) -> Result<Opened, StoreError> {
        file::examine(&settings.path)?;
        let lock = file::lock(&settings.path)?;
        let (connection, aside) = damaged::connect_or_replace(&settings.path, now.wall)?;
        let high_water = HighWater::open(&settings.path, &connection, settings.boot, now)?;
        let (announce, queued) = watch::channel(0);
        let mut database = Database {
            connection,
            settings,
            queued: announce,
            forget_wal: false,
            high_water: Some(high_water),
            lock: Some(lock),
        };
        housekeeping::tidy_at_start(&mut database)?;
        outbox::end_waits_of_another_clock(&database.connection, now.wall);
        let (jobs, thread) = thread::start(database)?;
        Ok(Opened {
            store: Self { jobs, queued },
            thread,
            aside,
        })
    }

    /// Changes whenever messages may have become due; a sender waits on it instead of asking again and again.
    #[must_use]
    pub fn queued(&self) -> watch::Receiver<u64> {
        self.queued.clone()
    }

    /// Finishes what was asked for before, checkpoints, and closes the files. Other handles get [`StoreError::Closed`]
    /// from then on. How it went is told by [`StoreThread::ended`].
    pub async fn close(self) {
        let (asked, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(asked)).await.is_ok() {
            // The sender is dropped, not used, when the files are closed.
            let _closed = closed.await;
        }
    }

    /// Has `work` done on the thread.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job = move |database: &mut Database| {
            let result = work(database);
            if matches!(result, Err(StoreError::Damaged(_))) {
                file::suspect(&database.settings.path);
            }
            // Whoever asked may have stopped waiting.
            let _unheard = answer.send(result);
        };
        let sent = self.jobs.send(Job::Work(Box::new(job))).await;
        sent.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Has `work` done on the thread, in one transaction.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run(|database| database.write(work)).await
    }
}
