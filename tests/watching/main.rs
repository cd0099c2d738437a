//! `docs/watching` as an operator uses it: what it says of `/metrics`, the rules in promtool, and all of it in a real Prometheus.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod dashboard;
mod files;
mod fleet;
mod metrics;
mod prometheus;
mod rig;
mod rules;

#[path = "../rig/wait.rs"]
#[expect(dead_code, reason = "shared with tests that need more of it")]
mod wait;

#[path = "../mqtt/certificates.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod certificates;

#[path = "../mqtt/mosquitto.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod mosquitto;

#[path = "../mqtt/subscriber.rs"]
#[expect(dead_code, reason = "shared with the tests of the link, which need more of it")]
mod subscriber;
