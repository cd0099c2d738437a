//! FHIR Bundles made of real messages: what stands in them, and that validators which know nothing of us take them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test may panic: that is how it fails"
)]

mod average;
mod reading;
mod rig;
mod samples;
mod status;
mod times;
mod validators;
mod values;

#[path = "../rig/bundle.rs"]
mod bundle;
