//! 2.2 Deadlines: handled first, those of one instant together, each at its own time.

use crate::rig::session;

#[test]
fn deadlines_up_to_and_including_an_event_come_first_each_at_its_own_time() {
    session(
        r#"rest = "5m"
           attestations = ["safe"]
           attest_for = "8m"
           session_limit = "20m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 attested s1 safe
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 2
         > 18:20:00 attested s1 safe
           18:05:00 s1 waiting: readings_needed 2
           18:08:00 s1 waiting: readings_needed 2, attestation_missing safe
           18:20:00 s1 ended: session_over
           18:20:00 s1 error unknown_session",
    );
}

#[test]
fn deadlines_of_one_instant_are_told_together() {
    session(
        r#"rest = "5m"
           attestations = ["companion", "safe"]
           attest_for = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 opened s2 p2
           ...
         > 18:00:00 attested s1 safe
           ...
         > 18:00:00 attested s1 companion
           ...
         > 18:05:00 tick
           18:05:00 s1 waiting: readings_needed 2, attestation_missing companion, attestation_missing safe
           18:05:00 s2 waiting: readings_needed 2, attestation_missing companion, attestation_missing safe",
    );
}

#[test]
fn a_deadline_that_falls_on_an_event_is_told_before_it() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 120/80 taken 18:05:00
           18:05:00 s1 waiting: readings_needed 2
           18:05:00 s1 waiting: readings_needed 1 — 120/80 of r1",
    );
}

#[test]
fn sessions_deadlines_interleave_in_order_of_time() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 opened s2 p2
           ...
         > 18:01:30 own: 120/80 taken 18:01:30
           18:01:30 r1 s1 not counted: rest_incomplete
         > 18:30:00 tick
           18:05:00 s1 waiting: readings_needed 2
           18:06:00 s2 waiting: readings_needed 2",
    );
}

#[test]
fn rest_that_is_over_while_no_round_collects_is_no_news() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:01:00
           18:01:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r1
         > 18:06:00 tick",
    );
}

#[test]
fn fractions_of_seconds_count() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00.250 opened s1 p1
           18:00:00.25 s1 waiting: rest_incomplete until 18:05:00.25, readings_needed 2
         > 18:05:00.249 tick
         > 18:05:00.25 tick
           18:05:00.25 s1 waiting: readings_needed 2",
    );
}

#[test]
fn a_zone_of_the_event_is_only_a_way_to_write_it() {
    session(
        r#"rest = "5m""#,
        "> 2026-11-21T19:00:00+01:00 opened s1 p1
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 2
         > 2026-11-21T13:05:00-05:00 tick
           18:05:00 s1 waiting: readings_needed 2",
    );
}
