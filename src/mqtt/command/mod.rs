//! Commands from the platform (contract 3.5): their form, and what is checked before one is carried out.
//!
//! Checked in this order: size and form, not retained, addressee, proof, expiry. The last check, whether the id is known,
//! needs the store and is the caller's: only an accepted command uses its id up.

mod authority;
mod check;
mod fields;
mod form;
mod limits;

pub use authority::{Authority, Power, UnsignedDecide};
pub use check::{Addressee, Clock, Incoming, Refused, check};
pub use form::{Command, CommandName, Decision, Note, Parsed, Receipts, Resend, Sha256, parse};
pub use limits::{Remembered, ResendPace};

use serde::Serialize;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.command/1";

/// The largest command in octets.
pub const LARGEST: usize = 8 * 1024;

/// Why a command was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// For people; never what the command said.
    pub message: String,
    /// Of a malformed command the field that is wrong; `None` where it is not one field.
    pub field: Option<&'static str>,
}

impl Refusal {
    /// Puts both together.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
        }
    }
}

/// The codes of a reply's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Too large, no JSON, a name twice, a field missing or of a wrong type.
    Malformed,
    /// It came from the broker's memory, not from a sender of now.
    Retained,
    /// It names another gateway.
    WrongGateway,
    /// No key that may do this signed it.
    NotAuthorized,
    /// Too late, or valid for too long.
    Expired,
    /// The clock cannot tell whether it has expired.
    ClockUnsynchronized,
    /// No such command.
    UnknownCommand,
    /// No such session.
    UnknownSession,
    /// The id was used, or the patient or cuff has an open session.
    SessionExists,
    /// No such patient.
    UnknownPatient,
    /// No such attestation.
    UnknownItem,
    /// Not in this state.
    NotNow,
    /// There has been another answer since.
    Superseded,
    /// Another policy is in force.
    PolicyMismatch,
    /// No policy is in force.
    NoPolicy,
    /// Too many at once.
    Busy,
}
