//! FHIR Bundles beside the readings, on their topic and in the listing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::bundle::resources;
use crate::mosquitto::Mosquitto;
use crate::rig::{EVERYTHING, Gateway, mqtt, status};
use crate::subscriber::Subscriber;

const CUFF: &str = include_str!("../rig/cuff.toml");

const FHIR: &str = "fhir = true\nfhir_patient_system = \"urn:example:patients\"\n";

#[tokio::test]
async fn each_reading_comes_as_a_bundle_too_which_the_listing_prints_octet_for_octet() {
    let broker = Mosquitto::open().await;
    let mut platform = Subscriber::start(broker.port, EVERYTHING).await;
    let gateway = Gateway::with(&format!("{}{CUFF}", mqtt(broker.port, FHIR)));
    let mut daemon = gateway.ordered();
    status(&mut platform, "online").await;
    // One could not be measured: it is a reading, and no Bundle.
    let measured = |systolic: u16, before: &str| json!({"systolic": systolic, "diastolic": 80, "before": before});
    let readings = json!([measured(121, "9s"), {"before": "5s"}, measured(122, "1s")]);
    daemon.order(&json!({"cuff": "own", "readings": readings})).await;
    let (mut readings, mut bundles) = (Vec::new(), Vec::new());
    while readings.len() < 3 || bundles.len() < 2 {
        let message = platform.next().await;
        if message.topic.ends_with("/reading") {
            readings.push(message.json());
        } else if message.topic.ends_with("/fhir") {
            bundles.push(message);
        }
    }
    let mut published = BTreeSet::new();
    for (message, systolic) in bundles.into_iter().zip([121, 122]) {
        let bundle = message.json();
        let pressure = resources(&bundle, "Observation")[0];
        assert_eq!(pressure["component"][0]["valueQuantity"]["value"], systolic);
        assert_eq!(
            pressure["subject"]["identifier"],
            json!({"system": "urn:example:patients", "value": "p1"})
        );
        let properties = &message.properties.user_properties;
        for property in [("schema", "cuffd.fhir/1"), ("id", bundle["id"].as_str().unwrap())] {
            let property = (property.0.to_owned(), property.1.to_owned());
            assert!(properties.contains(&property), "{properties:?}");
        }
        assert!(!message.retained);
        published.insert(String::from_utf8(message.payload).unwrap());
    }
    let mut of = BTreeSet::new();
    for bundle in &published {
        let bundle: Value = serde_json::from_str(bundle).unwrap();
        let provenance = resources(&bundle, "Provenance")[0];
        let id = &provenance["entity"][0]["what"]["identifier"]["value"];
        let reading = readings.iter().find(|reading| reading["id"] == *id).unwrap();
        let signed = provenance.get("signature").is_some();
        assert_eq!(signed, reading.get("proof").is_some());
        of.insert(id.to_string());
    }
    assert_eq!(of.len(), 2);
    let listed = async || -> BTreeSet<String> {
        let listed = gateway.ask(&["readings", "--format", "fhir"]).await.good();
        listed.lines().map(str::to_owned).collect()
    };
    assert_eq!(listed().await, published, "from the daemon");
    let ended = daemon.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(listed().await, published, "from the store");
}

#[tokio::test]
async fn the_listing_needs_the_patient_system_and_nothing_else_of_fhir() {
    let gateway = Gateway::with(CUFF);
    let mut daemon = gateway.ordered();
    daemon
        .order(&json!({"cuff": "own", "readings": [{"systolic": 121, "diastolic": 80}, {}]}))
        .await;
    daemon.says("connection is over").await;
    daemon.stop().await;
    for lines in [String::new(), mqtt(1, "")] {
        gateway.configure(&format!("{lines}{CUFF}"));
        let answer = gateway.ask(&["readings", "--format", "fhir"]).await;
        assert_eq!(
            (answer.code, answer.stdout.as_str()),
            (Some(78), ""),
            "{}",
            answer.stderr
        );
        assert!(answer.stderr.contains("mqtt.fhir_patient_system"), "{}", answer.stderr);
    }
    let lines = mqtt(1, "fhir_patient_system = \"urn:example:patients\"");
    gateway.configure(&format!("{lines}{CUFF}"));
    let printed = gateway.ask(&["readings", "--format", "fhir"]).await.good();
    assert_eq!(printed.lines().count(), 1);
    // From the running daemon, whoever may ask it needs no config.
    let mut daemon = gateway.ordered();
    daemon.is_ready().await;
    gateway.configure("what is here now may not be read");
    assert_eq!(gateway.ask(&["readings", "--format", "fhir"]).await.good(), printed);
    daemon.stop().await;
}
