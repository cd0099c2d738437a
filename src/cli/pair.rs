//! `pair`: bonds a cuff and registers it.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;
use serde_json::json;

use super::operator::{Daemon, Lines, with_daemon};
use super::prompt::{ask, ask_for, somebody_is_there};
use super::scan::List;
use super::{Failure, Global, exit, out};
use crate::control::operator::{PairRequest, RegistrationRequest, SeenLine};
use crate::core::cuff::{Address, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::pairing::{self, Listed, Outcome, Passkey, Step};

/// Bonds a cuff, sets its clock, reads what it is and registers it.
///
/// Put the cuff into pairing mode first: its manual says how. A cuff that shows six digits asks for them: type them here, on the
/// page, or give them with --passkey. What a new cuff is called and whom it measures is asked for on a terminal; else --id, and
/// --patient or --user, are required. A cuff that is registered already keeps its registration and is bonded anew.
#[derive(Clone, ClapArgs)]
pub struct Args {
    /// The cuff's address, as `cuffd scan` shows it; without it, it is chosen from the cuffs on the air.
    #[arg(value_parser = address)]
    address: Option<Address>,
    /// What events, messages and the page call it: no name of a person.
    #[arg(long, value_name = "ID", value_parser = name)]
    id: Option<Name>,
    /// Whose cuff it is: a patient's id, or "session" for a clinic's cuff that whoever has a session uses.
    #[arg(long, value_name = "P", conflicts_with = "users")]
    patient: Option<String>,
    /// Whose measurements those of the cuff's user N are; once for each user.
    #[arg(long = "user", value_name = "N=P", value_parser = user)]
    users: Vec<(u8, Name)>,
    /// Its model, where `cuffd` knows it: a row of the table of models.
    #[arg(long, value_name = "NAME", default_value = "standard", value_parser = model)]
    model: String,
    /// The six digits that the cuff shows, if it always shows the same.
    #[arg(long, value_name = "DIGITS", value_parser = passkey)]
    passkey: Option<Passkey>,
    /// For a cuff whose manual knows no pairing. Anybody near could play such a cuff: its readings count only where the clinic's
    /// policy says `require_bond = false`.
    #[arg(long)]
    without_bond: bool,
}

fn address(text: &str) -> Result<Address, String> {
    text.to_ascii_uppercase()
        .parse()
        .map_err(|_| "an address like AA:BB:CC:DD:EE:FF".to_owned())
}

fn name(text: &str) -> Result<Name, String> {
    Name::parse(text)
        .map_err(|_| "1 to 40 letters, digits, - and _, like living-room; a letter or digit first".to_owned())
}

fn user(text: &str) -> Result<(u8, Name), String> {
    let parts = text.split_once('=').and_then(|(user, patient)| {
        let user: u8 = user.parse().ok().filter(|user| *user < u8::MAX)?;
        Some((user, Name::parse(patient).ok()?))
    });
    parts
        .filter(|(_, patient)| patient.as_str() != Wearer::SESSION)
        .ok_or_else(|| "the cuff's number of a user (0 to 254) and a patient's id, like 1=p-7f3a".to_owned())
}

fn model(text: &str) -> Result<String, String> {
    let names = || {
        Model::all()
            .map(|model| model.name.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let found = Model::find(text).map(|model| model.name.clone());
    found.ok_or_else(|| format!("one of {}", names()))
}

fn passkey(text: &str) -> Result<Passkey, String> {
    Passkey::parse(text).ok_or_else(|| "six digits".to_owned())
}

/// Runs the subcommand.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    if let Some(missing) = missing(args) {
        eprintln!("cuffd: {missing}\n\nTry 'cuffd pair --help'.");
        return exit::USAGE;
    }
    let paired = with_daemon(global, async |daemon| {
        daemon.radio().await?;
        let listed: Vec<Listed> = daemon.get("/control/v1/cuffs").await?;
        let address = match args.address {
            Some(address) => address.expose(),
            None => choose(&daemon, &listed).await?,
        };
        let registration = registration(args, &address, &listed).await?;
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
    Ok(Some(RegistrationRequest {
        id,
        model: args.model.clone(),
        patient,
        users,
    }))
}

fn each_once(users: Vec<(u8, Name)>) -> Result<BTreeMap<u8, Name>, String> {
    let mut once = BTreeMap::new();
    for (user, patient) in users {
        if once.insert(user, patient).is_some() {
            return Err(format!("user {user} stands there twice"));
        }
    }
    Ok(once)
}

type Whose = (Option<String>, BTreeMap<u8, Name>);

fn wearer(text: &str) -> Result<Whose, String> {
    if text.contains('=') {
        let users = text.split([' ', ',']).filter(|part| !part.is_empty()).map(user);
        return Ok((None, each_once(users.collect::<Result<_, _>>()?)?));
    }
    if text == Wearer::SESSION {
        return Ok((Some(text.to_owned()), BTreeMap::new()));
    }
    let patient = name(text)?;
    Ok((Some(patient.to_string()), BTreeMap::new()))
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

// Whose cuff it is stays between the operator and the box.
impl std::fmt::Debug for Args {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Args").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_cuff_is_reads_as_people_write_it() {
        assert_eq!(wearer("p-7f3a"), Ok((Some("p-7f3a".to_owned()), BTreeMap::new())));
        assert_eq!(wearer("session"), Ok((Some("session".to_owned()), BTreeMap::new())));
        let users = wearer("1=p-1, 2=p-2").expect("two users").1;
        assert_eq!(users.keys().copied().collect::<Vec<_>>(), [1, 2]);
        for bad in ["", "Anna B.", "1=", "=p", "255=p", "1=session", "1=a b", "1=a 1=b"] {
            assert!(wearer(bad).is_err(), "{bad:?}");
        }
    }
}
