//! Starts the tasks, joins them by channels, stops them in order; the only place that spawns.
//!
//! Any task that ends before it is asked to ends the daemon; systemd starts it again.

pub mod board;
pub mod commands;
pub mod doctor;
mod housekeeping;
pub mod intake;
mod machine;
mod operator;
mod page;
pub mod persist;
pub mod report;
mod start;
mod status;
mod status_of;
mod tasks;
pub mod wipe;
mod wiring;

pub use self::wiring::store_settings;

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use self::tasks::{Task, Tasks};
use crate::config::Config;
use crate::mqtt::link;
use crate::proof::{Keyring, KeyringError};
use crate::simulate;
use crate::store::{Aside, Opened, Store, StoreError};
use crate::systemd::{self, Watchdog};
use crate::{bluetooth, clock, directory};

/// Stopping takes at most so long, whatever hangs.
const GRACE: Duration = Duration::from_secs(20);

/// After this the broker is told goodbye although not all is stored: a full disk must not keep that from it.
const STORING: Duration = Duration::from_secs(8);

/// Events between the source and the intake. A dump of a full cuff fits; more waits in the source.
const EVENTS: usize = 256;

/// Where measurements come from.
#[derive(Debug)]
pub enum Source {
    /// Real cuffs.
    Bluetooth,
    /// Virtual ones.
    Virtual(simulate::source::Source),
}

/// How much of the daemon runs.
#[derive(Clone, Debug)]
pub enum Scope {
    /// All of it.
    Daemon,
    /// What an operator's command needs: no broker, no page, and a control socket of its own.
    Operator {
        /// Where that is.
        socket: PathBuf,
    },
}

