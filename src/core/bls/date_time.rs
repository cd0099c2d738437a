//! Date Time, 0x2A08: the cuff's own date and time, and the field of the same form in other characteristics.

use jiff::civil;

use super::octets::{Reader, Truncated, Unencodable};

/// The years that the field can hold.
const YEARS: std::ops::RangeInclusive<i16> = 1582..=9999;

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

    /// What the seven octets mean. Every combination means something.
    #[must_use]
    pub fn from_octets([year_low, year_high, month, day, hour, minute, second]: [u8; 7]) -> Self {
        let year = u16::from_le_bytes([year_low, year_high]);
        if year == 0 || month == 0 || day == 0 {
            return Self::Unknown;
        }
        civil_time(year, [month, day, hour, minute, second]).map_or(Self::Invalid, Self::Valid)
    }

    /// The seven octets: zeros for an unknown time, and fractions of a second left out.
    ///
    /// # Errors
    /// [`Unencodable::Time`] for an invalid time, or a year outside 1582–9999.
    pub fn to_octets(self) -> Result<[u8; 7], Unencodable> {
        match self {
            Self::Valid(time) => octets_of(time).ok_or(Unencodable::Time),
            Self::Unknown => Ok([0; 7]),
            Self::Invalid => Err(Unencodable::Time),
        }
    }
}

fn civil_time(year: u16, rest: [u8; 5]) -> Option<civil::DateTime> {
    let year = i16::try_from(year).ok().filter(|year| YEARS.contains(year))?;
    let [month, day, hour, minute, second] = rest.map(|octet| i8::try_from(octet).ok());
    civil::DateTime::new(year, month?, day?, hour?, minute?, second?, 0).ok()
}

fn octets_of(time: civil::DateTime) -> Option<[u8; 7]> {
    let year = Some(time.year()).filter(|year| YEARS.contains(year))?;
    let [year_low, year_high] = year.to_le_bytes();
    let rest = [time.month(), time.day(), time.hour(), time.minute(), time.second()];
    let [month, day, hour, minute, second] = rest.map(i8::cast_unsigned);
    Some([year_low, year_high, month, day, hour, minute, second])
}

/// A decoded 0x2A08 value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateTime {
    /// The date and time.
    pub time: CuffTime,
    /// Octets left over.
    pub trailing: usize,
}

impl DateTime {
    /// Decodes a 0x2A08 value.
    ///
    /// # Errors
    /// Fewer than seven octets.
    pub fn decode(octets: &[u8]) -> Result<Self, Truncated> {
        let mut reader = Reader::new(octets);
        Ok(Self {
            time: CuffTime::from_octets(reader.take()?),
            trailing: reader.trailing(),
        })
    }

    /// The octets to write to a cuff, without what was left over.
    ///
    /// # Errors
    /// [`Unencodable::Time`], as [`CuffTime::to_octets`].
    pub fn encode(&self) -> Result<[u8; 7], Unencodable> {
        self.time.to_octets()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn octets(year: u16, rest: [u8; 5]) -> [u8; 7] {
        let [low, high] = year.to_le_bytes();
        let [month, day, hour, minute, second] = rest;
        [low, high, month, day, hour, minute, second]
    }

    #[test]
    fn real_dates_and_times_are_valid() {
        for (year, rest, text) in [
            (2026, [11, 21, 18, 4, 12], "2026-11-21T18:04:12"),
            (1582, [1, 1, 0, 0, 0], "1582-01-01T00:00:00"),
            (9999, [12, 31, 23, 59, 59], "9999-12-31T23:59:59"),
            (2024, [2, 29, 0, 0, 0], "2024-02-29T00:00:00"),
            (2000, [2, 29, 0, 0, 0], "2000-02-29T00:00:00"),
        ] {
            let octets = octets(year, rest);
            let time = CuffTime::from_octets(octets);
            assert_eq!(time.valid().map(|time| time.to_string()).as_deref(), Some(text));
            assert_eq!(time.to_octets(), Ok(octets), "{text}");
        }
    }

    #[test]
    fn a_zero_in_the_date_means_unknown() {
        for (year, rest) in [
            (0, [11, 21, 18, 4, 12]),
            (2026, [0, 21, 18, 4, 12]),
            (2026, [11, 0, 18, 4, 12]),
            (0, [0, 0, 0, 0, 0]),
            (0, [13, 32, 24, 60, 60]),
        ] {
            assert_eq!(
                CuffTime::from_octets(octets(year, rest)),
                CuffTime::Unknown,
                "{year} {rest:?}"
            );
        }
        assert_eq!(CuffTime::Unknown.to_octets(), Ok([0; 7]));
    }

    #[test]
    fn what_no_calendar_or_clock_shows_is_invalid() {
        for (year, rest) in [
            (1, [1, 1, 0, 0, 0]),
            (1581, [12, 31, 23, 59, 59]),
            (10000, [1, 1, 0, 0, 0]),
            (65535, [1, 1, 0, 0, 0]),
            (2026, [13, 1, 0, 0, 0]),
            (2026, [255, 1, 0, 0, 0]),
            (2026, [1, 32, 0, 0, 0]),
            (2026, [2, 30, 0, 0, 0]),
            (2026, [4, 31, 0, 0, 0]),
            (2026, [2, 29, 0, 0, 0]),
            (1900, [2, 29, 0, 0, 0]),
            (2026, [11, 21, 24, 0, 0]),
            (2026, [11, 21, 0, 60, 0]),
            (2026, [11, 21, 0, 0, 60]),
            (2026, [11, 21, 255, 255, 255]),
        ] {
            assert_eq!(
                CuffTime::from_octets(octets(year, rest)),
                CuffTime::Invalid,
                "{year} {rest:?}"
            );
        }
        assert_eq!(CuffTime::Invalid.to_octets(), Err(Unencodable::Time));
    }

    #[test]
    fn years_outside_the_field_are_not_sent() {
        for (year, sent) in [(-1, false), (1581, false), (1582, true), (9999, true)] {
            let time = CuffTime::Valid(civil::date(year, 1, 1).at(0, 0, 0, 0));
            assert_eq!(time.to_octets().is_ok(), sent, "{year}");
        }
    }

    #[test]
    fn fewer_than_seven_octets_are_truncated_and_more_are_left_over() {
        let octets = [0xea, 0x07, 11, 21, 18, 4, 12, 99];
        for length in 0..7 {
            let cut = DateTime::decode(&octets[..length]);
            assert_eq!(
                cut,
                Err(Truncated {
                    needed: 7,
                    found: length
                })
            );
        }
        let decoded = DateTime::decode(&octets).expect("eight octets");
        assert_eq!(
            (decoded.trailing, decoded.encode()),
            (1, Ok([0xea, 0x07, 11, 21, 18, 4, 12]))
        );
    }

    proptest! {
        #[test]
        fn any_seven_octets_have_a_meaning_and_come_back(octets in any::<[u8; 7]>()) {
            let time = CuffTime::from_octets(octets);
            match time {
                CuffTime::Valid(_) => prop_assert_eq!(time.to_octets(), Ok(octets)),
                CuffTime::Unknown => prop_assert_eq!(CuffTime::from_octets([0; 7]), time),
                CuffTime::Invalid => prop_assert!(time.to_octets().is_err()),
            }
        }
    }
}
