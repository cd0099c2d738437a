//! What the people in the room are told beside the answer: what became of its message, and that a session is over.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, cuffs_of, pressures};
use crate::disk_full::SmallDisk;
use crate::rig::command;

fn message_is(wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |state| state["sessions"][0]["message"] == wanted
}

#[tokio::test]
async fn of_an_answers_message_is_told_whether_it_was_sent_and_whether_it_was_received() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    let answer = clinic.open_session("s1", "p1").await;
    clinic.daemon().until("the message was sent", message_is("sent")).await;
    clinic.send(&command("receipt", &json!({"ids": [answer["id"]]}))).await;
    let told = clinic.daemon().until("it was received", message_is("received")).await;
    assert_eq!(told["sessions"][0]["state"], "waiting");
    // Another answer is another message.
    clinic.attest("s1", "companion_present").await;
    clinic.daemon().until("the next was sent", message_is("sent")).await;
}

/// The gate waits for the store with what it would say: meanwhile its last word stands for nothing.
#[tokio::test]
async fn a_ready_is_not_shown_while_the_store_does_not_take_that_it_is_over() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    clinic.power_cut().await;
    let wrapper = SmallDisk::wrapper(&clinic.gateway);
    clinic.start_in(&wrapper.each_ref().map(String::as_str)).await;
    clinic.open_session("s1", "p1").await;
    clinic.attest("s1", "companion_present").await;
    clinic
        .measure("cuff-p1", &[pressures(120, 80), pressures(121, 80)])
        .await;
    clinic.state("s1", "ready").await;
    let is = |state: &'static str| move |told: &Value| told["sessions"][0]["state"] == state;
    clinic.daemon().until("it is ready", is("ready")).await;
    let daemon = clinic.daemon().pid();
    let disk = SmallDisk::of(&clinic.gateway, daemon);
    disk.fill();
    clinic.measure("cuff-p1", &[pressures(190, 80)]).await;
    let told = clinic.daemon().until("it is not ready any more", is("waiting")).await;
    let session = &told["sessions"][0];
    assert_eq!(session["reasons"], json!([{"code": "store_unavailable"}]), "{session}");
    assert_eq!(
        (&session["ready"], &session["valid_until"]),
        (&json!(false), &json!(null)),
        "{session}"
    );
    disk.empty();
    clinic.state("s1", "crisis").await;
    clinic.daemon().until("it is told", is("crisis")).await;
}

#[tokio::test]
async fn a_session_that_is_over_is_shown_until_its_patient_has_another() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    clinic.open_session("s1", "p1").await;
    clinic.done("close_session", json!({"session": "s1"})).await;
    let over = |state: &Value| state["sessions"][0]["state"] == "ended";
    let told = clinic.daemon().until("it is over", over).await;
    let ended = &told["sessions"][0];
    assert_eq!(
        (&ended["session"], &ended["ready"]),
        (&json!("s1"), &json!(false)),
        "{ended}"
    );
    assert_eq!(ended["reasons"], json!([{"code": "session_over"}]));
    clinic.open_session("s2", "p1").await;
    let next = |state: &Value| state["sessions"].as_array().is_some_and(|all| all.len() == 1);
    let told = clinic.daemon().until("the next", next).await;
    assert_eq!(told["sessions"][0]["session"], "s2");
}
