//! The config: what is taken, what is refused and how it is said, the files that are shipped.

#![expect(clippy::expect_used, reason = "a rig that cannot be set up is a failed test")]

mod cuffs;
mod environment;
mod every_key;
mod files;
mod mqtt;
mod no_panic;
mod policy;
mod replay;
mod rig;
mod saying;
mod shipped;
