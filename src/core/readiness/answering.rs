//! A session's answer at one instant (contract 2.6, the table of states and "Reasons of an answer").

use jiff::Timestamp;

use super::answer::{Answer, Attested, State};
use super::means::Means;
use super::phase::{Clearance, Pass, Phase};
use super::policy::Policy;
use super::session::Session;
use crate::core::reason::Reason;

/// What an answer depends on beside the session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) policy: &'a Policy,
    pub(super) clock_synchronized: bool,
    pub(super) store_available: bool,
    pub(super) elapsed_known: bool,
}

impl Now<'_> {
    /// What of the gateway itself keeps every session from being ready, whatever was measured.
    fn hindrances(&self) -> impl Iterator<Item = Reason> + use<> {
        let clock_is_missing = self.policy.reading.require_clock && !self.clock_synchronized;
        [
            (clock_is_missing || !self.elapsed_known, Reason::ClockUnsynchronized),
            (!self.store_available, Reason::StoreUnavailable),
        ]
        .into_iter()
        .filter_map(|(applies, reason)| applies.then_some(reason))
    }
}

/// The session's answer.
pub(super) fn answer(session: &Session, now: Now<'_>) -> Answer {
    let state = state(session, now);
    let counted = session.phase.counted();
    Answer {
        session: session.id.clone(),
        patient: session.patient.clone(),
        state,
        reasons: reasons(session, now),
        valid_until: (state == State::Ready).then(|| valid_until(session, now)),
        next_at: match session.phase {
            Phase::Blocked { next_at, .. } => Some(next_at),
            Phase::Collecting(_)
            | Phase::Passed(_)
            | Phase::Referred { .. }
            | Phase::Crisis { .. }
            | Phase::Started { .. }
            | Phase::Ended { .. } => None,
        },
        means: Means::of(counted),
        counted: counted.iter().map(|reading| reading.id).collect(),
        by: match &session.phase {
            Phase::Passed(Pass {
                clearance: Clearance::Given { by },
                ..
            }) if state == State::Ready => Some(by.clone()),
            Phase::Passed(_)
            | Phase::Collecting(_)
            | Phase::Blocked { .. }
            | Phase::Referred { .. }
            | Phase::Crisis { .. }
            | Phase::Started { .. }
            | Phase::Ended { .. } => None,
        },
    }
}

/// The attestations that hold.
pub(super) fn attested(session: &Session, now: Now<'_>) -> Vec<Attested> {
    session.attestations.holding(now.policy, now.at).cloned().collect()
}

/// Only a pass is ever ready, and only with approval (if it must be), all attestations, the clock and the store.
fn state(session: &Session, now: Now<'_>) -> State {
    match &session.phase {
        Phase::Collecting(_) => State::Waiting,
        Phase::Passed(pass) if pass.clearance == Clearance::Awaited => State::Referred,
        Phase::Passed(_) => {
            let attestation_is_missing = session.attestations.missing(now.policy, now.at).next().is_some();
            if attestation_is_missing || now.hindrances().next().is_some() {
                State::Waiting
            } else {
                State::Ready
            }
        }
        Phase::Blocked { .. } => State::Blocked,
        Phase::Referred { .. } => State::Referred,
        Phase::Crisis { .. } => State::Crisis,
        Phase::Started { .. } => State::Started,
        Phase::Ended { .. } => State::Ended,
    }
}

/// The earliest of the session's end, the pass's, and that of an attestation.
fn valid_until(session: &Session, now: Now<'_>) -> Timestamp {
    let attestations = session.attestations.first_end();
    let ends = [session.phase.over_at(now.policy), attestations];
    ends.into_iter()
        .flatten()
        .fold(session.ends_at(now.policy), Timestamp::min)
}

fn reasons(session: &Session, now: Now<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    say_why_left(&session.phase, &mut reasons);
    if let Phase::Collecting(round) = &session.phase {
        let until = session.rested_at(now.policy);
        if now.at < until {
            reasons.push(Reason::RestIncomplete { until });
        }
        reasons.push(Reason::ReadingsNeeded {
            needed: round.needed(now.policy),
        });
    }
    if !matches!(session.phase, Phase::Started { .. } | Phase::Ended { .. }) {
        let missing = session.attestations.missing(now.policy, now.at);
        reasons.extend(missing.map(|item| Reason::AttestationMissing { item: item.clone() }));
        reasons.extend(now.hindrances());
    }
    reasons
}

/// Why the last round ended or was left.
fn say_why_left(phase: &Phase, reasons: &mut Vec<Reason>) {
    match phase {
        Phase::Collecting(round) => reasons.extend_from_slice(&round.left),
        Phase::Passed(pass) if pass.clearance == Clearance::Awaited => reasons.push(Reason::ApprovalNeeded),
        Phase::Passed(_) => {}
        Phase::Blocked { why, .. } | Phase::Referred { why, .. } | Phase::Crisis { why, .. } => {
            reasons.extend_from_slice(why);
        }
        Phase::Started { crisis, .. } => {
            reasons.push(Reason::SessionStarted);
            reasons.extend_from_slice(crisis);
        }
        Phase::Ended { why, .. } => reasons.push(why.clone()),
    }
}
