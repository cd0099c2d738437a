//! `doctor` and `wipe`, each thing that can be wrong made to happen: real brokers, a real message bus, a mock bluetoothd.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod box_of_a_patient;
mod brokers;
mod machine;
mod radio;
mod strict_bus;
mod wiped;

#[path = "../daemon/rig/mod.rs"]
#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the daemon, which need more of it"
)]
mod rig;

#[path = "../bluez_mock/bluez.rs"]
#[expect(dead_code, reason = "shared with the tests of collection, which need more of it")]
mod bluez;

#[path = "../bluez_mock/bus.rs"]
#[expect(dead_code, reason = "shared with the tests of collection, which need more of it")]
mod bus;

#[path = "../bluez_mock/gatt.rs"]
mod gatt;

#[path = "../bluez_mock/script.rs"]
#[expect(dead_code, reason = "shared with the tests of collection, which need more of it")]
mod script;

#[path = "../mqtt/certificates.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod certificates;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../mqtt/subscriber.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod subscriber;
