//! 2.6 Approval and override.

use crate::rig::session;

#[test]
fn with_approval_a_pass_waits_for_a_clinician_until_its_end() {
    session(
        r#"readings = 1
           approval = "clinician""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 referred: approval_needed — 120/80 of r1
         > 18:02:00 started s1
           18:02:00 s1 error refused
         > 18:05:00 approved s1 by dr-a
           18:05:00 s1 ready until 18:30:30 by dr-a — 120/80 of r1
         > 18:06:00 approved s1 by dr-b
           18:06:00 s1 error refused
         > 18:30:30 tick
           18:30:30 s1 waiting: validity_over, readings_needed 1
         > 18:32:00 own: 120/80 taken 18:31:00
           18:32:00 s1 referred: approval_needed — 120/80 of r2
         > 19:01:00 tick
           19:01:00 s1 waiting: validity_over, readings_needed 1",
    );
}

#[test]
fn approval_stands_while_an_attestation_or_the_clock_is_missing() {
    session(
        r#"readings = 1
           approval = "clinician"
           attestations = ["safe"]
           attest_for = "10m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 referred: approval_needed, attestation_missing safe — 120/80 of r1
         > 18:02:00 approved s1 by dr
           18:02:00 s1 waiting: attestation_missing safe — 120/80 of r1
         > 18:02:30 approved s1 by dr
           18:02:30 s1 error refused
         > 18:03:00 attested s1 safe
           18:03:00 s1 ready until 18:13:00 by dr — 120/80 of r1
         > 18:04:00 clock lost
           18:04:00 s1 waiting: clock_unsynchronized — 120/80 of r1
         > 18:05:00 clock synchronized
           18:05:00 s1 ready until 18:13:00 by dr — 120/80 of r1",
    );
}

#[test]
fn approve_is_refused_from_states_that_wait_for_nobody() {
    session(
        r#"readings = 1
           attempts = 2
           clinician_may_override = true"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 approved s1 by dr
           18:00:00 s1 error refused
         > 18:01:00 own: 150/80 taken 18:00:30
           18:01:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140) — 150/80 of r1
         > 18:01:00 approved s1 by dr
           18:01:00 s1 error refused
         > 18:17:00 own: 120/80 taken 18:17:00
           18:16:00 s1 waiting: readings_needed 1
           18:17:00 s1 ready until 18:47:00 — 120/80 of r2
         > 18:17:00 approved s1 by dr
           18:17:00 s1 error refused
         > 18:18:00 started s1
           18:18:00 s1 started: session_started — 120/80 of r2
         > 18:18:00 approved s1 by dr
           18:18:00 s1 error refused",
    );
}

#[test]
fn what_is_referred_is_cleared_only_if_the_policy_lets_a_clinician() {
    session(
        "readings = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30 irregular
           18:01:00 s1 referred: irregular_pulse — 120/80 of r1
         > 18:02:00 approved s1 by dr
           18:02:00 s1 error refused
         > 18:03:00 own: 190/80 taken 18:02:30
           18:03:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r2
         > 18:04:00 approved s1 by dr
           18:04:00 s1 error refused",
    );
}

#[test]
fn an_override_passes_for_valid_for_from_the_decision_and_stands_for_the_readings_only() {
    session(
        r#"readings = 1
           attempts = 1
           clinician_may_override = true
           attestations = ["safe"]
           attest_for = "60m""#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 1, attestation_missing safe
         > 18:01:00 own: 150/80 taken 18:00:30
           18:01:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used, attestation_missing safe — 150/80 of r1
         > 18:10:00 approved s1 by dr
           18:10:00 s1 waiting: attestation_missing safe — 150/80 of r1
         > 18:11:00 attested s1 safe
           18:11:00 s1 ready until 18:40:00 by dr — 150/80 of r1
         > 18:12:00 clock lost
           18:12:00 s1 waiting: clock_unsynchronized — 150/80 of r1
         > 18:13:00 clock synchronized
           18:13:00 s1 ready until 18:40:00 by dr — 150/80 of r1
         > 18:40:00 tick
           18:40:00 s1 waiting: validity_over, readings_needed 1
         > 18:41:00 own: 150/80 taken 18:40:30
           18:41:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r2
         > 18:42:00 approved s1 by dr-b
           18:42:00 s1 ready until 19:11:00 by dr-b — 150/80 of r2
         > 18:43:00 own: 150/80 taken 18:42:30
           18:43:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r3",
    );
}

#[test]
fn an_irregular_pulse_may_be_overridden_too() {
    session(
        "clinician_may_override = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30 irregular pulse 70
           18:01:00 s1 referred: irregular_pulse — 120/80 pulse 70 of r1
         > 18:02:00 approved s1 by dr
           18:02:00 s1 ready until 18:32:00 by dr — 120/80 pulse 70 of r1",
    );
}

#[test]
fn approve_from_crisis_begins_a_new_round_once_a_session() {
    session(
        r#"readings = 1
           attempts = 9
           clinician_may_override = true"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:30
           18:01:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r1
         > 18:10:00 approved s1 by dr
           18:10:00 s1 waiting: readings_needed 1
         > 18:11:00 own: 120/80 taken 18:09:59
           18:11:00 r2 s1 not counted: round_over
         > 18:11:00 own: 120/80 taken 18:10:00
           18:11:00 s1 ready until 18:40:00 — 120/80 of r3
         > 18:12:00 own: 190/80 taken 18:11:30
           18:12:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r4
         > 18:13:00 approved s1 by dr
           18:13:00 s1 error refused
         > 18:14:00 denied s1 by dr
           18:14:00 s1 ended: denied — 190/80 of r4",
    );
}

#[test]
fn the_round_after_a_crisis_has_one_attempt_if_none_is_left() {
    session(
        "readings = 1
         attempts = 1
         clinician_may_override = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:00:30
           18:01:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r1
         > 18:02:00 own: 190/80 taken 18:01:40
           18:02:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r2
         > 18:03:00 approved s1 by dr
           18:03:00 s1 waiting: readings_needed 1
         > 18:05:00 own: 150/80 taken 18:04:30
           18:05:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r3",
    );
    session(
        "readings = 1
         attempts = 2
         clinician_may_override = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 190/80 taken 18:01:40
           ...
         > 18:03:00 approved s1 by dr
           18:03:00 s1 waiting: readings_needed 1
         > 18:05:00 own: 150/80 taken 18:04:30
           18:05:00 s1 blocked until 18:20:00: systolic_above_limit 150 (limit 140) — 150/80 of r2",
    );
}

#[test]
fn the_round_after_a_crisis_waits_for_approval_like_any_other() {
    session(
        r#"readings = 1
           approval = "clinician"
           clinician_may_override = true"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:30
           ...
         > 18:02:00 approved s1 by dr
           18:02:00 s1 waiting: readings_needed 1
         > 18:03:00 own: 120/80 taken 18:02:30
           18:03:00 s1 referred: approval_needed — 120/80 of r2",
    );
}
