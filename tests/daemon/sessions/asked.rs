//! What a platform asks of sessions: done once, refused for a reason, and answered also after a power cut.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, cuffs_of, is, pressures, said};
use crate::rig::command;

/// The clock of the machine is not trusted.
const WITHOUT_A_CLOCK: &[&str] = &["env", "CUFFD__CLOCK__SOURCE=none"];

fn asks(id: &str) -> impl Fn(&Value) -> bool {
    move |message| is(message, "readiness") && message["in_answer_to"] == id
}

#[tokio::test]
async fn a_report_says_the_answers_again_under_its_own_id() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    // Asked at once, so that nothing else has told of the session yet.
    clinic
        .done("open_session", json!({"session": "s1", "patient": "p1"}))
        .await;
    let reply = clinic.command(&command("report", &json!({"id": "first"}))).await;
    assert_eq!(reply["ok"], true, "{reply}");
    let first = clinic.next(asks("first")).await;
    let opened = clinic.readiness("s1").await;
    assert_eq!((said(&first), &opened["in_answer_to"]), (said(&opened), &Value::Null));
    clinic.open_session("s2", "p2").await;
    let all = clinic.command(&command("report", &json!({"id": "all"}))).await;
    let sessions = all["status"]["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{all}");
    for session in ["s1", "s2"] {
        assert_eq!(clinic.next(asks("all")).await["session"], session);
    }
    clinic.done("report", json!({"id": "one", "session": "s2"})).await;
    assert_eq!(clinic.next(asks("one")).await["session"], "s2");
    assert_eq!(
        clinic.refused("report", json!({"session": "s3"})).await,
        "unknown_session"
    );
    let told = clinic.all("readiness");
    assert_eq!(super::rig::seqs(&told), (1..=6).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_uses_nothing_up() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    let opened = clinic.open_session("s1", "p1").await;
    let sha256 = opened["policy"]["sha256"].as_str().unwrap().to_owned();
    for (name, fields, code) in [
        ("start", json!({"session": "s1"}), "not_now"),
        ("start", json!({"session": "s2"}), "unknown_session"),
        ("close_session", json!({"session": "s2"}), "unknown_session"),
        (
            "attest",
            json!({"session": "s2", "item": "companion_present", "by": "x"}),
            "unknown_session",
        ),
        (
            "attest",
            json!({"session": "s1", "item": "weather", "by": "x"}),
            "unknown_item",
        ),
        (
            "open_session",
            json!({"session": "s2", "patient": "p9"}),
            "unknown_patient",
        ),
        (
            "open_session",
            json!({"session": "s1", "patient": "p2"}),
            "session_exists",
        ),
        (
            "open_session",
            json!({"session": "s2", "patient": "p1"}),
            "session_exists",
        ),
        (
            "open_session",
            json!({"session": "s2", "patient": "p2", "policy_sha256": "0".repeat(64)}),
            "policy_mismatch",
        ),
        (
            "decide",
            json!({"session": "s1", "answer": opened["id"], "decision": "deny", "by": "dr"}),
            "not_authorized",
        ),
    ] {
        assert_eq!(clinic.refused(name, fields.clone()).await, code, "{name} {fields}");
    }
    let counted_on = json!({"session": "s2", "patient": "p2", "policy_sha256": sha256.to_uppercase()});
    clinic.done("open_session", counted_on).await;
    clinic.readiness("s2").await;
    assert_eq!(clinic.all("readiness").len(), 2, "nothing is said of what was refused");
    clinic.done("close_session", json!({"session": "s1"})).await;
    assert_eq!(
        clinic.refused("close_session", json!({"session": "s1"})).await,
        "unknown_session"
    );
}

