//! How each model behaves on the air, as data: what a virtual cuff imitates.
//!
//! The rows restate what is known of real cuffs (public captures, vendor sample code, issue trackers). Values that
//! nobody has published (gaps, features of some models) are plausible inventions, good enough to test against.

use std::time::Duration;

use jiff::civil::{DateTime, date};

/// The habits of one model.
#[derive(Debug, PartialEq)]
pub struct Habits {
    /// The model's name in the config.
    pub model: &'static str,
    /// What it answers as its manufacturer.
    pub manufacturer: &'static str,
    /// What it answers as its model number.
    pub model_number: &'static str,
    /// Whether its link is encrypted by a bond.
    pub bond: Bond,
    /// How its clock can be reached.
    pub clock: Clock,
    /// What it stamps while its clock was never set.
    pub unset: Unset,
    /// How its clock stands when it comes out of the box.
    pub at_first: AtFirst,
    /// The user ids that it sends, the registered wearer's first.
    pub users: Users,
    /// What it sends as the mean arterial pressure.
    pub mean: Mean,
    /// Whether it sends seconds.
    pub seconds: Seconds,
    /// How its octets depart from the standard.
    pub octets: Octets,
    /// What it remembers after a transfer.
    pub memory: Memory,
    /// Time between two indications.
    pub gap: Duration,
    /// How a dump ends.
    pub end: End,
    /// What the first indication after subscribing may be.
    pub first: First,
    /// Whether it sends the pressure while it measures.
    pub live: Live,
    /// Its 0x2A49 value.
    pub features: u16,
}

/// Whether a cuff bonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bond {
    /// It bonds, so a connection comes up encrypted.
    Kept,
    /// It knows no bond.
    Never,
}

/// How a cuff's clock is reached over the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Not at all.
    OutOfReach,
    /// By Date Time (0x2A08), written at every connection.
    Written,
    /// By Current Time (0x2A2B): read, and set when it is off.
    CurrentTime,
}

/// What a cuff stamps while its clock was never set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// Measurements have no time.
    NoTime,
    /// A clock that began at this date.
    Since(DateTime),
}

/// A new cuff's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtFirst {
    /// Somebody set it.
    Right,
    /// Nobody has set it yet; over the air it is set if it can be.
    Unset,
    /// Nobody has set it; a person does after the first connection, so one memory holds both kinds of date.
    SetByHandLater,
}

/// The user ids that a cuff sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Users {
    /// None.
    NotSent,
    /// From the first to the last, both included.
    Range(u8, u8),
}

/// What a cuff sends as the mean arterial pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// A real one.
    Real,
    /// Always 0.
    Zero,
    /// Not a number.
    NotANumber,
}

/// Whether a cuff sends seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seconds {
    /// It does.
    Sent,
    /// Always 0.
    Zero,
}

/// How a cuff's octets depart from the standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Octets {
    /// Not at all.
    Standard,
    /// A user octet without its flag, a reserved flag set, pulse rate and status big-endian.
    Bm85,
}

/// What a cuff remembers after a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Nothing that was confirmed.
    Forgets,
    /// This many measurements of each user, all sent at every connection, user by user, oldest first.
    SendsAll(usize),
}

/// How a dump ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The cuff hangs up, this long after the last indication.
    HangsUp(Duration),
    /// The cuff stays connected and says no more.
    Silence,
}

/// What the first indication after subscribing may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// The oldest that was not sent.
    New,
    /// The last one that was sent, once more.
    Old,
}

/// Whether a cuff sends the pressure while it measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// It notifies 0x2A36.
    Sent,
    /// It only indicates results.
    NotSent,
}

const MOVEMENT_FIT_IRREGULAR: u16 = 0b111;
const ALL_STATUS_BITS: u16 = 0b1_1111;

/// A cuff that does all that the standard foresees.
const STANDARD: Habits = Habits {
    model: "standard",
    manufacturer: "cuffd",
    model_number: "Virtual cuff",
    bond: Bond::Kept,
    clock: Clock::CurrentTime,
    unset: Unset::NoTime,
    at_first: AtFirst::Right,
    users: Users::NotSent,
    mean: Mean::Real,
    seconds: Seconds::Sent,
    octets: Octets::Standard,
    memory: Memory::Forgets,
    gap: Duration::from_millis(100),
    end: End::HangsUp(Duration::from_secs(2)),
    first: First::New,
    live: Live::Sent,
    features: ALL_STATUS_BITS,
};

/// Every model that can be imitated, `standard` first.
pub const HABITS: [Habits; 6] = [
    STANDARD,
    Habits {
        model: "and-ua-651ble",
        manufacturer: "A&D Medical",
        model_number: "UA-651BLE",
        clock: Clock::Written,
        at_first: AtFirst::Unset,
        live: Live::NotSent,
        features: MOVEMENT_FIT_IRREGULAR,
        ..STANDARD
    },
    Habits {
        model: "beurer-bm54",
        manufacturer: "Beurer GmbH",
        model_number: "BM54",
        clock: Clock::OutOfReach,
        unset: Unset::Since(date(2022, 1, 1).at(0, 0, 0, 0)),
        users: Users::Range(0, 1),
        mean: Mean::Zero,
        memory: Memory::SendsAll(60),
        live: Live::NotSent,
        features: MOVEMENT_FIT_IRREGULAR,
        ..STANDARD
    },
    Habits {
        model: "beurer-bm85",
        manufacturer: "Beurer GmbH",
        model_number: "BM85",
        bond: Bond::Never,
        clock: Clock::OutOfReach,
        unset: Unset::Since(date(2014, 1, 1).at(0, 0, 0, 0)),
        at_first: AtFirst::SetByHandLater,
        users: Users::Range(0, 1),
        mean: Mean::Zero,
        seconds: Seconds::Zero,
        octets: Octets::Bm85,
        memory: Memory::SendsAll(60),
        gap: Duration::from_millis(120),
        end: End::HangsUp(Duration::from_millis(300)),
        live: Live::NotSent,
        features: MOVEMENT_FIT_IRREGULAR,
        ..STANDARD
    },
    Habits {
        model: "omron-bls",
        manufacturer: "OMRON HEALTHCARE",
        model_number: "HEM-7155T",
        users: Users::Range(1, 4),
        mean: Mean::NotANumber,
        first: First::Old,
        live: Live::NotSent,
        features: MOVEMENT_FIT_IRREGULAR,
        ..STANDARD
    },
    Habits {
        model: "boso-medicus",
        manufacturer: "BOSCH + SOHN",
        model_number: "medicus system",
        clock: Clock::OutOfReach,
        end: End::Silence,
        live: Live::NotSent,
        features: MOVEMENT_FIT_IRREGULAR,
        ..STANDARD
    },
];

impl Habits {
    /// The habits of the model of that name; `None` if nobody taught a virtual cuff to imitate it.
    #[must_use]
    pub fn find(model: &str) -> Option<&'static Self> {
        HABITS.iter().find(|habits| habits.model == model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_model_is_found_by_its_name() {
        for habits in &HABITS {
            assert_eq!(Habits::find(habits.model), Some(habits));
        }
        assert_eq!(Habits::find("no-such-model"), None);
    }
}
