//! Power cuts in every state: the same answer again, and nothing of it is lost or told twice.

use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, codes, cuffs_of, pressures, said, seqs};
use crate::rig::next_second;

const SESSIONS: [(&str, &str, &str); 6] = [
    ("s1", "p1", "waiting"),
    ("s2", "p2", "ready"),
    ("s3", "p3", "blocked"),
    ("s4", "p4", "referred"),
    ("s5", "p5", "crisis"),
    ("s6", "p6", "started"),
];

/// Brings a session of each state about, and gives the last answer of each.
async fn every_state(clinic: &mut Clinic) -> Vec<Value> {
    for (session, patient, _) in SESSIONS {
        clinic
            .done("open_session", json!({"session": session, "patient": patient}))
            .await;
        clinic.attest(session, "companion_present").await;
    }
    next_second().await;
    let mut irregular = pressures(120, 80);
    irregular["status"] = json!(["irregular_pulse"]);
    clinic.measure("cuff-p1", &[pressures(120, 80)]).await;
    for cuff in ["cuff-p2", "cuff-p6"] {
        clinic.measure(cuff, &[pressures(120, 80), pressures(121, 79)]).await;
    }
    clinic
        .measure("cuff-p3", &[pressures(150, 80), pressures(151, 79)])
        .await;
    clinic.measure("cuff-p4", &[irregular]).await;
    clinic.measure("cuff-p5", &[pressures(190, 80)]).await;
    clinic.state("s6", "ready").await;
    clinic.done("start", json!({"session": "s6"})).await;
    let mut answers = Vec::new();
    for (session, _, state) in SESSIONS {
        let wanted = |answer: &Value| answer["state"] == state && answer["counted"] != json!([]);
        answers.push(clinic.answer(session, wanted).await);
    }
    answers
}

#[tokio::test]
async fn every_state_outlives_a_power_cut() {
    let cuffs = cuffs_of(&["p1", "p2", "p3", "p4", "p5", "p6", "p7"]);
    let mut clinic = Clinic::open(POLICY, &cuffs).await;
    clinic.open_session("s7", "p7").await;
    clinic.done("close_session", json!({"session": "s7"})).await;
    let before = every_state(&mut clinic).await;
    let last = seqs(&clinic.all("readiness")).pop().unwrap();
    clinic.power_cut().await;
    clinic.heard.clear();
    clinic.start().await;
    for (session, _, _) in SESSIONS {
        clinic.readiness(session).await;
    }
    let again = clinic.all("readiness");
    let all = |answers: &[Value]| answers.iter().map(said).collect::<Vec<_>>();
    assert_eq!(all(&again), all(&before), "each once, in order of opening");
    assert!(again.iter().all(|message| message["run"] != before[0]["run"]));

    // An id is never used twice, whether its session is open or over.
    for (session, patient) in [("s7", "p7"), ("s2", "p7"), ("s8", "p2")] {
        let code = clinic
            .refused("open_session", json!({"session": session, "patient": patient}))
            .await;
        assert_eq!(code, "session_exists", "{session}");
    }
    // What was waited for can come.
    clinic.measure("cuff-p1", &[pressures(121, 79)]).await;
    let ready = clinic.readiness("s1").await;
    assert_eq!((&ready["state"], &ready["systolic"]), (&json!("ready"), &json!(120.5)));
    assert_eq!(ready["counted"][0], before[0]["counted"][0]);
    clinic.done("start", json!({"session": "s2"})).await;
    assert_eq!(clinic.readiness("s2").await["state"], "started");
    for session in ["s3", "s4", "s5", "s6"] {
        assert_eq!(
            clinic.refused("start", json!({"session": session})).await,
            "not_now",
            "{session}"
        );
    }
    clinic.done("close_session", json!({"session": "s6"})).await;
    assert_eq!(codes(&clinic.readiness("s6").await), ["session_over"]);
    let seqs = seqs(&clinic.all("readiness"));
    assert_eq!(seqs, (last + 1..=last + 9).collect::<Vec<_>>());
}
