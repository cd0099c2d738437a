//! The measurement status of a reading, bit by bit.
//!
//! Only bits that the cuff can set are told, true or false, and bits that it set. One that it cannot set is left out: "false" would
//! claim that it looked. Where it is not known what the cuff can see, only what it saw is told. The pulse rate's two bits together
//! have no meaning yet: then neither is told.

use serde_json::{Value, json};

use super::bundle::{Entries, reference};
use super::coding::{Code, concept};
use super::observation::{Common, Kind};
use super::pressure;
use crate::core::bls::measurement::Measurement;

const KIND: Kind = Kind {
    part: "measurement-status",
    codes: &[Code::mdc("8410608", "MDC_BLOOD_PRESSURE_MEASUREMENT_STATUS")],
    vital_sign: false,
    profiles: &["http://hl7.org/fhir/uv/phd/StructureDefinition/PhdBitsEnumerationObservation"],
    profile_if_dated: None,
};

/// The message's names with the guide's code and name of the bit.
const BITS: [(&str, &str, &str); 6] = [
    ("body_movement", "8410608.0", "body-movement"),
    ("cuff_too_loose", "8410608.1", "cuff-too-loose"),
    ("irregular_pulse", "8410608.2", "irregular-pulse"),
    ("pulse_rate_above_range", "8410608.3", "pulse-over-range-limit"),
    ("pulse_rate_below_range", "8410608.4", "pulse-under-range-limit"),
    ("improper_position", "8410608.5", "improper-body-position"),
];

/// Adds the status, if there is something to tell, and says under which name.
pub(super) fn add(common: &Common<'_>, entries: &mut Entries) -> Option<&'static str> {
    let reading = common.reading;
    // A cuff that sent no status said nothing, whatever it can see.
    Measurement::decode(&reading.raw()).ok()?.status?;
    let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let supported = reading.status_supported.as_deref().unwrap_or_default();
    let is_reserved = has(&reading.status, "pulse_rate_range_reserved");
    let bits = BITS.iter().filter_map(|(name, code, display)| {
        let is_set = has(&reading.status, name);
        let is_known = is_set || has(supported, name);
        let is_told = is_known && !(is_reserved && name.starts_with("pulse_rate_"));
        is_told.then(|| component(code, display, is_set))
    });
    let components: Vec<Value> = bits.collect();
    if components.is_empty() {
        return None;
    }
    let mut observation = common.observation(KIND);
    observation.insert("component".to_owned(), components.into());
    let pressures = json!([reference(&entries.full_url(pressure::PART))]);
    observation.insert("derivedFrom".to_owned(), pressures);
    common.add(KIND, observation, entries);
    Some(KIND.part)
}

fn component(code: &'static str, display: &'static str, is_set: bool) -> Value {
    let system = "http://terminology.hl7.org/CodeSystem/ASN1ToHL7";
    json!({"code": concept(&[Code { system, code, display }]), "valueBoolean": is_set})
}
