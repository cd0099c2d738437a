//! One session from its opening to its end, as the platform sees it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::rig::{Clinic, POLICY, before, codes, cuffs_of, pressures, seqs, time, until_wall};

/// With rest, spacing, and two things to attest.
fn policy() -> String {
    POLICY
        .replace("rest = \"0s\"", "rest = \"1s\"")
        .replace("spacing = \"0s\"", "spacing = \"2s\"")
        .replace("retry_after = \"5m\"", "retry_after = \"2s\"")
        .replace("[\"companion_present\"]", "[\"companion_present\", \"safe_setting\"]")
}

#[tokio::test]
async fn from_rest_to_the_end() {
    let mut clinic = Clinic::open(&policy(), &cuffs_of(&["p1"])).await;
    rest(&mut clinic).await;
    let retry = failed_round(&mut clinic).await;
    let ready = passed_round(&mut clinic, &retry).await;
    clinic.done("start", json!({"session": "s1"})).await;
    let started = clinic.readiness("s1").await;
    assert_eq!(started["counted"], ready["counted"], "behind the answer before");
    clinic.done("close_session", json!({"session": "s1"})).await;
    clinic.state("s1", "ended").await;
    assert_eq!(
        clinic.refused("report", json!({"session": "s1"})).await,
        "unknown_session"
    );
    let answers = clinic.all("readiness");
    assert_eq!(told(&answers), EVERYTHING_TOLD);
    assert_eq!(seqs(&answers), (1..=10).collect::<Vec<_>>());
    assert_eq!(seqs(&clinic.all("reading")), (1..=5).collect::<Vec<_>>());
}

const EVERYTHING_TOLD: [&str; 10] = [
    "waiting: rest_incomplete readings_needed attestation_missing attestation_missing",
    "waiting: readings_needed attestation_missing attestation_missing",
    "waiting: readings_needed attestation_missing",
    "waiting: readings_needed",
    "blocked: systolic_above_limit",
    "waiting: readings_needed",
    "waiting: readings_needed",
    "ready: ",
    "started: session_started",
    "ended: session_over",
];

/// State and codes of every answer, in order.
fn told(answers: &[Value]) -> Vec<String> {
    let told = |answer: &Value| format!("{}: {}", answer["state"].as_str().unwrap(), codes(answer).join(" "));
    answers.iter().map(told).collect()
}

/// Opened, rested, attested, and so long ago that a dump of three seconds was taken after the rest.
async fn rest(clinic: &mut Clinic) {
    let opened = clinic.open_session("s1", "p1").await;
    let opened_at = time(&opened["created_at"]);
    let rest = time(&opened["reasons"][0]["until"]).duration_since(opened_at);
    assert!(
        rest <= SignedDuration::from_secs(1) && rest > SignedDuration::from_millis(500),
        "{rest}"
    );
    clinic
        .answer("s1", |answer| codes(answer)[0] == "readings_needed")
        .await;
    clinic.attest("s1", "companion_present").await;
    clinic.attest("s1", "safe_setting").await;
    let rested = clinic.answer("s1", |answer| codes(answer) == ["readings_needed"]).await;
    let attested = rested["attested"].as_array().unwrap();
    assert_eq!(attested.len(), 2, "{rested}");
    assert_eq!(
        (&attested[0]["item"], &attested[0]["by"]),
        (&json!("companion_present"), &json!("companion"))
    );
    until_wall(opened_at + SignedDuration::from_secs(5)).await;
}

/// A dump with a reading too soon, and a mean above the limit. Returns the answer with which the next round begins.
async fn failed_round(clinic: &mut Clinic) -> Value {
    let dump = [before(3, 150, 85), before(2, 149, 85), before(0, 146, 80)];
    clinic.measure("cuff-p1", &dump).await;
    let blocked = clinic.state("s1", "blocked").await;
    let [first, soon, last] = [
        clinic.reading("cuff-p1").await,
        clinic.reading("cuff-p1").await,
        clinic.reading("cuff-p1").await,
    ];
    assert_eq!(
        [&first, &soon, &last].map(|reading| (reading["counted"] == true, codes(reading).join(" "))),
        [
            (true, String::new()),
            (false, "too_soon".to_owned()),
            (true, String::new())
        ]
    );
    for reading in [&first, &soon, &last] {
        assert_eq!((&reading["session"], &reading["patient"]), (&json!("s1"), &json!("p1")));
        comes_before(clinic, &blocked, reading);
    }
    assert_eq!(blocked["counted"], json!([first["id"], last["id"]]));
    assert_eq!(
        (&blocked["systolic"], &blocked["diastolic"], &blocked["pulse_rate"]),
        (&json!(148), &json!(82.5), &json!(70))
    );
    assert_eq!(
        blocked["reasons"],
        json!([{"code": "systolic_above_limit", "measured": 148, "limit": 140}])
    );
    let next_at = time(&last["received_at"]) + SignedDuration::from_secs(2);
    let late = time(&blocked["next_at"]).duration_since(next_at);
    assert!(late.abs() <= SignedDuration::from_millis(2), "{late}");
    let retry = clinic.state("s1", "waiting").await;
    assert!(time(&retry["created_at"]) >= time(&blocked["next_at"]));
    retry
}

/// Two good readings, one by one. Returns the answer.
async fn passed_round(clinic: &mut Clinic, retry: &Value) -> Value {
    until_wall(time(&retry["created_at"]) + SignedDuration::from_secs(1)).await;
    clinic.measure("cuff-p1", &[pressures(122, 78)]).await;
    let halfway = clinic.readiness("s1").await;
    assert_eq!(halfway["reasons"], json!([{"code": "readings_needed", "needed": 1}]));
    let first = clinic.reading("cuff-p1").await;
    assert_eq!(halfway["counted"], json!([first["id"]]));
    comes_before(clinic, &halfway, &first);
    until_wall(time(&first["taken_at"]) + SignedDuration::from_secs(2)).await;
    clinic.measure("cuff-p1", &[pressures(121, 78)]).await;
    let ready = clinic.state("s1", "ready").await;
    let second = clinic.reading("cuff-p1").await;
    comes_before(clinic, &ready, &second);
    assert_eq!(
        (
            &ready["ready"],
            &ready["reasons"],
            &ready["systolic"],
            &ready["next_at"]
        ),
        (&json!(true), &json!([]), &json!(121.5), &Value::Null)
    );
    assert_eq!(ready["counted"], json!([first["id"], second["id"]]));
    let end = time(&second["taken_at"]) + SignedDuration::from_mins(10);
    assert_eq!(time(&ready["valid_until"]), end);
    assert_eq!(
        (&ready["policy"]["name"], ready["attested"].as_array().unwrap().len()),
        (&json!("test"), 2)
    );
    ready
}

/// The answer is published before the reading that caused it.
fn comes_before(clinic: &Clinic, answer: &Value, reading: &Value) {
    let place = |of: &Value| clinic.heard.iter().position(|message| message["id"] == of["id"]);
    assert!(place(answer) < place(reading), "{answer} {reading}");
}
