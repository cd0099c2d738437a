//! The program as it is installed: the real binary with a real mosquitto, virtual cuffs, and a platform that listens.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod asking;
mod bus;
mod commands;
mod damage;
mod delivery;
#[cfg(feature = "demo-broker")]
mod demo;
mod disk_full;
mod fhir;
mod help;
mod kill_at_start;
mod kill_in_drain;
mod month;
mod nats;
mod orders;
mod privacy;
mod rig;
mod sessions;
mod stopping;
mod store_refused;
mod systemd;
mod trust;
mod wrong_input;

#[path = "../rig/bundle.rs"]
mod bundle;

#[path = "../bluez_mock/bus.rs"]
mod private_bus;

#[path = "../mqtt/certificates.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod certificates;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../mqtt/subscriber.rs"]
mod subscriber;
