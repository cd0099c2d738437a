//! 2.1 Whose is it?

use crate::rig::{session, transport};

#[test]
fn a_user_id_not_in_users_absent_or_255_is_nobodys() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 shared: 120/80 taken 18:00:50 user 3
           18:01:00 r1 not counted: other_user
         > 18:01:00 shared: 120/80 taken 18:00:51
           18:01:00 r2 not counted: other_user
         > 18:01:00 shared: 120/80 taken 18:00:52 user 255
           18:01:00 r3 not counted: other_user
         > 18:01:00 shared: 120/80 taken 18:00:53 user 0
           18:01:00 r4 not counted: other_user
         > 18:01:00 shared: 120/80 taken 18:00:54 user 1
           18:01:00 s1 waiting: readings_needed 1 — 120/80 of r5",
    );
}

#[test]
fn a_measurement_goes_to_the_open_session_of_its_patient() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:00:00 opened s2 p2
           ...
         > 18:01:00 shared: 120/80 taken 18:00:50 user 2 | 118/76 taken 18:00:40 user 1
           18:01:00 s1 waiting: readings_needed 1 — 118/76 of r2
           18:01:00 s2 waiting: readings_needed 1 — 120/80 of r1
         > 18:02:00 own: 130/70 taken 18:01:55
           18:02:00 s1 ready until 18:31:55 — 124/73 of r2 r3",
    );
}

#[test]
fn what_was_taken_before_since_is_nobodys_and_an_unknown_time_is_before_nothing() {
    session(
        "",
        "> 17:59:00 opened s1 p1
           ...
         > 18:01:00 new: 120/80 taken 17:59:59
           18:01:00 r1 not counted: other_user
         > 18:01:00 new no-offset: 120/80 taken 17:59:58
           18:01:00 r2 s1 not counted: undated
         > 18:01:00 new: 120/80 taken 18:00:00
           18:01:00 s1 waiting: readings_needed 1 — 120/80 of r3",
    );
}

#[test]
fn a_clinics_cuff_is_nobodys_until_an_open_session_named_it() {
    session(
        "",
        "> 18:00:00 clinic: 120/80 taken 17:59:50
           18:00:00 r1 not counted: other_user
         > 18:00:00 opened s1 p1
           ...
         > 18:00:30 clinic: 120/80 taken 18:00:20
           18:00:30 r2 not counted: other_user
         > 18:01:00 opened s7 p7 with clinic
           18:01:00 s7 waiting: readings_needed 2
         > 18:02:00 clinic: 121/81 taken 18:00:59
           18:02:00 r3 not counted: other_user
         > 18:02:00 clinic no-offset: 122/82 taken 18:00:58
           18:02:00 r4 s7 not counted: undated
         > 18:02:00 clinic: 123/83 taken 18:01:00
           18:02:00 s7 waiting: readings_needed 1 — 123/83 of r5
         > 18:03:00 closed s7
           18:03:00 s7 ended: session_over — 123/83 of r5
         > 18:04:00 clinic: 124/84 taken 18:03:50
           18:04:00 r6 not counted: other_user",
    );
}

#[test]
fn a_session_that_named_a_clinics_cuff_takes_its_patients_own_cuff_too() {
    session(
        "",
        "> 18:00:00 opened s1 p1 with clinic
           ...
         > 18:02:00 clinic: 120/80 taken 18:00:30 | 122/82 taken 18:01:40
           18:02:00 s1 ready until 18:31:40 — 121/81 of r1 r2
         > 18:03:00 own: 150/80 taken 18:02:59
           18:03:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1 — 150/80 of r3",
    );
}

#[test]
fn nobodys_measurement_is_no_evidence() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 shared: 200/130 taken 18:00:50 user 9
           18:01:00 r1 not counted: other_user",
    );
}

#[test]
fn nobodys_measurement_is_kept_against_doubles() {
    session(
        "",
        "> 18:00:00 shared: 120/80 taken 17:59:50 user 9
           18:00:00 r1 not counted: other_user
         > 18:01:00 shared: 120/80 taken 17:59:50 user 9
           18:01:00 r2 not counted: duplicate",
    );
}

#[test]
fn without_a_policy_readings_are_judged_by_the_defaults_and_nothing_is_ready() {
    transport(
        "> 18:00:00 own: 120/80 taken 17:59:50
           18:00:00 r1 not counted: no_session
         > 18:00:00 own: 120/80 taken 17:49:59 irregular
           18:00:00 r2 not counted: stale, no_session
         > 18:00:00 own unbonded: 120/80 moved loose position range
           18:00:00 r3 not counted: not_bonded, undated, no_session, body_movement, cuff_too_loose, improper_position, pulse_rate_range
         > 18:00:00 clock lost
         > 18:00:00 own: 120/80 taken 17:59:53
           18:00:00 r4 not counted: clock_unsynchronized, no_session
         > 18:00:00 opened s1 p1
           18:00:00 s1 error no_policy
         > 18:00:00 attested s1 companion
           18:00:00 s1 error no_policy
         > 18:00:00 approved s1 by dr
           18:00:00 s1 error no_policy
         > 18:00:00 started s1
           18:00:00 s1 error no_policy
         > 18:00:00 closed s1
           18:00:00 s1 error no_policy
         > 18:00:00 tick",
    );
}
