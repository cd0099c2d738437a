//! Current Time, 0x2A2B: the clock of cuffs that have a Current Time Service.

use jiff::civil;

use super::date_time::CuffTime;
use super::octets::{Reader, Truncated, Unencodable};

/// Adjust reason bit 0: somebody set the time by hand.
pub const MANUAL: u8 = 1 << 0;

/// A decoded 0x2A2B value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CurrentTime {
    /// The date and time.
    pub time: CuffTime,
    /// 1 for Monday to 7 for Sunday, 0 for unknown, as sent.
    pub day_of_week: u8,
    /// 256ths of a second.
    pub fractions256: u8,
    /// Why the time was last set, as sent: bits 0 manual, 1 external reference, 2 time zone, 3 daylight saving.
    pub adjust_reason: u8,
    /// Octets left over.
    pub trailing: usize,
}

impl CurrentTime {
    /// The value that sets a cuff's clock to `time`, to the whole second.
    #[must_use]
    pub fn of(time: civil::DateTime, adjust_reason: u8) -> Self {
        Self {
            time: CuffTime::Valid(time),
            day_of_week: time.weekday().to_monday_one_offset().cast_unsigned(),
            fractions256: 0,
            adjust_reason,
            trailing: 0,
        }
    }

    /// Decodes a 0x2A2B value.
    ///
    /// # Errors
    /// Fewer than ten octets.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        Ok(Self {
            time: CuffTime::from_octets(reader.take()?),
            day_of_week: reader.octet()?,
            fractions256: reader.octet()?,
            adjust_reason: reader.octet()?,
            trailing: reader.trailing(),
        })
    }

    /// The octets to write to a cuff, without what was left over.
    ///
    /// # Errors
    /// [`Unencodable::Time`], as [`CuffTime::to_octets`].
    pub fn encode(&self) -> Result<[u8; 10], Unencodable> {
        let [a, b, c, d, e, f, g] = self.time.to_octets()?;
        let (day_of_week, fractions256, adjust_reason) = (self.day_of_week, self.fractions256, self.adjust_reason);
        Ok([a, b, c, d, e, f, g, day_of_week, fractions256, adjust_reason])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SATURDAY: [u8; 10] = [0xea, 0x07, 0x0b, 0x15, 0x12, 0x04, 0x0c, 0x06, 0x00, 0x00];

    #[test]
    fn a_civil_time_is_written_with_its_day_of_week() {
        let time = civil::date(2026, 11, 21).at(18, 4, 12, 999_000_000);
        assert_eq!(CurrentTime::of(time, 0).encode(), Ok(SATURDAY));
        let sunday = CurrentTime::of(civil::date(2026, 11, 22).at(0, 0, 0, 0), MANUAL);
        assert_eq!((sunday.day_of_week, sunday.adjust_reason), (7, 1));
    }

    #[test]
    fn every_field_is_decoded() {
        let mut octets = SATURDAY.to_vec();
        octets[8..].copy_from_slice(&[128, 0x0F]);
        octets.push(0);
        let decoded = CurrentTime::decode(&octets).expect("eleven octets");
        assert_eq!(
            decoded.time,
            CuffTime::Valid(civil::date(2026, 11, 21).at(18, 4, 12, 0))
        );
        assert_eq!((decoded.day_of_week, decoded.fractions256), (6, 128));
        assert_eq!((decoded.adjust_reason, decoded.trailing), (0x0F, 1));
    }

    #[test]
    fn fewer_than_ten_octets_are_truncated() {
        for length in 0..10 {
            let needed = length.max(6) + 1;
            let cut = CurrentTime::decode(&SATURDAY[..length]);
            assert_eq!(cut, Err(Truncated { needed, found: length }));
        }
    }

    proptest! {
        #[test]
        fn what_can_be_sent_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..16)) {
            if let Ok(decoded) = CurrentTime::decode(&octets)
                && let Ok(again) = decoded.encode()
            {
                let again = CurrentTime::decode(&again).expect("ten octets");
                prop_assert_eq!(again, CurrentTime { trailing: 0, ..decoded });
            }
        }
    }
}
