//! 2.4 `discard_first`, 2.5 step 6.

use crate::rig::session;

#[test]
fn a_rounds_first_accepted_reading_is_kept_but_not_counted() {
    session(
        "discard_first = true",
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 3
         > 18:01:00 own: 160/80 taken 18:00:30
           18:01:00 r1 s1 not counted: discarded_first
           18:01:00 s1 waiting: readings_needed 2
         > 18:02:00 own: 120/80 taken 18:01:29
           18:02:00 r2 s1 not counted: too_soon
         > 18:03:00 own: 120/80 taken 18:01:30 | 122/80 taken 18:02:30
           18:03:00 s1 ready until 18:32:30 — 121/80 of r3 r4",
    );
}

#[test]
fn every_round_discards_its_first() {
    session(
        r#"discard_first = true
           readings = 1
           retry_after = "1m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:03:00 own: 120/80 taken 18:01:00 | 150/80 taken 18:02:00
           18:03:00 r1 s1 not counted: discarded_first
           18:03:00 s1 blocked until 18:04:00: systolic_above_limit 150 (limit 140) — 150/80 of r2
         > 18:06:00 own: 120/80 taken 18:05:00 | 118/80 taken 18:06:00
           18:04:00 s1 waiting: readings_needed 2
           18:06:00 r3 s1 not counted: discarded_first
           18:06:00 s1 ready until 18:36:00 — 118/80 of r4",
    );
}

#[test]
fn a_finding_is_not_discarded() {
    session(
        "discard_first = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 180/80 taken 18:00:30
           18:01:00 s1 crisis: crisis systolic 180 (limit 180) — 180/80 of r1",
    );
}

#[test]
fn the_discarded_reading_begins_the_time_that_a_round_has() {
    session(
        r#"discard_first = true
           valid_for = "10m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 120/80 taken 18:01:00
           18:02:00 r1 s1 not counted: discarded_first
           18:02:00 s1 waiting: readings_needed 2
         > 18:11:00 own: 120/80 taken 18:10:00
           18:11:00 s1 waiting: readings_needed 1 — 120/80 of r2
         > 18:12:00 tick
           18:12:00 s1 waiting: validity_over, readings_needed 3",
    );
}
