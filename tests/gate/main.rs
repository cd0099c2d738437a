//! The gate against contract 2: sentence by sentence, in whole sessions, exhaustively, and against an oracle.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops where it fails"
)]

mod notation;
mod oracle;
mod random;
mod rig;
mod scenarios;
mod sentences;
