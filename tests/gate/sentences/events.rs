//! 2.2 Events, and what is refused.

use crate::rig::session;

#[test]
fn a_session_id_is_never_used_again() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 opened s1 p2
           18:00:00 s1 error refused
         > 18:01:00 closed s1
           18:01:00 s1 ended: session_over
         > 18:02:00 opened s1 p1
           18:02:00 s1 error refused
         > 18:02:00 opened s1 p2
           18:02:00 s1 error refused",
    );
}

#[test]
fn an_id_of_a_session_that_was_refused_is_not_used() {
    session(
        "",
        "> 18:00:00 opened s1 p8
           18:00:00 s1 error refused
         > 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 2",
    );
}

#[test]
fn a_patient_and_a_cuff_have_one_open_session() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 opened s2 p1
           18:00:00 s2 error refused
         > 18:00:00 opened s3 p1 with clinic
           18:00:00 s3 error refused
         > 18:00:00 opened s4 p4 with clinic
           18:00:00 s4 waiting: readings_needed 2
         > 18:00:00 opened s5 p5 with clinic
           18:00:00 s5 error refused
         > 18:00:00 opened s6 p5 with clinic-b
           18:00:00 s6 waiting: readings_needed 2
         > 18:01:00 closed s4
           18:01:00 s4 ended: session_over
         > 18:01:00 opened s7 p7 with clinic
           18:01:00 s7 waiting: readings_needed 2
         > 18:01:00 closed s1
           18:01:00 s1 ended: session_over
         > 18:01:00 opened s8 p1
           18:01:00 s8 waiting: readings_needed 2",
    );
}

#[test]
fn only_a_session_cuff_is_named_and_only_a_named_one_makes_up_for_an_unknown_patient() {
    session(
        "",
        "> 18:00:00 opened s1 p1 with own
           18:00:00 s1 error refused
         > 18:00:00 opened s1 p1 with shared
           18:00:00 s1 error refused
         > 18:00:00 opened s1 p1 with nowhere
           18:00:00 s1 error refused
         > 18:00:00 opened s1 p8
           18:00:00 s1 error refused
         > 18:00:00 opened s1 p8 with clinic
           18:00:00 s1 waiting: readings_needed 2
         > 18:00:00 opened s2 p2
           18:00:00 s2 waiting: readings_needed 2",
    );
}

#[test]
fn an_event_of_a_session_that_is_not_open_is_unknown() {
    session(
        r#"attestations = ["safe"]"#,
        "> 18:00:00 attested s1 safe
           18:00:00 s1 error unknown_session
         > 18:00:00 approved s1 by dr
           18:00:00 s1 error unknown_session
         > 18:00:00 denied s1 by dr
           18:00:00 s1 error unknown_session
         > 18:00:00 started s1
           18:00:00 s1 error unknown_session
         > 18:00:00 closed s1
           18:00:00 s1 error unknown_session
         > 18:00:00 opened s1 p1
           ...
         > 18:01:00 closed s1
           18:01:00 s1 ended: session_over
         > 18:02:00 attested s1 safe
           18:02:00 s1 error unknown_session
         > 18:02:00 closed s1
           18:02:00 s1 error unknown_session",
    );
}

#[test]
fn a_session_starts_only_from_ready() {
    session(
        r#"attestations = ["safe"]"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 started s1
           18:00:00 s1 error refused
         > 18:02:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           18:02:00 s1 waiting: attestation_missing safe — 120/80 of r1 r2
         > 18:02:00 started s1
           18:02:00 s1 error refused
         > 18:03:00 attested s1 safe
           18:03:00 s1 ready until 18:31:30 — 120/80 of r1 r2
         > 18:04:00 started s1
           18:04:00 s1 started: session_started — 120/80 of r1 r2
         > 18:05:00 started s1
           18:05:00 s1 error refused",
    );
}

#[test]
fn a_session_that_became_ready_is_not_ready_any_more_at_the_end_of_its_pass() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           18:02:00 s1 ready until 18:31:30 — 120/80 of r1 r2
         > 18:31:30 started s1
           18:31:30 s1 waiting: validity_over, readings_needed 2
           18:31:30 s1 error refused",
    );
}

#[test]
fn a_dump_is_judged_in_the_order_taken_unknown_times_last_and_equal_ones_as_they_came() {
    session(
        r#"spacing = "0s""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 300/310 taken 18:04:00 | 300/311 | 300/312 taken 18:01:00 | error | 300/313 taken 18:04:00
           18:05:00 r3 s1 not counted: implausible
           18:05:00 r1 s1 not counted: implausible
           18:05:00 r5 s1 not counted: implausible
           18:05:00 r2 s1 not counted: implausible, undated
           18:05:00 r4 s1 not counted: measurement_error",
    );
}

