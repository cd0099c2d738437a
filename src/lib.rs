//! `cuffd`: a blood-pressure cuff gateway.
//!
//! Reads cuffs over the Bluetooth Blood Pressure Profile, stores every measurement, decides by the clinic's policy
//! whether a session is ready, and publishes readings and answers over MQTT.
//!
//! Dependencies point one way: `main → cli → app → {bluetooth, control, mqtt, simulate, store, web} → core`
//! (`tests/architecture.rs` holds it).

pub mod app;
pub mod bluetooth;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod core;
pub mod directory;
pub mod log;
pub mod mqtt;
pub mod private;
pub mod proof;
pub mod simulate;
pub mod store;
pub mod systemd;
pub mod text;
pub mod user;
pub mod web;
