//! 2.2 `attested`, 2.4 `attestations`, 2.6 what is missing.

use crate::rig::session;

#[test]
fn an_attestation_holds_for_attest_for_and_may_be_given_again() {
    session(
        r#"attestations = ["safe"]
           attest_for = "10m"
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 1, attestation_missing safe
         > 18:00:00 attested s1 safe by nurse
           18:00:00 s1 waiting: readings_needed 1
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:10:00 — 120/80 of r1
         > 18:05:00 attested s1 safe
           18:05:00 s1 ready until 18:15:00 — 120/80 of r1
         > 18:14:59 tick
         > 18:16:00 tick
           18:15:00 s1 waiting: attestation_missing safe — 120/80 of r1
         > 18:17:00 attested s1 safe
           18:17:00 s1 ready until 18:27:00 — 120/80 of r1
         > 18:26:00 attested s1 safe
           18:26:00 s1 ready until 18:31:00 — 120/80 of r1",
    );
}

#[test]
fn each_attestation_lapses_at_its_own_time() {
    session(
        r#"attestations = ["companion", "safe"]
           attest_for = "10m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 attested s1 companion
           18:00:00 s1 waiting: readings_needed 2, attestation_missing safe
         > 18:04:00 attested s1 safe
           18:04:00 s1 waiting: readings_needed 2
         > 18:14:00 tick
           18:10:00 s1 waiting: readings_needed 2, attestation_missing companion
           18:14:00 s1 waiting: readings_needed 2, attestation_missing companion, attestation_missing safe",
    );
}

#[test]
fn an_attestation_that_is_taken_back_holds_no_more() {
    session(
        r#"attestations = ["companion", "safe"]
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 1, attestation_missing companion, attestation_missing safe
         > 18:00:00 attested s1 safe
           18:00:00 s1 waiting: readings_needed 1, attestation_missing companion
         > 18:00:00 attested s1 companion
           18:00:00 s1 waiting: readings_needed 1
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:30:00 — 120/80 of r1
         > 18:02:00 took-back s1 companion
           18:02:00 s1 waiting: attestation_missing companion — 120/80 of r1
         > 18:02:00 took-back s1 companion
         > 18:03:00 attested s1 companion
           18:03:00 s1 ready until 18:30:00 — 120/80 of r1",
    );
}

#[test]
fn an_item_that_is_not_in_the_policy_is_refused() {
    session(
        r#"attestations = ["safe"]"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 attested s1 sober
           18:00:00 s1 error refused
         > 18:00:00 took-back s1 sober
           18:00:00 s1 error refused",
    );
}

#[test]
fn each_session_has_its_own_attestations() {
    session(
        r#"attestations = ["safe"]"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 opened s2 p2
           ...
         > 18:01:00 attested s2 safe
           18:01:00 s2 waiting: readings_needed 2",
    );
}

#[test]
fn what_is_missing_is_told_in_every_state_but_started_and_ended() {
    session(
        r#"attestations = ["safe"]
           attest_for = "5m"
           readings = 1
           attempts = 2"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:01:00
           18:01:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140), attestation_missing safe — 150/80 of r1
         > 18:02:00 clock lost
           18:02:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140), attestation_missing safe, clock_unsynchronized — 150/80 of r1
         > 18:02:00 clock synchronized
           ...
         > 18:02:00 attested s1 safe
           18:02:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140) — 150/80 of r1
         > 18:07:00 tick
           18:07:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140), attestation_missing safe — 150/80 of r1
         > 18:08:00 own: 120/80 taken 18:08:00 irregular
           18:08:00 s1 referred: irregular_pulse, attestation_missing safe — 120/80 of r2
         > 18:09:00 own: 190/80 taken 18:09:00
           18:09:00 s1 crisis: crisis systolic 190 (limit 180), attestation_missing safe — 190/80 of r3
         > 18:09:00 clock lost
           18:09:00 s1 crisis: crisis systolic 190 (limit 180), attestation_missing safe, clock_unsynchronized — 190/80 of r3
         > 18:10:00 closed s1
           18:10:00 s1 ended: session_over — 190/80 of r3",
    );
    session(
        r#"attestations = ["safe"]
           attest_for = "5m"
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 attested s1 safe
           ...
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:05:00 — 120/80 of r1
         > 18:02:00 started s1
           18:02:00 s1 started: session_started — 120/80 of r1
         > 18:03:00 clock lost
         > 18:06:00 tick
         > 18:07:00 took-back s1 safe",
    );
}

#[test]
fn a_clock_that_is_not_required_is_never_missing() {
    session(
        "readings = 1
         require_clock = false",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 clock lost
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:31:00 — 120/80 of r1",
    );
}
