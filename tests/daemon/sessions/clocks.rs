//! Time over a restart: boottime counts within a boot, the wall clock over a reboot, and neither makes anything last longer.
//!
//! A time namespace shifts boottime, and a file lies over the boot's id: so the machine seems to have been asleep, or to
//! have been started again.

use std::fs;

use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::rig::{Clinic, POLICY, codes, cuffs_of, is, pressures, said, time};
use crate::rig::Gateway;

/// Goes on under the boot id in the file `$0`.
const IN_ANOTHER_BOOT: &str = r#"mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@""#;

/// A boot of the machine.
struct Boot(String);

impl Boot {
    fn new(gateway: &Gateway, name: &str) -> Self {
        let path = gateway.path(name);
        fs::write(&path, format!("{}\n", Uuid::new_v4())).unwrap();
        Self(path.to_str().unwrap().to_owned())
    }
}

/// A ready session, and another with one reading.
async fn ready(clinic: &mut Clinic) -> Value {
    clinic.open_session("s1", "p1").await;
    clinic.open_session("s2", "p2").await;
    clinic.attest("s1", "companion_present").await;
    clinic.measure("cuff-p2", &[pressures(120, 80)]).await;
    clinic.answer("s2", |answer| answer["counted"] != json!([])).await;
    clinic
        .measure("cuff-p1", &[pressures(120, 80), pressures(121, 80)])
        .await;
    clinic.state("s1", "ready").await
}

fn moved(from: &Value, to: &Value, field: &str) -> SignedDuration {
    time(&to[field]).duration_since(time(&from[field]))
}

/// While nobody looked, five minutes passed and the wall clock was put back by as much.
#[tokio::test]
async fn a_step_of_the_wall_clock_between_two_runs_makes_nothing_last_longer() {
    let mut clinic = Clinic::open(POLICY, &cuffs_of(&["p1", "p2"])).await;
    let before = ready(&mut clinic).await;
    clinic.power_cut().await;
    clinic.heard.clear();
    clinic.start_in(&["unshare", "-rT", "--boottime", "300"]).await;
    let after = clinic.readiness("s1").await;
    assert_eq!(
        (&after["state"], &after["counted"]),
        (&json!("ready"), &before["counted"])
    );
    let moved = moved(&before, &after, "valid_until") + SignedDuration::from_secs(300);
    assert!(moved.abs() < SignedDuration::from_secs(2), "{moved}");
    let waiting = clinic.readiness("s2").await;
    assert_eq!(waiting["reasons"][0], json!({"code": "readings_needed", "needed": 1}));
    clinic.measure("cuff-p2", &[pressures(121, 80)]).await;
    clinic
        .answer("s2", |answer| answer["counted"].as_array().unwrap().len() == 2)
        .await;
    assert_eq!(clinic.all("readiness").len(), 3, "each once after the restart");
    // Another five: the pass is over, and was over by its own time.
    clinic.power_cut().await;
    clinic.start_in(&["unshare", "-rT", "--boottime", "600"]).await;
    let over = clinic.readiness("s1").await;
    assert_eq!(
        (&over["state"], codes(&over)[0].as_str()),
        (&json!("waiting"), "validity_over")
    );
}

#[tokio::test]
async fn over_a_reboot_the_wall_clock_counts_once_it_is_synchronized() {
    let cuffs = cuffs_of(&["p1", "p2", "p3"]);
    let mut clinic = Clinic::open(POLICY, &cuffs).await;
    let before = ready(&mut clinic).await;
    clinic.open_session("s3", "p3").await;
    clinic.power_cut().await;
    let (second, third) = (
        Boot::new(&clinic.gateway, "second"),
        Boot::new(&clinic.gateway, "third"),
    );
    let unshare = ["unshare", "-rm", "sh", "-c", IN_ANOTHER_BOOT];
    let unknown = [&["env", "CUFFD__CLOCK__SOURCE=none"], &unshare[..], &[&second.0]].concat();
    clinic.start_in(&unknown).await;
    for session in ["s1", "s2", "s3"] {
        let waiting = clinic.readiness(session).await;
        assert_eq!(waiting["state"], "waiting");
        assert!(
            codes(&waiting).contains(&"clock_unsynchronized".to_owned()),
            "{waiting}"
        );
    }
    // Told while nobody knows the time: the next run dates it anew.
    clinic.measure("cuff-p3", &[pressures(190, 80)]).await;
    clinic.state("s3", "crisis").await;
    clinic.power_cut().await;
    clinic.start_in(&[&unshare[..], &[&second.0]].concat()).await;
    let again = clinic.readiness("s1").await;
    assert_eq!(said(&again), said(&before));
    assert_eq!(
        codes(&clinic.readiness("s2").await),
        ["readings_needed", "attestation_missing"]
    );
    assert_eq!(codes(&clinic.readiness("s3").await)[0], "crisis");
    clinic.power_cut().await;
    clinic.start_in(&[&unshare[..], &[&third.0]].concat()).await;
    assert_eq!(said(&clinic.readiness("s1").await), said(&before));
    clinic.measure("cuff-p2", &[pressures(121, 80)]).await;
    let passed = clinic
        .answer("s2", |answer| answer["counted"].as_array().unwrap().len() == 2)
        .await;
    assert_eq!(codes(&passed), ["attestation_missing"]);
    let unsaid = |message: &Value| is(message, "readiness") && message["state"] == "ended";
    assert!(!clinic.heard.iter().any(unsaid));
}
