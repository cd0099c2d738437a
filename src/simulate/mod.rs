//! Virtual cuffs, for the demo and for testing a platform.
//!
//! They stand where the Bluetooth side would: everything behind the seam of [`crate::core::source`] runs unchanged.
//! What a cuff does in one connection is computed without I/O ([`cuff`]); [`source`] plays it in real time.

pub mod audience;
#[cfg(feature = "demo-broker")]
pub mod broker;
pub mod cuff;
mod dial;
pub mod director;
pub mod fault;
pub mod fleet;
pub mod frame;
pub mod habits;
mod memory;
pub mod narrator;
pub mod orders;
pub mod platform;
pub mod routine;
pub mod script;
pub mod source;
mod tape;
pub mod visit;

pub use tape::Step;
