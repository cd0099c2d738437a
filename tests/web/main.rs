//! The page for the people in the room and the local API, asked over HTTP: what is shown, who may, and what reaches the gate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod acts;
mod all_states;
mod client;
mod daemon;
mod events;
mod gateway;
mod headers;
mod notices;
mod passkey;
#[path = "../rig/registered.rs"]
mod registered;
mod rig;
mod samples;
mod table;
mod who;
mod words;

#[path = "../rig/folder.rs"]
mod folder;

#[path = "../rig/wait.rs"]
mod wait;
