//! 2.5 Evidence: a crisis, an irregular pulse.

use crate::rig::session;

#[test]
fn a_crisis_is_at_or_above_either_limit() {
    for (pressures, crisis) in [
        ("179.9/80", None),
        ("180/80", Some("crisis systolic 180 (limit 180)")),
        ("180.1/80", Some("crisis systolic 180.1 (limit 180)")),
        ("150/119.9", None),
        ("150/120", Some("crisis diastolic 120 (limit 120)")),
        ("150/120.1", Some("crisis diastolic 120.1 (limit 120)")),
        (
            "270/160",
            Some("crisis systolic 270 (limit 180), crisis diastolic 160 (limit 120)"),
        ),
    ] {
        let answer = match crisis {
            Some(reasons) => format!("18:01:00 s1 crisis: {reasons} — {pressures} of r1"),
            None => format!("18:01:00 s1 waiting: readings_needed 1 — {pressures} of r1"),
        };
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:01:00 own: {pressures} taken 18:00:30
                   {answer}"
            ),
        );
    }
}

#[test]
fn kilopascal_are_converted_before_they_are_compared() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 23.9/10.67 kPa taken 18:00:30
           18:01:00 s1 waiting: readings_needed 1 — 179.26/80.03 of r1
         > 18:02:00 own: 24/10.67 kPa taken 18:01:20
           18:02:00 s1 crisis: crisis systolic 180.01 (limit 180) — 180.01/80.03 of r2",
    );
}

/// What a session's crisis must look like whatever else speaks against the reading.
fn alarms(policy: &str, connection: &str, reading: &str) {
    session(
        policy,
        &format!(
            "> 18:00:00 opened s1 p1
               ...
             > 18:20:00 {connection}: 185/80 {reading}
               ...
               18:20:00 s1 crisis: crisis systolic 185 (limit 180) — 185/80 of r1"
        ),
    );
}

#[test]
fn high_values_are_never_filtered_away() {
    alarms("", "own", "taken 18:19:00 extra 2");
    alarms("", "own unbonded", "taken 18:19:00");
    alarms("", "own no-offset", "taken 18:19:00");
    alarms("", "own", "");
    alarms("", "own", "taken 19:00:00");
    alarms(r#"rest = "30m""#, "own", "taken 18:19:00");
    alarms("", "own", "taken 18:19:00 moved loose position range");
    let no_irregular = r#"on_irregular_pulse = "reject""#;
    alarms(no_irregular, "own", "taken 18:19:00 irregular");
    let count_irregular = r#"on_irregular_pulse = "count""#;
    alarms(count_irregular, "own", "taken 18:19:00 irregular");
    session(
        "pulse_rate = { min = 50, max = 100 }",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 185/80 taken 18:19:00
           18:20:00 s1 crisis: crisis systolic 185 (limit 180) — 185/80 of r1",
    );
}

#[test]
fn what_speaks_of_nobody_is_no_evidence() {
    for (connection, reading, line) in [
        ("nowhere", "185/80 taken 18:19:00", "r1 not counted: unregistered_cuff"),
        ("own", "185/185 taken 18:19:00", "r1 s1 not counted: implausible"),
        ("own", "401/80 taken 18:19:00", "r1 s1 not counted: implausible"),
        (
            "own first",
            "185/80 taken 18:19:00",
            "r1 s1 not counted: first_session_history",
        ),
        ("own", "185/80 taken 18:09:59", "r1 s1 not counted: stale"),
        ("shared", "185/80 taken 18:19:00 user 5", "r1 not counted: other_user"),
        ("shared", "185/80 taken 18:19:00 user 2", "r1 not counted: no_session"),
    ] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:20:00 {connection}: {reading}
                   18:20:00 {line}"
            ),
        );
    }
}

#[test]
fn a_double_of_a_crisis_reading_is_no_evidence() {
    session(
        "clinician_may_override = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 185/80 taken 18:19:00
           18:20:00 s1 crisis: crisis systolic 185 (limit 180) — 185/80 of r1
         > 18:21:00 approved s1 by dr
           18:21:00 s1 waiting: readings_needed 2
         > 18:22:00 own: 185/80 taken 18:19:00
           18:22:00 r2 s1 not counted: duplicate",
    );
}

#[test]
fn a_crisis_comes_from_every_open_state() {
    let crisis = "crisis: crisis systolic 190 (limit 180) — 190/80 of";
    session(
        "readings = 1
         attempts = 2",
        &format!(
            "> 18:00:00 opened s1 p1
               ...
             > 18:01:00 own: 120/80 taken 18:00:30
               18:01:00 s1 ready until 18:30:30 — 120/80 of r1
             > 18:03:00 own: 190/80 taken 18:02:00
               18:03:00 s1 {crisis} r2
             > 18:04:00 closed s1
               ...
             > 18:04:00 opened s2 p1
               ...
             > 18:05:00 own: 150/80 taken 18:04:30
               18:05:00 s2 blocked until 18:20:00: systolic_above_limit 150 (limit 140) — 150/80 of r3
             > 18:06:00 own: 190/80 taken 18:05:40
               18:06:00 s2 {crisis} r4
             > 18:07:00 closed s2
               ...
             > 18:07:00 opened s3 p1
               ...
             > 18:08:00 own: 120/80 taken 18:07:30 irregular
               18:08:00 s3 referred: irregular_pulse — 120/80 of r5
             > 18:09:00 own: 190/80 taken 18:08:40
               18:09:00 s3 {crisis} r6"
        ),
    );
}

