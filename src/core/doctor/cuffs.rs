//! The registered cuffs: their bonds, and whether they were heard.

use std::time::Duration;

use jiff::Timestamp;

use super::{About, Bond, Bonded, Check, Facts, ago, since};
use crate::core::name::Name;
use crate::core::state::{CuffHealth, CuffState};

/// A cuff that was used weekly has been heard by then.
const SILENT: Duration = Duration::from_hours(14 * 24);

/// Batteries that end soon, in percent.
const LOW: u8 = 15;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let cuffs = registered(facts);
    if cuffs.is_empty() {
        let known = facts.settings().is_some() || facts.state().is_some();
        let none = known.then(|| {
            Check::bad(
                About::Cuff,
                "none is registered",
                "put the cuff into pairing mode, and `sudo cuffd pair`",
            )
        });
        return none.into_iter().collect();
    }
    cuffs.into_iter().flat_map(|cuff| one(facts, &cuff)).collect()
}

/// Those of the config; where it cannot be read, those that the daemon knows. Virtual ones only the daemon knows.
fn registered(facts: &Facts) -> Vec<Name> {
    let of_the_daemon = || {
        let state = facts.state().into_iter();
        state
            .flat_map(|state| &state.cuffs)
            .map(|cuff| cuff.id.clone())
            .collect()
    };
    match facts.settings() {
        Some(settings) if !facts.is_virtual() => settings.cuffs.clone(),
        Some(_) | None => of_the_daemon(),
    }
}

fn one(facts: &Facts, cuff: &Name) -> Vec<Check> {
    let state = facts
        .state()
        .and_then(|state| state.cuffs.iter().find(|known| known.id == *cuff));
    let mut checks = Vec::new();
    if facts.state().is_some() && state.is_none() {
        checks.push(Check::bad(
            About::Cuff,
            "the daemon does not know it yet",
            "`sudo systemctl restart cuffd` takes up the changed config",
        ));
    }
    let bond = facts.bonds.iter().find(|bond| bond.cuff == *cuff);
    let bond_lost = state.is_some_and(|state| state.health == CuffHealth::BondLost);
    checks.extend(of_bond(facts, cuff, bond, bond_lost));
    checks.extend(held(facts, bond, state));
    checks.extend(of_health(facts, cuff, state));
    checks.extend(state.and_then(of_battery));
    if checks.is_empty() {
        checks.push(Check::ok(About::Cuff, heard(facts, cuff, state)));
    }
    checks.into_iter().map(|check| check.of(cuff.as_str())).collect()
}

/// Virtual cuffs have none to look at, and what was not asked is not told.
fn of_bond(facts: &Facts, cuff: &Name, bond: Option<&Bond>, lost: bool) -> Option<Check> {
    let message = match bond.map(|bond| bond.bonded) {
        _ if lost => "the cuff or this machine forgot the bond: readings do not count",
        None | Some(Bonded::Yes) => return None,
        Some(Bonded::No) => "this machine knows it, and has no bond with it",
        Some(Bonded::Unknown) => "this machine has no bond with it",
    };
    let step = format!("put it into pairing mode, then `sudo cuffd pair`: choose {cuff}, which keeps its registration");
    let needed = facts.settings().is_none_or(|settings| settings.require_bond);
    Some(if needed {
        Check::bad(About::Bond, message, step)
    } else {
        Check::warn(About::Bond, message, step)
    })
}

/// Connected to this machine, and not by the daemon: what it sends is confirmed and thrown away.
fn held(facts: &Facts, bond: Option<&Bond>, state: Option<&CuffState>) -> Option<Check> {
    let by_another = bond.is_some_and(|bond| bond.connected) && !state.is_some_and(|state| state.connected);
    by_another.then(|| {
        let message = "another program of this machine is connected to it, and may take its readings away";
        let step = "`bluetoothctl disconnect`, and end the program that connects (a desktop's Bluetooth settings, another app)";
        if facts.state().is_some() {
            // The daemon may have connected since it was asked.
            Check::warn(About::Cuff, message, step)
        } else {
            Check::bad(About::Cuff, message, step)
        }
    })
}

fn of_health(facts: &Facts, cuff: &Name, state: Option<&CuffState>) -> Option<Check> {
    if state.is_some_and(|state| state.health == CuffHealth::Unreachable) {
        return Some(Check::bad(
            About::Cuff,
            "it is heard, but connections fail",
            "put in new batteries, bring it nearer, and switch Bluetooth off on telephones that know it: one may hold it",
        ));
    }
    if state.is_some_and(|state| state.heard_at.is_some()) {
        return None;
    }
    let step = "press START on it within 5 m of the box; if it stays silent put in new batteries, then pair it again: `sudo \
                cuffd pair`";
    let stored = facts.heard.iter().find(|heard| heard.cuff == *cuff)?;
    match stored.at {
        None => Some(Check::warn(About::Cuff, "it has not been heard yet", step)),
        Some(at) if since(at, facts.now) >= SILENT => {
            let message = format!("it has not been heard for {}", ago(at, facts.now));
            Some(Check::warn(About::Cuff, message, step))
        }
        Some(_) => None,
    }
}

fn of_battery(state: &CuffState) -> Option<Check> {
    let battery = state.battery.filter(|battery| *battery <= LOW)?;
    Some(Check::warn(
        About::Cuff,
        format!("its batteries have {battery} % left"),
        "put in new ones; then set its clock by a measurement within reach of the box",
    ))
}

fn heard(facts: &Facts, cuff: &Name, state: Option<&CuffState>) -> String {
    let stored = facts
        .heard
        .iter()
        .find(|heard| heard.cuff == *cuff)
        .and_then(|heard| heard.at);
    let newest: Option<Timestamp> = state.and_then(|state| state.heard_at).max(stored);
    match newest {
        Some(at) => format!("well, last heard {} ago", ago(at, facts.now)),
        None => "nothing is wrong with it".to_owned(),
    }
}
