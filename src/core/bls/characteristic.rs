//! Which characteristics this module knows, by their assigned numbers.

/// The part of a 128-bit UUID behind its assigned number, for every UUID that the Bluetooth SIG assigned.
const BASE: &str = "-0000-1000-8000-00805f9b34fb";

/// A characteristic whose octets are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Characteristic {
    /// Blood Pressure Measurement.
    Measurement,
    /// Intermediate Cuff Pressure.
    CuffPressure,
    /// Blood Pressure Feature.
    Feature,
    /// Enhanced Blood Pressure Measurement.
    EnhancedMeasurement,
    /// Enhanced Intermediate Cuff Pressure.
    EnhancedCuffPressure,
    /// Blood Pressure Record.
    Record,
    /// Date Time.
    DateTime,
    /// Current Time.
    CurrentTime,
}

impl Characteristic {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Measurement,
        Self::CuffPressure,
        Self::Feature,
        Self::EnhancedMeasurement,
        Self::EnhancedCuffPressure,
        Self::Record,
        Self::DateTime,
        Self::CurrentTime,
    ];

    /// Its assigned number, four hexadecimal digits.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measurement => "2A35",
            Self::CuffPressure => "2A36",
            Self::Feature => "2A49",
            Self::EnhancedMeasurement => "2B34",
            Self::EnhancedCuffPressure => "2B35",
            Self::Record => "2B36",
            Self::DateTime => "2A08",
            Self::CurrentTime => "2A2B",
        }
    }

    /// The characteristic of this assigned number: four hexadecimal digits in either case. `None` if it is not known here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(text))
    }

    /// As [`Characteristic::parse`], and takes the 128-bit form too, which most tools show.
    #[must_use]
    pub fn parse_any_form(text: &str) -> Option<Self> {
        let number = text.get(4..8).filter(|_| {
            let zeros = text.get(..4) == Some("0000");
            zeros && text.get(8..).is_some_and(|rest| rest.eq_ignore_ascii_case(BASE))
        });
        Self::parse(number.unwrap_or(text))
    }

    /// How many octets a value has at least.
    #[must_use]
    pub const fn shortest(self) -> usize {
        match self {
            Self::Measurement | Self::CuffPressure | Self::EnhancedMeasurement | Self::DateTime => 7,
            Self::Feature => 2,
            Self::EnhancedCuffPressure => 3,
            Self::Record => 5,
            Self::CurrentTime => 10,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_known_in_either_case_and_in_the_long_form() {
        for known in Characteristic::ALL {
            let short = known.as_str();
            assert_eq!(Characteristic::parse(short), Some(known));
            assert_eq!(Characteristic::parse(&short.to_lowercase()), Some(known));
            for long in [
                format!("0000{short}{BASE}"),
                format!("0000{short}{BASE}").to_lowercase(),
            ] {
                assert_eq!(Characteristic::parse_any_form(&long), Some(known), "{long}");
                assert_eq!(Characteristic::parse(&long), None, "{long}");
            }
        }
    }

    #[test]
    fn anything_else_is_not_known() {
        for text in [
            "",
            "2A3",
            "2A355",
            "2A37",
            "0x2A35",
            " 2A35",
            "2Ä35",
            "ää35",
            "00012a35-0000-1000-8000-00805f9b34fb",
            "00002a35-0000-1000-8000-00805f9b34fc",
            "00002a350000100080000080 5f9b34fb",
        ] {
            assert_eq!(Characteristic::parse_any_form(text), None, "{text:?}");
        }
    }
}