/// Why the daemon ended other than by being asked to.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store could not be opened, or failed for good.
    #[error("store")]
    Store(#[from] StoreError),
    /// The store failed while measurements came.
    #[error("intake")]
    Intake(#[from] intake::IntakeError),
    /// D-Bus is gone, or was never there.
    #[error("Bluetooth")]
    Bluetooth(#[from] bluetooth::RadioError),
    /// The link cannot go on.
    #[error("link to the broker")]
    Link(#[from] link::LinkError),
    /// The state is not this machine's to use.
    #[error("state")]
    Machine(#[from] machine::MachineError),
    /// Nothing could be signed.
    #[error("key")]
    Key(#[from] KeyringError),
    /// A file that the config names, or the machine's.
    #[error("{what}")]
    Setup {
        /// What could not be done.
        what: &'static str,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The end came while the store took nothing.
    #[error("the store did not take the last measurements before the end")]
    Unstored,
    /// A task ended that should not.
    #[error("the task {0} ended by itself")]
    Ended(&'static str),
}

/// Who must act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// A restart mends it.
    Restart,
    /// Somebody must look at the store or the disk.
    Store,
    /// Somebody must let this user open a file.
    Permit,
    /// Somebody must change the config, or a file that it names.
    Configure,
    /// The fault is ours.
    Report,
}

impl AppError {
    /// Who must act on it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            // At the next start a damaged database is moved aside.
            Self::Store(StoreError::Damaged(_) | StoreError::Closed)
            | Self::Intake(_)
            | Self::Bluetooth(_)
            | Self::Link(_) => Remedy::Restart,
            Self::Store(StoreError::NotPermitted { .. }) => Remedy::Permit,
            Self::Key(KeyringError::Read { cause, .. } | KeyringError::Write { cause, .. })
                if cause.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Remedy::Permit
            }
            Self::Key(KeyringError::Read { .. } | KeyringError::Write { .. }) => Remedy::Store,
            Self::Key(KeyringError::NoKey { .. } | KeyringError::Given | KeyringError::NoNext) => Remedy::Configure,
            Self::Machine(machine::MachineError::Another { .. }) => Remedy::Configure,
            Self::Machine(machine::MachineError::Mark { cause, .. })
                if cause.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Remedy::Permit
            }
            Self::Store(_) | Self::Unstored | Self::Machine(machine::MachineError::Mark { .. }) => Remedy::Store,
            Self::Setup { .. } | Self::Ended(_) => Remedy::Report,
        }
    }
}

/// Runs the daemon until it is asked to stop, by a signal or by `stop`.
///
/// # Errors
/// Whatever ended it before that.
pub async fn run(config: Config, source: Source, scope: Scope, stop: CancellationToken) -> Result<(), AppError> {
    // From here on a signal ends nothing half-way.
    let mut signals = Signals::listen()?;
    let (opened, heads) = open_store(&config).await?;
    let keys = open_keys(&config)?;
    let Opened { store, mut thread, .. } = opened;
    let mut watchdog = Watchdog::default();
    let mut tasks = Tasks::default();
    let kept = start::Kept {
        store: &store,
        heads: &heads,
        keys,
    };
    let running = start::start(&config, source, scope, kept, &mut tasks, &mut watchdog).await?;
    tasks.spawn(Task::Watchdog, async {
        watchdog.run().await;
        Ok(())
    });
    systemd::ready("listening for cuffs");
    info!(site = %config.gateway.site, gateway = %config.gateway.id, run = %running.run, "ready");
    let early = tokio::select! {
        early = tasks.first_to_end() => Some(early),
        // Without the store nothing can go on, however idle it is.
        ended = thread.ended() => Some((Task::Store, ended.map_err(AppError::from))),
        () = signals.ask_to_stop() => None,
        () = stop.cancelled() => None,
    };
    let store_has_ended = matches!(early, Some((Task::Store, _)));
    systemd::stopping();
    let stopped = tokio::time::timeout(GRACE, stop_in_order(&running, &mut tasks)).await;
    if stopped.is_err() {
        warn!(grace_s = GRACE.as_secs(), still_running = ?tasks.running(), "the grace period is over");
    }
    let (mut ends, ended) = match early {
        None => (Vec::new(), None),
        Some((task, Ok(()))) => (Vec::new(), Some(AppError::Ended(task.name()))),
        Some((_, Err(error))) => (vec![error], None),
    };
    ends.extend(tasks.take_failed());
    // A task whose source or store has failed ends by itself, and may be seen to end first: that is not the cause.
    ends.extend(ended);
    if ends.is_empty() && !tasks.is_over(Task::Intake) {
        ends.push(AppError::Unstored);
    }
    tasks.abort_all();
    store.close().await;
    if !store_has_ended && let Err(error) = thread.ended().await {
        ends.push(error.into());
    }
    for end in &mut ends {
        if let AppError::Intake(error) = end {
            give_up(&config, error).await;
        }
    }
    // The first is the cause; what follows it went wrong because of it.
    ends.into_iter().next().map_or(Ok(()), Err)
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

/// First what brings measurements, then what stores them, then what sends them.
async fn stop_in_order(running: &start::Running, tasks: &mut Tasks) {
    running.source.cancel();
    let stored = tokio::time::timeout(STORING, async {
        tasks.ended(Task::Source).await;
        tasks.ended(Task::Intake).await;
    });
    if stored.await.is_err() {
        warn!("the last measurements are not stored yet: the broker is told goodbye meanwhile");
    }
    running.link.cancel();
    tasks.ended(Task::Link).await;
    running.control.cancel();
    // Slow or full, the store has the rest of the grace period.
    tasks.ended(Task::Intake).await;
}

async fn open_store(config: &Config) -> Result<(Opened, wiring::Heads), AppError> {
    // Before anything is changed: it may be another machine's. Whether there is a directory at all, the store says better.
    if !config.gateway.test && directory::of(&config.store.path).is_dir() {
        machine::claim(&config.store.path)?;
    }
    let opened = Store::open(store_settings(config), clock::now())?;
    if let Some(aside) = &opened.aside {
        report_aside(aside);
    }
    let (site, gateway) = (config.gateway.site.clone(), config.gateway.id.clone());
    if config.gateway.test {
        opened.store.bind_for_tests(site, gateway).await?;
    } else {
        opened.store.bind(site, gateway).await?;
    }
    let heads = opened.store.heads().await?;
    Ok((opened, heads))
}

fn open_keys(config: &Config) -> Result<Keyring, KeyringError> {
    let file = &config.gateway.key_file;
    let keys = Keyring::open(file.path(), file.is_credential())?;
    info!(kid = keys.public().thumbprint(), "signs");
    Ok(keys)
}

fn report_aside(aside: &Aside) {
    error!(
        ?aside,
        "the database was damaged: it was moved aside, not deleted, and a new one was begun"
    );
}

/// SIGTERM and SIGINT ask to stop. SIGHUP does not: the config is read at start only.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Until it listens, each of them ends the process at once.
    fn listen() -> Result<Self, AppError> {
        let listen = |kind| {
            signal(kind).map_err(|cause| AppError::Setup {
                what: "signals cannot be heard",
                cause,
            })
        };
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Returns when one of them asks to stop.
    async fn ask_to_stop(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return info!("SIGTERM: stopping in order"),
                _ = self.interrupt.recv() => return info!("SIGINT: stopping in order"),
                _ = self.hangup.recv() => info!("SIGHUP: the config is read at start only, restart to read it"),
            }
        }
    }
}

/// An error and all its causes, outermost first.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
