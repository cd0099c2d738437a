//! What is known of cuff models: the rows of `models.toml`, with a capture of invented values for each in `tests/captures/`.
//!
//! A row holds what was seen in public captures, vendors' samples and issue trackers: evidence, not a specification. A cuff
//! that nobody listed works by the standard.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::bls::measurement::{Layout, Measurement, UserOctet};
use super::bls::octets::{ByteOrder, Truncated, Unencodable};

#[expect(
    clippy::expect_used,
    reason = "the text is part of the program, and a test parses it"
)]
static TABLE: LazyLock<Table> =
    LazyLock::new(|| parse(include_str!("models.toml")).expect("models.toml is well formed"));

/// One row of the table.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its name in the config and for `--model`.
    pub name: String,
    /// What people call it.
    pub display: String,
    /// Order of the octets of pulse rate and status in 0x2A35.
    #[serde(default)]
    pub byte_order: ByteOrder,
    /// When the user octet is in 0x2A35.
    #[serde(default)]
    pub user_octet: UserOctet,
    /// How its clock is reached.
    pub clock: Clock,
    /// When its clock is to be written.
    #[serde(default)]
    pub clock_write: ClockWrite,
    /// Whether its clock can be read.
    #[serde(default)]
    pub clock_read: ClockRead,
    /// Whether and how it bonds.
    pub bond: Bond,
    /// How long to wait between discovery and switching indications on.
    #[serde(default, rename = "settle_ms", deserialize_with = "milliseconds")]
    pub settle: Duration,
    /// How long to wait before and after writing its clock.
    #[serde(default, rename = "write_pause_ms", deserialize_with = "milliseconds")]
    pub write_pause: Duration,
    /// What comes on 0x2A35 while the cuff inflates.
    #[serde(default)]
    pub while_inflating: WhileInflating,
    /// A service of the maker's own, by its 16-bit UUID. A cuff that has it and no 0x2A35 is out of reach: say so.
    #[serde(default)]
    pub proprietary_service: Option<ServiceNumber>,
    /// What else is known, for people.
    pub notes: String,
}

/// How a cuff's clock is reached over Bluetooth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Not at all.
    None,
    /// By Date Time, 0x2A08, inside the Blood Pressure Service.
    DateTime,
    /// By Current Time, 0x2A2B, of the Current Time Service.
    CurrentTime,
    /// Not known: by whichever of the two it has.
    AsFound,
}

/// When a cuff's clock is to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockWrite {
    /// When it is wrong, or not known to be right.
    #[default]
    WhenWrong,
    /// In every connection: without it the cuff misbehaves.
    EveryConnection,
}

/// Whether a cuff's clock can be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockRead {
    /// Not known: its characteristic's properties tell.
    #[default]
    AsFound,
    /// It can.
    Yes,
    /// It cannot.
    No,
}

/// Whether and how a cuff bonds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bond {
    /// It never does: its link is open.
    None,
    /// It does, and asks nothing of people.
    JustWorks,
    /// It does, and shows a passkey that must be entered.
    Passkey,
    /// Not known.
    Unknown,
}

/// What comes on 0x2A35 while the cuff inflates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhileInflating {
    /// Nothing.
    #[default]
    Nothing,
    /// Values of a measurement that is not finished. Nothing in them tells them from its result.
    PartialValues,
}

/// A 16-bit UUID that names a service.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct ServiceNumber(pub u16);

impl fmt::Display for ServiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:04X}", self.0)
    }
}

impl fmt::Debug for ServiceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Model {
    /// Whether the gateway learns nothing of the cuff's clock: it can be neither set nor read. One that sends unfinished values
    /// sends no times at all.
    #[must_use]
    pub const fn keeps_its_clock_to_itself(&self) -> bool {
        matches!(
            (self.clock, self.clock_read, self.while_inflating),
            (Clock::None, ClockRead::No, WhileInflating::Nothing)
        )
    }

    /// The row of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().find(|model| model.name == name)
    }

    /// The row of cuffs of which nothing is known but the standard.
    #[must_use]
    pub fn standard() -> &'static Self {
        &TABLE.standard
    }

    /// Every row, `standard` first.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        std::iter::once(&TABLE.standard).chain(&TABLE.model)
    }

    /// Where its 0x2A35 leaves the standard.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        Layout {
            byte_order: self.byte_order,
            user_octet: self.user_octet,
        }
    }

    /// Decodes a 0x2A35 value of this model. Octets that the model explains are not left over.
    ///
    /// # Errors
    /// Fewer octets than the flags and the model need.
    pub fn decode(&self, octets: &[u8]) -> Result<Measurement, Truncated> {
        Measurement::decode_as(octets, self.layout())
    }

    /// The octets as this model sends them, as [`Measurement::encode`] does by the standard.
    ///
    /// # Errors
    /// A field that cannot be sent exactly, or no user id for a model that always sends one.
    pub fn encode(&self, measurement: &Measurement) -> Result<Vec<u8>, Unencodable> {
        measurement.encode_as(self.layout())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    standard: Model,
    model: Vec<Model>,
}

fn parse(text: &str) -> Result<Table, toml::de::Error> {
    toml::from_str(text)
}

fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_table_parses() {
        let table = parse(include_str!("models.toml")).expect("models.toml is well formed");
        assert_eq!(table.standard.name, "standard");
        assert_eq!(table.standard, *Model::standard());
    }

    #[test]
    fn a_name_finds_its_own_row_only() {
        let names: BTreeSet<_> = Model::all().map(|model| model.name.as_str()).collect();
        assert_eq!(names.len(), Model::all().count(), "a name stands for one row");
        for name in names {
            assert_eq!(Model::find(name).map(|model| model.name.as_str()), Some(name));
        }
        for name in ["", "Standard", "beurer-bm8", "beurer-bm85 "] {
            assert_eq!(Model::find(name), None, "{name:?}");
        }
    }

    #[test]
    fn only_the_verified_model_changes_the_octets() {
        let changed: Vec<_> = Model::all()
            .filter(|model| model.layout() != Layout::default())
            .map(|model| model.name.as_str())
            .collect();
        assert_eq!(changed, ["beurer-bm85"]);
    }

    #[test]
    fn a_misspelt_key_or_value_is_refused() {
        let row = "[standard]\nname='s'\ndisplay='s'\nclock='none'\nbond='none'\nnotes=''\n";
        let with = |more: &str| parse(&format!("model=[]\n{row}{more}"));
        assert!(with("").is_ok());
        for more in [
            "colour='red'",
            "byte_order='middle'",
            "settle_ms=-1",
            "while_inflating='music'",
            "proprietary_service=0x1FE4A",
        ] {
            assert!(with(more).is_err(), "{more}");
        }
    }

    proptest! {
        #[test]
        fn what_a_model_can_send_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..24)) {
            for model in Model::all() {
                if let Ok(decoded) = model.decode(&octets)
                    && let Ok(again) = model.encode(&decoded)
                {
                    let again = model.decode(&again).expect("what was encoded");
                    prop_assert_eq!(again, Measurement { trailing: 0, ..decoded }, "{}", model.name);
                }
            }
        }
    }
}
