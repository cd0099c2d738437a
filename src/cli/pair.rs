//! `pair`: bonds a cuff and registers it.

use serde_json::json;

mod args;

pub use self::args::Args;
use self::args::{each_once, name, passkey, wearer};
use super::operator::{Daemon, Lines, with_daemon};
use super::prompt::{ask, ask_for, somebody_is_there};
use super::scan::List;
use super::{Failure, Global, exit, out};
use crate::control::operator::{PairRequest, RegistrationRequest, SeenLine};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::pairing::{self, Listed, Outcome, Passkey, Step};

/// Runs the subcommand.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    if let Some(missing) = missing(args) {
        eprintln!("cuffd: {missing}\n\nTry 'cuffd pair --help'.");
        return exit::USAGE;
    }
    let paired = with_daemon(global, async |daemon| {
        let listed: Vec<Listed> = daemon.get("/control/v1/cuffs").await?;
        let address = match args.address {
            Some(address) => address.expose(),
            None => {
                daemon.radio().await?;
                choose(&daemon, &listed).await?
            }
        };
        // What is missing of the command line is missing with and without a radio.
        let registration = registration(args, &address, &listed).await?;
        daemon.radio().await?;
        let request = PairRequest {
            address,
            registration,
            passkey: args.passkey.map(Passkey::expose),
            without_bond: args.without_bond,
        };
        let lines = daemon.ask("/control/v1/pair", &request).await?;
        follow(&daemon, lines).await
    });
    match paired {
        Ok(Ok(line)) => out(&format!("{line}\n")),
        Ok(Err(failure)) => {
            eprintln!("cuffd: not paired: {failure}\n  Next: {}.", failure.next_step());
            code(&failure)
        }
        Err(Failure::Usage(missing)) => {
            eprintln!("cuffd: {missing}\n\nTry 'cuffd pair --help'.");
            exit::USAGE
        }
        Err(failure) => failure.tell(),
    }
}

/// What must be said where nobody can be asked.
fn missing(args: &Args) -> Option<&'static str> {
    let nobody = !somebody_is_there();
    (nobody && args.address.is_none())
        .then_some("without a terminal the cuff's ADDRESS is required: `cuffd scan` shows it")
}

async fn choose(daemon: &Daemon, listed: &[Listed]) -> Result<String, Failure> {
    eprintln!("Put the cuff into pairing mode: its manual says how. Cuffs that are heard:");
    let mut list = List::new(listed.to_vec(), false);
    let mut lines = daemon.follow("/control/v1/scan").await?;
    let mut chosen = Box::pin(ask(""));
    loop {
        tokio::select! {
            seen = lines.next::<SeenLine>() => {
                let Some(seen) = seen? else { return Err(Failure::Interrupted) };
                if list.take(seen).is_some() {
                    let number = list.heard().len();
                    if let Some(row) = list.last_row() {
                        eprintln!("  {number}: {row}");
                    }
                    if number == 1 {
                        eprintln!("Which one? Type its number and press Enter; wait if yours is not there yet.");
                    }
                }
            }
            answer = &mut chosen => {
                let number = answer?.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                if let Some(seen) = number.and_then(|place| list.heard().get(place)) {
                    return Ok(seen.address.clone());
                }
                eprintln!("  a number of the list, please");
                chosen = Box::pin(ask(""));
            }
        }
    }
}

/// As what a new cuff is registered; `None` for one that is registered.
async fn registration(args: &Args, address: &str, listed: &[Listed]) -> Result<Option<RegistrationRequest>, Failure> {
    if let Some(known) = listed.iter().find(|cuff| cuff.address == address) {
        eprintln!(
            "This cuff is registered as {}: it keeps that, and is bonded anew.",
            known.id
        );
        eprintln!("It must be in pairing mode: the bond from before is removed.");
        if somebody_is_there() && !matches!(ask("Go on? [y/N] ").await?.as_str(), "y" | "Y" | "yes") {
            return Err(Failure::Interrupted);
        }
        return Ok(None);
    }
    let whose = args.patient.is_some() || !args.users.is_empty();
    if !somebody_is_there() && (args.id.is_none() || !whose) {
        return Err(Failure::Usage(
            "without a terminal --id, and --patient or --user N=P, are required",
        ));
    }
    let id = match &args.id {
        Some(id) => id.clone(),
        None => ask_for("What is this cuff called? (like living-room; no person's name) ", name).await?,
    };
    let mut users = each_once(args.users.clone()).map_err(|_| Failure::Usage("each user once: --user N=P"))?;
    let mut patient = args.patient.clone();
    if !whose {
        (patient, users) = ask_for(
            "Whose is it? A patient's id; \"session\" (a clinic's); or 1=ID 2=ID: ",
            wearer,
        )
        .await?;
    }
    if !args.trust_clock && Model::find(&args.model).is_some_and(Model::keeps_its_clock_to_itself) {
        eprintln!(
            "The clock of this model can be neither set nor read. None of its readings counts, unless somebody keeps it right \
             and it is registered with --trust-clock."
        );
    }
    Ok(Some(RegistrationRequest {
        id,
        model: args.model.clone(),
        patient,
        users,
        trust_clock: args.trust_clock,
    }))
}

