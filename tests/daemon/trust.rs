//! What a clinic can trust: its messages are signed, its keys command, and nobody else's.

mod authority;
mod keys;
mod machine;
mod others;
mod readme;
mod rig;
