//! 2.6 Reasons of an answer: their order, and that only "ready" has none (which the rig checks of every line).

use crate::rig::session;

#[test]
fn why_the_round_was_left_comes_before_what_is_needed_and_what_is_missing() {
    session(
        r#"attestations = ["companion", "safe"]
           readings = 1
           rest = "5m"
           max_reading_age = "30m""#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 1, attestation_missing companion, attestation_missing safe
         > 18:00:00 clock lost
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 1, attestation_missing companion, attestation_missing safe, clock_unsynchronized
         > 18:06:00 clock synchronized
           ...
           18:06:00 s1 waiting: readings_needed 1, attestation_missing companion, attestation_missing safe
         > 18:07:00 own: 120/80 taken 18:06:30
           18:07:00 s1 waiting: attestation_missing companion, attestation_missing safe — 120/80 of r1
         > 18:37:00 tick
           18:36:30 s1 waiting: validity_over, readings_needed 1, attestation_missing companion, attestation_missing safe",
    );
}

#[test]
fn a_crisis_before_the_rest_is_over_leaves_the_new_round_resting() {
    session(
        r#"rest = "5m"
           clinician_may_override = true"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:01:00
           18:01:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r1
         > 18:02:00 approved s1 by dr
           18:02:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 2",
    );
}
