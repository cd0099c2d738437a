//! What a change of the config does to open sessions, and how long ended ones are kept.

use jiff::SignedDuration;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, codes, cuffs_of, pressures, time, until_wall};
use crate::rig::{command, next_second, until};

#[tokio::test]
async fn open_sessions_are_judged_by_the_policy_in_force_and_say_so() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2", "p3"])).await;
    for (session, patient) in [("s1", "p1"), ("s2", "p2"), ("s3", "p3")] {
        clinic
            .done("open_session", json!({"session": session, "patient": patient}))
            .await;
        clinic.attest(session, "companion_present").await;
    }
    next_second().await;
    for cuff in ["cuff-p1", "cuff-p2"] {
        clinic.measure(cuff, &[pressures(130, 80), pressures(131, 80)]).await;
    }
    let ready = clinic.state("s1", "ready").await;
    clinic.state("s2", "ready").await;
    clinic.done("start", json!({"session": "s2"})).await;
    let started = clinic.state("s2", "started").await;
    clinic.power_cut().await;

    let stricter = POLICY
        .replace("max = 140", "max = 125")
        .replace("\"test\"", "\"stricter\"");
    clinic.configure(&stricter, &cuffs_of(&["p1", "p2"]));
    clinic.start().await;
    let ended = clinic.readiness("s3").await;
    assert_eq!(
        (&ended["state"], codes(&ended)),
        (&json!("ended"), vec!["session_over".to_owned()])
    );
    let blocked = clinic.readiness("s1").await;
    assert_eq!(
        (&blocked["state"], &blocked["counted"]),
        (&json!("blocked"), &ready["counted"])
    );
    assert_eq!(blocked["policy"]["name"], "stricter");
    assert_ne!(blocked["policy"]["sha256"], ready["policy"]["sha256"]);
    let still = clinic.readiness("s2").await;
    assert_eq!(
        (&still["state"], &still["counted"]),
        (&json!("started"), &started["counted"])
    );
    // Its id is used up all the same.
    let again = clinic
        .refused("open_session", json!({"session": "s3", "patient": "p1"}))
        .await;
    assert_eq!(again, "session_exists");
    clinic.done("close_session", json!({"session": "s1"})).await;
    let again = clinic
        .refused("open_session", json!({"session": "s3", "patient": "p1"}))
        .await;
    assert_eq!(again, "session_exists");
    clinic.power_cut().await;

    // Without a policy nothing is open; what it was judged by is told for the last time.
    clinic.configure("", &cuffs_of(&["p1", "p2", "p3"]));
    clinic.start().await;
    let ended = clinic.readiness("s2").await;
    assert_eq!((&ended["state"], &ended["policy"]), (&json!("ended"), &still["policy"]));
}

/// A session that the policy would have ended by now ends as it stood.
#[tokio::test]
async fn a_session_that_is_over_by_the_new_limit_says_what_it_ended_with() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    let opened = clinic.open_session("s1", "p1").await;
    clinic.attest("s1", "companion_present").await;
    clinic
        .measure("cuff-p1", &[pressures(120, 80), pressures(121, 80)])
        .await;
    let ready = clinic.state("s1", "ready").await;
    clinic.power_cut().await;
    until_wall(time(&opened["created_at"]) + SignedDuration::from_secs(5)).await;
    clinic.configure(&format!("{POLICY}session_limit = \"5s\"\n"), &cuffs_of(&["p1"]));
    clinic.start().await;
    let ended = clinic.readiness("s1").await;
    assert_eq!(
        (&ended["state"], codes(&ended)),
        (&json!("ended"), vec!["session_over".to_owned()])
    );
    assert_eq!(
        (&ended["counted"], &ended["systolic"]),
        (&ready["counted"], &json!(120.5))
    );
    assert_eq!(
        clinic
            .refused("open_session", json!({"session": "s1", "patient": "p1"}))
            .await,
        "session_exists"
    );
}

#[tokio::test]
async fn an_ended_session_is_forgotten_in_time_and_its_id_never() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    clinic.open_session("s1", "p1").await;
    clinic.attest("s1", "companion_present").await;
    clinic.done("close_session", json!({"session": "s1"})).await;
    let ended = clinic.state("s1", "ended").await;
    clinic.power_cut().await;
    let told = |clinic: &Clinic| -> Option<i64> {
        let store = Connection::open(clinic.gateway.store()).ok()?;
        store.query_row("SELECT count(*) FROM event", [], |row| row.get(0)).ok()
    };
    clinic.start().await;
    assert_eq!(told(&clinic), Some(3), "opened, attested, closed");
    clinic.power_cut().await;
    until_wall(time(&ended["created_at"]) + SignedDuration::from_secs(2)).await;
    clinic.start_in(&["env", "CUFFD__STORE__KEEP_ENDED=1s"]).await;
    until("a store that has forgotten it", async || {
        (told(&clinic)? == 0).then_some(())
    })
    .await;
    assert_eq!(
        clinic
            .refused("open_session", json!({"session": "s1", "patient": "p1"}))
            .await,
        "session_exists"
    );
    clinic.power_cut().await;
    clinic.start().await;
    assert_eq!(
        clinic
            .refused("open_session", json!({"session": "s1", "patient": "p1"}))
            .await,
        "session_exists"
    );
    let replies: Value = clinic.command(&command("report", &json!({}))).await;
    assert_eq!(replies["status"]["sessions"], json!([]));
}
