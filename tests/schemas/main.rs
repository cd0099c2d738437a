//! The documents of `docs/` against the program: the JSON Schemas, the AsyncAPI document, and the page that is made of both.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod checker;
mod commands;
mod documents;
mod encoded;
mod enumerations;
mod every;
mod examined;
mod printed;
mod published;
mod refused;
mod told;

#[path = "../daemon/rig/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the daemon, which need more of it"
)]
mod rig;

#[path = "../daemon/sessions/rig.rs"]
#[expect(dead_code, reason = "shared with the tests of sessions, which need more of it")]
mod clinic;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../mqtt/subscriber.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod subscriber;
