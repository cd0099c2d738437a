//! Which task gets which channel, and what each is told of the config.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::sync::Arc;

use uuid::Uuid;

use crate::bluetooth;
use crate::config::Config;
use crate::config::bluetooth::Adapter;
use crate::config::broker::{self, Broker};
use crate::config::command::Command;
use crate::core::collection::{Choice, Limits};
use crate::core::cuff::Cuff;
use crate::core::delivery::Kind;
use crate::core::topics::{TEST_PREFIX, Topics};
use crate::mqtt::command::{Authority, CommandName, Power};
use crate::mqtt::message::Origin;
use crate::mqtt::settings::{self, ClientIdentity, Login, Timing, TlsFiles, Transport};
use crate::store;
use tokio::sync::watch;

/// The highest `seq` of each kind that the store gave out.
pub(super) type Heads = BTreeMap<Kind, u64>;

/// What the store is told of the config.
#[must_use]
pub fn store_settings(config: &Config) -> store::Settings {
    let of = &config.store;
    store::Settings {
        path: of.path.clone(),
        keep: of.keep,
        keep_in_session: config.mqtt.as_ref().is_some_and(|mqtt| mqtt.fhir.is_some()),
        max_size: of.max_size,
        reserve: of.reserve,
        keep_ended: of.keep_ended,
        keep_unassigned: of.keep_unassigned,
        boot: crate::clock::boot_id(),
    }
}

/// What every message says of where it comes from.
pub(super) fn origin(config: &Config, run: Uuid) -> Origin {
    let gateway = &config.gateway;
    Origin {
        site: gateway.site.clone(),
        gateway: gateway.id.clone(),
        run,
        test: gateway.test,
    }
}

/// Where messages go; where there is no broker, where they would.
pub(super) fn topics(config: &Config) -> Topics {
    let default = if config.gateway.test { TEST_PREFIX } else { "cuffd" };
    let prefix = config.mqtt.as_ref().map_or(default, |mqtt| mqtt.prefix.as_str());
    Topics::new(prefix, &config.gateway.site, &config.gateway.id)
}

/// What the link is told of the config; `None` without `[mqtt]`.
pub(super) fn link_settings(config: &Config) -> Option<settings::Settings> {
    let mqtt = config.mqtt.as_ref()?;
    Some(settings::Settings {
        topics: topics(config),
        client_id: mqtt.client_id.clone(),
        version: match mqtt.version {
            crate::config::mqtt::Version::V5 => settings::Version::V5,
            crate::config::mqtt::Version::V311 => settings::Version::V311,
        },
        keep_alive: mqtt.keep_alive,
        window: NonZeroU16::new(mqtt.window).unwrap_or(NonZeroU16::MIN),
        will_delay: mqtt.will_delay,
        receipt_timeout: mqtt.receipts.then_some(mqtt.receipt_timeout),
        brokers: mqtt.brokers.iter().map(one_broker).collect(),
        timing: Timing::CONTRACT,
    })
}

fn one_broker(of: &Broker) -> settings::Broker {
    let transport = match of.url.transport {
        broker::Transport::Plain => Transport::Plain,
        broker::Transport::Tls => Transport::Tls(TlsFiles {
            ca_file: of.ca_file.clone(),
            client: of.identity.as_ref().map(|identity| ClientIdentity {
                certificate: identity.certificate.clone(),
                key: identity.key.path().to_path_buf(),
            }),
        }),
    };
    let login = of.username.as_ref().map(|username| Login {
        username: username.clone(),
        password_file: of.password_file.as_ref().map(|file| file.path().to_path_buf()),
    });
    settings::Broker {
        host: of.url.host.clone(),
        port: of.url.port,
        transport,
        login,
    }
}

/// The brokers as people know them.
pub(super) fn broker_names(config: &Config) -> Vec<String> {
    let brokers = config.mqtt.iter().flat_map(|mqtt| &mqtt.brokers);
    brokers
        .map(|broker| format!("{}:{}", broker.url.host, broker.url.port))
        .collect()
}

/// Who may command.
pub(super) fn authority(mqtt: &crate::config::mqtt::Mqtt) -> Authority {
    let unsigned = mqtt.unsigned_commands.iter().map(|command| command_name(*command));
    let powers = mqtt.command_keys.iter().map(|listed| Power {
        keys: listed.keys.clone(),
        may: listed.may.iter().map(|command| command_name(*command)).collect(),
    });
    // The config holds no `decide` there; if it did, nothing would be taken at all.
    Authority::new(unsigned, powers.collect()).unwrap_or_default()
}

const fn command_name(of: Command) -> CommandName {
    match of {
        Command::OpenSession => CommandName::OpenSession,
        Command::Attest => CommandName::Attest,
        Command::Start => CommandName::Start,
        Command::CloseSession => CommandName::CloseSession,
        Command::Decide => CommandName::Decide,
        Command::Report => CommandName::Report,
        Command::Receipt => CommandName::Receipt,
        Command::Resend => CommandName::Resend,
    }
}

/// What the Bluetooth side is told of the config.
pub(super) fn radio_settings(
    config: &Config,
    cuffs: watch::Receiver<Arc<[Cuff]>>,
    synchronized: watch::Receiver<bool>,
) -> bluetooth::Settings {
    let of = &config.bluetooth;
    bluetooth::Settings {
        adapter: match &of.adapter {
            Adapter::Auto => Choice::Auto,
            Adapter::Named(name) => Choice::Named(name.clone()),
        },
        limits: Limits {
            connect_for: of.connect_for,
            idle_end: of.idle_end,
            connection_cap: of.connection_cap,
        },
        set_clock: of.set_clock,
        recover: of.recover,
        time_zone: config.gateway.time_zone.clone(),
        cuffs,
        synchronized,
    }
}
