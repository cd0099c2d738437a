//! The average of a judged round as a FHIR Bundle.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, cuffs_of, is, pressures};
use crate::bundle::{each, resources};

const FHIR: &[&str] = &[
    "env",
    "CUFFD__MQTT__FHIR=true",
    "CUFFD__MQTT__FHIR_PATIENT_SYSTEM=urn:example:patients",
];

#[tokio::test]
async fn a_round_that_passed_or_failed_is_told_as_its_average() {
    let mut clinic = Clinic::open_in(FHIR, POLICY, &cuffs_of(&["p1"])).await;
    clinic.open_session("s1", "p1").await;
    clinic
        .measure("cuff-p1", &[pressures(150, 80), pressures(152, 84)])
        .await;
    let blocked = clinic.state("s1", "blocked").await;
    let is_average = |message: &Value| {
        let of_answer =
            |bundle: &Value| resources(bundle, "Provenance")[0]["entity"][0]["what"]["display"] == "cuffd.readiness/1";
        message["resourceType"] == "Bundle" && of_answer(message)
    };
    let bundle = clinic.next(is_average).await;
    let average = resources(&bundle, "Observation")[0];
    let values = each(&average["component"], "/valueQuantity/value");
    assert_eq!(values, [&blocked["systolic"], &blocked["diastolic"]]);
    assert_eq!(values, [&json!(151), &json!(82)]);
    assert_eq!(
        resources(&bundle, "Provenance")[0]["entity"][0]["what"]["identifier"]["value"],
        blocked["id"]
    );
    let counted: Vec<String> = blocked["counted"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| format!("{}/blood-pressure", id.as_str().unwrap()))
        .collect();
    let derived_from = each(&average["derivedFrom"], "/identifier/value");
    assert_eq!(derived_from, counted.iter().collect::<Vec<_>>());
    let bundles = clinic
        .heard
        .iter()
        .filter(|message| message["resourceType"] == "Bundle");
    let count = bundles.count();
    assert_eq!(
        (
            count,
            clinic.heard.iter().filter(|message| is(message, "reading")).count()
        ),
        (3, 2)
    );
}
