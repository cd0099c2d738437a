//! Gathers what `doctor` judges: from the daemon where one runs, from the machine itself, and from the brokers.
//!
//! * Where a daemon runs, or may run, no second connection is made under its client id.
//! * Nothing is changed but what the daemon would change at its start: a damaged database is moved aside, and without a daemon
//!   a broker is told that the gateway is offline, which it is.

mod brokers;
mod disk;
mod files;
mod heard;
mod store;

pub(super) use self::disk::names_from;

use std::path::Path;
use std::time::Duration;

use super::{page, wiring};
use crate::bluetooth::survey::{self, Survey};
use crate::clock::synchronized;
use crate::config::bluetooth::Adapter;
use crate::config::command::Command;
use crate::config::mistake::Mistakes;
use crate::config::{self, Config, Loaded};
use crate::control::client::{self, ClientError};
use crate::control::socket_path;
use crate::core::collection::Choice;
use crate::core::cuff;
use crate::core::doctor::{
    Bond, Bonded, ClockSource, Configuration, DaemonFacts, Facts, Openers, Settings, StoreFacts, StoreSeen,
};
use crate::core::readiness::policy::Approval;
use crate::{clock, user};

/// A daemon that takes longer to answer is in trouble.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at everything.
pub async fn look(path: &Path) -> Facts {
    let loaded = config::load(path, config::environment());
    let daemon = daemon().await;
    let machine = files::look(Path::new("/"));
    let surveyed = survey::survey().await;
    let config = loaded.as_ref().ok().map(|loaded| &loaded.config);
    let seen = match config {
        Some(config) => store::look(config, &daemon).await,
        None => store::Seen::unknown(&daemon),
    };
    let brokers = match config {
        Some(config) => brokers::look(config, &daemon, &seen).await,
        None => Vec::new(),
    };
    let heard = match config {
        Some(config) => heard::look(config, &daemon, &seen).await,
        None => Vec::new(),
    };
    let waiting = seen.waiting();
    let seen = seen.close().await;
    Facts {
        now: clock::wall(),
        user: user::describe(),
        bonds: bonds(config, surveyed.as_ref().ok()),
        adapters: surveyed.map(|survey| survey.adapters),
        bluetoothd_installed: machine.bluetoothd_installed,
        killswitches: machine.killswitches,
        main_conf: machine.main_conf,
        timedated: synchronized::enquire().await,
        disk: config.map(|config| disk::look(&config.store, config.gateway.key_file.path())),
        store: StoreFacts {
            seen,
            suspect: config.is_some_and(|config| disk::is_suspect(&config.store.path)),
            aside: config.map_or_else(Vec::new, |config| disk::aside(&config.store.path)),
            waiting,
        },
        config: configuration(path, loaded),
        daemon,
        brokers,
        heard,
    }
}

async fn daemon() -> DaemonFacts {
    let asked = async { client::get(&socket_path(), "/api/v1/status").await?.whole().await };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(body)) => match serde_json::from_slice(&body) {
            Ok(state) => DaemonFacts::Running(Box::new(state)),
            Err(_) => DaemonFacts::Unclear("its answer is not of this version".to_owned()),
        },
        Ok(Err(ClientError::NotRunning { .. })) => DaemonFacts::NotRunning,
        Ok(Err(ClientError::NotPermitted { .. })) => DaemonFacts::Closed,
        Ok(Err(error)) => DaemonFacts::Unclear(super::chain(&error)),
        Err(_) => DaemonFacts::Unclear("no answer in time".to_owned()),
    }
}

fn configuration(path: &Path, loaded: Result<Loaded, Mistakes>) -> Configuration {
    let path = path.display().to_string();
    match loaded {
        Ok(loaded) => Configuration::Good {
            path,
            settings: Box::new(settings(&loaded)),
        },
        Err(mistakes) if are_of_permission(&mistakes) => Configuration::Closed { path },
        Err(mistakes) => Configuration::Mistaken {
            path,
            count: mistakes.iter().count(),
        },
    }
}

