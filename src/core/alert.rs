//! What is told at once to whoever watches (contract 3.3).

use serde::{Serialize, Serializer};

use super::trouble::Code;

/// What an alert is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertCode {
    /// A reading of a session's patient is at or above a crisis limit. Never cleared by the gateway.
    Crisis,
    /// While a session was open, a measurement that is nobody's was. Never cleared by the gateway.
    CrisisUnassigned,
    /// Something keeps the gateway from doing its work.
    Trouble(Code),
}

impl AlertCode {
    /// The contract's code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Crisis => "crisis",
            Self::CrisisUnassigned => "crisis_unassigned",
            Self::Trouble(code) => code.as_str(),
        }
    }
}

impl Serialize for AlertCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
