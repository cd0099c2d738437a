//! Starts the tasks, joins them by channels, stops them in order; the only place that spawns.
//!
//! Any task that ends before it is asked to ends the daemon; systemd starts it again.

pub mod board;
pub mod commands;
pub mod doctor;
pub mod fleet;
mod housekeeping;
pub mod intake;
mod life;
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

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use self::life::Life;
use crate::config::Config;
use crate::mqtt::link;
use crate::proof::KeyringError;
use crate::simulate;
use crate::store::{Aside, Opened, Store, StoreError};
use crate::systemd;
use crate::{bluetooth, clock, directory};

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
    /// What one of many invented gateways in a process needs: no page and no control socket.
    Fleet,
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
            Self::Store(StoreError::Damaged(_) | StoreError::Closed | StoreError::Locked { .. })
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
            Self::Store(StoreError::GatewayChanged { .. }) | Self::Machine(machine::MachineError::Another { .. }) => {
                Remedy::Configure
            }
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
    let mut life = Life::begin(&config, source, scope, open_store(&config)?).await?;
    systemd::ready("listening for cuffs");
    life.feed_watchdog();
    let early = tokio::select! {
        early = life.ends_early() => Some(early),
        () = signals.ask_to_stop() => None,
        () = stop.cancelled() => None,
    };
    systemd::stopping();
    life.stop().await;
    life.end(&config, early).await
}

fn open_store(config: &Config) -> Result<Opened, AppError> {
    // Before anything is changed: it may be another machine's. Whether there is a directory at all, the store says better.
    if !config.gateway.test && directory::of(&config.store.path).is_dir() {
        machine::claim(&config.store.path)?;
    }
    let opened = Store::open(store_settings(config), clock::now())?;
    if let Some(aside) = &opened.aside {
        report_aside(aside);
    }
    Ok(opened)
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
