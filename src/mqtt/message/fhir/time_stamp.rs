//! The coincident time stamp: what the cuff's clock showed at an instant of the gateway's, by which its stamps were put right.
//!
//! There is one only where the reading was dated by it: with a stamp, an offset, and a time that came of them. The cuff's clock shows
//! local time without an offset; here it stands as the instant in UTC that it would be if it were right.

use jiff::SignedDuration;
use serde_json::{Map, json};

use super::bundle::{Entries, reference, time};
use super::coding::{Code, concept};
use super::observation::Common;
use super::source::Reading;

/// Our word for it.
pub(super) const PART: &str = "time-stamp";

/// Whether the reading has one.
pub(super) const fn can_be_told(reading: &Reading) -> bool {
    reading.cuff_time.is_some() && reading.cuff_clock_offset_s.is_some() && reading.taken_at.is_some()
}

/// Adds it, if there is one, and says under which name.
pub(super) fn add(common: &Common<'_>, entries: &mut Entries) -> Option<&'static str> {
    let reading = common.reading;
    common.time_stamp.as_ref()?;
    let ahead = SignedDuration::from_secs(reading.cuff_clock_offset_s?);
    let shown = reading.received_at.checked_sub(ahead).ok()?;
    let identifier = common.own_identifier(PART);
    let observation = [
        ("resourceType", json!("Observation")),
        (
            "meta",
            json!({"profile": ["http://hl7.org/fhir/uv/phd/StructureDefinition/PhdCoincidentTimeStampObservation"]}),
        ),
        ("identifier", json!([identifier.json()])),
        ("status", json!("final")),
        ("code", concept(&[Code::mdc("67975", "MDC_ATTR_TIME_ABS")])),
        ("subject", reference(&common.cuff)),
        ("effectiveDateTime", time(reading.received_at)),
        ("valueDateTime", time(shown)),
        ("device", reference(&common.gateway)),
    ];
    let observation: Map<_, _> = observation
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    entries.add(PART, Some(&identifier), observation);
    Some(PART)
}