#[tokio::test]
async fn the_same_command_again_is_done_once_also_over_a_power_cut() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    let open = command("open_session", &json!({"session": "s1", "patient": "p1"}));
    let attest = command(
        "attest",
        &json!({"session": "s1", "item": "companion_present", "by": "x"}),
    );
    let mut replies = Vec::new();
    for command in [&open, &attest, &open, &attest] {
        replies.push(clinic.command(command).await);
    }
    clinic.answer("s1", |answer| answer["attested"] != json!([])).await;
    assert_eq!(clinic.all("readiness").len(), 2);
    clinic.power_cut().await;
    clinic.start().await;
    let again = clinic.readiness("s1").await;
    for command in [&open, &attest] {
        replies.push(clinic.command(command).await);
    }
    for (reply, command) in replies.iter().zip([&open, &attest].into_iter().cycle()) {
        assert_eq!((&reply["ok"], &reply["id"]), (&json!(true), &command["id"]), "{reply}");
    }
    let close = command("close_session", &json!({"session": "s1"}));
    clinic.command(&close).await;
    let attested = &clinic.state("s1", "ended").await;
    assert_eq!(clinic.all("readiness").len(), 4, "{attested}");
    assert_eq!(
        again["attested"],
        clinic.all("readiness")[1]["attested"],
        "not attested anew"
    );
    let reply = clinic.command(&close).await;
    assert_eq!(reply["ok"], true, "{reply}");
}

/// Carried out, and killed before the reply was sent: the daemon itself cannot tell, the same command finds out.
#[tokio::test]
async fn a_command_whose_reply_was_lost_is_known_by_its_id() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1"])).await;
    let open = command("open_session", &json!({"session": "s1", "patient": "p1"}));
    clinic.send(&open).await;
    clinic.readiness("s1").await;
    clinic.power_cut().await;
    clinic.start().await;
    let reply = clinic.command(&open).await;
    assert_eq!(reply["ok"], true, "{reply}");
}

#[tokio::test]
async fn without_a_policy_there_are_no_sessions() {
    let mut clinic = Clinic::open("", &cuffs_of(&["p1"])).await;
    for (name, fields) in [
        ("open_session", json!({"session": "s1", "patient": "p1"})),
        (
            "open_session",
            json!({"session": "s1", "patient": "p1", "policy_sha256": "0".repeat(64)}),
        ),
        (
            "attest",
            json!({"session": "s1", "item": "companion_present", "by": "x"}),
        ),
        ("start", json!({"session": "s1"})),
        ("close_session", json!({"session": "s1"})),
    ] {
        assert_eq!(clinic.refused(name, fields).await, "no_policy", "{name}");
    }
    clinic.done("report", json!({})).await;
    clinic.measure("cuff-p1", &[pressures(190, 80)]).await;
    assert_eq!(clinic.reading("cuff-p1").await["counted"], false);
    assert!(clinic.all("readiness").is_empty() && clinic.all("alert").is_empty());
}

#[tokio::test]
async fn while_the_clock_is_not_known_nothing_is_ready() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    clinic.open_session("s1", "p1").await;
    clinic.open_session("s2", "p2").await;
    clinic.attest("s1", "companion_present").await;
    clinic
        .measure("cuff-p1", &[pressures(120, 80), pressures(121, 80)])
        .await;
    let ready = clinic.state("s1", "ready").await;
    clinic.power_cut().await;
    clinic.start_in(WITHOUT_A_CLOCK).await;
    let waiting = clinic.readiness("s1").await;
    assert_eq!(
        (&waiting["state"], &waiting["ready"]),
        (&json!("waiting"), &json!(false))
    );
    assert_eq!(waiting["reasons"], json!([{"code": "clock_unsynchronized"}]));
    assert_eq!(
        (&waiting["counted"], &waiting["valid_until"]),
        (&ready["counted"], &Value::Null)
    );
    assert_eq!(
        clinic.refused("start", json!({"session": "s1"})).await,
        "clock_unsynchronized"
    );
    clinic
        .measure("cuff-p2", &[pressures(120, 80), pressures(190, 80)])
        .await;
    assert_eq!(clinic.alert().await["code"], "clock_unsynchronized");
    let crisis = clinic
        .next(|message| is(message, "alert") && message["code"] == "crisis")
        .await;
    assert_eq!((&crisis["session"], &crisis["verified"]), (&json!("s2"), &json!(false)));
    let undated = clinic.reading("cuff-p2").await;
    assert_eq!(
        (&undated["taken_at"], &undated["reasons"]),
        (&Value::Null, &json!([{"code": "clock_unsynchronized"}]))
    );
    clinic.power_cut().await;
    clinic.start().await;
    let again = clinic.readiness("s1").await;
    assert_eq!(said(&again), said(&ready), "nothing moved its end");
    assert_eq!(clinic.readiness("s2").await["state"], "crisis");
}
