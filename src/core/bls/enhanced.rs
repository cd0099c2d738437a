//! Enhanced Blood Pressure Measurement, 0x2B34, and Enhanced Intermediate Cuff Pressure, 0x2B35. Decoded only: no known
//! cuff sends them yet.

use super::flags;
use super::measurement::{Status, Unit};
use super::octets::{ByteOrder, Reader, Truncated};
use super::sfloat::Sfloat;

/// Where the seconds of a time stamp start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// 1900-01-01.
    Year1900,
    /// 2000-01-01.
    Year2000,
}

impl Epoch {
    /// Its year.
    #[must_use]
    pub const fn year(self) -> u16 {
        match self {
            Self::Year1900 => 1900,
            Self::Year2000 => 2000,
        }
    }
}

/// A decoded 0x2B34 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnhancedMeasurement {
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
    /// What follows the pressures.
    pub circumstances: Circumstances,
}

/// A decoded 0x2B35 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnhancedCuffPressure {
    /// The flags octet as sent, reserved bits included.
    pub flags: u8,
    /// The unit of the pressure.
    pub unit: Unit,
    /// The pressure in the cuff, in `unit`.
    pub cuff_pressure: Sfloat,
    /// What follows the pressure.
    pub circumstances: Circumstances,
}

/// What follows the pressures in both enhanced values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Where both times start.
    pub epoch: Epoch,
    /// Seconds since `epoch`, if sent. With `user_facing_s` beside it: without zone and manual changes, perhaps UTC.
    pub timestamp_s: Option<u32>,
    /// Beats per minute, if sent.
    pub pulse_rate: Option<Sfloat>,
    /// The user id, if sent: 0–254, 255 for an unknown user.
    pub user_id: Option<u8>,
    /// The measurement status, if sent.
    pub status: Option<Status>,
    /// Seconds since `epoch` on the clock that the user sees, if sent.
    pub user_facing_s: Option<u32>,
    /// Octets left over after the fields that the flags name.
    pub trailing: usize,
}

impl EnhancedMeasurement {
    /// Decodes a 0x2B34 value.
    ///
    /// # Errors
    /// Fewer octets than the flags need.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        let flags = reader.octet()?;
        Ok(Self {
            flags,
            unit: flags::unit_of(flags),
            systolic: reader.sfloat(ByteOrder::Little)?,
            diastolic: reader.sfloat(ByteOrder::Little)?,
            mean_arterial_pressure: reader.sfloat(ByteOrder::Little)?,
            circumstances: Circumstances::decode(flags, &mut reader)?,
        })
    }
}

impl EnhancedCuffPressure {
    /// Decodes a 0x2B35 value.
    ///
    /// # Errors
    /// Fewer octets than the flags need.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        let flags = reader.octet()?;
        Ok(Self {
            flags,
            unit: flags::unit_of(flags),
            // One pressure only: unlike 0x2A36, no unused ones stand beside it.
            cuff_pressure: reader.sfloat(ByteOrder::Little)?,
            circumstances: Circumstances::decode(flags, &mut reader)?,
        })
    }
}

impl Circumstances {
    fn decode(flags: u8, reader: &mut Reader<'_>) -> Result<Self, Truncated> {
        let epoch = if flags::has(flags, flags::EPOCH_2000) {
            Epoch::Year2000
        } else {
            Epoch::Year1900
        };
        let sfloat = |reader: &mut Reader<'_>| reader.sfloat(ByteOrder::Little);
        let status = |reader: &mut Reader<'_>| reader.status(ByteOrder::Little);
        Ok(Self {
            epoch,
            timestamp_s: reader.optional(flags::has(flags, flags::TIMESTAMP), Reader::seconds)?,
            pulse_rate: reader.optional(flags::has(flags, flags::PULSE_RATE), sfloat)?,
            user_id: reader.optional(flags::has(flags, flags::USER_ID), Reader::octet)?,
            status: reader.optional(flags::has(flags, flags::STATUS), status)?,
            user_facing_s: reader.optional(flags::has(flags, flags::USER_FACING_TIME), Reader::seconds)?,
            trailing: reader.trailing(),
        })
    }
}

#[cfg(test)]
mod tests;
