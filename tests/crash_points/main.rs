//! Crash points inside the store: the power fails, the process dies, or the call itself fails, at every call that changes a file.
//!
//! A small C library stands between the store and the disk (`shim.c`). It writes down every write, sync, truncation, renaming
//! and removal, and makes the one that is wanted fail. What the disk would hold after a power cut is made from what was
//! written down: what was synced, and of all else, sector by sector, what chance has kept (`disk.rs`).
//!
//! The judge is strict: after each fault the store, opened again, holds exactly what it held after the last deed that was
//! reported done, or that and all of the deed under way. In every table; so nothing is lost, doubled, half done, given out
//! twice or marked sent that was not.
//!
//! `CUFFD_CRASH_SEEDS=50 cargo test --locked --test crash_points -- --nocapture` tries more chances, and every call instead of
//! some of them in every way.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    reason = "a test may panic: that is how it fails; and it tells its figures"
)]

mod disk;
mod failing;
mod killed;
mod life;
mod power;
mod recording;
mod shim;
mod state;

#[path = "../store/rig.rs"]
#[expect(dead_code, reason = "shared with the tests of the store, which need more of it")]
mod rig;

/// How many chances are tried at each call: one, or what the environment says.
fn seeds() -> Option<u64> {
    let told = std::env::var("CUFFD_CRASH_SEEDS").ok()?;
    Some(told.parse().unwrap())
}
