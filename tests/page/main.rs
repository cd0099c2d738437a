//! The page in a real browser, and over the listener that the daemon has: slow clients, many clients, TLS.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic: that is how it fails; and it tells what the browser has said"
)]

mod browser;
mod listener;
#[path = "../rig/registered.rs"]
mod registered;
mod rig;
mod states;
mod tls;

#[path = "../rig/folder.rs"]
mod folder;
#[path = "../rig/node.rs"]
mod node;
