//! FHIR R4 transaction Bundles: of one reading, and of the average of one judged round (contract 3, topic `fhir`).
//!
//! A Bundle is made of finished messages and nothing else: what stands in it was published, and the same messages give the same
//! octets, ids included. Numbers go through unchanged.
//!
//! The profiles are those of HL7's Personal Health Device guide 2.0.0, R4's vital signs, and CardX Hypertension Management 1.0.0.
//! A profile is named only where the resource fulfils it. The patient, whom the platform knows, is referred to by identifier;
//! everything else that is referred to stands in the Bundle, but for an average's readings, which came in Bundles of their own.
//!
//! Identifiers of ours, never an address or a System ID of a cuff:
//!
//! | system | value | of |
//! |---|---|---|
//! | `urn:cuffd:device` | `{site}/{gateway}`, `{site}/{gateway}/{cuff}` | the Devices |
//! | `urn:cuffd:observation` | `{message id}/{part}`, `{round}/average` | every Observation |
//! | `urn:cuffd:message` | a message's id | what a Provenance is of |
//!
//! Every resource that has an identifier is created only where there is none yet (`ifNoneExist`): messages may come twice. A Provenance
//! has none in R4; one that comes twice says the same twice.

mod average;
mod bundle;
mod coding;
mod condition;
mod device;
mod effective;
mod observation;
mod pressure;
mod provenance;
mod pulse_rate;
mod source;
mod status;
mod time_stamp;

use uuid::Uuid;

pub use self::average::{Round, average};
use self::bundle::Entries;
use self::observation::Common;
use self::source::Reading;
use super::MessageError;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.fhir/1";

/// A finished Bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its id, made of what it is of.
    pub id: Uuid,
    /// Its JSON.
    pub octets: Vec<u8>,
}

/// Why a Bundle could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FhirError {
    /// What it was to be made of is no message of ours.
    #[error("not a message that a Bundle can be made of")]
    Source(#[source] serde_json::Error),
    /// It is too large, or has no form in JSON.
    #[error(transparent)]
    Message(#[from] MessageError),
}

/// The Bundle of one reading, made of its message, proof and all. `None` where neither pressure is a number.
///
/// # Errors
/// Where the octets are no reading's message, or the Bundle would be larger than a message may be.
pub fn reading(message: &[u8], patient_system: &str) -> Result<Option<Bundle>, FhirError> {
    let reading = Reading::parse(message)?;
    if reading.systolic.is_none() && reading.diastolic.is_none() {
        return Ok(None);
    }
    let mut entries = Entries::new(bundle::derived("reading", &[reading.envelope.id]));
    let common = Common {
        reading: &reading,
        patient_system,
        cuff: entries.full_url("cuff"),
        gateway: entries.full_url("gateway"),
        time_stamp: time_stamp::can_be_told(&reading).then(|| entries.full_url(time_stamp::PART)),
    };
    device::add(&reading, &mut entries);
    let mut told = vec![pressure::PART];
    pressure::add(&common, &mut entries);
    told.extend(pulse_rate::add(&common, &mut entries));
    told.extend(status::add(&common, &mut entries));
    told.extend(time_stamp::add(&common, &mut entries));
    provenance::of_reading(&common, &told, &mut entries);
    Ok(Some(entries.finish(&reading.envelope)?))
}
