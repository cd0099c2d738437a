//! 2.6 Rounds: collecting, passing, failing, over.

use crate::rig::session;

#[test]
fn a_round_is_judged_by_its_means_unrounded_both_ends_allowed() {
    for (first, second, outcome) in [
        ("139.9/80", "140/80", "ready until 18:31:30 — 139.95/80"),
        ("140/80", "140/80", "ready until 18:31:30 — 140/80"),
        (
            "140/80",
            "140.1/80",
            "blocked until 18:17:00: systolic_above_limit 140.05 (limit 140) — 140.05/80",
        ),
        ("90/80", "90/80", "ready until 18:31:30 — 90/80"),
        (
            "90/80",
            "89.9/80",
            "blocked until 18:17:00: systolic_below_limit 89.95 (limit 90) — 89.95/80",
        ),
        ("120/90", "120/90", "ready until 18:31:30 — 120/90"),
        (
            "120/90",
            "120/90.1",
            "blocked until 18:17:00: diastolic_above_limit 90.05 (limit 90) — 120/90.05",
        ),
        ("120/50", "120/50", "ready until 18:31:30 — 120/50"),
        (
            "120/50",
            "120/49.9",
            "blocked until 18:17:00: diastolic_below_limit 49.95 (limit 50) — 120/49.95",
        ),
        ("150/95", "130/80", "ready until 18:31:30 — 140/87.5"),
        (
            "150/95",
            "150/95",
            "blocked until 18:17:00: systolic_above_limit 150 (limit 140), diastolic_above_limit 95 (limit 90) — 150/95",
        ),
    ] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:02:00 own: {first} taken 18:00:30 | {second} taken 18:01:30
                   18:02:00 s1 {outcome} of r1 r2"
            ),
        );
    }
}

#[test]
fn a_mean_that_prints_as_the_limit_may_be_above_it() {
    let dump: Vec<String> = (1..=30)
        .map(|second| {
            format!(
                "{}/80 taken 18:01:{second:02}",
                if second == 30 { "140.1" } else { "140" }
            )
        })
        .collect();
    let counted: Vec<String> = (1..=30).map(|number| format!("r{number}")).collect();
    session(
        "readings = 30
         spacing = \"0s\"",
        &format!(
            "> 18:00:00 opened s1 p1
               ...
             > 18:02:00 own: {}
               18:02:00 s1 blocked until 18:17:00: systolic_above_limit 140 (limit 140) — 140/80 of {}",
            dump.join(" | "),
            counted.join(" ")
        ),
    );
}

#[test]
fn the_pulse_rates_mean_has_its_limits() {
    for (first, second, outcome) in [
        ("50", "50", "ready until 18:31:30 — 120/80 pulse 50"),
        ("100", "100", "ready until 18:31:30 — 120/80 pulse 100"),
        (
            "50",
            "49",
            "blocked until 18:17:00: pulse_rate_below_limit 49.5 (limit 50) — 120/80 pulse 49.5",
        ),
        (
            "100",
            "101",
            "blocked until 18:17:00: pulse_rate_above_limit 100.5 (limit 100) — 120/80 pulse 100.5",
        ),
    ] {
        session(
            "pulse_rate = { min = 50, max = 100 }",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:02:00 own: 120/80 pulse {first} taken 18:00:30 | 120/80 pulse {second} taken 18:01:30
                   18:02:00 s1 {outcome} of r1 r2"
            ),
        );
    }
}

#[test]
fn without_limits_the_pulse_rate_is_told_only_if_each_reading_has_one_above_0() {
    for (first, second, told) in [
        ("pulse 60", "pulse 65", " pulse 62.5"),
        ("pulse 60", "", ""),
        ("pulse 60", "no-pulse", ""),
        ("pulse 60", "pulse 0", ""),
        ("pulse 60", "pulse 250", " pulse 155"),
    ] {
        session(
            "",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:02:00 own: 120/80 {first} taken 18:00:30 | 120/80 {second} taken 18:01:30
                   18:02:00 s1 ready until 18:31:30 — 120/80{told} of r1 r2"
            ),
        );
    }
}

#[test]
fn readings_that_differ_by_more_ask_for_one_more_once() {
    for (second, more) in [
        ("110/80", false),
        ("109.9/80", true),
        ("130/80", false),
        ("130.1/80", true),
        ("120/70", false),
        ("120/69.9", true),
    ] {
        let state = if more {
            "waiting: readings_needed 1"
        } else {
            "ready until 18:31:30"
        };
        session(
            "extra_if_differ = { systolic = 10, diastolic = 10 }",
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:01:00 own: 120/80 taken 18:00:30
                   18:01:00 s1 waiting: readings_needed 1 — 120/80 of r1
                 > 18:02:00 own: {second} taken 18:01:30
                   ...
                 > 18:02:00 clock lost
                   ...
                 > 18:02:00 clock synchronized
                   18:02:00 s1 {state} — {} of r1 r2",
                mean(second)
            ),
        );
    }
    session(
        "extra_if_differ = { systolic = 10, diastolic = 10 }",
        "> 18:00:00 opened s1 p1
           ...
         > 18:04:00 own: 120/80 taken 18:00:30 | 105/80 taken 18:01:30 | 135/80 taken 18:02:30
           18:04:00 s1 ready until 18:32:30 — 120/80 of r1 r2 r3",
    );
}

