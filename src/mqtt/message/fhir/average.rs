//! The average of a round that was judged by it.

use jiff::Timestamp;
use serde_json::{Map, Number, Value, json};

use super::bundle::{Entries, derived, patient, reference, time};
use super::coding::{Code, Unit, component, concept};
use super::condition::Identifier;
use super::observation::OBSERVATION;
use super::source::{Envelope, Reading};
use super::{Bundle, FhirError, device, pressure, provenance};

const PART: &str = "average";

/// A judged round.
#[derive(Clone, Debug)]
pub struct Round<'a> {
    /// The messages of its counted readings, in the order counted.
    pub readings: Vec<&'a [u8]>,
    /// The mean, as answers print it.
    pub systolic: Number,
    /// The mean, as answers print it.
    pub diastolic: Number,
    /// The readiness message that told the means. `None` where none did: more came in the same connection, or the gateway had
    /// just been started.
    pub answer: Option<&'a [u8]>,
}

/// The Bundle of a judged round's average. `None` of no readings.
///
/// The readings' Observations are referred to by their identifiers: their Bundles may come later than this one, and a reference
/// that the server has to resolve would have it refuse the whole.
///
/// # Errors
/// Where the octets are no messages of ours, or the Bundle would be larger than a message may be.
pub fn average(round: &Round<'_>, patient_system: &str) -> Result<Option<Bundle>, FhirError> {
    let readings = round.readings.iter().map(|message| Reading::parse(message));
    let readings = readings.collect::<Result<Vec<Reading>, _>>()?;
    let answer = round.answer.map(serde_json::from_slice::<Envelope>);
    let answer = answer.transpose().map_err(FhirError::Source)?;
    let Some(last) = readings.last() else {
        return Ok(None);
    };
    let envelopes: Vec<&Envelope> = answer
        .iter()
        .chain(readings.iter().map(|reading| &reading.envelope))
        .collect();
    let ids: Vec<_> = readings.iter().map(|reading| reading.envelope.id).collect();
    let id = derived("round", &ids);
    let mut entries = Entries::new(id);
    let gateway = entries.full_url("gateway");
    device::add_gateway(&last.envelope, &mut entries);
    let identifier = Identifier::new(OBSERVATION, format!("{id}/{PART}"));
    let issued = answer.as_ref().unwrap_or(&last.envelope);
    let mut observation = observation(&readings, round, patient_system);
    for (name, value) in [
        ("identifier", json!([identifier.json()])),
        ("issued", time(issued.created_at)),
        ("device", reference(&gateway)),
    ] {
        observation.insert(name.to_owned(), value);
    }
    entries.add(PART, Some(&identifier), observation);
    let targets = vec![entries.full_url(PART)];
    let provenance = provenance::provenance(targets, &gateway, &envelopes);
    entries.add("provenance", None, provenance);
    Ok(Some(entries.finish(issued)?))
}

fn observation(readings: &[Reading], round: &Round<'_>, patient_system: &str) -> Map<String, Value> {
    let count = "http://hl7.org/fhir/uv/cardx-htn-mng/StructureDefinition/NumberOfMeasurementsExt";
    let of = readings
        .first()
        .map(|reading| patient(patient_system, reading.patient.as_str()));
    let vital_signs = concept(&[Code::VITAL_SIGNS]);
    let code = Code::loinc("96607-7", "Blood pressure panel mean systolic and mean diastolic");
    let systolic = Code::loinc("96608-5", "Systolic blood pressure mean");
    let diastolic = Code::loinc("96609-3", "Diastolic blood pressure mean");
    let components = json!([
        component(&[systolic], Ok(&round.systolic), Unit::MmHg),
        component(&[diastolic], Ok(&round.diastolic), Unit::MmHg),
    ]);
    [
        ("resourceType", json!("Observation")),
        (
            "meta",
            json!({"profile": ["http://hl7.org/fhir/uv/cardx-htn-mng/StructureDefinition/average-smbp"]}),
        ),
        ("extension", json!([{"url": count, "valueInteger": readings.len()}])),
        ("status", json!("final")),
        ("category", json!([vital_signs])),
        ("code", concept(&[code])),
        ("subject", json!(of)),
        ("effectivePeriod", period(readings)),
        ("performer", json!([of])),
        ("derivedFrom", readings.iter().map(derived_from).collect()),
        ("component", components),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// From the first reading to the last. What counted has a time.
fn period(readings: &[Reading]) -> Value {
    let taken = || readings.iter().map(when);
    json!({"start": taken().min().map(time), "end": taken().max().map(time)})
}

fn when(reading: &Reading) -> Timestamp {
    reading.taken_at.unwrap_or(reading.received_at)
}

fn derived_from(reading: &Reading) -> Value {
    let value = format!("{}/{}", reading.envelope.id, pressure::PART);
    json!({"type": "Observation", "identifier": Identifier::new(OBSERVATION, value).json()})
}
