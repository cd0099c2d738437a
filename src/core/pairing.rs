//! What an operator does with cuffs: looks for them, bonds one, lets one go. What is told meanwhile, and why it came to nothing,
//! in plain words with the next step (contract 1, `scan`, `pair`, `forget`).

mod faults;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cuff::{Address, Cuff, Wearer};
use super::name::Name;

pub use self::faults::{Failure, NotForgotten};

/// The largest passkey: six decimal digits (Bluetooth Core, Security Manager 2.3.5.1).
const LAST_PASSKEY: u32 = 999_999;

/// A passkey as people read it from a cuff's display: six digits, zeros in front included.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Passkey(u32);

impl Passkey {
    /// The passkey of this number; `None` above 999999.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (number <= LAST_PASSKEY).then_some(Self(number))
    }

    /// Reads six digits, with or without spaces between.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let is_whole = digits.len() == 6 && digits.bytes().all(|octet| octet.is_ascii_digit());
        digits.parse().ok().filter(|_| is_whole).and_then(Self::new)
    }

    /// The number.
    #[must_use]
    pub const fn expose(self) -> u32 {
        self.0
    }
}

// Whoever knows it could stand between the cuff and us.
impl std::fmt::Debug for Passkey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<private>")
    }
}

/// A device that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its address: the identity address where it is bonded.
    pub address: Address,
    /// What it calls itself, if it has said so.
    pub name: Option<String>,
    /// Strength of the last advertisement, dBm.
    pub rssi: Option<i16>,
    /// Whether it offers the Blood Pressure Service.
    pub is_cuff: bool,
    /// Whether there is a bond with it.
    pub bonded: bool,
}

/// Which cuff is to be bonded, and as what it is registered then.
#[derive(Clone, Debug)]
pub struct Order {
    /// The cuff.
    pub address: Address,
    /// Its registration; `None` for one that is registered already, whose registration stays as it is.
    pub registration: Option<Registration>,
    /// The passkey, where it is known before the cuff asks.
    pub passkey: Option<Passkey>,
    /// Whether it is a cuff that knows no bonds: it is registered without one.
    pub without_bond: bool,
}

/// What a cuff is registered as.
#[derive(Clone, Debug)]
pub struct Registration {
    /// What events, messages and the page call it.
    pub id: Name,
    /// Its row in the table of models.
    pub model: &'static super::models::Model,
    /// Whose measurements it takes.
    pub wearer: Wearer,
    /// See [`Cuff::trust_clock`](crate::core::cuff::Cuff::trust_clock).
    pub trust_clock: bool,
}

/// What is told while a cuff is being paired, in order. The last one is [`Step::Done`] or [`Step::Failed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// Listening for its advertisement.
    Searching,
    /// It is there.
    Found {
        /// What it calls itself.
        name: Option<String>,
        /// Strength of the signal, dBm.
        rssi: Option<i16>,
    },
    /// A bond from before, which the cuff does not know any more, was removed.
    OldBondRemoved,
    /// The bond is being made.
    Pairing,
    /// The cuff shows six digits, and waits for them.
    PasskeyWanted,
    /// Six digits were entered.
    PasskeyGiven,
    /// The bond is made; or, without one, the cuff is connected.
    Bonded {
        /// Whether there is a bond.
        bonded: bool,
    },
    /// It is registered, and its first connection is under way.
    Registered {
        /// Its id.
        cuff: Name,
    },
    /// It is done.
    Done(Outcome),
    /// It came to nothing.
    Failed {
        /// Why.
        failure: Failure,
    },
}

/// What is known once a cuff is paired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What it calls its maker.
    pub manufacturer: Option<String>,
    /// What it calls itself.
    pub model_number: Option<String>,
    /// Its firmware.
    pub firmware: Option<String>,
    /// Battery in percent.
    pub battery: Option<u8>,
    /// When its clock was set; `None`: it has none that can be set, or ours is not right yet.
    pub clock_set_at: Option<Timestamp>,
    /// Whether the connection that is history, the first that brings measurements, is over (contract 2.2): the next counts.
    pub next_counts: bool,
}

/// A registered cuff, as it is listed for operators on the machine itself: never in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its id.
    pub id: Name,
    /// Its address.
    pub address: String,
    /// Its row in the table of models.
    pub model: String,
    /// Whose measurements it takes: `patient`, `users` or `session`.
    pub wearer: WearerKind,
    /// Whether it stands in the config; else `pair` wrote it.
    pub in_config: bool,
    /// What was measured before belongs to nobody.
    pub since: Option<Timestamp>,
}

/// Whose measurements a cuff takes, without saying who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WearerKind {
    /// One person's.
    Patient,
    /// By the cuff's user ids.
    Users,
    /// The open session's.
    Session,
}

impl From<&Wearer> for WearerKind {
    fn from(wearer: &Wearer) -> Self {
        match wearer {
            Wearer::Patient(_) => Self::Patient,
            Wearer::Users(_) => Self::Users,
            Wearer::Session => Self::Session,
        }
    }
}

impl Listed {
    /// All cuffs of a register, of which the first `given` stand in the config.
    #[must_use]
    pub fn all(cuffs: &[Cuff], given: usize) -> Vec<Self> {
        let numbered = cuffs.iter().enumerate();
        numbered
            .map(|(place, cuff)| Self {
                id: cuff.id.clone(),
                address: cuff.address.expose(),
                model: cuff.model.name.clone(),
                wearer: WearerKind::from(&cuff.wearer),
                in_config: place < given,
                since: cuff.since,
            })
            .collect()
    }
}

/// What the page shows of a pairing under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnderWay {
    /// The cuff shows six digits, and waits for them.
    pub passkey_wanted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passkey_is_six_digits() {
        for (text, number) in [
            ("123456", Some(123_456)),
            ("000042", Some(42)),
            (" 123 456\n", Some(123_456)),
            ("12345", None),
            ("1234567", None),
            ("+12345", None),
            ("12345x", None),
            ("", None),
        ] {
            assert_eq!(Passkey::parse(text).map(Passkey::expose), number, "{text:?}");
        }
        assert_eq!(Passkey::new(1_000_000), None);
    }
}
