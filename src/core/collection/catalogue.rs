//! What a cuff has, of what the daemon uses.

use std::collections::BTreeMap;

/// A characteristic that the daemon uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Characteristic {
    /// Blood Pressure Measurement.
    Measurement,
    /// Intermediate Cuff Pressure.
    CuffPressure,
    /// Blood Pressure Feature.
    Feature,
    /// Date Time, inside the Blood Pressure Service, where A&D put it.
    DateTime,
    /// Current Time, of the Current Time Service.
    CurrentTime,
    /// Battery Level.
    Battery,
    /// Manufacturer Name String.
    Manufacturer,
    /// Model Number String.
    Model,
    /// Serial Number String.
    Serial,
    /// Firmware Revision String.
    Firmware,
}

impl Characteristic {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Measurement,
        Self::CuffPressure,
        Self::Feature,
        Self::DateTime,
        Self::CurrentTime,
        Self::Battery,
        Self::Manufacturer,
        Self::Model,
        Self::Serial,
        Self::Firmware,
    ];

    /// The assigned numbers of its service and of itself.
    #[must_use]
    pub const fn assigned_numbers(self) -> (u16, u16) {
        match self {
            Self::Measurement => (0x1810, 0x2A35),
            Self::CuffPressure => (0x1810, 0x2A36),
            Self::Feature => (0x1810, 0x2A49),
            Self::DateTime => (0x1810, 0x2A08),
            Self::CurrentTime => (0x1805, 0x2A2B),
            Self::Battery => (0x180F, 0x2A19),
            Self::Manufacturer => (0x180A, 0x2A29),
            Self::Model => (0x180A, 0x2A24),
            Self::Serial => (0x180A, 0x2A25),
            Self::Firmware => (0x180A, 0x2A26),
        }
    }
}

/// What a characteristic allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// It can be read.
    pub read: bool,
    /// It can be written with response.
    pub write: bool,
}

/// The characteristics that a cuff has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue(BTreeMap<Characteristic, Access>);

impl Catalogue {
    /// Whether it is there at all.
    #[must_use]
    pub fn has(&self, characteristic: Characteristic) -> bool {
        self.0.contains_key(&characteristic)
    }

    /// What it allows; nothing, if it is not there.
    #[must_use]
    pub fn access(&self, characteristic: Characteristic) -> Access {
        self.0.get(&characteristic).copied().unwrap_or_default()
    }
}

impl FromIterator<(Characteristic, Access)> for Catalogue {
    fn from_iter<I: IntoIterator<Item = (Characteristic, Access)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}
