//! The link to the clinic's broker: messages, commands, delivery.
//!
//! Only an acknowledgement marks a message. The state of a dead connection is thrown away whole, and sending starts again
//! at the oldest unacknowledged message: doubles may be sent, losses may not.

mod client;
pub mod command;
mod credentials;
pub mod errand;
pub mod link;
pub mod message;
pub mod outbox;
pub mod settings;
pub mod tls;

pub use client::{Class, Fault};
