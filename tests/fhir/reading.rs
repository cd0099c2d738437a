//! The Bundle of one reading as a whole.

use cuffd::core::source::Description;
use cuffd::mqtt::message::fhir::{self, FhirError};
use serde_json::{Value, json};

use crate::bundle::resources;
use crate::rig::{ADDRESS, PATIENTS, Sample, measurement, observation, special};

#[test]
fn the_same_message_gives_the_same_octets_and_another_other_ids() {
    let sample = Sample::of(&measurement());
    let first = fhir::reading(&sample.message(), PATIENTS).unwrap().unwrap();
    assert_eq!(fhir::reading(&sample.message(), PATIENTS).unwrap(), Some(first.clone()));
    let other = Sample { id: 2, ..sample }.bundle();
    let first: Value = serde_json::from_slice(&first.octets).unwrap();
    let urls = |bundle: &Value| -> Vec<Value> {
        let entries = bundle["entry"].as_array().unwrap().iter();
        entries.map(|entry| entry["fullUrl"].clone()).collect()
    };
    assert_ne!(first["id"], other["id"]);
    assert!(urls(&first).iter().all(|url| !urls(&other).contains(url)));
}

#[test]
fn it_holds_devices_observations_and_a_provenance_of_all_of_them() {
    let bundle = Sample::of(&measurement()).bundle();
    let kinds = ["Device", "Observation", "Provenance"].map(|kind| resources(&bundle, kind).len());
    assert_eq!(kinds, [2, 4, 1]);
    let provenance = resources(&bundle, "Provenance")[0];
    assert_eq!(provenance["target"].as_array().unwrap().len(), 4);
    assert_eq!(
        provenance["entity"][0]["what"]["identifier"],
        json!({"system": "urn:cuffd:message", "value": "00000000-0000-0000-0000-000000000001"})
    );
    assert_eq!(
        provenance["signature"][0]["data"],
        "ZXlKaGJHY2lPaUpGWkRJMU5URTVJbjAuLmMybG5ibUYwZFhKbA=="
    );
    assert_eq!(provenance["occurredDateTime"], "2026-11-21T18:07:40.25Z");
}

#[test]
fn without_a_proof_there_is_no_signature() {
    let sample = Sample {
        proof: None,
        ..Sample::of(&measurement())
    };
    assert_eq!(resources(&sample.bundle(), "Provenance")[0].get("signature"), None);
}

#[test]
fn without_numbers_there_is_no_bundle() {
    let mut without = measurement();
    without.systolic = special(0x07FF);
    let one = Sample::of(&without);
    assert!(
        fhir::reading(&one.message(), PATIENTS).unwrap().is_some(),
        "one number is enough"
    );
    without.diastolic = special(0x07FE);
    for octets in [without.encode().unwrap(), vec![0x1E, 0x78]] {
        let sample = Sample::of_octets(octets);
        assert_eq!(fhir::reading(&sample.message(), PATIENTS).unwrap(), None);
    }
}

#[test]
fn what_is_no_reading_is_an_error() {
    for message in ["", "[]", "{\"schema\":\"cuffd.reading/1\"}"] {
        let refused = fhir::reading(message.as_bytes(), PATIENTS);
        assert!(matches!(refused, Err(FhirError::Source(_))), "{message:?}");
    }
}

#[test]
fn the_key_is_the_guides_and_the_query_names_it() {
    let bundle = Sample::of(&measurement()).bundle();
    // 2026-11-21T18:04:12 by the cuff's own clock.
    let key = "north/gw-0042/living-room-p1-urn:example:patients-150020-848599452";
    let system = "http://hl7.org/fhir/uv/phd/StructureDefinition/PhdBaseObservation";
    let pressure = observation(&bundle, "85354-9").unwrap();
    assert_eq!(pressure["identifier"][0], json!({"system": system, "value": key}));
    let entries = bundle["entry"].as_array().unwrap().iter();
    let request = entries
        .filter(|entry| entry["resource"] == *pressure)
        .map(|entry| &entry["request"])
        .next();
    assert_eq!(
        request.unwrap(),
        &json!({"method": "POST", "url": "Observation", "ifNoneExist": format!("identifier={system}|{key}")})
    );
}

#[test]
fn a_cuff_that_says_nothing_of_itself_is_said_to_be_unknown() {
    let sample = Sample {
        description: Description::default(),
        ..Sample::of(&measurement())
    };
    let bundle = sample.bundle();
    let cuff = resources(&bundle, "Device")[1];
    let unknown = json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown",
    }]});
    for name in ["_manufacturer", "_modelNumber"] {
        assert_eq!(cuff[name], unknown, "{name}");
    }
    assert_eq!(
        (&cuff["version"][0]["_value"], cuff.get("serialNumber")),
        (&unknown, None)
    );
}

#[test]
fn no_address_stands_in_it() {
    let text = Sample::of(&measurement()).bundle().to_string().to_uppercase();
    for separator in [":", "-", ""] {
        assert!(!text.contains(&ADDRESS.replace(':', separator)), "{text}");
    }
}

#[test]
fn it_is_a_quarter_of_what_it_may_be_at_most() {
    let long = |_: &str| Some("x".repeat(248));
    let sample = Sample {
        description: Description {
            manufacturer: long("manufacturer"),
            model: long("model"),
            serial: long("serial"),
            firmware: long("firmware"),
            battery: None,
            features: Some(0xFFFF),
        },
        counted: false,
        test: true,
        ..Sample::of(&measurement())
    };
    let size = sample.bundle().to_string().len();
    assert!(size < 16 * 1024, "{size}");
}

#[test]
fn what_did_not_count_says_so_and_what_is_doubtful_too() {
    let mut doubtful = measurement();
    doubtful.diastolic = doubtful.systolic;
    for (measurement, counted, note, questionable) in [
        (measurement(), true, Value::Null, false),
        (
            measurement(),
            false,
            json!("Not counted by the gateway: no_session."),
            false,
        ),
        (
            doubtful,
            false,
            json!("Not counted by the gateway: implausible, no_session."),
            true,
        ),
    ] {
        let sample = Sample {
            counted,
            ..Sample::of(&measurement)
        };
        let bundle = sample.bundle();
        let pressure = observation(&bundle, "85354-9").unwrap();
        assert_eq!(pressure["note"][0]["text"], note);
        assert_eq!(
            pressure["interpretation"][0]["coding"][0]["code"] == "questionable",
            questionable
        );
    }
}
