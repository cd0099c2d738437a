//! The store on real files: what it keeps, in which order it gives it out, and what it survives.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod crash;
mod damage;
mod measurements;
mod memory;
mod opening;
mod outbox;
mod pruning;
mod resend;
mod rig;
mod room;
mod transitions;
