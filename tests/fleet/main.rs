//! Many gateways at once: what they cost, what a broker's fall does to them, and that nothing of theirs is lost.
//!
//! The short ones belong to every change. Those that are ignored take long and tell figures: `tests/fleet/run` runs them, and
//! `docs/fleet.md` reports what they said.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic: that is how it fails; and it tells its figures"
)]

mod costs;
mod fall;
mod fleet;
mod judge;
mod nats;
mod platform;
mod process;
mod shared;
mod storm;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../rig/folder.rs"]
#[expect(dead_code, reason = "shared with the tests of the page, which need more of it")]
mod folder;

#[path = "../rig/wait.rs"]
#[expect(dead_code, reason = "shared with the tests of the daemon, which need more of it")]
mod wait;

/// What the shared parts wait by.
mod rig {
    pub(crate) use crate::wait::within;
}
