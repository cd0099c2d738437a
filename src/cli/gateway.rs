//! The subcommands that run the gateway on virtual cuffs: `demo` and `simulate`.

use std::io;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tracing::info;
use tracing::level_filters::LevelFilter;

use super::demo::{self, DemoError, Setup, Stored};
use super::{Global, LogLevel, fleet, run, simulate};
use crate::app::{self, AppError, Scope, Source};
use crate::config::files::SecretFile;
use crate::config::log::Format;
use crate::config::{self, Config};
use crate::core::name::Name;
use crate::simulate::cuff::Surroundings;
use crate::simulate::narrator::terminal::{Look, Printer};
use crate::{clock, log};

/// The demo's config, but for what the demo makes itself: the broker's port, the cuff, the folder.
const DEMO: &str = include_str!("../../config/demo.toml");

/// The demo tells what happens; the log speaks up only when something is wrong.
const DEMO_LEVEL: LevelFilter = LevelFilter::ERROR;

/// What the client id of a simulation ends in.
const CLIENT_ID_SUFFIX: &str = ":simulate";

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
    let page = page_address();
    let ended = run::on_runtime(demo::run(args, printer, stop.clone(), page, |setup| {
        gateway(setup, page, stop)
    }));
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

/// Where the page of the demo is: its usual place or, where somebody else listens there, another.
fn page_address() -> SocketAddr {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, 8377));
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let free = |address| TcpListener::bind(address).and_then(|listener| listener.local_addr());
    free(usual).or_else(|_taken| free(any)).unwrap_or(usual)
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
async fn gateway(setup: Setup, page: SocketAddr, stop: CancellationToken) -> Result<Stored, GatewayError> {
    let folder = tempfile::tempdir()?;
    let mut config = config::load_text(DEMO, "config/demo.toml", [])?.config;
    config.store.path = folder.path().join("cuffd.db");
    config.gateway.key_file = SecretFile::unchecked(folder.path().join("key.jwk"));
    config.cuffs = setup.cuffs;
    config.gateway.time_zone = setup.time_zone;
    config.web.listen = page;
    if let Some(broker) = config.mqtt.as_mut().and_then(|mqtt| mqtt.brokers.first_mut()) {
        broker.url.host = setup.broker.ip().to_string();
        broker.url.port = setup.broker.port();
    }
    app::run(config.clone(), Source::Virtual(setup.source), Scope::Daemon, stop).await?;
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
    // What thousands would log nobody could read.
    let usual = args.gateways.map(|_| LevelFilter::ERROR);
    let mut loaded = match run::load(global, usual) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let config = &mut loaded.config;
    let is_test = config.gateway.test;
    // Gone with the last line of this function.
    let own = match own_store(config, args.store.as_deref()) {
        Ok(own) => own,
        Err(cause) => {
            eprintln!("cuffd: no folder for the store of the simulation: {cause}");
            return super::exit::STORE;
        }
    };
    if let Some(folder) = &own {
        config.store.path = folder.path().join("cuffd.db");
        info!(store = %config.store.path.display(), "a store of the simulation's own, gone at its end; --store FILE keeps one");
    }
    separate(config);
    if !is_test {
        // What is invented is never signed with a real gateway's key.
        let mut key = config.store.path.clone().into_os_string();
        key.push(".key.jwk");
        config.gateway.key_file = SecretFile::unchecked(key);
    }
    let around = Surroundings {
        time_zone: config.gateway.time_zone.clone(),
        connect_for: config.bluetooth.connect_for,
        idle_end: config.bluetooth.idle_end,
        linger: Duration::MAX,
    };
    if let Some(gateways) = args.gateways {
        return fleet::run(args, gateways, config, &around);
    }
    let source = match &args.orders {
        Some(orders) => match simulate::follow(orders, &config.cuffs, around) {
            Ok(source) => source,
            Err(error) => {
                eprintln!("cuffd: {}", app::chain(&error));
                return error.exit_code();
            }
        },
        None => {
            let (cuffs, source) = args.assemble(0, clock::wall(), around);
            config.cuffs = cuffs;
            source
        }
    };
    run::daemon(loaded.config, Source::Virtual(source), args.duration)
}

/// Puts the store where it was asked for. Otherwise the folder of a store of its own, where that of the config is a real
/// gateway's to use.
fn own_store(config: &mut Config, asked_for: Option<&Path>) -> io::Result<Option<TempDir>> {
    if let Some(path) = asked_for {
        path.clone_into(&mut config.store.path);
    } else if !config.gateway.test {
        return tempfile::tempdir().map(Some);
    }
    Ok(None)
}

/// Keeps the simulation apart from the gateway of the same config, which may run beside it.
fn separate(config: &mut Config) {
    config.gateway.test = true;
    if let Some(mqtt) = &mut config.mqtt {
        crate::core::topics::TEST_PREFIX.clone_into(&mut mqtt.prefix);
        // Two connections of one client id throw each other out. No other gateway's ends so: a name has no colon.
        mqtt.client_id.push_str(CLIENT_ID_SUFFIX);
    }
}

/// The client id of one of many simulated gateways.
pub(super) fn client_id(site: &Name, gateway: &Name) -> String {
    format!("{site}:{gateway}{CLIENT_ID_SUFFIX}")
}

/// Asks to stop after `duration`. Never returns: the daemon's own end is what counts.
pub(super) async fn stop_after<T>(duration: Option<Duration>, stop: CancellationToken) -> T {
    if let Some(duration) = duration {
        tokio::time::sleep(duration).await;
        stop.cancel();
    }
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lines: &str) -> Config {
        let text = format!(
            "[gateway]\nsite = \"north\"\nid = \"gw\"\n{lines}\n[store]\npath = \"/nowhere/cuffd.db\"\n[mqtt]\n\
             [[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1\"\n"
        );
        config::load_text(&text, "test", []).expect("a good config").config
    }

    #[test]
    fn a_simulation_shares_neither_store_nor_client_id_with_the_gateway() {
        let mut config = config("");
        let folder = own_store(&mut config, None).expect("a folder can be made");
        assert!(folder.expect("a store of its own").path().is_dir());
        separate(&mut config);
        let mqtt = config.mqtt.expect("it stands there");
        assert_eq!(
            (mqtt.client_id.as_str(), mqtt.prefix.as_str()),
            ("north:gw:simulate", "cuffd-test")
        );
    }

    #[test]
    fn a_simulation_uses_the_store_it_is_told_or_that_of_a_config_for_tests() {
        for (lines, asked_for, path) in [
            ("", Some("kept.db"), "kept.db"),
            ("test = true", None, "/nowhere/cuffd.db"),
            ("test = true", Some("kept.db"), "kept.db"),
        ] {
            let mut config = config(lines);
            let folder = own_store(&mut config, asked_for.map(Path::new)).expect("nothing is made");
            assert_eq!((folder.is_none(), config.store.path.as_path()), (true, Path::new(path)));
        }
    }
}
