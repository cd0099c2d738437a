//! FHIR Bundles beside what they are made of, also where no answer tells of a round, and over a restart.

use super::*;

/// The stored Bundles, in order.
fn bundles(run: &Run) -> Vec<Value> {
    run.stored("fhir")
}

/// The only Observation of a Bundle's average; `None` if it is a reading's.
fn average(bundle: &Value) -> Option<&Value> {
    let entries = bundle["entry"].as_array().unwrap().iter();
    let mut resources = entries.map(|entry| &entry["resource"]);
    resources.find(|resource| resource["code"]["coding"][0]["code"] == "96607-7")
}

/// What a Bundle is made of, by schema.
fn sources(bundle: &Value) -> Vec<&str> {
    let entries = bundle["entry"].as_array().unwrap().iter();
    let mut resources = entries.map(|entry| &entry["resource"]);
    let provenance = resources.find(|resource| resource["resourceType"] == "Provenance");
    let entities = provenance.unwrap()["entity"].as_array().unwrap().iter();
    entities
        .map(|entity| entity["what"]["display"].as_str().unwrap())
        .collect()
}

fn means(bundle: &Value) -> Vec<&Value> {
    let components = average(bundle).unwrap()["component"].as_array().unwrap().iter();
    components
        .map(|component| &component["valueQuantity"]["value"])
        .collect()
}

#[tokio::test]
async fn each_reading_has_one_and_a_judged_round_one_more() {
    let mut run = Run::first().await;
    run.ready("own").await;
    let bundles = bundles(&run);
    let averages: Vec<bool> = bundles.iter().map(|bundle| average(bundle).is_some()).collect();
    assert_eq!(averages, [false, false, false, true]);
    assert_eq!(means(&bundles[3]), [&json!(121.5), &json!(80)]);
    assert_eq!(
        sources(&bundles[3]),
        ["cuffd.readiness/1", "cuffd.reading/1", "cuffd.reading/1"]
    );
    assert_eq!(sources(&bundles[0]), ["cuffd.reading/1"]);
}

#[tokio::test]
async fn a_round_that_the_same_connection_left_again_has_one_too() {
    let mut run = Run::first().await;
    run.measure("own", &[120]).await;
    run.open().await;
    // The third is outside the limits and takes the pass back before anybody was told of it.
    run.measure("own", &[121, 122, 150]).await;
    assert!(run.said().iter().all(|said| said["state"] != "ready"));
    let bundles = bundles(&run);
    let round = bundles.iter().find(|bundle| average(bundle).is_some()).unwrap();
    assert_eq!(means(round), [&json!(121.5), &json!(80)]);
    assert_eq!(sources(round), ["cuffd.reading/1", "cuffd.reading/1"]);
}

#[tokio::test]
async fn a_round_over_a_restart_is_of_the_readings_before_it_too() {
    let mut run = Run::first().await;
    run.measure("own", &[120]).await;
    run.open().await;
    run.measure("own", &[121]).await;
    let mut run = run.again(FIRST, true).await;
    assert_eq!(bundles(&run).len(), 2);
    run.measure("own", &[124]).await;
    let bundles = bundles(&run);
    assert_eq!(
        (bundles.len(), means(&bundles[3])),
        (4, vec![&json!(122.5), &json!(80)])
    );
    assert_eq!(average(&bundles[3]).unwrap()["extension"][0]["valueInteger"], 2);
}

#[tokio::test]
async fn without_a_patient_system_there_are_none() {
    let mut run = Run::first().await;
    run.intake.gatekeeper.maker.patient_system = None;
    run.ready("own").await;
    assert_eq!(bundles(&run), [Value::Null; 0]);
}
