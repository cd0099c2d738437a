//! What a person does with a cuff between two connections, and what befalls the next connection.

use std::time::Duration;

use super::habits::Bond;
use crate::core::bls::measurement::{Status, Unit};

/// The numbers of one measurement, in mmHg and beats per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// Systolic pressure.
    pub systolic: u16,
    /// Diastolic pressure.
    pub diastolic: u16,
    /// Pulse rate.
    pub pulse_rate: u16,
}

/// One measurement that somebody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// How long before the cuff was heard; zero and [`Visit::live`]: while it is connected.
    pub before: Duration,
    /// By whom.
    pub user: User,
    /// What came out; `None` if the cuff could not measure.
    pub values: Option<Values>,
    /// What the cuff found besides.
    pub status: Status,
    /// In what unit the cuff was set to say it.
    pub unit: Unit,
    /// Only so many octets of it are sent, if it would have more.
    pub cut_to: Option<usize>,
}

impl Taken {
    /// A faultless measurement of the wearer.
    #[must_use]
    pub const fn measured(values: Values, before: Duration) -> Self {
        Self {
            before,
            user: User::Wearer,
            values: Some(values),
            status: Status(0),
            unit: Unit::MmHg,
            cut_to: None,
        }
    }
}

/// Who measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    /// The person for whom the cuff is registered.
    Wearer,
    /// Somebody else of the household, with the cuff's other button; a cuff without user ids cannot tell.
    Other,
    /// Whoever has this user id, which is sent even by a model that sends none.
    Numbered(u8),
}

/// What befell the cuff's clock since the last connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockMishap {
    /// The battery was changed.
    Unset,
    /// It was set so many seconds ahead (negative: behind).
    Ahead(i64),
}

/// What goes wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The link is lost after so many indications.
    LinkLost {
        /// How many arrive before.
        after: usize,
    },
    /// The cuff is heard, and each try to connect fails: no connection begins.
    Unreachable {
        /// How many tries.
        tries: u32,
    },
    /// The cuff has forgotten its bond.
    BondLost,
}

/// One connection, and what led to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// What was measured since the last connection, oldest first.
    pub taken: Vec<Taken>,
    /// One more that is measured while connected, if the cuff sends its pressure live; else it is taken just before.
    pub live: Option<Taken>,
    /// The last stored measurement that is sent comes twice.
    pub doubled: bool,
    /// Whether the link comes up over a bond; `None`: as the model's does.
    pub bond: Option<Bond>,
    /// What befell the clock before any of them.
    pub clock: Option<ClockMishap>,
    /// What goes wrong.
    pub mishap: Option<Mishap>,
}
