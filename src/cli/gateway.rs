//! The subcommands that run the gateway on virtual cuffs: `demo` and `simulate`.

use std::io;
use std::io::IsTerminal;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;

use super::demo::{self, DemoError, Setup, Stored};
use super::{Global, LogLevel, run, simulate};
use crate::app::{self, AppError, Source};
use crate::config::log::Format;
use crate::config::{self, Config};
use crate::simulate::cuff::Surroundings;
use crate::simulate::narrator::terminal::{Look, Printer};
use crate::{clock, log};

/// The demo's config, but for what the demo makes itself: the broker's port, the cuff, the folder.
const DEMO: &str = include_str!("../../config/demo.toml");

/// The demo tells what happens; the log speaks up only when something is wrong.
const DEMO_LEVEL: LevelFilter = LevelFilter::ERROR;

/// Runs the demo.
pub(super) fn demo(args: demo::Args, level: Option<LogLevel>) -> u8 {
    log::start(level.map_or(DEMO_LEVEL, Into::into), Format::Text);
    let look = Look::of(
        io::stdout().is_terminal(),
        std::env::var_os("NO_COLOR").as_deref(),
        std::env::var_os("TERM").as_deref(),
    );
    let stop = CancellationToken::new();
    let printer = Printer::new(io::stdout(), look);
    let ended = run::on_runtime(demo::run(args, printer, stop.clone(), |setup| gateway(setup, stop)));
    match ended {
        Some(Ok(())) => super::exit::OK,
        Some(Err(DemoError::Print(cause))) if cause.kind() == io::ErrorKind::BrokenPipe => super::exit::OK,
        Some(Err(error)) => {
            eprintln!("cuffd: {}", app::chain(&error));
            error.exit_code()
        }
        None => super::exit::TRY_AGAIN,
    }
}

/// Why the gateway of the demo could not run.
#[derive(Debug, thiserror::Error)]
enum GatewayError {
    #[error("the demo's config")]
    Config(#[from] config::mistake::Mistakes),
    #[error("the demo's folder")]
    Folder(#[from] io::Error),
    #[error(transparent)]
    App(#[from] AppError),
    #[error("the demo's store")]
    Store(#[from] crate::store::StoreError),
}

/// The daemon of the demo, in a folder that goes with it.
async fn gateway(setup: Setup, stop: CancellationToken) -> Result<Stored, GatewayError> {
    let folder = tempfile::tempdir()?;
    let mut config = config::load_text(DEMO, "config/demo.toml", [])?.config;
    config.store.path = folder.path().join("cuffd.db");
    config.cuffs = setup.cuffs;
    if let Some(broker) = config.mqtt.as_mut().and_then(|mqtt| mqtt.brokers.first_mut()) {
        broker.url.host = setup.broker.ip().to_string();
        broker.url.port = setup.broker.port();
    }
    app::run(config.clone(), Source::Virtual(setup.source), stop).await?;
    count(&config).await
}

/// What is in the store once the daemon has stopped.
async fn count(config: &Config) -> Result<Stored, GatewayError> {
    let opened = crate::store::Store::open(app::store_settings(config), clock::now())?;
    let mut stored = Stored {
        readings: 0,
        waiting: 0,
    };
    let mut after = None;
    loop {
        let page = opened.store.readings(None, after, 500).await?;
        stored.readings += page.readings.len() as u64;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let summary = opened.store.delivery_summary().await?;
    stored.waiting = summary.queued.values().sum::<u64>() + summary.awaiting_receipt;
    opened.store.close().await;
    Ok(stored)
}

/// Runs the daemon of the config with virtual cuffs in place of the config's.
pub(super) fn simulate(args: &simulate::Args, global: &Global) -> u8 {
    let mut loaded = match run::load(global) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let config = &mut loaded.config;
    config.gateway.test = true;
    if let Some(mqtt) = &mut config.mqtt {
        crate::mqtt::topics::TEST_PREFIX.clone_into(&mut mqtt.prefix);
    }
    let around = Surroundings {
        time_zone: config.gateway.time_zone.clone(),
        connect_for: config.bluetooth.connect_for,
        idle_end: config.bluetooth.idle_end,
    };
    let (cuffs, source) = args.assemble(clock::wall(), around);
    config.cuffs = cuffs;
    run::daemon(loaded.config, Source::Virtual(source), args.duration)
}

/// Asks to stop after `duration`. Never returns: the daemon's own end is what counts.
pub(super) async fn stop_after<T>(duration: Option<Duration>, stop: CancellationToken) -> T {
    if let Some(duration) = duration {
        tokio::time::sleep(duration).await;
        stop.cancel();
    }
    std::future::pending().await
}
