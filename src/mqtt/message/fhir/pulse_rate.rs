//! The pulse rate of a reading, a heart rate to FHIR.

use super::bundle::Entries;
use super::coding::{Absent, Code, Unit, put_value};
use super::observation::{Common, Kind};
use super::pressure::why_absent;
use crate::core::bls::measurement::Measurement;
use crate::core::bls::sfloat::Sfloat;

const KIND: Kind = Kind {
    part: "heart-rate",
    codes: &[
        Code::mdc("149546", "MDC_PULS_RATE_NON_INV"),
        Code::loinc("8867-4", "Heart rate"),
    ],
    vital_sign: true,
    profiles: &[
        "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdNumericObservation",
        "http://hl7.org/fhir/StructureDefinition/heartrate",
        "http://hl7.org/fhir/uv/cardx-htn-mng/StructureDefinition/smbp-associated-heart-rate",
    ],
    profile_if_dated: None,
};

/// Adds the pulse rate, if the cuff sent one, and says under which name.
///
/// One that is not above 0 is an error: a heart that stands does not hold up a cuff.
pub(super) fn add(common: &Common<'_>, entries: &mut Entries) -> Option<&'static str> {
    let number = common.reading.pulse_rate.as_ref();
    let value = match number {
        Some(number) if number.as_f64().is_some_and(|rate| rate > 0.0) => Ok(number),
        Some(_) => Err(Absent::Error),
        None => Err(special(&common.reading.raw())?),
    };
    let mut observation = common.observation(KIND);
    put_value(&mut observation, value, Unit::PerMinute);
    common.add(KIND, observation, entries);
    Some(KIND.part)
}

/// Why what was sent is no number; `None` if nothing was sent.
fn special(octets: &[u8]) -> Option<Absent> {
    let sent = Measurement::decode(octets).ok()?.pulse_rate?;
    // Some models send it the other way round, and the message does not say which: what is no number in one order is one in
    // the other.
    let turned = sent.to_word().ok().map(|word| Sfloat::from_word(word.swap_bytes()));
    let special = [Some(sent), turned]
        .into_iter()
        .flatten()
        .find(|sent| sent.number().is_none());
    Some(why_absent(special))
}
