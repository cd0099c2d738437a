//! 2.5 Evidence: a reading outside a limit by itself takes a pass back.

use crate::rig::session;

#[test]
fn a_reading_outside_a_limit_by_itself_takes_a_pass_back() {
    for (reading, why) in [
        ("140.1/80", "systolic_above_limit 140.1 (limit 140)"),
        ("89.9/60", "systolic_below_limit 89.9 (limit 90)"),
        ("120/90.1", "diastolic_above_limit 90.1 (limit 90)"),
        ("120/49.9", "diastolic_below_limit 49.9 (limit 50)"),
        (
            "150/95",
            "systolic_above_limit 150 (limit 140), diastolic_above_limit 95 (limit 90)",
        ),
    ] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
                   18:03:00 s1 ready until 18:31:30 — 120/80 of r1 r2
                 > 18:03:30 own: {reading} taken 18:02:30
                   18:03:30 s1 waiting: {why}, readings_needed 1 — {reading} of r3"
            ),
        );
    }
    for within in ["140/80", "90/60", "120/90", "120/50"] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
                   ...
                 > 18:03:30 own: {within} taken 18:02:30
                   18:03:30 r3 s1 not counted: round_over"
            ),
        );
    }
}

#[test]
fn a_pulse_rate_outside_its_limits_takes_a_pass_back_and_none_does_not() {
    session(
        "pulse_rate = { min = 50, max = 100 }",
        "> 18:00:00 opened s1 p1
           ...
         > 18:03:00 own: 120/80 pulse 70 taken 18:00:30 | 120/80 pulse 70 taken 18:01:30
           ...
         > 18:04:00 own: 120/80 pulse 0 taken 18:02:30 | 120/80 taken 18:02:40
           18:04:00 r3 s1 not counted: pulse_rate_missing
           18:04:00 r4 s1 not counted: pulse_rate_missing
         > 18:04:00 own: 120/80 pulse 49 taken 18:02:50
           18:04:00 s1 waiting: pulse_rate_below_limit 49 (limit 50), readings_needed 1 — 120/80 pulse 49 of r5",
    );
}

#[test]
fn a_pass_is_taken_back_whatever_else_speaks_against_the_reading() {
    for (connection, rest, line) in [
        ("own", "taken 18:02:30 moved", "body_movement"),
        ("own unbonded", "taken 18:02:30", "not_bonded"),
        ("own", "", "undated"),
        ("own", "taken 18:02:00", "too_soon"),
        ("own", "taken 17:59:00", "rest_incomplete, too_soon"),
    ] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
                   ...
                 > 18:03:30 {connection}: 150/80 {rest}
                   18:03:30 r3 s1 not counted: {line}
                   18:03:30 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 2"
            ),
        );
    }
}

#[test]
fn the_round_after_a_pass_that_was_taken_back_begins_when_that_reading_was_taken() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           ...
         > 18:06:00 own: 150/80 taken 18:04:00 moved
           ...
           18:06:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 2
         > 18:06:00 own: 120/80 taken 18:03:59 | 120/80 taken 18:04:00
           18:06:00 r4 s1 not counted: round_over
           18:06:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1 — 120/80 of r5",
    );
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           ...
         > 18:06:00 own: 150/80
           ...
         > 18:07:00 own: 120/80 taken 18:05:59 | 120/80 taken 18:06:00
           18:07:00 r4 s1 not counted: round_over
           18:07:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1 — 120/80 of r5",
    );
}

#[test]
fn a_pass_that_waits_for_something_is_taken_back_too() {
    session(
        r#"attestations = ["safe"]
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 waiting: attestation_missing safe — 120/80 of r1
         > 18:02:00 own: 150/80 taken 18:01:20
           18:02:00 r2 s1 not counted: too_soon
           18:02:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1, attestation_missing safe",
    );
    session(
        r#"approval = "clinician"
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 referred: approval_needed — 120/80 of r1
         > 18:02:00 own: 150/80 taken 18:01:20
           18:02:00 r2 s1 not counted: too_soon
           18:02:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1",
    );
}

#[test]
fn after_the_start_nothing_is_taken_back() {
    session(
        "readings = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           ...
         > 18:02:00 started s1
           18:02:00 s1 started: session_started — 120/80 of r1
         > 18:03:00 own: 150/80 taken 18:02:30
           18:03:00 r2 s1 not counted: round_over
         > 19:00:00 tick",
    );
}
