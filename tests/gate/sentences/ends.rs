//! 2.6 How a session ends.

use crate::rig::session;

#[test]
fn a_session_ends_at_its_limit_first_whatever_its_state() {
    for (events, behind, next) in [
        ("", "", "r1"),
        ("> 18:01:00 own: 120/80 taken 18:01:00\n...\n", " — 120/80 of r1", "r2"),
        (
            "> 18:01:00 own: 120/80 taken 18:00:00 | 120/80 taken 18:01:00\n...\n",
            " — 120/80 of r1 r2",
            "r3",
        ),
        (
            "> 18:01:00 own: 120/80 taken 18:00:00 | 120/80 taken 18:01:00\n...\n> 18:02:00 started s1\n...\n",
            " — 120/80 of r1 r2",
            "r3",
        ),
        (
            "> 18:01:00 own: 150/80 taken 18:00:00 | 150/80 taken 18:01:00\n...\n",
            " — 150/80 of r1 r2",
            "r3",
        ),
        (
            "> 18:01:00 own: 120/80 taken 18:01:00 irregular\n...\n",
            " — 120/80 of r1",
            "r2",
        ),
        ("> 18:01:00 own: 190/80 taken 18:01:00\n...\n", " — 190/80 of r1", "r2"),
    ] {
        session(
            r#"session_limit = "10m"
               rest = "0s""#,
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 {events}
                 > 18:09:59 tick
                 > 18:30:00 tick
                   18:10:00 s1 ended: session_over{behind}
                 > 19:00:00 own: 190/80 taken 19:00:00
                   19:00:00 {next} not counted: no_session"
            ),
        );
    }
}

#[test]
fn the_end_goes_before_other_deadlines_of_the_same_instant() {
    session(
        r#"session_limit = "31m"
           readings = 1
           attestations = ["safe"]
           attest_for = "31m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 attested s1 safe
           ...
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:31:00 — 120/80 of r1
         > 18:40:00 tick
           18:31:00 s1 ended: session_over — 120/80 of r1",
    );
}

#[test]
fn ready_holds_no_longer_than_the_session() {
    session(
        r#"session_limit = "20m"
           readings = 1"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:20:00 — 120/80 of r1
         > 18:20:00 started s1
           18:20:00 s1 ended: session_over — 120/80 of r1
           18:20:00 s1 error unknown_session",
    );
}

#[test]
fn closed_ends_a_session_in_any_state() {
    session(
        "readings = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:30 closed s1
           18:00:30 s1 ended: session_over
         > 18:01:00 opened s2 p1
           ...
         > 18:01:30 own: 120/80 taken 18:01:30
           ...
         > 18:01:30 started s2
           ...
         > 18:02:00 closed s2
           18:02:00 s2 ended: session_over — 120/80 of r1
         > 22:00:00 tick",
    );
}

#[test]
fn a_session_may_open_at_the_instant_another_of_the_patient_ends() {
    session(
        r#"session_limit = "20m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 opened s2 p1
           18:20:00 s1 ended: session_over
           18:20:00 s2 waiting: readings_needed 2",
    );
}
