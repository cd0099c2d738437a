//! One value or line of text to one JSON object.

use crate::cli::hex::{self, HexError};
use crate::cli::lines::without_end;
use crate::core::bls::characteristic::Characteristic;
use crate::core::bls::cuff_pressure::CuffPressure;
use crate::core::bls::current_time::CurrentTime;
use crate::core::bls::date_time::DateTime;
use crate::core::bls::enhanced::{EnhancedCuffPressure, EnhancedMeasurement};
use crate::core::bls::feature::Features;
use crate::core::bls::octets::Truncated;
use crate::core::bls::record::Segment;
use crate::core::models::Model;

use super::json;

/// The longest line, in octets without its end: far above any value, which has 512 at most.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// How much of an unknown UUID its error repeats, in octets.
const SHOWN_OF_UUID: usize = 40;

/// Why a value or line did not decode.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error("no characteristic of the Blood Pressure Service or of a cuff's clock")]
    Uuid,
    #[error("the line is longer than {LONGEST_LINE} octets")]
    TooLong,
    #[error(transparent)]
    Hex(#[from] HexError),
    #[error(transparent)]
    Truncated(#[from] Truncated),
}

impl ValueError {
    /// The contract's code.
    const fn code(&self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::TooLong | Self::Hex(_) => "hex",
            Self::Truncated(_) => "truncated",
        }
    }
}

/// Decodes values of one cuff model.
pub(super) struct Decoder {
    model: &'static Model,
    octets: Vec<u8>,
}

impl Decoder {
    pub(super) const fn new(model: &'static Model) -> Self {
        Self {
            model,
            octets: Vec::new(),
        }
    }

    /// Appends the object for a line `UUID HEX`; returns whether it decoded.
    pub(super) fn line(&mut self, line: &[u8], json: &mut Vec<u8>) -> bool {
        let too_long = without_end(line).len() > LONGEST_LINE;
        let line = line.trim_ascii();
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (uuid, hex) = line.split_at_checked(end).unwrap_or_default();
        let known = std::str::from_utf8(uuid).ok().and_then(Characteristic::parse);
        let outcome = match known {
            None => Err(ValueError::Uuid),
            Some(_) if too_long => Err(ValueError::TooLong),
            Some(characteristic) => self.decode(characteristic, hex.trim_ascii_start(), json),
        };
        told(outcome, uuid, known, json)
    }

    /// Appends the object for a value of the characteristic that `uuid` names; returns whether it decoded.
    pub(super) fn value(&mut self, uuid: &str, hex: &str, json: &mut Vec<u8>) -> bool {
        let known = Characteristic::parse_any_form(uuid);
        let outcome = match known {
            None => Err(ValueError::Uuid),
            Some(characteristic) => self.decode(characteristic, hex.as_bytes(), json),
        };
        told(outcome, uuid.as_bytes(), known, json)
    }

    /// Appends the object of a value; nothing if it does not decode.
    fn decode(&mut self, characteristic: Characteristic, hex: &[u8], json: &mut Vec<u8>) -> Result<(), ValueError> {
        hex::parse(hex, &mut self.octets)?;
        let octets = self.octets.as_slice();
        let name = characteristic.as_str();
        match characteristic {
            // What a row of the table of models tells of octets was seen on this characteristic only.
            Characteristic::Measurement => json::put(json, name, &self.model.decode(octets)?),
            Characteristic::CuffPressure => json::put(json, name, &CuffPressure::decode(octets)?),
            Characteristic::Feature => json::put(json, name, &Features::decode(octets)?),
            Characteristic::EnhancedMeasurement => json::put(json, name, &EnhancedMeasurement::decode(octets)?),
            Characteristic::EnhancedCuffPressure => json::put(json, name, &EnhancedCuffPressure::decode(octets)?),
            Characteristic::Record => json::put(json, name, &Segment::decode(octets)?),
            Characteristic::DateTime => json::put(json, name, &DateTime::decode(octets)?),
            Characteristic::CurrentTime => json::put(json, name, &CurrentTime::decode(octets)?),
        }
        Ok(())
    }
}

/// Appends the error, if there is one; returns whether there is none.
fn told(outcome: Result<(), ValueError>, uuid: &[u8], known: Option<Characteristic>, json: &mut Vec<u8>) -> bool {
    let Err(error) = outcome else {
        return true;
    };
    let shown = String::from_utf8_lossy(uuid.get(..SHOWN_OF_UUID).unwrap_or(uuid));
    let name = known.map_or(shown.as_ref(), |characteristic| characteristic.as_str());
    json::put_error(json, name, error.code(), &error.to_string());
    false
}
