//! `run`: the daemon.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

use super::gateway::stop_after;
use super::{Global, exit};
use crate::app::{self, AppError, Scope, Source, chain};
use crate::config::{self, Config, Loaded};
use crate::log;

/// At the end: how long a blocked thread of a library is waited for.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Runs the daemon until it is asked to stop.
#[must_use]
pub fn run(global: &Global) -> u8 {
    match load(global, None) {
        Ok(loaded) => daemon(loaded.config, Source::Bluetooth, None),
        Err(code) => code,
    }
}

/// Reads the config, starts the log, and says what is allowed but unwise; or says every mistake and gives the exit code.
/// Unless asked otherwise it logs at the `usual` level, or the config's.
pub(super) fn load(global: &Global, usual: Option<LevelFilter>) -> Result<Loaded, u8> {
    let loaded = config::load(&global.config, config::environment()).map_err(|mistakes| {
        eprintln!("{mistakes}");
        exit::CONFIG
    })?;
    let level = global
        .log_level
        .map(Into::into)
        .or(usual)
        .unwrap_or(loaded.config.log.level);
    log::start(level, loaded.config.log.format);
    for warning in &loaded.warnings {
        warn!(%warning, "config");
    }
    Ok(loaded)
}

/// Runs the daemon with this source, for at most `duration`, and gives the exit code.
pub(super) fn daemon(config: Config, source: Source, duration: Option<Duration>) -> u8 {
    let stop = CancellationToken::new();
    let ended = on_runtime(async move {
        let daemon = app::run(config, source, Scope::Daemon, stop.clone());
        tokio::select! {
            ended = daemon => ended,
            never = stop_after(duration, stop) => never,
        }
    });
    ended.map_or(exit::TRY_AGAIN, code)
}

/// Runs `work` on a runtime of its own; `None` if the system gives none.
pub(super) fn on_runtime<T>(work: impl Future<Output = T>) -> Option<T> {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(cause) => {
            eprintln!("cuffd: cannot start: {cause}");
            return None;
        }
    };
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(LAST_THREADS);
    Some(done)
}

/// The exit code, after saying why.
fn code(ended: Result<(), AppError>) -> u8 {
    let Err(error) = ended else { return exit::OK };
    error!(error = chain(&error), "the daemon ends");
    exit::of(error.remedy())
}