#[test]
fn the_same_holds_for_an_unregistered_cuff() {
    session(
        "",
        "> 18:05:00 nowhere: 120/80 taken 18:04:00 | 120/81 taken 18:01:00
           18:05:00 r2 not counted: unregistered_cuff
           18:05:00 r1 not counted: unregistered_cuff",
    );
}

#[test]
fn what_a_cuff_dates_a_little_ahead_was_taken_at_receipt_all_at_one_time() {
    session(
        r#"spacing = "0s""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 300/310 taken 18:05:20 | 300/311 taken 18:05:10 | 300/312 taken 18:05:00
           18:05:00 r1 s1 not counted: implausible
           18:05:00 r2 s1 not counted: implausible
           18:05:00 r3 s1 not counted: implausible",
    );
}

#[test]
fn a_dump_gives_one_answer_even_if_it_changed_it_twice() {
    session(
        r#"readings = 1"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 120/80 taken 18:01:00 | 150/80 taken 18:03:00 | 190/80 taken 18:04:00
           18:05:00 s1 crisis: crisis systolic 190 (limit 180) — 190/80 of r3",
    );
}

#[test]
fn readings_are_numbered_in_order_of_input_duplicates_and_errors_too() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: error | hex 00 | 120/80 taken 18:00:50
           18:01:00 r1 s1 not counted: measurement_error
           18:01:00 r2 s1 not counted: measurement_error
           18:01:00 s1 waiting: readings_needed 1 — 120/80 of r3
         > 18:01:30 own: 120/80 taken 18:00:50
           18:01:30 r4 s1 not counted: duplicate
         > raw {\"at\":\"2026-11-21T18:01:40Z\",\"event\":\"measurement\",\"cuff\":\"own\",\"value\":\"0\"}
           18:01:30 error bad_event
         > 18:02:00 nowhere: 120/80
           18:02:00 r5 not counted: unregistered_cuff
         > 18:02:30 own: 122/80 taken 18:02:00
           18:02:30 s1 ready until 18:32:00 — 121/80 of r3 r6",
    );
}

#[test]
fn answers_come_in_the_order_of_opening() {
    session(
        "",
        "> 18:00:00 opened z p2
           18:00:00 z waiting: readings_needed 2
         > 18:00:00 opened a p1
           18:00:00 a waiting: readings_needed 2
         > 18:01:00 clock lost
           18:01:00 z waiting: readings_needed 2, clock_unsynchronized
           18:01:00 a waiting: readings_needed 2, clock_unsynchronized
         > 18:02:00 clock lost
         > 18:03:00 clock synchronized
           18:03:00 z waiting: readings_needed 2
           18:03:00 a waiting: readings_needed 2",
    );
}

#[test]
fn deny_ends_any_open_session_that_has_not_started() {
    session(
        "readings = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 denied s1 by dr
           18:00:00 s1 ended: denied
         > 18:00:00 opened s2 p1
           ...
         > 18:01:00 own: 190/80 taken 18:00:50
           18:01:00 s2 crisis: crisis systolic 190 (limit 180) — 190/80 of r1
         > 18:02:00 denied s2 by dr
           18:02:00 s2 ended: denied — 190/80 of r1
         > 18:03:00 opened s3 p1
           ...
         > 18:04:00 own: 120/80 taken 18:03:50
           18:04:00 s3 ready until 18:33:50 — 120/80 of r2
         > 18:05:00 started s3
           18:05:00 s3 started: session_started — 120/80 of r2
         > 18:06:00 denied s3 by dr
           18:06:00 s3 error refused
         > 18:07:00 closed s3
           18:07:00 s3 ended: session_over — 120/80 of r2",
    );
}

#[test]
fn a_refused_event_lets_time_pass_and_a_bad_one_does_not() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 2
         > raw {\"at\":\"2026-11-21T18:10:00Z\",\"event\":\"tock\"}
           18:00:00 error bad_event
         > 18:04:00 tick
         > 18:06:00 started s1
           18:05:00 s1 waiting: readings_needed 2
           18:06:00 s1 error refused
         > raw {\"at\":\"2026-11-21T18:05:59Z\",\"event\":\"tick\"}
           18:06:00 error bad_event
         > 18:06:00 tick",
    );
}
