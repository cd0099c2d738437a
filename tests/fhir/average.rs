//! The Bundle of a judged round.

use cuffd::mqtt::message::fhir::{self, Round};
use serde_json::{Value, json};

use crate::bundle::{each, resources};
use crate::rig::{PATIENTS, Sample, measurement, observation, stamp, with_proof};

/// Two readings, the later one first told.
pub(crate) fn readings() -> [Vec<u8>; 2] {
    [(3, "2026-11-21T18:04:12"), (2, "2026-11-21T18:02:12")].map(|(id, at)| {
        let mut measurement = measurement();
        measurement.timestamp = Some(stamp(at));
        let sample = Sample {
            id,
            ..Sample::of(&measurement)
        };
        sample.message()
    })
}

/// A readiness message, as far as it matters.
pub(crate) fn answer() -> Vec<u8> {
    let message = json!({
        "schema": "cuffd.readiness/1", "id": "00000000-0000-0000-0000-000000000009", "site": "north", "gateway": "gw-0042",
        "created_at": "2026-11-21T18:07:42Z", "session": "s1", "patient": "p1", "state": "ready",
    });
    with_proof(message.to_string().as_bytes(), Some("e30..YQ"))
}

fn average(readings: &[Vec<u8>], answer: Option<&[u8]>) -> Option<Value> {
    let round = Round {
        readings: readings.iter().map(Vec::as_slice).collect(),
        systolic: serde_json::from_str("120.5").unwrap(),
        diastolic: serde_json::from_str("78").unwrap(),
        answer,
    };
    let bundle = fhir::average(&round, PATIENTS).unwrap()?;
    let again = fhir::average(&round, PATIENTS).unwrap();
    assert_eq!(again, Some(bundle.clone()), "the same octets");
    Some(serde_json::from_slice(&bundle.octets).unwrap())
}

#[test]
fn it_is_of_the_readings_and_of_the_answer_that_told_it() {
    let bundle = average(&readings(), Some(&answer())).unwrap();
    let average = observation(&bundle, "96607-7").unwrap();
    assert_eq!(
        average["effectivePeriod"],
        json!({"start": "2026-11-21T18:05:29Z", "end": "2026-11-21T18:07:29Z"})
    );
    let values = each(&average["component"], "/valueQuantity/value");
    assert_eq!(values, [&json!(120.5), &json!(78)]);
    assert_eq!(average["extension"][0]["valueInteger"], 2);
    let of = each(&average["derivedFrom"], "/identifier/value");
    let id = |number| format!("00000000-0000-0000-0000-00000000000{number}/blood-pressure");
    assert_eq!(of, [&id(3), &id(2)]);
    assert_eq!(average["issued"], "2026-11-21T18:07:42Z");
    let provenance = resources(&bundle, "Provenance")[0];
    let sources = each(&provenance["entity"], "/what/display");
    assert_eq!(sources, ["cuffd.readiness/1", "cuffd.reading/1", "cuffd.reading/1"]);
    let proofs = provenance["signature"].as_array().unwrap();
    assert_eq!((proofs.len(), &proofs[0]["data"]), (3, &json!("ZTMwLi5ZUQ==")));
}

#[test]
fn no_answer_may_have_told_it() {
    let bundle = average(&readings(), None).unwrap();
    let average = observation(&bundle, "96607-7").unwrap();
    assert_eq!(average["issued"], "2026-11-21T18:07:41.5Z", "its last reading's");
    assert_eq!(
        resources(&bundle, "Provenance")[0]["entity"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn other_readings_are_another_round() {
    let [first, second] = readings();
    let id = |readings: &[Vec<u8>]| average(readings, None).unwrap()["id"].clone();
    assert_ne!(id(&[first.clone(), second]), id(std::slice::from_ref(&first)));
    assert_eq!(average(&[], None), None);
}
