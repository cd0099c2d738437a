//! What somebody asks of the gate, by a command or on the page.

use std::pin::pin;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::gatekeeper::Gatekeeper;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::readiness::event::Event;
use crate::core::readiness::record::{Record, Word};
use crate::core::readiness::refusal::Refusal;
use crate::store::{Reply, Step};
use crate::systemd::{BEAT, Heart};

/// The gate stores before it answers; one that takes longer than this many beats waits for its store.
const ANSWERS_IN_BEATS: u32 = 4;

/// Something that is asked, and where the answer goes.
#[derive(Debug)]
pub struct Ask {
    /// What.
    pub want: Want,
    /// The command that asks, and what is replied to it if it is carried out: stored with what it causes.
    pub reply: Option<(String, Reply)>,
    /// Told once everything is stored.
    pub answer: oneshot::Sender<Result<(), NotDone>>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// Begin a session.
    Open {
        /// Its id.
        session: Name,
        /// Whose.
        patient: Name,
        /// A clinic's cuff that is used for it.
        cuff: Option<Name>,
        /// The policy that the asker counts on, by its hash.
        policy_sha256: Option<String>,
    },
    /// Somebody vouches for something, or takes that back.
    Attest {
        /// For which session.
        session: Name,
        /// What.
        item: Name,
        /// Who.
        by: Option<Name>,
        /// Whether it holds.
        value: bool,
    },
    /// The treatment begins.
    Start {
        /// Of which session.
        session: Name,
    },
    /// The session is over.
    Close {
        /// Which one.
        session: Name,
    },
    /// A clinician decided.
    Decide {
        /// About which session.
        session: Name,
        /// The readiness message that it decides on.
        answer: Uuid,
        /// How.
        decision: Word,
        /// Who.
        by: Name,
        /// Why.
        note: Option<String>,
    },
    /// Say the answers again.
    Report {
        /// Of which session; of all, where absent.
        session: Option<Name>,
        /// The id of the command that asks.
        in_answer_to: String,
    },
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The gate refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The asker counts on another policy.
    #[error("another policy is in force")]
    PolicyMismatch,
    /// There has been another answer since the one that was decided on.
    #[error("there has been another answer since")]
    Superseded,
}

/// Asks the gate and waits for its answer, while the asker's heart beats on. `None`: the store takes nothing, or the daemon is
/// about to end; it may still be done.
pub async fn ask_and_wait(
    gate: &mpsc::Sender<Ask>,
    want: Want,
    reply: Option<(String, Reply)>,
    heart: &Heart,
) -> Option<Result<(), NotDone>> {
    let (answer, answered) = oneshot::channel();
    let mut asked = pin!(async {
        gate.send(Ask { want, reply, answer }).await.ok()?;
        answered.await.ok()
    });
    for _ in 0..ANSWERS_IN_BEATS {
        heart.beat();
        if let Ok(told) = tokio::time::timeout(BEAT, &mut asked).await {
            return told;
        }
    }
    None
}

impl Gatekeeper {
    /// Does what is asked. The step must be stored even if it is refused: what was due before is in it.
    pub(super) fn ask(&mut self, want: Want, now: Now) -> (Step, Result<(), NotDone>) {
        if let Want::Report { session, in_answer_to } = want {
            return self.report(session.as_ref(), &in_answer_to, now);
        }
        if let Some(not_done) = self.objection(&want) {
            return (self.tick(now), Err(not_done));
        }
        let record = match want {
            Want::Open {
                session, patient, cuff, ..
            } => Record::SessionOpened {
                session,
                patient,
                cuff,
                setting: self.setting,
            },
            Want::Attest {
                session,
                item,
                by,
                value,
            } => Record::Attested {
                session,
                item,
                by,
                value,
            },
            Want::Start { session } => Record::SessionStarted { session },
            Want::Close { session } => Record::SessionClosed { session },
            Want::Decide {
                session,
                decision,
                by,
                note,
                ..
            } => Record::Decided {
                session,
                decision,
                by,
                note,
            },
            Want::Report { .. } => return (Step::default(), Ok(())),
        };
        let at = self.time(now);
        let event = record
            .clone()
            .event(at, jiff::SignedDuration::ZERO)
            .unwrap_or(Event::Tick);
        let (step, done) = self.asked(event, &record, now);
        (step, done.map_err(NotDone::from))
    }

    /// What stands against it before the gate is asked.
    fn objection(&self, want: &Want) -> Option<NotDone> {
        match want {
            Want::Open {
                policy_sha256: Some(wanted),
                ..
            } => {
                let policy = self.gate.policy();
                let differs = policy.is_some_and(|policy| !policy.sha256.eq_ignore_ascii_case(wanted));
                differs.then_some(NotDone::PolicyMismatch)
            }
            Want::Decide { session, answer, .. } => {
                let is_open = self.said_of(session).is_some();
                (is_open && !self.stands(session, *answer)).then_some(NotDone::Superseded)
            }
            Want::Open { .. } | Want::Attest { .. } | Want::Start { .. } | Want::Close { .. } | Want::Report { .. } => {
                None
            }
        }
    }

    fn report(&mut self, session: Option<&Name>, in_answer_to: &str, now: Now) -> (Step, Result<(), NotDone>) {
        let mut step = self.tick(now);
        if session.is_some_and(|session| self.said_of(session).is_none()) {
            return (step, Err(NotDone::Refused(Refusal::UnknownSession)));
        }
        self.say_again(session, Some(in_answer_to), now, &mut step);
        (step, Ok(()))
    }
}
