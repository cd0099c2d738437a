//! Decisions as values: nothing here reads a clock, a file or a socket, waits or logs.

pub mod alert;
pub mod bls;
pub mod collection;
pub mod cuff;
pub mod delivery;
pub mod doctor;
pub mod gate_clock;
pub mod jcs;
pub mod json;
pub mod models;
pub mod moment;
pub mod name;
pub mod notation;
pub mod pairing;
pub mod readiness;
pub mod reading;
pub mod reason;
pub mod source;
pub mod state;
pub mod topics;
pub mod trouble;
