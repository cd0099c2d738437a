//! One gateway's life: its store and its tasks from their begin to their end in order.

use std::time::Duration;

use tracing::{error, info, warn};

use super::tasks::{Task, Tasks};
use super::wiring::Heads;
use super::{AppError, Scope, Source, chain, intake, start, store_settings};
use crate::clock;
use crate::config::Config;
use crate::proof::{Keyring, KeyringError};
use crate::store::{Opened, Store, StoreThread};
use crate::systemd::Watchdog;

/// Stopping takes at most so long, whatever hangs.
const GRACE: Duration = Duration::from_secs(20);

/// After this the broker is told goodbye although not all is stored: a full disk must not keep that from it.
const STORING: Duration = Duration::from_secs(8);

/// A gateway that runs.
pub(super) struct Life {
    pub(super) running: start::Running,
    pub(super) store: Store,
    watchdog: Watchdog,
    tasks: Tasks,
    thread: StoreThread,
    store_has_ended: bool,
}

impl Life {
    /// Starts everything.
    pub(super) async fn begin(config: &Config, source: Source, scope: Scope, opened: Opened) -> Result<Self, AppError> {
        let Opened { store, thread, .. } = opened;
        let heads = bind(config, &store).await?;
        let keys = open_keys(config)?;
        let mut watchdog = Watchdog::default();
        let mut tasks = Tasks::default();
        let kept = start::Kept {
            store: &store,
            heads: &heads,
            keys,
        };
        let running = start::start(config, source, scope, kept, &mut tasks, &mut watchdog).await?;
        info!(site = %config.gateway.site, gateway = %config.gateway.id, run = %running.run, "ready");
        Ok(Self {
            running,
            watchdog,
            tasks,
            store,
            thread,
            store_has_ended: false,
        })
    }

    /// Feeds systemd's watchdog from now on, which counts from when the daemon is ready.
    pub(super) fn feed_watchdog(&mut self) {
        let watchdog = std::mem::take(&mut self.watchdog);
        self.tasks.spawn(Task::Watchdog, async {
            watchdog.run().await;
            Ok(())
        });
    }

    /// The first task to end by itself, and how. May be dropped half-way.
    pub(super) async fn ends_early(&mut self) -> (Task, Result<(), AppError>) {
        tokio::select! {
            early = self.tasks.first_to_end() => early,
            // Without the store nothing can go on, however idle it is.
            ended = self.thread.ended() => {
                self.store_has_ended = true;
                (Task::Store, ended.map_err(AppError::from))
            }
        }
    }

    /// Stops all tasks in order, or those that stop in time.
    pub(super) async fn stop(&mut self) {
        let stopped = tokio::time::timeout(GRACE, self.stop_in_order()).await;
        if stopped.is_err() {
            warn!(grace_s = GRACE.as_secs(), still_running = ?self.tasks.running(), "the grace period is over");
        }
    }

    /// First what brings measurements, then what stores them, then what sends them.
    async fn stop_in_order(&mut self) {
        if !self.fall_silent().await {
            warn!("the last measurements are not stored yet: the broker is told goodbye meanwhile");
        }
        let Self { running, tasks, .. } = self;
        running.link.cancel();
        tasks.ended(Task::Link).await;
        running.control.cancel();
        // Slow or full, the store has the rest of the grace period.
        tasks.ended(Task::Intake).await;
    }

    /// Stops what brings measurements, and says whether in time all of them were stored.
    pub(super) async fn fall_silent(&mut self) -> bool {
        let Self { running, tasks, .. } = self;
        running.source.cancel();
        let stored = tokio::time::timeout(STORING, async {
            tasks.ended(Task::Source).await;
            tasks.ended(Task::Intake).await;
        });
        stored.await.is_ok()
    }

    /// Ends what has not stopped, closes the store, and says how it all went. `early` is what ended by itself.
    pub(super) async fn end(
        mut self,
        config: &Config,
        early: Option<(Task, Result<(), AppError>)>,
    ) -> Result<(), AppError> {
        let (mut ends, ended) = match early {
            None => (Vec::new(), None),
            Some((task, Ok(()))) => (Vec::new(), Some(AppError::Ended(task.name()))),
            Some((_, Err(error))) => (vec![error], None),
        };
        ends.extend(self.tasks.take_failed());
        // A task whose source or store has failed ends by itself, and may be seen to end first: that is not the cause.
        ends.extend(ended);
        if ends.is_empty() && !self.tasks.is_over(Task::Intake) {
            ends.push(AppError::Unstored);
        }
        self.tasks.abort_all();
        self.store.close().await;
        if !self.store_has_ended
            && let Err(error) = self.thread.ended().await
        {
            ends.push(error.into());
        }
        for end in &mut ends {
            if let AppError::Intake(error) = end {
                give_up(config, error).await;
            }
        }
        // The first is the cause; what follows it went wrong because of it.
        ends.into_iter().next().map_or(Ok(()), Err)
    }
}

/// Binds the store to the gateway, and says how far its numbers went.
async fn bind(config: &Config, store: &Store) -> Result<Heads, AppError> {
    let (site, gateway) = (config.gateway.site.clone(), config.gateway.id.clone());
    if config.gateway.test {
        store.bind_for_tests(site, gateway).await?;
    } else {
        store.bind(site, gateway).await?;
    }
    Ok(store.heads().await?)
}

fn open_keys(config: &Config) -> Result<Keyring, KeyringError> {
    let file = &config.gateway.key_file;
    let keys = Keyring::open(file.path(), file.is_credential())?;
    info!(kid = keys.public().thumbprint(), "signs");
    Ok(keys)
}

/// What arrived and was not stored goes into the store that takes the failed one's place.
async fn give_up(config: &Config, error: &mut intake::IntakeError) {
    let unsaved = std::mem::take(&mut error.unsaved);
    let count = unsaved.len();
    if let Err(cause) = intake::rescue(store_settings(config), unsaved, clock::now()).await {
        error!(
            count,
            cause = chain(&cause),
            "measurements could not be stored anywhere"
        );
    }
}