/// The mean of 120/80 and this one.
fn mean(pressures: &str) -> String {
    let (systolic, diastolic) = pressures.split_once('/').expect("two pressures");
    let half = |first: f64, second: &str| (first + second.parse::<f64>().expect("a number")) / 2.0;
    format!("{}/{}", half(120.0, systolic), half(80.0, diastolic))
}

#[test]
fn the_extra_reading_is_asked_for_in_each_round_anew() {
    session(
        r#"extra_if_differ = { systolic = 10, diastolic = 10 }
           retry_after = "1m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:04:00 own: 160/80 taken 18:01:00 | 140/80 taken 18:02:00 | 150/80 taken 18:03:00
           18:04:00 s1 blocked until 18:05:00: systolic_above_limit 150 (limit 140) — 150/80 of r1 r2 r3
         > 18:08:00 own: 120/80 taken 18:06:00 | 100/80 taken 18:07:00
           18:05:00 s1 waiting: readings_needed 2
           18:08:00 s1 waiting: readings_needed 1 — 110/80 of r4 r5",
    );
}

#[test]
fn the_extra_reading_is_asked_for_when_all_others_are_there() {
    session(
        r#"extra_if_differ = { systolic = 10, diastolic = 10 }
           readings = 3"#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 waiting: readings_needed 2 — 120/80 of r1
         > 18:02:00 own: 100/80 taken 18:02:00
           18:02:00 s1 waiting: readings_needed 1 — 110/80 of r1 r2
         > 18:03:00 own: 110/80 taken 18:03:00
           18:03:00 s1 waiting: readings_needed 1 — 110/80 of r1 r2 r3
         > 18:04:00 own: 110/80 taken 18:04:00
           18:04:00 s1 ready until 18:34:00 — 110/80 of r1 r2 r3 r4",
    );
}

#[test]
fn a_pass_holds_until_its_last_readings_time_and_no_longer() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:10:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           18:10:00 s1 ready until 18:31:30 — 120/80 of r1 r2
         > 18:31:29.999 tick
         > 18:31:30 tick
           18:31:30 s1 waiting: validity_over, readings_needed 2
         > 18:33:00 own: 120/80 taken 18:31:29 | 120/80 taken 18:31:30
           18:33:00 r3 s1 not counted: round_over
           18:33:00 s1 waiting: validity_over, readings_needed 1 — 120/80 of r4
         > 18:33:00 own: 120/80 taken 18:32:30
           18:33:00 s1 ready until 19:02:30 — 120/80 of r4 r5",
    );
}

#[test]
fn nothing_moves_the_end_of_a_pass_later() {
    session(
        r#"attestations = ["safe"]
           attest_for = "60m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:02:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           18:02:00 s1 waiting: attestation_missing safe — 120/80 of r1 r2
         > 18:20:00 attested s1 safe
           18:20:00 s1 ready until 18:31:30 — 120/80 of r1 r2
         > 18:21:00 clock lost
           18:21:00 s1 waiting: clock_unsynchronized — 120/80 of r1 r2
         > 18:25:00 clock synchronized
           18:25:00 s1 ready until 18:31:30 — 120/80 of r1 r2
         > 18:26:00 attested s1 safe
         > 18:27:00 own: 120/80 taken 18:26:50
           18:27:00 r3 s1 not counted: round_over
         > 18:40:00 tick
           18:31:30 s1 waiting: validity_over, readings_needed 2",
    );
}

#[test]
fn a_pass_that_is_over_at_its_last_readings_receipt_is_never_ready() {
    for (valid_for, outcome) in [
        ("479s", "waiting: validity_over, readings_needed 1"),
        ("8m", "waiting: validity_over, readings_needed 1"),
        ("481s", "ready until 18:10:01 — 120/80 of r1"),
    ] {
        session(
            &format!("readings = 1\nvalid_for = {valid_for:?}"),
            &format!(
                "> 18:00:00 opened s1 p1
                   ...
                 > 18:10:00 own: 120/80 taken 18:02:00
                   18:10:00 s1 {outcome}"
            ),
        );
    }
    session(
        "readings = 1\nvalid_for = \"3m\"",
        "> 18:00:00 opened s1 p1
           18:00:00 s1 waiting: readings_needed 1
         > 18:10:00 own: 120/80 taken 18:02:00 | 120/80 taken 18:04:59 | 120/80 taken 18:05:00 | 120/80 taken 18:08:30
           18:10:00 r2 s1 not counted: round_over
           18:10:00 s1 ready until 18:11:30 — 120/80 of r4",
    );
}