/// Tells what happens until it is over; the line for stdout, or why not.
async fn follow(daemon: &Daemon, mut lines: Lines) -> Result<Result<String, pairing::Failure>, Failure> {
    let mut typing = None;
    let mut cuff = None;
    let mut bond = true;
    loop {
        let typed = async {
            match typing.as_mut() {
                Some(typed) => Box::pin(typed).await,
                None => std::future::pending().await,
            }
        };
        let step = tokio::select! {
            step = lines.next::<Step>() => step?,
            typed = typed => {
                typing = None;
                enter(daemon, typed?).await?;
                continue;
            }
        };
        match step {
            None => return Err(Failure::Interrupted),
            Some(Step::PasskeyWanted) => {
                if somebody_is_there() {
                    let digits = ask_for("The cuff shows six digits. Type them here (or on the page): ", passkey);
                    typing = Some(Box::pin(digits));
                } else {
                    eprintln!("The cuff shows six digits: enter them on the page, or start again with\n--passkey.");
                }
            }
            Some(Step::Done(outcome)) => {
                tell(&outcome, bond);
                return Ok(Ok(line(cuff.as_ref(), bond, &outcome)));
            }
            Some(Step::Failed { failure }) => return Ok(Err(failure)),
            Some(Step::Registered { cuff: id }) => {
                eprintln!("It is registered as {id}. Reading what it is, and what is in its memory…");
                cuff = Some(id);
            }
            Some(Step::Bonded { bonded }) => {
                bond = bonded;
                eprintln!("{}", said_of_bond(bonded));
            }
            Some(step) => eprintln!("{}", said(&step)),
        }
    }
}

const fn said_of_bond(bonded: bool) -> &'static str {
    if bonded {
        "The cuff is bonded with this box."
    } else {
        "The cuff is connected, without a bond."
    }
}

/// A step that needs nothing done here.
fn said(step: &Step) -> String {
    match step {
        Step::Searching => "Listening for the cuff (up to a minute)…".to_owned(),
        Step::Found { name, .. } => {
            let name = name.iter().flat_map(|name| name.chars());
            let name: String = name.filter(|c| !c.is_control()).collect();
            let name = if name.is_empty() { "(it gives no name)" } else { &name };
            format!("It is there: {name}")
        }
        Step::OldBondRemoved => "A bond from before was removed. Listening for the cuff again…".to_owned(),
        Step::Pairing => "Pairing…".to_owned(),
        Step::PasskeyGiven => "\nThe digits were entered.".to_owned(),
        Step::PasskeyWanted | Step::Bonded { .. } | Step::Registered { .. } | Step::Done(_) | Step::Failed { .. } => {
            String::new()
        }
    }
}

async fn enter(daemon: &Daemon, passkey: Passkey) -> Result<(), Failure> {
    let digits = format!("{:06}", passkey.expose());
    let entered = daemon.ask("/api/v1/passkey", &json!({ "passkey": digits })).await;
    match entered {
        // It was entered on the page meanwhile, or the cuff has given up: the next step tells.
        Ok(_) | Err(Failure::Client(crate::control::client::ClientError::Refused { .. })) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn tell(outcome: &Outcome, bonded: bool) {
    let Outcome {
        manufacturer,
        model_number,
        firmware,
        battery,
        clock_set_at,
        next_counts,
    } = outcome;
    let parts = [
        manufacturer.clone(),
        model_number.clone(),
        firmware.as_ref().map(|firmware| format!("firmware {firmware}")),
        battery.map(|battery| format!("battery {battery} %")),
    ];
    let what: Vec<String> = parts.into_iter().flatten().collect();
    if !what.is_empty() {
        eprintln!("It says of itself: {}.", what.join(", "));
    }
    match clock_set_at {
        Some(_) => eprintln!("Its clock is set."),
        None => {
            eprintln!("Its clock was not set: it is right, or cannot be set, or this box does not know\nthe time yet.")
        }
    }
    if !bonded {
        eprintln!("Without a bond its readings count only where the policy says\nrequire_bond = false.");
    }
    if *next_counts {
        eprintln!("What was in its memory is history and clears nobody.\nThe next measurement counts.");
    } else {
        eprintln!(
            "Now take a measurement for trial: the first that it sends here is history.\nThe one after it counts."
        );
    }
}

fn line(cuff: Option<&Name>, bonded: bool, outcome: &Outcome) -> String {
    json!({
        "cuff": cuff,
        "bonded": bonded,
        "manufacturer": outcome.manufacturer,
        "model_number": outcome.model_number,
        "firmware": outcome.firmware,
        "battery": outcome.battery,
        "clock_set_at": outcome.clock_set_at,
        "next_counts": outcome.next_counts,
    })
    .to_string()
}

fn code(failure: &pairing::Failure) -> u8 {
    use pairing::Failure as Why;
    match failure {
        Why::NoRadio | Why::Bluetoothd { .. } => exit::UNAVAILABLE,
        Why::Busy => exit::TRY_AGAIN,
        Why::IdTaken | Why::NoRegistration | Why::BadRegistration { .. } => exit::USAGE,
        Why::NotWritten { .. } => exit::STORE,
        Why::NotHeard
        | Why::NotConnected
        | Why::Refused
        | Why::WrongPasskey
        | Why::NoPasskey
        | Why::HungUp
        | Why::NotACuff
        | Why::Proprietary { .. }
        | Why::NotKept
        | Why::Cancelled => exit::BAD,
    }
}
