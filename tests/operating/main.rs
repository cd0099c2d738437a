//! The manual for operators: its commands do what it says, in the order of a box's life, and its lists are the program's.
//!
//! Commands are given as they stand there, on machines of their own (`box/world`): files at their places, a network, the broker of
//! `docs/broker`. What stands in for the real thing are `sudo`, `systemctl`, and `apt-get`, which only says whether it would. What
//! needs a booted systemd is listed in `systemd.rs`, with the step of `tests/install` that does it.
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
