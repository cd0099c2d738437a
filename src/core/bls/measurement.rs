//! Blood Pressure Measurement, 0x2A35.

pub use super::date_time::CuffTime;
pub use super::status::Status;

use super::flags;
use super::octets::{ByteOrder, Reader, Truncated, Unencodable};
use super::sfloat::Sfloat;

/// The most octets that a measurement takes: flags, three pressures, and every optional field.
pub const LONGEST: usize = 19;

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

impl Unit {
    /// The contract's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MmHg => "mmHg",
            Self::KPa => "kPa",
        }
    }
}

/// Where a cuff model leaves the standard; the default is the standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The order of octets in pulse rate and status. Pressures are little-endian in every known model.
    pub byte_order: ByteOrder,
    /// When the user octet is there.
    pub user_octet: UserOctet,
}

/// When the user octet is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserOctet {
    /// When flag bit 3 says so.
    #[default]
    Flagged,
    /// Always, whatever flag bit 3 says.
    Always,
}

impl Measurement {
    /// Decodes a 0x2A35 value by the standard.
    ///
    /// # Errors
    /// Fewer octets than the flags need.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        Self::decode_as(octets, Layout::default())
    }

    /// Decodes a 0x2A35 value of a cuff with this layout.
    ///
    /// # Errors
    /// Fewer octets than the flags and the layout need.
    pub fn decode_as(octets: &[u8], layout: Layout) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        let flags = reader.octet()?;
        let always = layout.user_octet == UserOctet::Always;
        Ok(Self {
            flags,
            unit: flags::unit_of(flags),
            systolic: reader.sfloat(ByteOrder::Little)?,
            diastolic: reader.sfloat(ByteOrder::Little)?,
            mean_arterial_pressure: reader.sfloat(ByteOrder::Little)?,
            timestamp: reader.optional(flags::has(flags, flags::TIMESTAMP), |reader| {
                Ok(CuffTime::from_octets(reader.take()?))
            })?,
            pulse_rate: reader.optional(flags::has(flags, flags::PULSE_RATE), |reader| {
                reader.sfloat(layout.byte_order)
            })?,
            user_id: reader.optional(always || flags::has(flags, flags::USER_ID), Reader::octet)?,
            status: reader.optional(flags::has(flags, flags::STATUS), |reader| {
                reader.status(layout.byte_order)
            })?,
            trailing: reader.trailing(),
        })
    }

    /// The octets by the standard. Flags follow the fields that are there; of `flags` only the reserved bits are kept.
    /// What was left over is not encoded.
    ///
    /// # Errors
    /// A field that cannot be sent exactly.
    pub fn encode(&self) -> Result<Vec<u8>, Unencodable> {
        self.encode_as(Layout::default())
    }

    /// The octets as a cuff with this layout sends them.
    ///
    /// # Errors
    /// A field that cannot be sent exactly, or no user id for a layout that always has one.
    pub fn encode_as(&self, layout: Layout) -> Result<Vec<u8>, Unencodable> {
        let mut octets = Vec::with_capacity(LONGEST);
        octets.push(self.flags_as(layout.user_octet)?);
        for pressure in [self.systolic, self.diastolic, self.mean_arterial_pressure] {
            octets.extend(pressure.to_word()?.to_le_bytes());
        }
        if let Some(timestamp) = self.timestamp {
            octets.extend(timestamp.to_octets()?);
        }
        if let Some(pulse_rate) = self.pulse_rate {
            octets.extend(layout.byte_order.octets_of(pulse_rate.to_word()?));
        }
        octets.extend(self.user_id);
        if let Some(Status(status)) = self.status {
            octets.extend(layout.byte_order.octets_of(status));
        }
        Ok(octets)
    }

    fn flags_as(&self, user_octet: UserOctet) -> Result<u8, Unencodable> {
        let user_id = match (user_octet, self.user_id) {
            (UserOctet::Flagged, user_id) => flags::bit_of(user_id.as_ref(), flags::USER_ID),
            // The octet says nothing of the bit: it stays as it was.
            (UserOctet::Always, Some(_)) => self.flags & flags::USER_ID,
            (UserOctet::Always, None) => return Err(Unencodable::UserId),
        };
        Ok(self.flags & flags::RESERVED
            | flags::bit_of_unit(self.unit)
            | flags::bit_of(self.timestamp.as_ref(), flags::TIMESTAMP)
            | flags::bit_of(self.pulse_rate.as_ref(), flags::PULSE_RATE)
            | user_id
            | flags::bit_of(self.status.as_ref(), flags::STATUS))
    }
}

#[cfg(test)]
mod tests;
