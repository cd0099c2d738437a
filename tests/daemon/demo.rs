//! The demo as somebody sees it who tries the program for the first time: one whole session, in whatever zone they live.

use std::process::Stdio;

use crate::rig::{Gateway, within};

/// What is told, in this order.
const TOLD: [&str; 8] = [
    "its clock is 197 s late",
    "the platform asks: open session",
    "the platform asks: attest",
    "too soon",
    "systolic above limit: ",
    "within the clinic's limits until",
    "the platform asks: start",
    "the platform asks: close session",
];

#[tokio::test]
async fn a_whole_session_is_told_in_every_time_zone() {
    let mut demo = Gateway::with("").command(&["demo", "--once"]);
    demo.env("TZ", "America/New_York").stdin(Stdio::null());
    let ended = within("the end of the demo", demo.output()).await.unwrap();
    let told = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut rest = words.as_str();
    for expected in TOLD {
        let place = rest.find(expected).unwrap_or_else(|| panic!("{expected:?} in\n{told}"));
        rest = &rest[place + expected.len()..];
    }
    assert!(rest.contains("0 messages waiting"), "{told}");
}
