//! The messages as JSON (contract 3): the one home of their form.
//!
//! Every message is UTF-8 I-JSON and at most [`LARGEST`] octets. The names of the fields are the contract's.

pub mod alert;
pub mod fhir;
pub mod info;
mod number;
pub mod readiness;
pub mod reading;
pub mod reply;
pub mod status;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::core::moment::milliseconds;
use crate::core::name::Name;
use crate::proof::{self, SigningKey};

/// The largest message in octets; only `fhir` may be larger.
pub const LARGEST: usize = 16 * 1024;

/// The largest FHIR Bundle in octets.
pub const LARGEST_FHIR: usize = 64 * 1024;

/// The content type of every message.
pub const CONTENT_TYPE: &str = "application/json";

/// Why a message could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It would be larger than the contract allows.
    #[error("{schema} would have {size} octets, more than {largest}")]
    TooLarge {
        /// Which message.
        schema: &'static str,
        /// How large it would be.
        size: usize,
        /// How large it may be.
        largest: usize,
    },
    /// A value has no form in JSON.
    #[error("{schema} has no form in JSON")]
    Encode {
        /// Which message.
        schema: &'static str,
        /// What serde says.
        #[source]
        cause: serde_json::Error,
    },
    /// It cannot be signed.
    #[error("{schema} cannot be signed")]
    Unproved {
        /// Which message.
        schema: &'static str,
        /// Why.
        #[source]
        cause: proof::Unproved,
    },
}

/// Who this gateway is, in every message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The clinic's name for itself.
    pub site: Name,
    /// The clinic's name for this machine.
    pub gateway: Name,
    /// New at each start.
    pub run: Uuid,
    /// Every message says `"test":true`.
    pub test: bool,
}

/// The names that reading, readiness and alert have in common. The proof is added over the finished message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Envelope {
    /// The name of the message's form.
    pub schema: &'static str,
    /// A double is an equal id, nothing else.
    pub id: Uuid,
    /// The clinic's name for itself.
    pub site: Name,
    /// The clinic's name for this machine.
    pub gateway: Name,
    /// New at each start.
    pub run: Uuid,
    /// Counts each kind by itself, over restarts.
    pub seq: u64,
    /// When the message was made.
    pub created_at: Timestamp,
    /// From `demo`, `simulate`, or a gateway that only tests.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub test: bool,
}

impl Origin {
    /// The envelope of a new message. `created_at` is cut to milliseconds.
    #[must_use]
    pub fn envelope(&self, schema: &'static str, id: Uuid, seq: u64, created_at: Timestamp) -> Envelope {
        Envelope {
            schema,
            id,
            site: self.site.clone(),
            gateway: self.gateway.clone(),
            run: self.run,
            seq,
            created_at: milliseconds(created_at),
            test: self.test,
        }
    }
}

/// The octets of a message.
///
/// # Errors
/// Where it would have more than `largest` octets.
pub fn encode(schema: &'static str, message: &impl Serialize, largest: usize) -> Result<Vec<u8>, MessageError> {
    let octets = serde_json::to_vec(message).map_err(|cause| MessageError::Encode { schema, cause })?;
    fitting(schema, octets, largest)
}

/// The octets of a message with its proof (contract 3.4).
///
/// # Errors
/// Where it would have more than [`LARGEST`] octets.
pub fn prove(schema: &'static str, message: &[u8], key: &SigningKey) -> Result<Vec<u8>, MessageError> {
    let octets = proof::prove(key, message).map_err(|cause| MessageError::Unproved { schema, cause })?;
    fitting(schema, octets, LARGEST)
}

fn fitting(schema: &'static str, octets: Vec<u8>, largest: usize) -> Result<Vec<u8>, MessageError> {
    let size = octets.len();
    if size > largest {
        return Err(MessageError::TooLarge { schema, size, largest });
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(test: bool) -> Origin {
        Origin {
            site: Name::parse("north").unwrap(),
            gateway: Name::parse("gw-0042").unwrap(),
            run: Uuid::from_u128(7),
            test,
        }
    }

    #[test]
    fn envelope_has_the_common_names_and_test_only_where_it_is_one() {
        let at: Timestamp = "2026-11-21T18:00:00.123456Z".parse().unwrap();
        let envelope = |test| origin(test).envelope("cuffd.alert/1", Uuid::nil(), 3, at);
        let expected = serde_json::json!({
            "schema": "cuffd.alert/1", "id": Uuid::nil(), "site": "north", "gateway": "gw-0042",
            "run": Uuid::from_u128(7), "seq": 3, "created_at": "2026-11-21T18:00:00.123Z",
        });
        assert_eq!(serde_json::to_value(envelope(false)).unwrap(), expected);
        let test = serde_json::to_value(envelope(true)).unwrap();
        assert_eq!(test.get("test"), Some(&true.into()));
    }

    #[test]
    fn messages_have_a_largest_size() {
        for (length, fits) in [(LARGEST - 3, true), (LARGEST - 2, true), (LARGEST - 1, false)] {
            let text = "x".repeat(length);
            assert_eq!(encode("cuffd.reading/1", &text, LARGEST).is_ok(), fits, "{length}");
        }
    }
}
