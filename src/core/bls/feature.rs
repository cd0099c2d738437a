//! Blood Pressure Feature, 0x2A49: what a cuff can detect.

use super::octets::{ByteOrder, Reader, Truncated};

/// One bit of the features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Body movement.
    BodyMovementDetection,
    /// A loose cuff.
    CuffFitDetection,
    /// An irregular pulse.
    IrregularPulseDetection,
    /// A pulse rate outside the cuff's limits.
    PulseRateRangeDetection,
    /// An arm or wrist held wrongly.
    MeasurementPositionDetection,
    /// Bonds with more than one collector.
    MultipleBonds,
    /// Records end with a CRC.
    E2eCrc,
    /// It has a User Data Service.
    UserDataService,
    /// Enhanced measurements carry the time that the user sees.
    UserFacingTime,
}

impl Feature {
    /// All of them, bit 0 first.
    pub const ALL: [Self; 9] = [
        Self::BodyMovementDetection,
        Self::CuffFitDetection,
        Self::IrregularPulseDetection,
        Self::PulseRateRangeDetection,
        Self::MeasurementPositionDetection,
        Self::MultipleBonds,
        Self::E2eCrc,
        Self::UserDataService,
        Self::UserFacingTime,
    ];

    /// The contract's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BodyMovementDetection => "body_movement_detection",
            Self::CuffFitDetection => "cuff_fit_detection",
            Self::IrregularPulseDetection => "irregular_pulse_detection",
            Self::PulseRateRangeDetection => "pulse_rate_range_detection",
            Self::MeasurementPositionDetection => "measurement_position_detection",
            Self::MultipleBonds => "multiple_bonds",
            Self::E2eCrc => "e2e_crc",
            Self::UserDataService => "user_data_service",
            Self::UserFacingTime => "user_facing_time",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A decoded 0x2A49 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// The 16 bits as sent; 9–15 are reserved.
    pub raw: u16,
    /// Octets left over.
    pub trailing: usize,
}

impl Features {
    /// Decodes a 0x2A49 value.
    ///
    /// # Errors
    /// Fewer than two octets.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        Ok(Self {
            raw: reader.word(ByteOrder::Little)?,
            trailing: reader.trailing(),
        })
    }

    /// The octets, without what was left over.
    #[must_use]
    pub const fn encode(self) -> [u8; 2] {
        self.raw.to_le_bytes()
    }

    /// Whether the cuff has `feature`.
    #[must_use]
    pub const fn has(self, feature: Feature) -> bool {
        self.raw & feature.bit() != 0
    }

    /// What the cuff has, in bit order.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| self.has(*feature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bit_is_one_feature_and_reserved_bits_are_none() {
        for bit in 0..16 {
            let features = Features {
                raw: 1 << bit,
                trailing: 0,
            };
            let named: Vec<_> = features.iter().collect();
            assert_eq!(
                named.as_slice(),
                Feature::ALL.get(bit..=bit).unwrap_or_default(),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn features_are_little_endian_and_come_back() {
        let features = Features::decode(&[0x44, 0x01]).expect("two octets");
        let names: Vec<_> = features.iter().map(Feature::as_str).collect();
        assert_eq!(names, ["irregular_pulse_detection", "e2e_crc", "user_facing_time"]);
        assert_eq!(features.encode(), [0x44, 0x01]);
    }

    #[test]
    fn fewer_than_two_octets_are_truncated_and_more_are_left_over() {
        for length in 0..2 {
            let cut = Features::decode(&[0; 2][..length]);
            assert_eq!(
                cut,
                Err(Truncated {
                    needed: 2,
                    found: length
                })
            );
        }
        let long = Features::decode(&[1, 0, 9, 9]);
        assert_eq!(long, Ok(Features { raw: 1, trailing: 2 }));
    }
}
