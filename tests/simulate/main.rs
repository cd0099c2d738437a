//! Virtual cuffs against the codec and the table of models that the real ones go through.

#![expect(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "in a test that is how it fails, and most kinds of event are not what it looks for"
)]

#[cfg(feature = "demo-broker")]
mod broker;
#[cfg(feature = "demo-broker")]
mod demo;
mod faults;
mod models;
mod ordered;
mod playing;
mod rig;
