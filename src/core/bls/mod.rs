//! Octets of the Blood Pressure Service and back.
//!
//! No octets whatever panic or loop; what is decoded is what was sent, neither converted nor guessed. Decoding fails in one
//! way only, [`octets::Truncated`]. Layouts are those of the GATT Specification Supplement.

pub mod characteristic;
pub mod cuff_pressure;
pub mod current_time;
pub mod date_time;
pub mod enhanced;
pub mod feature;
mod flags;
pub mod measurement;
pub mod octets;
pub mod record;
pub mod sfloat;
pub mod status;

#[cfg(test)]
pub(crate) mod test_octets;
