//! `wipe`: the end of a gateway's life.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::Args;

use super::{Failure, Global, block_on, exit, out};
use crate::app::chain;
use crate::app::wipe::{self, Obstacle, Outcome, Told, Unsent, WipeError};
use crate::config::{self, Config};
use crate::control::client::ClientError;
use crate::core::name::Name;

/// Ends this gateway's life: tells the broker, and removes bonds, store and keys.
///
/// Refuses while the daemon runs. Asks for the gateway's id before it begins; cut short, it is run again.
#[derive(Debug, Args)]
pub struct Options {
    /// Does not ask; required without a terminal.
    #[arg(long)]
    yes: bool,
    /// Also if messages have not reached the clinic: they are lost.
    #[arg(long)]
    even_unsent: bool,
    /// Also if no broker can be told.
    #[arg(long)]
    without_broker: bool,
}

/// Wipes this gateway, after a question.
#[must_use]
pub fn run(global: &Global, options: &Options) -> u8 {
    if !options.yes && !io::stdin().is_terminal() {
        eprintln!("cuffd: nobody can be asked without a terminal: --yes means it");
        return exit::USAGE;
    }
    let config = match config::load(&global.config, config::environment()) {
        Ok(loaded) => loaded.config,
        Err(mistakes) => return Failure::from(mistakes).tell(),
    };
    block_on(Box::pin(wipe(global, options, &config))).unwrap_or_else(|code| code)
}

async fn wipe(global: &Global, options: &Options, config: &Config) -> Result<u8, u8> {
    let doomed = wipe::doom(config).await.map_err(|error| refuse(&error))?;
    consider(options, &doomed.unsent)?;
    if !options.yes {
        ask(&config.gateway.id)?;
    }
    let told = doomed.tell(config).await;
    let left_on_brokers = broker_knows(options, &told)?;
    let outcome = doomed.remove(config).await;
    let unknowing = (!left_on_brokers.is_empty() && !options.without_broker).then_some(Obstacle::Service);
    let obstacles = outcome.left.iter().map(|left| left.obstacle);
    let code = code_of(obstacles.chain(unknowing).max());
    let text = describe(global, config, &told, left_on_brokers, &outcome);
    let printed = out(&text);
    Ok(if printed == exit::OK { code } else { printed })
}

/// The code for the worst of what stands in the way.
const fn code_of(worst: Option<Obstacle>) -> u8 {
    match worst {
        None => exit::OK,
        Some(Obstacle::Service) => exit::UNAVAILABLE,
        Some(Obstacle::Busy) => exit::TRY_AGAIN,
        Some(Obstacle::NotPermitted) => exit::NOT_PERMITTED,
        Some(Obstacle::Disk) => exit::STORE,
    }
}

/// Says why nothing is done, and gives the exit code.
fn refuse(error: &WipeError) -> u8 {
    eprintln!("cuffd: {}; nothing was removed", chain(error));
    match error {
        WipeError::Running => exit::TRY_AGAIN,
        WipeError::Unclear(ClientError::NotPermitted { .. }) => exit::NOT_PERMITTED,
        WipeError::Unclear(_) => exit::TRY_AGAIN,
        WipeError::Store(crate::store::StoreError::NotPermitted { .. }) => exit::NOT_PERMITTED,
        WipeError::Store(_) => exit::STORE,
    }
}

/// Nothing measured is lost without a word.
fn consider(options: &Options, unsent: &Unsent) -> Result<(), u8> {
    let lost = match unsent {
        Unsent::Known(0) => return Ok(()),
        Unsent::Known(1) => "1 message has not reached the clinic, and would be lost".to_owned(),
        Unsent::Known(count) => format!("{count} messages have not reached the clinic, and would be lost"),
        Unsent::Unknown(why) => format!("what has not reached the clinic, and would be lost, nobody can tell ({why})"),
    };
    if options.even_unsent {
        eprintln!(
            "cuffd: {}",
            lost.replace(", and would be lost", "; --even-unsent: they are given up")
        );
        return Ok(());
    }
    eprintln!(
        "cuffd: {lost}: start the daemon until `cuffd status` shows none waiting, or --even-unsent means it; nothing was \
         removed"
    );
    Err(exit::BAD)
}

/// Asks for the gateway's id.
fn ask(id: &Name) -> Result<(), u8> {
    eprint!("All that this gateway has measured and its keys will be removed.\nType its id ({id}) to go on: ");
    // Where the terminal is gone, so is the answer.
    let _shown = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && answer.trim() == id.as_str() {
        return Ok(());
    }
    eprintln!("cuffd: that is not its id; nothing was removed");
    Err(exit::BAD)
}

/// Whether one broker knows, or none need to. The brokers that do not.
fn broker_knows<'a>(options: &Options, told: &'a [Told]) -> Result<Vec<&'a Told>, u8> {
    let unknowing: Vec<&Told> = told.iter().filter(|told| told.fault.is_some()).collect();
    let none_knows = !told.is_empty() && unknowing.len() == told.len();
    if none_knows && !options.without_broker {
        for Told { broker, fault } in told {
            eprintln!(
                "cuffd: {broker} cannot be told: {}",
                fault.as_deref().unwrap_or_default()
            );
        }
        eprintln!("cuffd: nothing was removed; --without-broker goes on all the same");
        return Err(exit::UNAVAILABLE);
    }
    Ok(unknowing)
}

fn describe(global: &Global, config: &Config, told: &[Told], unknowing: Vec<&Told>, outcome: &Outcome) -> String {
    let mut lines: Vec<String> = Vec::new();
    let knowing = told.iter().filter(|told| told.fault.is_none());
    lines.extend(knowing.map(|told| format!("done  {} knows that this gateway is retired", told.broker)));
    lines.extend(outcome.done.iter().map(|done| format!("done  {done}")));
    lines.extend(outcome.left.iter().map(|left| format!("LEFT  {}", left.text)));
    lines.extend(unknowing.into_iter().map(|told| {
        let why = told.fault.as_deref().unwrap_or_default();
        format!("LEFT  retained messages on {}: {why}", told.broker)
    }));
    lines.push("What remains elsewhere:".to_owned());
    lines.push(format!(
        "- the config with the files that it names, secrets among them: {}",
        global.config.display()
    ));
    let key = &config.gateway.key_file;
    if key.is_credential() {
        let path = key.path().display();
        lines.push(format!(
            "- the signing key: it is a systemd credential ({path}), remove it where that comes from"
        ));
    }
    lines.extend(
        [
            "- the public key at the clinic: have it withdrawn, so that nobody signs for this gateway any more",
            "- what was sent: on the broker, on the clinic's platform, and in their backups and those of this machine",
            "- on the card itself: what was deleted can often still be read from it; destroy it, or wipe it as a whole",
        ]
        .map(str::to_owned),
    );
    lines.join("\n") + "\n"
}