/// Whether nothing is wrong but that this user may not read the config, or the files that it names: secrets are their owner's.
fn are_of_permission(mistakes: &Mistakes) -> bool {
    let closed = |text: String| text.contains("Permission denied");
    mistakes.are_of_permission() || mistakes.iter().all(|mistake| closed(mistake.to_string()))
}

fn settings(loaded: &Loaded) -> Settings {
    let config = &loaded.config;
    let of_zone = |key: &str| key.ends_with("time_zone");
    let rules = config.readiness.as_ref().map(|policy| &policy.reading);
    Settings {
        site: config.gateway.site.clone(),
        gateway: config.gateway.id.clone(),
        warnings: loaded.warnings.iter().filter(|warning| !of_zone(&warning.key)).count(),
        zone_known: !loaded.warnings.iter().any(|warning| of_zone(&warning.key)),
        test: config.gateway.test,
        adapter: adapter(config),
        clock: match config.clock.source {
            synchronized::Source::Timedated => ClockSource::Timedated,
            synchronized::Source::None => ClockSource::None,
            synchronized::Source::Trust => ClockSource::Trust,
        },
        reserve: config.store.reserve,
        has_policy: config.readiness.is_some(),
        openers: Openers {
            page: config.web.enabled && page::opens_sessions(config),
            has_patient: !cuff::patients(&config.cuffs).is_empty(),
            commands: may_command(config, Command::OpenSession),
        },
        may_attest: config.web.enabled
            || may_command(config, Command::Attest)
            || config
                .readiness
                .as_ref()
                .is_none_or(|policy| policy.attestations.is_empty()),
        may_decide: config
            .readiness
            .as_ref()
            .is_none_or(|policy| policy.approval != Approval::Clinician)
            || may_command(config, Command::Decide),
        require_bond: rules.is_none_or(|rules| rules.require_bond),
        receipts: config.mqtt.as_ref().is_some_and(|mqtt| mqtt.receipts),
        cuffs: config.cuffs.iter().map(|cuff| cuff.id.clone()).collect(),
        topics: wiring::topics(config).base().to_owned(),
    }
}

fn adapter(config: &Config) -> Choice {
    match &config.bluetooth.adapter {
        Adapter::Auto => Choice::Auto,
        Adapter::Named(name) => Choice::Named(name.clone()),
    }
}

fn may_command(config: &Config, command: Command) -> bool {
    config.mqtt.as_ref().is_some_and(|mqtt| {
        let may = |commands: &std::collections::BTreeSet<Command>| commands.contains(&command);
        may(&mqtt.unsigned_commands) || mqtt.command_keys.iter().any(|key| may(&key.may))
    })
}

/// What bluetoothd has of each registered cuff.
fn bonds(config: Option<&Config>, survey: Option<&Survey>) -> Vec<Bond> {
    let (Some(config), Some(survey)) = (config, survey) else {
        return Vec::new();
    };
    let adapter = match &config.bluetooth.adapter {
        Adapter::Auto => None,
        Adapter::Named(name) => Some(name.as_str()),
    };
    let bond = |cuff: &crate::core::cuff::Cuff| {
        let known = survey.find(adapter, cuff.address);
        Bond {
            cuff: cuff.id.clone(),
            bonded: match known.map(|known| known.bonded) {
                Some(true) => Bonded::Yes,
                Some(false) => Bonded::No,
                None => Bonded::Unknown,
            },
            connected: known.is_some_and(|known| known.connected),
        }
    };
    config.cuffs.iter().map(bond).collect()
}

/// Whether a daemon runs, or it cannot be told that none does.
const fn may_run(daemon: &DaemonFacts) -> bool {
    !matches!(daemon, DaemonFacts::NotRunning)
}

/// What is known of the store where it was not opened.
const fn unopened(daemon: &DaemonFacts) -> StoreSeen {
    match daemon {
        DaemonFacts::Running(_) => StoreSeen::OfTheDaemon,
        DaemonFacts::NotRunning | DaemonFacts::Closed | DaemonFacts::Unclear(_) => StoreSeen::Unknown,
    }
}
