//! A reading at a crisis limit: told before everything else, each time, whatever the session is doing.

use rusqlite::Connection;
use serde_json::json;

use super::rig::{Clinic, POLICY, codes, cuffs_of, is, pressures};
use crate::rig::{next_second, until};

/// The messages that the store holds, whether or not anybody has them.
async fn stored(clinic: &Clinic, kind: &str, count: usize) -> Vec<String> {
    let path = clinic.gateway.store();
    until(&format!("{count} stored messages of the kind {kind}"), async || {
        let store = Connection::open(&path).ok()?;
        let mut messages = store
            .prepare("SELECT lower(hex(id)) FROM message WHERE kind = ?1 ORDER BY seq")
            .ok()?;
        let ids = messages.query_map([kind], |row| row.get(0)).ok()?;
        let ids: Vec<String> = ids.collect::<Result<_, _>>().ok()?;
        (ids.len() >= count).then_some(ids)
    })
    .await
}

/// The broker is away while it happens, and the gateway is killed before anything of it is sent.
#[tokio::test]
async fn the_alert_goes_first_then_the_answer_then_the_reading() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    clinic.open_session("s1", "p1").await;
    clinic.open_session("s2", "p2").await;
    clinic.broker.stop();
    clinic.measure("cuff-p2", &[pressures(120, 80)]).await;
    let before = stored(&clinic, "reading", 1).await;
    clinic.measure("cuff-p1", &[pressures(185, 80)]).await;
    stored(&clinic, "alert", 1).await;
    let readiness = stored(&clinic, "readiness", 4).await;
    clinic.power_cut().await;
    let heard = clinic.heard.len();
    clinic.broker.start().await;
    clinic.start().await;
    let alert = clinic.alert().await;
    clinic.reading("cuff-p2").await;
    let reading = clinic.reading("cuff-p1").await;
    let crisis = clinic.state("s1", "crisis").await;
    assert_eq!(
        (&alert["code"], &alert["session"], &alert["patient"]),
        (&json!("crisis"), &json!("s1"), &json!("p1"))
    );
    assert_eq!((&alert["reading"], &alert["verified"]), (&reading["id"], &json!(true)));
    assert_eq!(
        crisis["reasons"],
        json!([{"code": "crisis", "of": "systolic", "measured": 185, "limit": 180},
               {"code": "attestation_missing", "item": "companion_present"}])
    );
    assert_eq!(
        (&crisis["counted"], &reading["counted"]),
        (&json!([reading["id"]]), &json!(true))
    );
    let kinds = clinic.heard[heard..].iter().filter_map(|message| {
        let kind = ["alert", "readiness", "reading"]
            .into_iter()
            .find(|kind| is(message, kind));
        // What the next run says by itself comes as it comes.
        kind.filter(|_| message["run"] == alert["run"])
    });
    assert_eq!(
        kinds.collect::<Vec<_>>(),
        ["alert", "readiness", "readiness", "reading", "reading"]
    );
    // Each once, as it was stored.
    let sent = |kind| {
        clinic
            .all(kind)
            .iter()
            .map(|message| message["id"].as_str().unwrap().replace('-', ""))
            .collect::<Vec<_>>()
    };
    assert_eq!(sent("readiness")[..4], readiness[..4]);
    assert_eq!(sent("reading")[0], before[0]);
}

#[tokio::test]
async fn each_crisis_reading_is_an_alert_and_what_started_stays_started() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    for (session, patient) in [("s1", "p1"), ("s2", "p2")] {
        clinic
            .done("open_session", json!({"session": session, "patient": patient}))
            .await;
        clinic.attest(session, "companion_present").await;
    }
    next_second().await;
    clinic.measure("cuff-p1", &[pressures(185, 80)]).await;
    clinic
        .measure("cuff-p2", &[pressures(120, 80), pressures(121, 80)])
        .await;
    let first = clinic.alert().await;
    clinic.state("s1", "crisis").await;
    clinic.state("s2", "ready").await;
    clinic.done("start", json!({"session": "s2"})).await;
    clinic.state("s2", "started").await;

    // Higher than a limit and lower than before; too soon; with a loose cuff: it is told all the same.
    let mut loose = pressures(150, 121);
    loose["status"] = json!(["cuff_too_loose"]);
    clinic.measure("cuff-p1", &[loose]).await;
    let second = clinic.alert().await;
    let replaced = clinic.readiness("s1").await;
    assert_eq!(
        (&replaced["state"], &replaced["counted"]),
        (&json!("crisis"), &json!([second["reading"]]))
    );
    assert_eq!(
        replaced["reasons"],
        json!([{"code": "crisis", "of": "diastolic", "measured": 121, "limit": 120}])
    );

    clinic.measure("cuff-p2", &[pressures(190, 80)]).await;
    let third = clinic.alert().await;
    let started = clinic.readiness("s2").await;
    assert_eq!(started["state"], "started");
    assert_eq!(codes(&started), ["session_started", "crisis"]);
    assert_eq!(started["counted"], json!([third["reading"]]));
    let alerts = clinic.all("alert");
    assert!(alerts.iter().all(|alert| alert["code"] == "crisis"), "{alerts:?}");
    assert_ne!(first["alert"], second["alert"]);
    assert_eq!(super::rig::seqs(&alerts), [1, 2, 3]);
}
