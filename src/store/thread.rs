//! The thread that owns the database: jobs come over a bounded channel and are done one after the other.

use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::database::Database;

/// How many jobs may wait; whoever has one more waits with it.
const WAITING_JOBS: usize = 64;

/// One piece of work for the thread.
pub(super) enum Job {
    /// Work on the database; it answers by itself.
    Work(Box<dyn FnOnce(&mut Database) + Send>),
    /// Checkpoint and end. The sender is dropped once the files are closed.
    Close(oneshot::Sender<()>),
}

/// The end of the store's thread, to be watched: a daemon without its store must end.
#[derive(Debug)]
pub struct StoreThread {
    ended: oneshot::Receiver<Result<(), StoreError>>,
}

impl StoreThread {
    /// Returns when the thread has ended and the files are closed. May be dropped half-way; to be awaited to its end once.
    ///
    /// # Errors
    /// [`StoreError::Closed`] after a panic; else what the last checkpoint said.
    pub async fn ended(&mut self) -> Result<(), StoreError> {
        (&mut self.ended).await.map_err(|_| StoreError::Closed)?
    }
}

/// Gives `database` to a thread of its own.
pub(super) fn start(database: Database) -> Result<(mpsc::Sender<Job>, StoreThread), StoreError> {
    let (sender, jobs) = mpsc::channel(WAITING_JOBS);
    let (end, ended) = oneshot::channel();
    let serve = move || {
        // The last receiver may be gone: nobody watches the end of a short-lived program's store.
        let _unwatched = end.send(serve(database, jobs));
    };
    std::thread::Builder::new()
        .name("store".into())
        .spawn(serve)
        .map_err(StoreError::Thread)?;
    Ok((sender, StoreThread { ended }))
}

/// As [`start`], but the work is done wherever the future is polled: for a database whose work never waits for a disk.
pub(super) fn share(database: Database) -> (mpsc::Sender<Job>, StoreThread, impl Future<Output = ()> + Send) {
    let (sender, mut jobs) = mpsc::channel(WAITING_JOBS);
    let (end, ended) = oneshot::channel();
    let serve = async move {
        let mut database = database;
        let mut asked_to_close = None;
        while let Some(job) = jobs.recv().await {
            asked_to_close = perform(job, &mut database);
            if asked_to_close.is_some() {
                break;
            }
        }
        let _unwatched = end.send(database.close());
        drop(asked_to_close);
    };
    (sender, StoreThread { ended }, serve)
}

fn serve(mut database: Database, mut jobs: mpsc::Receiver<Job>) -> Result<(), StoreError> {
    let mut asked_to_close = None;
    while let Some(job) = jobs.blocking_recv() {
        asked_to_close = perform(job, &mut database);
        if asked_to_close.is_some() {
            break;
        }
    }
    let closed = database.close();
    drop(asked_to_close);
    closed
}

/// Does the work; where it is to close, returns what is to be dropped when that is done.
fn perform(job: Job, database: &mut Database) -> Option<oneshot::Sender<()>> {
    match job {
        Job::Work(work) => {
            work(database);
            None
        }
        Job::Close(asked) => Some(asked),
    }
}
