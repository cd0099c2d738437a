//! The gate: session readiness by the clinic's policy (contract 2).

pub mod policy;
