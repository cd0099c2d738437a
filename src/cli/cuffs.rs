//! `cuffs`: the registered cuffs and their health.

use clap::Args as ClapArgs;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::{Failure, Global, block_on, out};
use crate::config;
use crate::control::client::{self, ClientError};
use crate::control::socket_path;
use crate::core::pairing::{Listed, WearerKind};
use crate::core::state::{CuffHealth, CuffState, State};

/// Lists the registered cuffs and their health.
#[derive(Clone, Debug, ClapArgs)]
pub struct Options {
    /// As JSON, an object a line.
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand.
#[must_use]
pub fn run(global: &Global, options: &Options) -> u8 {
    let listed = match block_on(from_daemon()) {
        Err(Failure::Client(ClientError::NotRunning { .. })) => from_config(global),
        other => other,
    };
    match listed {
        Ok(cuffs) if options.json => out(&json_lines(&cuffs)),
        Ok(cuffs) => out(&table(&cuffs, &TimeZone::system())),
        Err(failure) => failure.tell(),
    }
}

/// A cuff, and how it stands; that is known while the daemon runs.
type Standing = (Listed, Option<CuffState>);

async fn from_daemon() -> Result<Vec<Standing>, Failure> {
    let socket = socket_path();
    let listed = client::get(&socket, "/control/v1/cuffs").await?.whole().await?;
    let listed: Vec<Listed> = serde_json::from_slice(&listed).map_err(Failure::NotAReading)?;
    let state = client::get(&socket, "/api/v1/status").await?.whole().await?;
    let state: State = serde_json::from_slice(&state).map_err(Failure::NotAReading)?;
    let with_state = listed.into_iter().map(|cuff| {
        let state = state.cuffs.iter().find(|state| state.id == cuff.id);
        (cuff, state.cloned())
    });
    Ok(with_state.collect())
}

fn from_config(global: &Global) -> Result<Vec<Standing>, Failure> {
    let config = config::load(&global.config, config::environment())?.config;
    eprintln!("cuffd: the daemon does not run: how the cuffs stand is not known");
    let listed = Listed::all(&config.cuffs, config.cuffs_given);
    Ok(listed.into_iter().map(|cuff| (cuff, None)).collect())
}

fn json_lines(cuffs: &[Standing]) -> String {
    let line = |(cuff, state): &Standing| format!("{}\n", json!({ "cuff": cuff, "state": state }));
    cuffs.iter().map(line).collect()
}

fn table(cuffs: &[Standing], zone: &TimeZone) -> String {
    if cuffs.is_empty() {
        return "No cuff is registered. `cuffd pair` registers one.\n".to_owned();
    }
    let mut text = String::new();
    for (cuff, state) in cuffs {
        text += &entry(cuff, state.as_ref(), zone);
    }
    text
}

fn entry(cuff: &Listed, state: Option<&CuffState>, zone: &TimeZone) -> String {
    let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%F %H:%M").to_string();
    let whose = match cuff.wearer {
        WearerKind::Patient => "one patient's",
        WearerKind::Users => "by its users",
        WearerKind::Session => "the session's",
    };
    let from = if cuff.in_config {
        "from the config"
    } else {
        "paired here"
    };
    let mut text = format!("{}\n  {}  {}, {whose}, {from}\n", cuff.id, cuff.address, cuff.model);
    let Some(state) = state else { return text };
    let named = [&state.manufacturer, &state.model_number].map(|part| part.clone().unwrap_or_default());
    let named = named.join(" ");
    if !named.trim().is_empty() {
        text += &format!("  {}\n", named.trim());
    }
    let heard = state.heard_at.map_or_else(
        || "not heard since the daemon started".to_owned(),
        |at| format!("heard {}", time(at)),
    );
    let measured = state.measured_at.map(|at| format!(", measured {}", time(at)));
    let battery = state.battery.map(|battery| format!(", battery {battery} %"));
    text + &format!(
        "  {}: {heard}{}{}\n",
        health(state),
        measured.unwrap_or_default(),
        battery.unwrap_or_default()
    )
}

fn health(state: &CuffState) -> &'static str {
    if state.connected {
        return "connected";
    }
    match state.health {
        CuffHealth::NotHeard => "silent",
        CuffHealth::Ok => "ok",
        CuffHealth::Unreachable => "CANNOT BE CONNECTED (hold it closer; `cuffd doctor`)",
        CuffHealth::BondLost => "BOND LOST (`cuffd pair` it again)",
    }
}
