//! `simulate --gateways`: many gateways in one process, and what is told of them.

use std::io::{self, Write};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::gateway::{client_id, stop_after};
use super::{exit, run, simulate};
use crate::app::fleet::{Account, Member, Pace, Standing};
use crate::app::{self, AppError};
use crate::clock;
use crate::clock::synchronized;
use crate::config::Config;
use crate::core::name::Name;
use crate::simulate::cuff::Surroundings;

/// Files that are open beside the connections.
const OTHER_FILES: u64 = 64;

/// So many standings are heard before one is printed.
const PRINT_EVERY: u32 = 5;

/// Why there is no fleet.
#[derive(Debug, thiserror::Error)]
enum FleetError {
    /// Too few files may be open.
    #[error(
        "so many gateways need {wanted} open files, and {most} are allowed: raise the hard limit (ulimit -Hn), or start fewer"
    )]
    Files {
        /// How many are needed.
        wanted: u64,
        /// How many can be had.
        most: u64,
    },
    /// No room for a number.
    #[error("gateway.id {id} leaves no room for a number: it may have at most 18 characters here")]
    Id {
        /// What it is.
        id: Name,
    },
    /// It could not go on.
    #[error(transparent)]
    App(#[from] AppError),
    /// Nobody hears what came of it.
    #[error("cannot print")]
    Print(#[from] io::Error),
}

impl FleetError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Files { .. } => exit::NOT_PERMITTED,
            Self::Id { .. } => exit::CONFIG,
            Self::Print(_) => exit::STORE,
            Self::App(cause) => exit::of(cause.remedy()),
        }
    }
}

/// Runs `gateways` of them like the one of `config`, prints what came of them, and gives the exit code.
pub(super) fn run(args: &simulate::Args, gateways: u32, config: &Config, around: &Surroundings) -> u8 {
    let made = permit_files(u64::from(gateways) + OTHER_FILES).and_then(|()| lead(args, gateways, config, around));
    match made {
        Ok(code) => code,
        Err(error) => {
            eprintln!("cuffd: {}", app::chain(&error));
            error.exit_code()
        }
    }
}

fn lead(args: &simulate::Args, gateways: u32, config: &Config, around: &Surroundings) -> Result<u8, FleetError> {
    let numbers = args.first..args.first + gateways;
    let configs: Vec<(u32, Config)> = numbers
        .map(|number| Ok((number, of_number(config, number)?)))
        .collect::<Result<_, FleetError>>()?;
    let members = configs.into_iter().map(|(number, mut config)| {
        let (cuffs, source) = args.assemble(number, clock::wall(), around.clone());
        config.cuffs = cuffs;
        Member { config, source }
    });
    let pace = Pace {
        over: args.over.unwrap_or(Duration::from_millis(10) * gateways),
        settle: args.settle,
    };
    let stop = CancellationToken::new();
    let mut heard = 0;
    let tell = move |standing: Standing| {
        if heard % PRINT_EVERY == 0 {
            print_standing(standing, gateways);
        }
        heard += 1;
    };
    let ended = run::on_runtime(async move {
        let fleet = app::fleet::run(members, pace, tell, stop.clone());
        tokio::select! {
            ended = fleet => ended,
            never = stop_after(args.duration, stop) => never,
        }
    });
    match ended {
        Some(accounts) => {
            print_accounts(&accounts?)?;
            Ok(exit::OK)
        }
        None => Ok(exit::TRY_AGAIN),
    }
}

/// The config of the gateway of this number.
fn of_number(config: &Config, number: u32) -> Result<Config, FleetError> {
    let mut config = config.clone();
    let id = &config.gateway.id;
    let numbered = Name::parse_gateway(&format!("{id}-{number:05}"));
    config.gateway.id = numbered.map_err(|_| FleetError::Id { id: id.clone() })?;
    // Thousands would ask for it again and again.
    config.clock.source = synchronized::Source::Trust;
    let client_id = client_id(&config.gateway.site, &config.gateway.id);
    if let Some(mqtt) = &mut config.mqtt {
        mqtt.client_id = client_id;
    }
    Ok(config)
}

/// Lets this process open so many files, if that is in its power.
fn permit_files(wanted: u64) -> Result<(), FleetError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let most = maximum.unwrap_or(u64::MAX);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    if most < wanted || setrlimit(Resource::Nofile, raised).is_err() {
        return Err(FleetError::Files { wanted, most });
    }
    Ok(())
}

fn print_standing(standing: Standing, gateways: u32) {
    let Standing {
        started,
        connected,
        tries,
        made,
        queued,
        unconfirmed,
        set_aside,
    } = standing;
    let now = clock::wall();
    eprintln!(
        "{now:.0} fleet gateways={gateways} started={started} connected={connected} tries={tries} made={made} queued={queued} \
         unconfirmed={unconfirmed} set_aside={set_aside}"
    );
}

/// One line for each gateway, and one for all.
fn print_accounts(accounts: &[Account]) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for account in accounts {
        writeln!(out, "{}", json!(account))?;
    }
    let sum = |of: fn(&Account) -> u64| accounts.iter().map(of).sum::<u64>();
    let total = json!({
        "gateways": accounts.len(),
        "tries": sum(|one| one.tries),
        "made": sum(|one| one.made.values().sum()),
        "queued": sum(|one| one.queued),
        "unconfirmed": sum(|one| one.unconfirmed),
        "set_aside": sum(|one| one.set_aside),
    });
    writeln!(out, "{total}")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn config(id: &str) -> Config {
        let text = format!(
            "[gateway]\nsite = \"north\"\nid = \"{id}\"\n[mqtt]\n[[mqtt.brokers]]\nurl = \"mqtt://127.0.0.1\"\n"
        );
        config::load_text(&text, "test", []).expect("a good config").config
    }

    #[test]
    fn each_gateway_has_a_name_and_a_client_id_of_its_own() {
        let one = of_number(&config("gw"), 7).expect("a short name");
        assert_eq!(one.gateway.id.as_str(), "gw-00007");
        let client_id = one.mqtt.expect("it stands there").client_id;
        assert_eq!(client_id, "north:gw-00007:simulate");
    }

    #[test]
    fn a_name_has_room_for_a_number_up_to_eighteen_characters() {
        let of_length = |length: usize| of_number(&config(&"g".repeat(length)), 99_999);
        assert!(of_length(18).is_ok());
        let refused = of_length(19).expect_err("no room");
        assert_eq!(refused.exit_code(), exit::CONFIG);
    }

    #[test]
    fn more_files_than_there_can_be_are_refused() {
        let refused = permit_files(u64::MAX - 1);
        let unlimited = getrlimit(Resource::Nofile).maximum.is_none();
        assert!(unlimited || matches!(refused, Err(FleetError::Files { .. })));
        permit_files(1).expect("one is always allowed");
    }
}
