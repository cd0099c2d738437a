//! What a clinician's decision does (contract 2.2 and 2.6).

use jiff::Timestamp;

use super::phase::{Clearance, Phase};
use super::policy::Policy;
use super::refusal::Refusal;
use super::session::Session;
use super::timeline;
use crate::core::name::Name;
use crate::core::reason::Reason;

/// Ends a session that has not started.
pub(super) fn deny(session: &mut Session) -> Result<(), Refusal> {
    match session.phase {
        Phase::Started { .. } => Err(Refusal::AlreadyStarted),
        Phase::Collecting(_)
        | Phase::Passed(_)
        | Phase::Blocked { .. }
        | Phase::Referred { .. }
        | Phase::Crisis { .. }
        | Phase::Ended { .. } => {
            session.end(Reason::Denied);
            Ok(())
        }
    }
}

/// Clears what waits for a clinician; from any other state it is refused.
pub(super) fn approve(session: &mut Session, by: Name, at: Timestamp, policy: &Policy) -> Result<(), Refusal> {
    match &mut session.phase {
        Phase::Passed(pass) if pass.clearance == Clearance::Awaited => {
            pass.clearance = Clearance::Given { by };
            Ok(())
        }
        Phase::Referred { counted, .. } => {
            if !policy.clinician_may_override {
                return Err(Refusal::OverrideNotAllowed);
            }
            let counted = std::mem::take(counted);
            session.pass(counted, timeline::after(at, policy.valid_for), Clearance::Given { by });
            Ok(())
        }
        Phase::Crisis { .. } => approve_crisis(session, at, policy),
        Phase::Collecting(_)
        | Phase::Passed(_)
        | Phase::Blocked { .. }
        | Phase::Started { .. }
        | Phase::Ended { .. } => Err(Refusal::NothingToApprove),
    }
}

/// Never gives "ready": a new round begins, once a session. If it fails and no attempt is left, the session is referred.
fn approve_crisis(session: &mut Session, at: Timestamp, policy: &Policy) -> Result<(), Refusal> {
    if !policy.clinician_may_override {
        return Err(Refusal::OverrideNotAllowed);
    }
    if session.crisis_was_approved {
        return Err(Refusal::CrisisApprovedBefore);
    }
    session.crisis_was_approved = true;
    session.begin_round(at, Vec::new());
    Ok(())
}
