//! What a Bundle is made of: the fields of finished messages.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::Number;
use uuid::Uuid;

use super::FhirError;
use crate::core::name::Name;

/// What reading and readiness have in common.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Envelope {
    pub(super) schema: String,
    pub(super) id: Uuid,
    pub(super) site: Name,
    pub(super) gateway: Name,
    pub(super) created_at: Timestamp,
    #[serde(default)]
    pub(super) test: bool,
    /// The detached JWS; messages of an earlier version have none.
    pub(super) proof: Option<String>,
}

/// `cuffd.reading/1`. A number keeps its digits: it has 15 at most, so that the float between does not change it.
#[derive(Debug, Deserialize)]
pub(super) struct Reading {
    #[serde(flatten)]
    pub(super) envelope: Envelope,
    pub(super) patient: Name,
    pub(super) cuff: Cuff,
    pub(super) systolic: Option<Number>,
    pub(super) diastolic: Option<Number>,
    pub(super) mean_arterial_pressure: Option<Number>,
    pub(super) pulse_rate: Option<Number>,
    pub(super) status: Vec<String>,
    pub(super) status_supported: Option<Vec<String>>,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) received_at: Timestamp,
    pub(super) cuff_time: Option<DateTime>,
    pub(super) cuff_clock_offset_s: Option<i64>,
    raw: String,
    pub(super) counted: bool,
    pub(super) reasons: Vec<Reason>,
    pub(super) verification: Verification,
}

/// What a cuff says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Cuff {
    pub(super) id: Name,
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) firmware: Option<String>,
}

/// Why a reading did not count.
#[derive(Debug, Deserialize)]
pub(super) struct Reason {
    pub(super) code: String,
}

/// What of a reading's verification a Bundle needs.
#[derive(Debug, Deserialize)]
pub(super) struct Verification {
    pub(super) clock_synchronized: bool,
}

impl Reading {
    /// Reads a reading's message.
    pub(super) fn parse(message: &[u8]) -> Result<Self, FhirError> {
        serde_json::from_slice(message).map_err(FhirError::Source)
    }

    /// The 0x2A35 value as it came, an even number of hexadecimal digits.
    pub(super) fn raw(&self) -> Vec<u8> {
        let digits = self.raw.as_bytes().chunks_exact(2);
        let octets = digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        octets.collect::<Option<_>>().unwrap_or_default()
    }

    /// Whether a reason for not counting is that the values themselves are doubtful.
    pub(super) fn is_questionable(&self) -> bool {
        let doubtful = ["implausible", "unexpected_length"];
        self.reasons
            .iter()
            .any(|reason| doubtful.contains(&reason.code.as_str()))
    }
}
