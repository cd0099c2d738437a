//! The pressures of a reading.

use serde_json::{Number, Value, json};

use super::bundle::Entries;
use super::coding::{Absent, Code, Unit, component};
use super::observation::{Common, Kind};
use super::source::Reading;
use crate::core::bls::measurement::Measurement;
use crate::core::bls::sfloat::Sfloat;

/// Our word for it.
pub(super) const PART: &str = "blood-pressure";

const KIND: Kind = Kind {
    part: PART,
    codes: &[
        Code::mdc("150020", "MDC_PRESS_BLD_NONINV"),
        Code::loinc("85354-9", "Blood pressure panel with all children optional"),
    ],
    vital_sign: true,
    profiles: &[
        "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdCompoundNumericObservation",
        "http://hl7.org/fhir/StructureDefinition/bp",
    ],
    profile_if_dated: Some("http://hl7.org/fhir/uv/cardx-htn-mng/StructureDefinition/self-measured-bp"),
};

const SYSTOLIC: [Code; 2] = [
    Code::mdc("150021", "MDC_PRESS_BLD_NONINV_SYS"),
    Code::loinc("8480-6", "Systolic blood pressure"),
];

const DIASTOLIC: [Code; 2] = [
    Code::mdc("150022", "MDC_PRESS_BLD_NONINV_DIA"),
    Code::loinc("8462-4", "Diastolic blood pressure"),
];

const MEAN: [Code; 2] = [
    Code::mdc("150023", "MDC_PRESS_BLD_NONINV_MEAN"),
    Code::loinc("8478-0", "Mean blood pressure"),
];

/// Adds the pressures.
pub(super) fn add(common: &Common<'_>, entries: &mut Entries) {
    let reading = common.reading;
    // Pressures stand alike in every known model.
    let sent = Measurement::decode(&reading.raw()).ok();
    let pressure = |codes, number: &Option<Number>, sent: Option<Sfloat>| {
        component(codes, number.as_ref().ok_or(why_absent(sent)), Unit::MmHg)
    };
    let sent = sent.as_ref();
    let components = [
        pressure(&SYSTOLIC, &reading.systolic, sent.map(|sent| sent.systolic)),
        pressure(&DIASTOLIC, &reading.diastolic, sent.map(|sent| sent.diastolic)),
        pressure(
            &MEAN,
            &reading.mean_arterial_pressure,
            sent.map(|sent| sent.mean_arterial_pressure),
        ),
    ];
    let mut observation = common.observation(KIND);
    observation.insert("component".to_owned(), components.into_iter().collect());
    if let Some(note) = note(reading) {
        observation.insert("note".to_owned(), json!([{"text": note}]));
    }
    common.add(KIND, observation, entries);
}

/// Why what was sent is no number.
pub(super) fn why_absent(sent: Option<Sfloat>) -> Absent {
    match sent {
        Some(Sfloat::NotANumber) => Absent::NotANumber,
        Some(Sfloat::PositiveInfinity) => Absent::PositiveInfinity,
        Some(Sfloat::NegativeInfinity) => Absent::NegativeInfinity,
        Some(Sfloat::NotAtThisResolution | Sfloat::Reserved | Sfloat::Number(_)) | None => Absent::Error,
    }
}

/// Whoever reads it in a record must see that the gate passed it over.
fn note(reading: &Reading) -> Option<Value> {
    if reading.counted {
        return None;
    }
    let reasons: Vec<&str> = reading.reasons.iter().map(|reason| reason.code.as_str()).collect();
    Some(format!("Not counted by the gateway: {}.", reasons.join(", ")).into())
}
