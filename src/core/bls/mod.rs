//! Octets of the Blood Pressure Service and back.
//!
//! No octets whatever panic or loop; what is decoded is what was sent, neither converted nor guessed.

pub mod measurement;
pub mod sfloat;
