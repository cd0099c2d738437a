//! The link against brokers: one of the tests' own that misbehaves on purpose, and a real mosquitto.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod certificates;
mod client;
mod commands;
mod delivery_faults;
mod fault_broker;
#[expect(dead_code, reason = "shared with the tests of fleets, which need more of it")]
mod mosquitto;
mod outbox;
mod poison;
mod presence;
mod real_broker;
mod rig;
mod rules;
mod shipped;
mod store;
mod subscriber;
mod tls;
