//! One line of `simulate --orders`: what one cuff does in one connection.

use std::time::Duration;

use serde::Deserialize;

use crate::config::duration;
use crate::core::bls::measurement::{Status, Unit};
use crate::core::cuff::{Cuff, Wearer};
use crate::core::name::Name;
use crate::simulate::habits::Bond;
use crate::simulate::visit::{Mishap, Taken, User, Values, Visit};

/// The greatest number on a cuff's display.
const GREATEST: u16 = 999;

/// Failed connections after which a cuff is called unreachable.
const TRIES: u32 = 5;

/// What the bits of a status are called, from bit 0 on.
const STATUS: [&str; 6] = [
    "body_movement",
    "cuff_too_loose",
    "irregular_pulse",
    "pulse_rate_above_range",
    "pulse_rate_below_range",
    "improper_position",
];

/// Why a line is no order.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    /// It is not JSON, or not of this form.
    #[error("{}", of_one_line(.0))]
    Form(#[from] serde_json::Error),
    /// The config has no such cuff.
    #[error("the config names no cuff \"{0}\"")]
    UnknownCuff(Name),
    /// A cuff measures both pressures or none.
    #[error(
        "a reading has systolic and diastolic; or neither, and pulse_rate neither: then the cuff could not measure"
    )]
    HalfMeasured,
    /// No cuff shows such a number.
    #[error("no cuff shows a number above {GREATEST}")]
    TooGreat,
    /// Not a time before.
    #[error("\"before\" is a whole number and a unit, like \"90s\" or \"5m\", not \"{0}\"")]
    Before(String),
    /// No such bit.
    #[error("no status is called \"{0}\"; known are {known}", known = STATUS.join(", "))]
    UnknownStatus(String),
}

/// The number of the line is the orders', not that of a text of one line.
fn of_one_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    cuff: Name,
    #[serde(default)]
    readings: Vec<Reading>,
    #[serde(default)]
    live: bool,
    bonded: Option<bool>,
    mishap: Option<Befalls>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    systolic: Option<u16>,
    diastolic: Option<u16>,
    pulse_rate: Option<u16>,
    before: Option<String>,
    user: Option<u8>,
    #[serde(default)]
    status: Vec<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Befalls {
    Unreachable,
    BondLost,
}

/// The cuff that a line names, and what it does.
///
/// # Errors
/// Says what is wrong with the line.
pub(super) fn parse(line: &[u8], cuffs: &[Cuff]) -> Result<(Name, Visit), OrderError> {
    let order: Order = serde_json::from_slice(line)?;
    let Some(cuff) = cuffs.iter().find(|cuff| cuff.id == order.cuff) else {
        return Err(OrderError::UnknownCuff(order.cuff));
    };
    let wearer = wearer(cuff);
    let taken = order.readings.into_iter().map(|reading| reading.taken(wearer));
    let mut taken = taken.collect::<Result<Vec<_>, _>>()?;
    let live = order.live.then(|| taken.pop()).flatten();
    let visit = Visit {
        taken,
        live,
        bond: order.bonded.map(|bonded| if bonded { Bond::Kept } else { Bond::Never }),
        mishap: order.mishap.map(|mishap| match mishap {
            Befalls::Unreachable => Mishap::Unreachable { tries: TRIES },
            Befalls::BondLost => Mishap::BondLost,
        }),
        ..Visit::default()
    };
    Ok((order.cuff, visit))
}

/// Who measures where no user is named: the first who is registered.
fn wearer(cuff: &Cuff) -> User {
    match &cuff.wearer {
        Wearer::Users(users) => users
            .keys()
            .next()
            .map_or(User::Wearer, |user_id| User::Numbered(*user_id)),
        Wearer::Patient(_) | Wearer::Session => User::Wearer,
    }
}

impl Reading {
    fn taken(self, wearer: User) -> Result<Taken, OrderError> {
        let values = self.values()?;
        let before = match self.before {
            None => Duration::ZERO,
            Some(text) => duration::parse(&text).ok_or(OrderError::Before(text))?,
        };
        let mut status = 0;
        for name in self.status {
            let bit = STATUS.iter().position(|known| *known == name);
            status |= 1 << bit.ok_or(OrderError::UnknownStatus(name))?;
        }
        Ok(Taken {
            before,
            user: self.user.map_or(wearer, User::Numbered),
            values,
            status: Status(status),
            unit: Unit::MmHg,
            cut_to: None,
        })
    }

