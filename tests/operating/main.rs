//! The manual for operators: its commands do what it says, in the order of a box's life, and its lists are the program's.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod kiosk;
mod life;
mod lists;
mod manual;
mod systemd;
mod world;

#[path = "../rig/folder.rs"]
mod folder;

#[path = "../rig/wait.rs"]
#[expect(dead_code, reason = "shared with the tests of the daemon, which need more of it")]
mod wait;
