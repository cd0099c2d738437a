//! What the Observations of one reading have in common.
//!
//! The conditional-create key is the Personal Health Device guide's: device, patient, code, and the cuff's own time stamp as
//! seconds since 2000-01-01. A stamp by a clock that nobody knows is none: a cuff that begins anew with each battery would stamp
//! two measurements alike, and the later one would be lost. Such readings are told apart by our id alone.

use jiff::civil::{DateTime, date};
use serde_json::{Map, Value, json};

use super::bundle::{Entries, patient, reference, time};
use super::coding::{Code, concept};
use super::condition::Identifier;
use super::source::Reading;
use super::{device, effective};

/// The guide's base profile, which is also the system of its keys.
const PHD_BASE: &str = "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdBaseObservation";
/// The system of Observations' identifiers.
pub(super) const OBSERVATION: &str = "urn:cuffd:observation";

/// What every Observation of a reading needs.
#[derive(Debug)]
pub(super) struct Common<'a> {
    pub(super) reading: &'a Reading,
    pub(super) patient_system: &'a str,
    /// What entries call the cuff by.
    pub(super) cuff: String,
    /// What entries call the gateway by.
    pub(super) gateway: String,
    /// What entries call the coincident time stamp by, where there is one.
    pub(super) time_stamp: Option<String>,
}

/// What tells one Observation of a reading from its others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Our word for it, in its identifier.
    pub(super) part: &'static str,
    /// The first is the MDC code, which stands in the key.
    pub(super) codes: &'static [Code],
    /// Whether it is a vital sign.
    pub(super) vital_sign: bool,
    /// What it fulfils.
    pub(super) profiles: &'static [&'static str],
    /// What it fulfils if it is known when it was taken.
    pub(super) profile_if_dated: Option<&'static str>,
}

impl Common<'_> {
    /// Our identifier of this part of the reading.
    pub(super) fn own_identifier(&self, part: &str) -> Identifier {
        Identifier::new(OBSERVATION, format!("{}/{part}", self.reading.envelope.id))
    }

    /// A reference to the patient.
    pub(super) fn patient(&self) -> Value {
        patient(self.patient_system, self.reading.patient.as_str())
    }

    /// An Observation without value, to be completed.
    pub(super) fn observation(&self, kind: Kind) -> Map<String, Value> {
        let key = self.key(kind);
        let identifiers = key.into_iter().chain([self.own_identifier(kind.part)]);
        let identifiers: Vec<Value> = identifiers.map(|identifier| identifier.json()).collect();
        let dated = kind.profile_if_dated.filter(|_| self.reading.taken_at.is_some());
        let profiles: Vec<&str> = kind.profiles.iter().copied().chain(dated).collect();
        let mut observation = Map::new();
        for (name, value) in [
            ("resourceType", json!("Observation")),
            ("meta", json!({"profile": profiles})),
            ("extension", self.extensions()),
            ("identifier", identifiers.into()),
            ("status", json!("final")),
            ("category", categories(kind.vital_sign)),
            ("code", concept(kind.codes)),
            ("subject", self.patient()),
            ("issued", time(self.reading.envelope.created_at)),
            ("performer", json!([self.patient()])),
            ("device", reference(&self.cuff)),
        ] {
            observation.insert(name.to_owned(), value);
        }
        effective::put(&mut observation, self.reading);
        if self.reading.is_questionable() {
            observation.insert("interpretation".to_owned(), questionable());
        }
        observation
    }

    /// Adds a finished Observation of this kind.
    pub(super) fn add(&self, kind: Kind, observation: Map<String, Value>, entries: &mut Entries) {
        let own = self.own_identifier(kind.part);
        entries.add(kind.part, Some(&self.key(kind).unwrap_or(own)), observation);
    }

    fn extensions(&self) -> Value {
        let gateway = json!({
            "url": "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice",
            "valueReference": reference(&self.gateway),
        });
        let time_stamp = self.time_stamp.as_deref().map(|time_stamp| {
            json!({
                "url": "http://hl7.org/fhir/uv/phd/StructureDefinition/CoincidentTimeStampReference",
                "valueReference": reference(time_stamp),
            })
        });
        [gateway].into_iter().chain(time_stamp).collect()
    }

    /// The guide's key; `None` without a stamp by a clock that is known.
    fn key(&self, kind: Kind) -> Option<Identifier> {
        let Reading { patient, .. } = self.reading;
        let stamp = self.reading.cuff_time.filter(|_| self.reading.taken_at.is_some())?;
        let (device, system) = (device::cuff_identifier(self.reading).value, self.patient_system);
        let code = kind.codes.first()?.code;
        let value = format!("{device}-{patient}-{system}-{code}-{}", seconds_since_2000(stamp)?);
        Some(Identifier::new(PHD_BASE, value))
    }
}

fn seconds_since_2000(stamp: DateTime) -> Option<i64> {
    let span = date(2000, 1, 1)
        .at(0, 0, 0, 0)
        .until((jiff::Unit::Second, stamp))
        .ok()?;
    Some(span.get_seconds())
}

fn categories(vital_sign: bool) -> Value {
    let vital_sign = vital_sign.then(|| concept(&[Code::VITAL_SIGNS]));
    let of_a_device = concept(&[Code {
        system: "http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories",
        code: "phd",
        display: "PHD generated Observation",
    }]);
    vital_sign.into_iter().chain([of_a_device]).collect()
}

/// What was measured may not be so.
fn questionable() -> Value {
    json!([{"coding": [{"system": "http://hl7.org/fhir/uv/pocd/CodeSystem/measurement-status", "code": "questionable"}]}])
}
