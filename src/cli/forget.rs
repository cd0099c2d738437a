//! `forget`: lets a cuff go, with its bond.

use clap::Args as ClapArgs;

use super::operator::with_daemon;
use super::prompt::{ask, somebody_is_there};
use super::{Failure, Global, exit};
use crate::control::client::ClientError;
use crate::control::operator::ForgetRequest;
use crate::core::name::Name;
use crate::core::pairing::{Listed, NotForgotten};

/// Removes a cuff and its bond, after a question. What it has measured stays.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// The cuff's id, as `cuffd cuffs` lists it.
    #[arg(value_parser = |text: &str| Name::parse(text).map_err(|_| "a cuff's id, as `cuffd cuffs` lists it".to_owned()))]
    id: Name,
    /// Without the question.
    #[arg(long)]
    yes: bool,
}

/// Runs the subcommand.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    if !args.yes && !somebody_is_there() {
        eprintln!("cuffd: without a terminal --yes is required");
        return exit::USAGE;
    }
    let forgotten = with_daemon(global, async |daemon| {
        let listed: Vec<Listed> = daemon.get("/control/v1/cuffs").await?;
        // Of one that is not there only that is to be said.
        if !args.yes && listed.iter().any(|cuff| cuff.id == args.id) {
            let question = format!(
                "Remove the cuff {} and its bond? Measured readings stay. [y/N] ",
                args.id
            );
            if !matches!(ask(&question).await?.as_str(), "y" | "Y" | "yes") {
                return Ok(false);
            }
        }
        daemon.radio().await?;
        let cuff = args.id.clone();
        daemon
            .ask("/control/v1/forget", &ForgetRequest { cuff })
            .await
            .map(|_| true)
    });
    match forgotten {
        Ok(true) => {
            eprintln!(
                "{} is forgotten. Remove this box in the cuff's own list too, if it has one.",
                args.id
            );
            exit::OK
        }
        Ok(false) => {
            eprintln!("Nothing was changed.");
            exit::BAD
        }
        Err(Failure::Client(ClientError::Refused { text, .. })) => refused(&text),
        Err(failure) => failure.tell(),
    }
}

fn refused(text: &str) -> u8 {
    let Ok(why) = serde_json::from_str::<NotForgotten>(text) else {
        eprintln!("cuffd: {text}");
        return exit::TRY_AGAIN;
    };
    eprintln!("cuffd: {why}");
    match why {
        NotForgotten::Unknown => exit::BAD,
        NotForgotten::InConfig => exit::CONFIG,
        NotForgotten::Busy => exit::TRY_AGAIN,
        NotForgotten::BondStays { .. } => exit::UNAVAILABLE,
        NotForgotten::NotWritten { .. } => exit::STORE,
    }
}
