//! What the people in the room are told beside the answer: what became of its message, and that a session is over.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, cuffs_of};
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
