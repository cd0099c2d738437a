//! The demo as somebody sees it who tries the program for the first time: one whole session, in well under a minute.

use std::time::Duration;

use tokio::time::Instant;

use crate::rig::Gateway;

/// What is told, in this order.
const TOLD: [&str; 22] = [
    "status the gateway is online",
    "its clock is 197 s late",
    "128/83 mmHg, pulse 76,",
    "Not counted: history from before the pairing",
    "the platform asks: open session s1 for patient p1",
    "session s1 is waiting: rest until",
    "the platform asks: attest s1: safe setting, by the companion",
    "session s1 is waiting: 2 more to measure",
    "session s1 is waiting (152/94 mmHg, pulse 81): 1 more to measure",
    "147/91 mmHg",
    "Not counted: too soon after the one before; verified.",
    "session s1 is blocked (150/93 mmHg, pulse 80): systolic above limit: 150, limit 140, diastolic above limit: 93, limit 90; \
     next try from",
    "session s1 is waiting: 2 more to measure",
    "session s1 is waiting (134/85 mmHg, pulse 74): 1 more to measure",
    "session s1 is READY, within the clinic's limits, until",
    "(131.5/83.5 mmHg, pulse 73)",
    "the platform asks: report s1",
    "in answer to the platform's report",
    "the platform asks: start s1",
    "session s1 is started",
    "the platform asks: close session s1",
    "session s1 is ended",
];

#[tokio::test]
async fn a_whole_session_is_shown_and_told_in_words() {
    let begun = Instant::now();
    let told = Gateway::with("").ask_plainly(&["demo", "--once"]).await.good();
    assert!(begun.elapsed() < Duration::from_secs(58));
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = words.as_str();
    for expected in TOLD {
        let place = rest.find(expected).unwrap_or_else(|| panic!("{expected:?} in\n{told}"));
        rest = &rest[place + expected.len()..];
    }
    let end = "Published: 9 readings, 9 confirmed by the platform. In the store: 9 readings, 0 messages waiting.";
    assert!(rest.ends_with(end), "{told}");
}
