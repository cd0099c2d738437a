//! The lines that `replay` prints (contract 2.3).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::core::name::Name;
use crate::core::notation::Printed;
use crate::core::readiness::answer::Answer;
use crate::core::readiness::policy::Policy;
use crate::core::reading::ReadingId;
use crate::core::reason::{ReadingReason, Reason};

/// A reading that does not count.
#[derive(Debug, Serialize)]
pub(super) struct ReadingLine<'a> {
    pub(super) at: Timestamp,
    pub(super) reading: ReadingId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a Name>,
    pub(super) counted: bool,
    pub(super) reasons: &'a [ReadingReason],
}

/// An answer.
#[derive(Debug, Serialize)]
pub(super) struct AnswerLine<'a> {
    at: Timestamp,
    session: &'a Name,
    state: &'static str,
    ready: bool,
    reasons: &'a [Reason],
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    systolic: Option<Printed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    diastolic: Option<Printed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pulse_rate: Option<Printed>,
    counted: &'a [ReadingId],
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<&'a Name>,
    policy: &'a RawValue,
    policy_sha256: &'a RawValue,
}

/// The policy as every answer names it, written once.
#[derive(Debug)]
pub(super) struct PolicyFields {
    name: Box<RawValue>,
    sha256: Box<RawValue>,
}

impl PolicyFields {
    pub(super) fn of(policy: &Policy) -> serde_json::Result<Self> {
        Ok(Self {
            name: to_raw_value(&policy.name)?,
            sha256: to_raw_value(&policy.sha256)?,
        })
    }
}

impl<'a> AnswerLine<'a> {
    pub(super) fn new(at: Timestamp, answer: &'a Answer, policy: &'a PolicyFields) -> Self {
        let means = answer.means;
        Self {
            at,
            session: &answer.session,
            state: answer.state.as_str(),
            ready: answer.is_ready(),
            reasons: &answer.reasons,
            valid_until: answer.valid_until,
            next_at: answer.next_at,
            systolic: means.map(|means| Printed(means.systolic)),
            diastolic: means.map(|means| Printed(means.diastolic)),
            pulse_rate: means.and_then(|means| means.pulse_rate).map(Printed),
            counted: &answer.counted,
            by: answer.by.as_ref(),
            policy: &policy.name,
            policy_sha256: &policy.sha256,
        }
    }
}

/// An event that changed nothing.
#[derive(Debug, Serialize)]
pub(super) struct ErrorLine<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<&'a Name>,
    pub(super) error: ErrorField,
}

/// What was wrong with it.
#[derive(Debug, Serialize)]
pub(super) struct ErrorField {
    pub(super) code: &'static str,
    pub(super) message: String,
}
