//! What `pair` is told, by arguments or on a terminal.

use std::collections::BTreeMap;

use clap::Args as ClapArgs;

use crate::core::cuff::{Address, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::pairing::Passkey;

/// Bonds a cuff, sets its clock, reads what it is and registers it.
///
/// Put the cuff into pairing mode first: its manual says how. A cuff that shows six digits asks for them: type them here, on the
/// page, or give them with --passkey. What a new cuff is called and whom it measures is asked for on a terminal; else --id, and
/// --patient or --user, are required. A cuff that is registered already keeps its registration and is bonded anew.
#[derive(Clone, ClapArgs)]
pub struct Args {
    /// The cuff's address, as `cuffd scan` shows it; without it, it is chosen from the cuffs on the air.
    #[arg(value_parser = address)]
    pub(super) address: Option<Address>,
    /// What events, messages and the page call it: no name of a person.
    #[arg(long, value_name = "ID", value_parser = name)]
    pub(super) id: Option<Name>,
    /// Whose cuff it is: a patient's id, or "session" for a clinic's cuff that whoever has a session uses.
    #[arg(long, value_name = "P", conflicts_with = "users")]
    pub(super) patient: Option<String>,
    /// Whose measurements those of the cuff's user N are; once for each user.
    #[arg(long = "user", value_name = "N=P", value_parser = user)]
    pub(super) users: Vec<(u8, Name)>,
    /// Its model, where `cuffd` knows it: a row of the table of models.
    #[arg(long, value_name = "NAME", default_value = "standard", value_parser = model)]
    pub(super) model: String,
    /// Its clock is believed: somebody sets it by hand and keeps it right. For a cuff whose clock can be neither set nor read from
    /// here, such as a Beurer BM54: without this none of its readings counts.
    #[arg(long)]
    pub(super) trust_clock: bool,
    /// The six digits that the cuff shows, if it always shows the same.
    #[arg(long, value_name = "DIGITS", value_parser = passkey)]
    pub(super) passkey: Option<Passkey>,
    /// For a cuff whose manual knows no pairing. Anybody near could play such a cuff: its readings count only where the clinic's
    /// policy says `require_bond = false`.
    #[arg(long)]
    pub(super) without_bond: bool,
}

fn address(text: &str) -> Result<Address, String> {
    text.to_ascii_uppercase()
        .parse()
        .map_err(|_| "an address like AA:BB:CC:DD:EE:FF".to_owned())
}

pub(super) fn name(text: &str) -> Result<Name, String> {
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

pub(super) fn passkey(text: &str) -> Result<Passkey, String> {
    Passkey::parse(text).ok_or_else(|| "six digits".to_owned())
}

pub(super) fn each_once(users: Vec<(u8, Name)>) -> Result<BTreeMap<u8, Name>, String> {
    let mut once = BTreeMap::new();
    for (user, patient) in users {
        if once.insert(user, patient).is_some() {
            return Err(format!("user {user} stands there twice"));
        }
    }
    Ok(once)
}

/// The patient, or the patients of the cuff's users.
pub(super) type Whose = (Option<String>, BTreeMap<u8, Name>);

/// Whose a cuff is, as it is typed.
pub(super) fn wearer(text: &str) -> Result<Whose, String> {
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
