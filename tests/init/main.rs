//! `cuffd init` as a new deployer meets it: on a terminal, with a clinic's file, with certificates.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod csr;
mod from;
mod killed;
mod owner;
mod rig;
#[path = "../rig/stranger.rs"]
mod stranger;
mod terminal;