#[test]
fn a_crisis_ends_the_round_and_only_its_reading_stands_behind_it() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30 pulse 60
           18:01:00 s1 waiting: readings_needed 1 — 120/80 pulse 60 of r1
         > 18:02:00 own: 190/80 taken 18:01:30 pulse 80
           18:02:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 pulse 80 of r2",
    );
}

#[test]
fn a_later_crisis_reading_replaces_the_earlier() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 190/125 taken 18:01:30
           18:02:00 s1 crisis: crisis systolic 190 (limit 180), crisis diastolic 125 (limit 120) — 190/125 of r1
         > 18:03:00 own: 185/80 taken 18:02:30
           18:03:00 s1 crisis: crisis systolic 185 (limit 180) — 185/80 of r2",
    );
}

#[test]
fn a_session_that_started_stays_so_and_gives_the_crisis_as_reason() {
    session(
        "readings = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           ...
         > 18:02:00 started s1
           18:02:00 s1 started: session_started — 120/80 of r1
         > 18:03:00 own: 190/80 taken 18:02:30
           18:03:00 s1 started: session_started, crisis systolic 190 (limit 180) — 190/80 of r2
         > 18:04:00 own: 150/125 taken 18:03:30 irregular
           18:04:00 s1 started: session_started, crisis diastolic 125 (limit 120), irregular_pulse — 150/125 of r3
         > 18:05:00 closed s1
           18:05:00 s1 ended: session_over — 150/125 of r3",
    );
}

#[test]
fn an_irregular_pulse_refers_from_waiting_ready_and_blocked() {
    session(
        "readings = 1
         attempts = 2",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:00:30 irregular
           18:01:00 s1 referred: irregular_pulse — 150/80 of r1
         > 18:02:00 closed s1
           ...
         > 18:02:00 opened s2 p1
           ...
         > 18:03:00 own: 120/80 taken 18:02:30
           18:03:00 s2 ready until 18:32:30 — 120/80 of r2
         > 18:04:00 own: 150/80 taken 18:02:40 irregular moved
           18:04:00 s2 referred: irregular_pulse — 150/80 of r3
         > 18:05:00 closed s2
           ...
         > 18:05:00 opened s3 p1
           ...
         > 18:06:00 own: 150/80 taken 18:05:30
           18:06:00 s3 blocked until 18:21:00: systolic_above_limit 150 (limit 140) — 150/80 of r4
         > 18:07:00 own: 120/80 taken 18:06:50 irregular
           18:07:00 s3 referred: irregular_pulse — 120/80 of r5",
    );
}

#[test]
fn an_irregular_pulse_changes_nothing_once_referred_in_crisis_or_started() {
    session(
        "readings = 1
         attempts = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:00:30
           18:01:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r1
         > 18:02:00 own: 120/80 taken 18:01:40 irregular
           18:02:00 r2 s1 not counted: round_over
         > 18:03:00 own: 190/80 taken 18:02:40
           18:03:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r3
         > 18:04:00 own: 120/80 taken 18:03:40 irregular
           18:04:00 r4 s1 not counted: round_over
         > 18:05:00 closed s1
           ...
         > 18:05:00 opened s2 p1
           ...
         > 18:06:00 own: 120/80 taken 18:05:30
           ...
         > 18:07:00 started s2
           ...
         > 18:08:00 own: 120/80 taken 18:07:40 irregular
           18:08:00 r6 s2 not counted: round_over",
    );
}

#[test]
fn an_irregular_pulse_refers_what_waits_for_approval() {
    session(
        r#"readings = 1
           approval = "clinician""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 referred: approval_needed — 120/80 of r1
         > 18:02:00 own: 120/81 taken 18:01:30 irregular
           18:02:00 s1 referred: irregular_pulse — 120/81 of r2
         > 18:40:00 tick",
    );
}

#[test]
fn a_crisis_with_an_irregular_pulse_gives_both() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:30 irregular
           18:01:00 s1 crisis: crisis systolic 190 (limit 180), irregular_pulse — 190/80 of r1",
    );
    session(
        r#"on_irregular_pulse = "count""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:30 irregular
           18:01:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r1",
    );
}

#[test]
fn a_finding_spaces_nothing() {
    session(
        "readings = 1
         clinician_may_override = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:50
           ...
         > 18:01:00 approved s1 by dr
           18:01:00 s1 waiting: readings_needed 1
         > 18:01:10 own: 120/80 taken 18:01:05
           18:01:10 s1 ready until 18:31:05 — 120/80 of r2",
    );
}
