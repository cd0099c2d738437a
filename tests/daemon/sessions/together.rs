//! Several sessions at once: each is its patient's, and what is nobody's is no one's.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, codes, is, pressures};
use crate::rig::next_second;

/// One person's cuff, one of two people, and two of the clinic's.
const CUFFS: &str = r#"
[[cuffs]]
id = "own"
address = "C0:FF:EE:00:00:01"
patient = "p1"
[[cuffs]]
id = "shared"
address = "C0:FF:EE:00:00:02"
model = "omron-bls"
users = { 1 = "p1", 2 = "p2" }
[[cuffs]]
id = "clinic"
address = "C0:FF:EE:00:00:03"
patient = "session"
"#;

fn of_user(user: u8, systolic: u16) -> Value {
    let mut reading = pressures(systolic, 80);
    reading["user"] = json!(user);
    reading
}

fn open(session: &str, patient: &str, cuff: Option<&str>) -> Value {
    json!({"session": session, "patient": patient, "cuff": cuff})
}

#[tokio::test]
async fn two_patients_share_a_cuff_and_each_has_a_session() {
    let mut clinic = Clinic::open(POLICY, CUFFS).await;
    for (session, patient) in [("s1", "p1"), ("s2", "p2")] {
        clinic.done("open_session", open(session, patient, None)).await;
        clinic.attest(session, "companion_present").await;
    }
    next_second().await;
    clinic
        .measure("shared", &[of_user(2, 150), of_user(1, 120), of_user(3, 130)])
        .await;
    // A session takes its patient's readings from every cuff.
    clinic.measure("own", &[pressures(122, 78)]).await;
    let ready = clinic.state("s1", "ready").await;
    assert_eq!((&ready["patient"], &ready["systolic"]), (&json!("p1"), &json!(121)));
    let waiting = clinic.answer("s2", |answer| answer["counted"] != json!([])).await;
    assert_eq!((&waiting["patient"], &waiting["systolic"]), (&json!("p2"), &json!(150)));
    for (cuff, systolic, session) in [("shared", 150, "s2"), ("shared", 120, "s1"), ("own", 122, "s1")] {
        let reading = clinic
            .next(|message| is(message, "reading") && message["systolic"] == systolic)
            .await;
        assert_eq!(
            (&reading["session"], &reading["counted"]),
            (&json!(session), &json!(true))
        );
        assert_eq!(reading["cuff"]["id"], cuff);
    }
    clinic.done("close_session", json!({"session": "s1"})).await;
    clinic.state("s1", "ended").await;
    next_second().await;
    clinic.measure("shared", &[of_user(1, 119), of_user(2, 152)]).await;
    let blocked = clinic.state("s2", "blocked").await;
    assert_eq!(blocked["systolic"], 151);
    let without = clinic
        .next(|message| is(message, "reading") && message["systolic"] == 119)
        .await;
    assert_eq!(
        (&without["session"], codes(&without)),
        (&Value::Null, vec!["no_session".to_owned()])
    );
    let nobodys = clinic
        .all("reading")
        .into_iter()
        .filter(|reading| reading["systolic"] == 130)
        .count();
    assert_eq!(nobodys, 0, "a user of nobody's is never published");
}

#[tokio::test]
async fn a_clinics_cuff_is_used_for_the_session_that_named_it() {
    let mut clinic = Clinic::open(POLICY, CUFFS).await;
    // Nobody's, and nobody is told: no session is open.
    clinic.measure("clinic", &[pressures(200, 110)]).await;
    clinic.daemon().says("a measurement that belongs to nobody").await;
    for (fields, code) in [
        (open("s1", "walk-in", None), "unknown_patient"),
        (open("s1", "p1", Some("own")), "not_now"),
        (open("s1", "walk-in", Some("no-such-cuff")), "unknown_patient"),
    ] {
        assert_eq!(clinic.refused("open_session", fields.clone()).await, code, "{fields}");
    }
    clinic.done("open_session", open("s1", "p1", None)).await;
    clinic.measure("clinic", &[pressures(201, 110)]).await;
    let alert = clinic.alert().await;
    assert_eq!(
        (&alert["code"], &alert["state"]),
        (&json!("crisis_unassigned"), &json!("raised"))
    );
    assert_eq!((&alert["cuff"], &alert["verified"]), (&json!("clinic"), &json!(false)));
    for name in ["session", "patient", "reading"] {
        assert_eq!(alert[name], Value::Null, "{alert}");
    }
    assert!(!alert.to_string().contains("201"), "{alert}");

    clinic.done("open_session", open("s2", "walk-in", Some("clinic"))).await;
    let taken = clinic
        .refused("open_session", open("s3", "other", Some("clinic")))
        .await;
    assert_eq!(taken, "session_exists");
    clinic.attest("s2", "companion_present").await;
    next_second().await;
    clinic
        .measure("clinic", &[pressures(118, 78), pressures(120, 80)])
        .await;
    let ready = clinic.state("s2", "ready").await;
    assert_eq!(
        (&ready["patient"], &ready["systolic"]),
        (&json!("walk-in"), &json!(119))
    );
    let readings = [clinic.reading("clinic").await, clinic.reading("clinic").await];
    assert!(
        readings
            .iter()
            .all(|reading| reading["patient"] == "walk-in" && reading["session"] == "s2")
    );

    clinic.done("close_session", json!({"session": "s2"})).await;
    clinic.done("open_session", open("s4", "other", Some("clinic"))).await;
    next_second().await;
    clinic.measure("clinic", &[pressures(130, 85)]).await;
    assert_eq!(clinic.reading("clinic").await["patient"], "other");
    assert_eq!(clinic.all("reading").len(), 3, "what is nobody's is not published");
    assert_eq!(clinic.all("alert").len(), 1);
}