    fn values(&self) -> Result<Option<Values>, OrderError> {
        let numbers = [self.systolic, self.diastolic, self.pulse_rate];
        if numbers.into_iter().flatten().any(|number| number > GREATEST) {
            return Err(OrderError::TooGreat);
        }
        match (self.systolic, self.diastolic, self.pulse_rate) {
            (Some(systolic), Some(diastolic), pulse_rate) => Ok(Some(Values {
                systolic,
                diastolic,
                // A cuff that found none says so.
                pulse_rate: pulse_rate.unwrap_or(0),
            })),
            (None, None, None) => Ok(None),
            _ => Err(OrderError::HalfMeasured),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    const CONFIG: &str = r#"
        [gateway]
        site = "north"
        id = "gw"
        [[cuffs]]
        id = "own"
        address = "C0:FF:EE:00:00:01"
        patient = "p1"
        [[cuffs]]
        id = "shared"
        address = "C0:FF:EE:00:00:02"
        model = "beurer-bm54"
        users = { 3 = "p1", 2 = "p2" }
    "#;

    fn parsed(line: &str) -> Result<(Name, Visit), OrderError> {
        let cuffs = config::load_text(CONFIG, "test", [])
            .expect("a good config")
            .config
            .cuffs;
        parse(line.as_bytes(), &cuffs)
    }

    fn visit(line: &str) -> Visit {
        parsed(line).expect("an order").1
    }

    #[test]
    fn a_line_is_a_visit_of_its_cuff() {
        let (cuff, visit) = parsed(
            r#"{"cuff":"own","bonded":true,"readings":[
                {"systolic":146,"diastolic":82,"pulse_rate":72,"before":"5s","user":1,"status":["body_movement","irregular_pulse"]},
                {"systolic":128,"diastolic":79}]}"#,
        )
        .expect("an order");
        let fair = Taken::measured(
            Values {
                systolic: 128,
                diastolic: 79,
                pulse_rate: 0,
            },
            Duration::ZERO,
        );
        let moved = Taken {
            before: Duration::from_secs(5),
            user: User::Numbered(1),
            values: Some(Values {
                systolic: 146,
                diastolic: 82,
                pulse_rate: 72,
            }),
            status: Status(0b101),
            ..fair
        };
        let expected = Visit {
            taken: vec![moved, fair],
            bond: Some(Bond::Kept),
            ..Visit::default()
        };
        assert_eq!((cuff.as_str(), visit), ("own", expected));
    }

    #[test]
    fn without_a_user_it_is_the_first_who_is_registered() {
        for (line, user) in [
            (r#"{"cuff":"shared","readings":[{}]}"#, User::Numbered(2)),
            (r#"{"cuff":"shared","readings":[{"user":255}]}"#, User::Numbered(255)),
            (r#"{"cuff":"own","readings":[{}]}"#, User::Wearer),
        ] {
            let visit = visit(line);
            assert_eq!(
                visit.taken.first().map(|taken| (taken.user, taken.values)),
                Some((user, None))
            );
        }
    }

    #[test]
    fn the_last_reading_of_a_live_line_is_measured_while_connected() {
        let visit = visit(r#"{"cuff":"own","live":true,"readings":[{"before":"1m"},{}]}"#);
        let before = |taken: &Taken| taken.before.as_secs();
        assert_eq!(visit.taken.iter().map(before).collect::<Vec<_>>(), [60]);
        assert_eq!(visit.live.as_ref().map(before), Some(0));
        let nothing = parsed(r#"{"cuff":"own","live":true}"#).expect("nothing to send").1;
        assert_eq!(nothing, Visit::default());
    }

    #[test]
    fn what_goes_wrong_can_be_ordered() {
        for (line, bond, mishap) in [
            (r#"{"cuff":"own","bonded":false}"#, Some(Bond::Never), None),
            (r#"{"cuff":"own","mishap":"bond_lost"}"#, None, Some(Mishap::BondLost)),
            (
                r#"{"cuff":"own","mishap":"unreachable"}"#,
                None,
                Some(Mishap::Unreachable { tries: TRIES }),
            ),
        ] {
            let visit = visit(line);
            assert_eq!((visit.bond, visit.mishap), (bond, mishap), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        for (line, words) in [
            ("{", "at column 1"),
            ("7", "invalid type"),
            ("{}", "missing field `cuff`"),
            (r#"{"cuff":"own","reading":[]}"#, "unknown field `reading`"),
            (r#"{"cuff":"own","readings":[{"sys":120}]}"#, "unknown field `sys`"),
            (
                r#"{"cuff":"own","readings":[{"systolic":120.5,"diastolic":80}]}"#,
                "120.5",
            ),
            (r#"{"cuff":"own","readings":[{"systolic":-1,"diastolic":80}]}"#, "-1"),
            (r#"{"cuff":"own","mishap":"rain"}"#, "rain"),
            (r#"{"cuff":"own"} {"cuff":"own"}"#, "trailing"),
            (r#"{"cuff":"o wn"}"#, "character"),
            (r#"{"cuff":"other"}"#, "no cuff \"other\""),
            (r#"{"cuff":"own","readings":[{"systolic":120}]}"#, "could not measure"),
            (r#"{"cuff":"own","readings":[{"pulse_rate":70}]}"#, "could not measure"),
            (
                r#"{"cuff":"own","readings":[{"systolic":1000,"diastolic":80}]}"#,
                "above 999",
            ),
            (r#"{"cuff":"own","readings":[{"before":"soon"}]}"#, "\"soon\""),
            (
                r#"{"cuff":"own","readings":[{"status":["tired"]}]}"#,
                "\"tired\"; known are body_movement",
            ),
        ] {
            let said = parsed(line).expect_err(line).to_string();
            assert!(said.contains(words), "{line}: {said}");
        }
    }

    #[test]
    fn every_status_is_its_bit() {
        for (bit, name) in STATUS.iter().enumerate() {
            let names: Vec<_> = Status(1 << bit).names().collect();
            assert_eq!(names, [*name]);
        }
    }
}
