//! Intermediate Cuff Pressure, 0x2A36: the pressure in the cuff while it measures. For display, never a reading.

use super::measurement::{CuffTime, Measurement, Status, Unit};
use super::octets::{Truncated, Unencodable};
use super::sfloat::Sfloat;

/// A decoded 0x2A36 value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CuffPressure {
    /// The flags octet as sent, reserved bits included.
    pub flags: u8,
    /// The unit of the pressure.
    pub unit: Unit,
    /// The pressure in the cuff, in `unit`.
    pub cuff_pressure: Sfloat,
    /// The cuff's own time, if it sent one.
    pub timestamp: Option<CuffTime>,
    /// Beats per minute, if sent.
    pub pulse_rate: Option<Sfloat>,
    /// The user id, if sent: 0–254, 255 for an unknown user.
    pub user_id: Option<u8>,
    /// The measurement status, if sent.
    pub status: Option<Status>,
    /// Octets left over after the fields that the flags name.
    pub trailing: usize,
}

impl CuffPressure {
    /// Decodes a 0x2A36 value.
    ///
    /// # Errors
    /// Fewer octets than the flags need.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        // The layout of a measurement, with the pressure in the place of the systolic one; the other two are there and
        // mean nothing.
        let same_layout = Measurement::decode(octets)?;
        Ok(Self {
            flags: same_layout.flags,
            unit: same_layout.unit,
            cuff_pressure: same_layout.systolic,
            timestamp: same_layout.timestamp,
            pulse_rate: same_layout.pulse_rate,
            user_id: same_layout.user_id,
            status: same_layout.status,
            trailing: same_layout.trailing,
        })
    }

    /// The octets, the unused pressures as NaN. Otherwise as [`Measurement::encode`].
    ///
    /// # Errors
    /// A field that cannot be sent exactly.
    pub fn encode(&self) -> Result<Vec<u8>, Unencodable> {
        let same_layout = Measurement {
            flags: self.flags,
            unit: self.unit,
            systolic: self.cuff_pressure,
            diastolic: Sfloat::NotANumber,
            mean_arterial_pressure: Sfloat::NotANumber,
            timestamp: self.timestamp,
            pulse_rate: self.pulse_rate,
            user_id: self.user_id,
            status: self.status,
            trailing: self.trailing,
        };
        same_layout.encode()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pressure_stands_in_the_place_of_the_systolic() {
        let octets = [0x00, 0x87, 0x00, 0xff, 0x07, 0xff, 0x07];
        let decoded = CuffPressure::decode(&octets).expect("seven octets");
        assert_eq!(decoded.cuff_pressure, Sfloat::Number(135.into()));
        assert_eq!((decoded.unit, decoded.flags, decoded.trailing), (Unit::MmHg, 0, 0));
        assert_eq!(decoded.encode().as_deref(), Ok(&octets[..]));
    }

    #[test]
    fn unused_pressures_are_required_and_not_looked_at() {
        let octets = [0x01, 0xb4, 0xf0, 0x78, 0x00, 0x50, 0x00];
        let decoded = CuffPressure::decode(&octets).expect("seven octets");
        assert_eq!(
            decoded.cuff_pressure.number().map(|n| n.to_string()).as_deref(),
            Some("18.0")
        );
        for length in 0..7 {
            assert!(CuffPressure::decode(&octets[..length]).is_err(), "{length} octets");
        }
    }

    proptest! {
        #[test]
        fn what_can_be_sent_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..24)) {
            if let Ok(decoded) = CuffPressure::decode(&octets)
                && let Ok(again) = decoded.encode()
            {
                let again = CuffPressure::decode(&again).expect("what was encoded");
                prop_assert_eq!(again, CuffPressure { trailing: 0, ..decoded });
            }
        }
    }
}
