//! The gate: session readiness by the clinic's policy (contract 2).
//!
//! Where each sentence of the contract stands:
//!
//! | contract | here |
//! |---|---|
//! | 2.1 whose, 2.5 time taken, steps 1 to 4, evidence | [`crate::core::reading`] |
//! | 2.2 events, what is refused | [`event`], [`gate`], [`refusal`] |
//! | 2.3, 2.6 answers, states, their reasons | [`answer`], `answering` |
//! | 3.2 the answer's form outside | [`told`] |
//! | 5 what the people in the room must know beside the answer | [`progress`] |
//! | 2.4 policy | [`policy`] |
//! | 2.2 `measurement`, 3.3 alerts of a crisis | `measured` |
//! | 2.5 steps 5 and 6, what evidence does | `session`, `findings` |
//! | 2.6 rounds, passes, means | `round`, `phase`, `means` |
//! | 2.6 approve and deny | `decided` |
//! | attestations | `attestations` |
//! | 2.2, 2.7 what is told again after a restart | [`record`] |
//! | 2.7 a reboot, 4 `store.reserve`: what keeps every session from being ready | `answering` |
//!
//! It fails shut: only a round that passed is "ready", with every attestation holding, the clock synchronized, the time that
//! passed known, and the store available.

pub mod answer;
pub mod event;
pub mod gate;
pub mod means;
pub mod outcome;
pub mod policy;
pub mod progress;
pub mod record;
pub mod refusal;
pub mod told;

mod answering;
mod attestations;
mod decided;
mod findings;
mod measured;
mod phase;
mod registry;
mod round;
mod session;
mod sessions;
mod timeline;

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod tests;