#[test]
fn a_failed_round_blocks_until_receipt_plus_retry_after() {
    session(
        "",
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 150/80 taken 18:00:30 | 150/80 taken 18:01:30
           18:05:00 s1 blocked until 18:20:00: systolic_above_limit 150 (limit 140) — 150/80 of r1 r2
         > 18:10:00 own: 120/80 taken 18:09:30
           18:10:00 r3 s1 not counted: round_over
         > 18:19:59 tick
         > 18:20:00 own: 120/80 taken 18:20:00
           18:20:00 s1 waiting: readings_needed 2
           18:20:00 s1 waiting: readings_needed 1 — 120/80 of r4",
    );
}

#[test]
fn the_last_failed_round_that_is_allowed_refers() {
    session(
        r#"readings = 1
           attempts = 2
           retry_after = "1m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 150/80 taken 18:01:00
           18:01:00 s1 blocked until 18:02:00: systolic_above_limit 150 (limit 140) — 150/80 of r1
         > 18:03:00 own: 150/95 taken 18:03:00
           18:02:00 s1 waiting: readings_needed 1
           18:03:00 s1 referred: systolic_above_limit 150 (limit 140), diastolic_above_limit 95 (limit 90), attempts_used — 150/95 of r2
         > 18:40:00 tick",
    );
}

#[test]
fn only_failed_rounds_use_attempts() {
    session(
        r#"readings = 1
           attempts = 2
           retry_after = "1m"
           valid_for = "5m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:01:00 own: 120/80 taken 18:01:00
           18:01:00 s1 ready until 18:06:00 — 120/80 of r1
         > 18:03:00 own: 150/80 taken 18:01:30
           18:03:00 r2 s1 not counted: too_soon
           18:03:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1
         > 18:04:00 own: 120/80 taken 18:03:30
           18:04:00 s1 ready until 18:08:30 — 120/80 of r3
         > 18:09:00 own: 150/80 taken 18:08:50
           18:08:30 s1 waiting: validity_over, readings_needed 1
           18:09:00 s1 blocked until 18:10:00: systolic_above_limit 150 (limit 140) — 150/80 of r4
         > 18:11:00 own: 120/80 taken 18:10:30
           18:10:00 s1 waiting: readings_needed 1
           18:11:00 s1 ready until 18:15:30 — 120/80 of r5
         > 18:16:00 own: 150/80 taken 18:16:00
           18:15:30 s1 waiting: validity_over, readings_needed 1
           18:16:00 s1 referred: systolic_above_limit 150 (limit 140), attempts_used — 150/80 of r6",
    );
}

#[test]
fn a_round_that_collects_too_long_begins_afresh_and_has_not_failed() {
    session(
        r#"valid_for = "10m"
           attempts = 1
           max_reading_age = "60m""#,
        "> 18:00:00 opened s1 p1
           ...
         > 18:05:00 own: 150/80 taken 18:01:00
           18:05:00 s1 waiting: readings_needed 1 — 150/80 of r1
         > 18:14:59 tick
         > 18:15:00 tick
           18:15:00 s1 waiting: validity_over, readings_needed 2
         > 18:18:00 own: 120/80 taken 18:14:59 | 120/80 taken 18:15:00 | 120/80 taken 18:16:00
           18:18:00 r2 s1 not counted: round_over
           18:18:00 s1 ready until 18:26:00 — 120/80 of r3 r4",
    );
}

#[test]
fn what_left_the_last_round_is_told_until_the_next_is_judged() {
    session(
        "attempts = 9",
        "> 18:00:00 opened s1 p1
           ...
         > 18:03:00 own: 120/80 taken 18:00:30 | 120/80 taken 18:01:30
           ...
         > 18:04:00 own: 150/80 taken 18:03:30
           18:04:00 s1 waiting: systolic_above_limit 150 (limit 140), readings_needed 1 — 150/80 of r3
         > 18:34:00 tick
           18:34:00 s1 waiting: validity_over, readings_needed 2
         > 18:35:00 own: 150/80 taken 18:34:30
           18:35:00 s1 waiting: validity_over, readings_needed 1 — 150/80 of r4
         > 18:36:00 own: 150/80 taken 18:35:30
           18:36:00 s1 blocked until 18:51:00: systolic_above_limit 150 (limit 140) — 150/80 of r4 r5
         > 18:51:00 tick
           18:51:00 s1 waiting: readings_needed 2",
    );
}
