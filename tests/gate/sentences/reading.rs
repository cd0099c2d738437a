//! 2.5 A reading: when it was taken, and why it does not count. Each reason by itself stands beside the code; here is that
//! they reach a session, and steps 5 and 6.

use crate::rig::session;

#[test]
fn an_offset_dates_a_cuffs_time() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own offset 600: 120/80 taken 18:09:00
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r1
         > 18:21:00 own offset -3600: 120/80 taken 19:20:00
           18:21:00 s1 ready until 18:50:00 — 120/80 of r1 r2",
    );
}

#[test]
fn without_an_offset_only_a_trusted_clock_dates() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own no-offset: 120/80 taken 18:19:00
           18:20:00 r1 s1 not counted: undated
         > 18:20:00 trusted no-offset: 120/80 taken 18:19:00
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r2
         > 18:25:00 trusted offset 60: 120/80 taken 18:23:00
           18:25:00 s1 ready until 18:54:00 — 120/80 of r2 r3",
    );
}

#[test]
fn a_reading_dated_ahead_by_up_to_two_minutes_was_taken_at_receipt() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 120/80 taken 18:22:01
           18:20:00 r1 s1 not counted: future_dated
         > 18:20:00 own: 120/80 taken 18:22:00
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r2
         > 18:21:00 own: 120/80 taken 18:21:01
           18:21:00 s1 ready until 18:51:00 — 120/80 of r2 r3",
    );
}

#[test]
fn a_reading_older_than_the_greatest_age_is_stale() {
    session(
        r#"max_reading_age = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 120/80 taken 18:14:59
           18:20:00 r1 s1 not counted: stale
         > 18:20:00 own: 120/80 taken 18:15:00
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r2",
    );
}

#[test]
fn a_reading_without_a_time_counts_as_taken_at_receipt_only_alone_and_by_the_policy() {
    session(
        "count_undated = true",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 120/80 | 121/80
           18:20:00 r1 s1 not counted: undated
           18:20:00 r2 s1 not counted: undated
         > 18:20:00 own: 120/80 clock-unset
           18:20:00 r3 s1 not counted: undated
         > 18:20:00 own no-offset: 120/80
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r4
         > 18:21:00 own: 120/80
           18:21:00 s1 ready until 18:51:00 — 120/80 of r4 r5",
    );
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:20:00 own: 120/80
           18:20:00 r1 s1 not counted: undated",
    );
}

#[test]
fn a_double_needs_the_same_cuff_the_same_octets_and_a_valid_time() {
    session(
        r#"spacing = "0s"
           readings = 9"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:50 | 120/80 taken 18:00:50
           18:01:00 r2 s1 not counted: duplicate
           18:01:00 s1 waiting: readings_needed 8 — 120/80 of r1
         > 18:02:00 second: 120/80 taken 18:00:50
           18:02:00 s1 waiting: readings_needed 7 — 120/80 of r1 r3
         > 18:03:00 own: 120/80 taken 18:00:51
           18:03:00 s1 waiting: readings_needed 6 — 120/80 of r1 r3 r4
         > 18:04:00 own unbonded: 120/80 taken 18:00:52
           18:04:00 r5 s1 not counted: not_bonded
         > 18:05:00 own: 120/80 taken 18:00:52
           18:05:00 r6 s1 not counted: duplicate
         > 18:06:00 own: 120/80 | 120/80 | 120/80 clock-unset | 120/80 clock-unset | error taken 18:00:01 | error taken 18:00:01
           18:06:00 r11 s1 not counted: measurement_error
           18:06:00 r12 s1 not counted: duplicate
           18:06:00 r7 s1 not counted: undated
           18:06:00 r8 s1 not counted: undated
           18:06:00 r9 s1 not counted: undated
           18:06:00 r10 s1 not counted: undated",
    );
}

#[test]
fn a_step_is_reached_only_if_those_before_gave_nothing() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 nowhere unbonded first: error taken 17:00:00 moved
           18:05:00 r1 not counted: unregistered_cuff
         > 18:05:00 own unbonded first: error taken 17:00:00 moved
           18:05:00 r2 s1 not counted: measurement_error
         > 18:05:00 own unbonded first: error taken 17:00:00 moved
           18:05:00 r3 s1 not counted: duplicate
         > 18:05:00 own unbonded: 120/80 taken 17:58:00 moved
           18:05:00 r4 s1 not counted: not_bonded, body_movement
         > 18:05:00 own: 120/80 taken 17:58:01
           18:05:00 r5 s1 not counted: rest_incomplete, round_over",
    );
}

#[test]
fn the_first_connection_after_pairing_is_history() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own first: 120/80 taken 18:04:00 | 190/130 taken 18:04:30
           18:05:00 r1 s1 not counted: first_session_history
           18:05:00 r2 s1 not counted: first_session_history",
    );
}

#[test]
fn octets_left_over_that_the_model_does_not_explain_do_not_count() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 120/80 taken 18:04:00 extra 1
           18:05:00 r1 s1 not counted: unexpected_length",
    );
}

#[test]
fn a_pulse_rate_is_needed_where_the_policy_has_limits_for_it() {
    session(
        "pulse_rate = { min = 50, max = 100 }",
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 120/80 taken 18:01:00 | 120/80 taken 18:02:00 no-pulse | 120/80 taken 18:03:00 pulse 0
           18:05:00 r1 s1 not counted: pulse_rate_missing
           18:05:00 r2 s1 not counted: pulse_rate_missing
           18:05:00 r3 s1 not counted: pulse_rate_missing
         > 18:06:00 own: 120/80 taken 18:05:00 pulse 60
           18:06:00 s1 waiting: readings_needed 1 — 120/80 pulse 60 of r4",
    );
}

