//! Why the gate refuses an event.

/// Why an event changed nothing. The text is for the person who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no `[readiness]` table, so there are no sessions.
    #[error("there is no [readiness] table, so there are no sessions")]
    NoPolicy,
    /// No session of this id is open.
    #[error("no session of this id is open")]
    UnknownSession,
    /// The id was used before.
    #[error("this session id was used before")]
    IdUsed,
    /// The patient has an open session.
    #[error("the patient has an open session")]
    PatientHasSession,
    /// The cuff has an open session.
    #[error("the cuff is used for another open session")]
    CuffHasSession,
    /// Only a cuff with `patient = "session"` can be named.
    #[error("only a cuff with patient = \"session\" can be named")]
    NotASessionCuff,
    /// No cuff names the patient, and none was named.
    #[error("no cuff names this patient, and no \"session\" cuff was named")]
    UnknownPatient,
    /// The policy has no such attestation.
    #[error("the policy has no such attestation")]
    UnknownItem,
    /// Only a session that is ready can start.
    #[error("the session is not ready")]
    NotReady,
    /// A session that started cannot be denied.
    #[error("the session has started")]
    AlreadyStarted,
    /// Nothing waits for a decision.
    #[error("nothing waits for this decision")]
    NothingToApprove,
    /// The policy does not let a clinician clear this.
    #[error("the policy does not let a clinician clear this")]
    OverrideNotAllowed,
    /// A crisis was approved once in this session.
    #[error("a crisis was approved once in this session")]
    CrisisApprovedBefore,
}

impl Refusal {
    /// The code of an error line (contract 2.2).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoPolicy => "no_policy",
            Self::UnknownSession => "unknown_session",
            Self::IdUsed
            | Self::PatientHasSession
            | Self::CuffHasSession
            | Self::NotASessionCuff
            | Self::UnknownPatient
            | Self::UnknownItem
            | Self::NotReady
            | Self::AlreadyStarted
            | Self::NothingToApprove
            | Self::OverrideNotAllowed
            | Self::CrisisApprovedBefore => "refused",
        }
    }
}
