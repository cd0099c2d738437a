//! Blood Pressure Measurement, 0x2A35.

use jiff::civil;

use super::sfloat::Sfloat;

/// A decoded 0x2A35 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measurement {
    /// The flags octet as sent, reserved bits included.
    pub flags: u8,
    /// The unit of the three pressures.
    pub unit: Unit,
    /// Systolic pressure in `unit`.
    pub systolic: Sfloat,
    /// Diastolic pressure in `unit`.
    pub diastolic: Sfloat,
    /// Mean arterial pressure in `unit`.
    pub mean_arterial_pressure: Sfloat,
    /// The cuff's own time, if it sent one.
    pub timestamp: Option<CuffTime>,
    /// Beats per minute, if sent.
    pub pulse_rate: Option<Sfloat>,
    /// The user id, if sent: 0–254, 255 for an unknown user.
    pub user_id: Option<u8>,
    /// The measurement status, if sent.
    pub status: Option<Status>,
    /// Octets left over after the fields that the flags (and the model) name.
    pub trailing: usize,
}

/// The unit of pressures on the air.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Millimetres of mercury.
    MmHg,
    /// Kilopascal.
    KPa,
}

/// A cuff's own date and time, without zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CuffTime {
    /// A real date and time.
    Valid(civil::DateTime),
    /// Year, month or day is 0: the cuff says that it does not know.
    Unknown,
    /// No such date or time, e.g. 30 February.
    Invalid,
}

impl CuffTime {
    /// The date and time, if it is a valid one.
    #[must_use]
    pub const fn valid(self) -> Option<civil::DateTime> {
        match self {
            Self::Valid(time) => Some(time),
            Self::Unknown | Self::Invalid => None,
        }
    }
}

/// The measurement status, 16 bits as sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);