#[test]
fn status_bits_reject_or_count_by_the_policy() {
    let dump = "18:06:00 own: 120/80 taken 18:01:00 moved | 120/80 taken 18:02:00 loose \
                | 120/80 taken 18:03:00 position | 120/80 taken 18:04:00 range | 120/80 taken 18:05:00 irregular";
    session(
        r#"on_irregular_pulse = "reject""#,
        &format!(
            "> 18:00:00 opened s1 p1
               ...
             > {dump}
               18:06:00 r1 s1 not counted: body_movement
               18:06:00 r2 s1 not counted: cuff_too_loose
               18:06:00 r3 s1 not counted: improper_position
               18:06:00 r4 s1 not counted: pulse_rate_range
               18:06:00 r5 s1 not counted: irregular_pulse"
        ),
    );
    session(
        r#"on_irregular_pulse = "count"
           on_body_movement = "count"
           on_cuff_too_loose = "count"
           on_improper_position = "count"
           on_pulse_rate_range = "count"
           readings = 5"#,
        &format!(
            "> 18:00:00 opened s1 p1
               ...
             > {dump}
               18:06:00 s1 ready until 18:35:00 — 120/80 of r1 r2 r3 r4 r5"
        ),
    );
}

#[test]
fn rest_counts_from_the_opening_to_when_the_reading_was_taken() {
    session(
        r#"rest = "5m""#,
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: rest_incomplete until 18:05:00, readings_needed 2
         > 18:06:00 own: 120/80 taken 18:04:59
           18:05:00 s1 waiting: readings_needed 2
           18:06:00 r1 s1 not counted: rest_incomplete
         > 18:06:00 own: 120/80 taken 18:05:00
           18:06:00 s1 waiting: readings_needed 1 — 120/80 of r2",
    );
}

#[test]
fn spacing_counts_from_the_last_accepted_reading_of_the_session() {
    session(
        r#"readings = 1
           spacing = "2m"
           valid_for = "3m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 120/80 taken 18:01:00
           18:02:00 s1 ready until 18:04:00 — 120/80 of r1
         > 18:03:00 own: 150/80 taken 18:02:59
           18:03:00 r2 s1 not counted: too_soon
           18:03:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1
         > 18:03:00 own: 120/80 taken 18:03:00
           18:03:00 s1 ready until 18:06:00 — 120/80 of r3",
    );
}

#[test]
fn what_was_not_accepted_spaces_nothing() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 120/80 taken 18:01:00 | 120/80 taken 18:01:30 | 120/80 taken 18:01:59 moved | 120/80 taken 18:02:00
           18:02:00 r2 s1 not counted: too_soon
           18:02:00 r3 s1 not counted: body_movement
           18:02:00 s1 ready until 18:32:00 — 120/80 of r1 r4",
    );
}

#[test]
fn a_reading_taken_before_the_round_began_is_round_over() {
    session(
        "readings = 1
         attempts = 9",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:00:30
           18:01:00 s1 blocked until 18:16:00: systolic_above_limit 150 (limit 140) — 150/80 of r1
         > 18:16:30 own: 120/80 taken 18:15:59 | 120/80 taken 18:16:00
           18:16:00 s1 waiting: readings_needed 1
           18:16:30 r2 s1 not counted: round_over
           18:16:30 s1 ready until 18:46:00 — 120/80 of r3",
    );
}

#[test]
fn no_round_collects_in_any_other_state() {
    session(
        "readings = 1
         attempts = 1",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:00:30
           18:01:00 s1 ready until 18:30:30 — 120/80 of r1
         > 18:02:00 own: 120/80 taken 18:01:30
           18:02:00 r2 s1 not counted: round_over
         > 18:02:00 own: 120/80 taken 18:01:29
           18:02:00 r3 s1 not counted: too_soon, round_over
         > 18:03:00 started s1
           ...
         > 18:04:00 own: 150/80 taken 18:03:30
           18:04:00 r4 s1 not counted: round_over
         > 18:05:00 closed s1
           ...
         > 18:05:00 opened s2 p1
           ...
         > 18:06:00 own: 150/80 taken 18:05:30
           18:06:00 s2 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r5
         > 18:08:00 own: 120/80 taken 18:07:30
           18:08:00 r6 s2 not counted: round_over
         > 18:09:00 own: 185/80 taken 18:08:30
           18:09:00 s2 crisis: crisis systolic 185 (limit 180) — 185/80 of r7
         > 18:10:00 own: 120/80 taken 18:09:30
           18:10:00 r8 s2 not counted: round_over",
    );
}

#[test]
fn while_the_clock_is_lost_nothing_can_be_dated_or_counted_and_evidence_remains() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 clock lost
           18:01:00 s1 waiting: readings_needed 2, clock_unsynchronized
         > 18:02:00 own: 120/80 taken 18:01:30 | 120/80 taken 17:00:00 | 120/80 taken 19:00:00 | 120/80
           18:02:00 r1 s1 not counted: clock_unsynchronized
           18:02:00 r2 s1 not counted: clock_unsynchronized
           18:02:00 r3 s1 not counted: clock_unsynchronized
           18:02:00 r4 s1 not counted: clock_unsynchronized
         > 18:03:00 own: 180/80 taken 17:00:00
           18:03:00 s1 crisis: crisis systolic 180 (limit 180), clock_unsynchronized — 180/80 of r5",
    );
    session(
        "require_clock = false",
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 clock lost
         > 18:03:00 own: 120/80 taken 18:01:30 | 120/80 taken 18:02:30
           18:03:00 s1 ready until 18:32:30 — 120/80 of r1 r2",
    );
}
