//! Carries out what the platform asks for by MQTT.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info};
use uuid::Uuid;

use super::intake::ask::{Ask, NotDone, Want, ask_and_wait};
use crate::clock;
use crate::core::delivery::seldom::Seldom;
use crate::core::name::Name;
use crate::core::readiness::record::Word;
use crate::core::readiness::refusal::Refusal as GateRefusal;
use crate::core::state::State;
use crate::mqtt::command::{
    self, Addressee, Authority, Clock, Code, Command, Decision, Incoming, Parsed, Receipts, Refusal, Remembered,
    ResendPace,
};
use crate::mqtt::message::reply::{self, Outcome, Outgoing};
use crate::store::{Reply, Resend, Store, StoreError};
use crate::systemd::{BEAT, Heart};

/// So many commands, of at most 8 KiB, may wait for those before them.
const MOST_WAITING: usize = 256;

/// Carries out commands.
#[derive(Debug)]
pub struct Commands {
    /// Whom commands must name.
    pub addressee: Addressee,
    /// Who may do what.
    pub authority: Authority,
    /// Response topics must begin with it.
    pub reply_prefix: Option<String>,
    /// Whether replies say so that this is a test.
    pub test: bool,
    /// Where receipts and replies are kept.
    pub store: Store,
    /// What `report` tells.
    pub state: watch::Receiver<Arc<State>>,
    /// Whether expiry can be judged.
    pub clock: watch::Receiver<bool>,
    /// To the gate.
    pub asks: mpsc::Sender<Ask>,
    /// To the broker.
    pub replies: mpsc::Sender<Outgoing>,
    /// The sign of life.
    pub heart: Heart,
}

/// What this run remembers of the commands before.
#[derive(Debug, Default)]
struct Past {
    remembered: Remembered,
    resends: ResendPace,
    refusals: Seldom,
}

impl Commands {
    /// Takes commands until the link is gone.
    pub async fn run(self, incoming: mpsc::Receiver<Incoming>) {
        let (queue, waiting) = mpsc::channel(MOST_WAITING);
        tokio::join!(self.admit(incoming, queue), self.carry_out(waiting));
    }

    /// Lets commands wait for those before them, and answers at once those that find too many waiting.
    async fn admit(&self, mut incoming: mpsc::Receiver<Incoming>, queue: mpsc::Sender<Incoming>) {
        while let Some(one) = incoming.recv().await {
            let Err(TrySendError::Full(one)) = queue.try_send(one) else {
                continue;
            };
            if let Some(payload) = self.too_many(&one) {
                self.send(&one, payload).await;
            }
        }
    }

    /// What is said to one too many. A receipt has no reply: its messages go again, and it comes again.
    fn too_many(&self, incoming: &Incoming) -> Option<Bytes> {
        let (id_text, refusal) = match command::parse(&incoming.payload) {
            Ok(parsed) if matches!(parsed.command, Command::Receipt { .. }) => return None,
            Ok(parsed) => {
                let refusal = Refusal::new(Code::Busy, "too many commands at once: send it again");
                (Some(parsed.id_text), refusal)
            }
            Err(malformed) => malformed,
        };
        self.encode(id_text.as_deref(), &Outcome::Refused(refusal))
    }

    async fn carry_out(&self, mut waiting: mpsc::Receiver<Incoming>) {
        let mut past = Past::default();
        loop {
            self.heart.beat();
            let one = tokio::select! {
                one = waiting.recv() => one,
                () = tokio::time::sleep(BEAT) => continue,
            };
            let Some(one) = one else { return };
            if let Some(payload) = self.answer(&one, &mut past).await {
                self.send(&one, payload).await;
            }
        }
    }

    /// The reply, if there is to be one: receipts have none.
    async fn answer(&self, incoming: &Incoming, past: &mut Past) -> Option<Bytes> {
        let now = clock::wall();
        let clock = if *self.clock.borrow() {
            Clock::Synchronized(now)
        } else {
            Clock::Unsynchronized
        };
        let parsed = match command::check(incoming, &self.addressee, &self.authority, clock) {
            Ok(parsed) => parsed,
            Err(refused) => {
                if let Some(times) = past.refusals.happened(clock::moment()) {
                    info!(code = ?refused.refusal.code, times, "commands are refused");
                }
                return self.encode(refused.id_text.as_deref(), &Outcome::Refused(refused.refusal));
            }
        };
        if let Command::Receipt { ids } = &parsed.command {
            self.take_receipt(ids).await;
            return None;
        }
        self.carry_out_once(&parsed, past).await.unwrap_or_else(|error| {
            error!(%error, "the store did not take a command");
            let refusal = Refusal::new(Code::Busy, "the store does not answer: send it again");
            self.encode(Some(&parsed.id_text), &Outcome::Refused(refusal))
        })
    }

    async fn take_receipt(&self, ids: &Receipts) {
        match self.store.receipt(ids.ids().to_vec(), clock::wall()).await {
            Ok(done) => debug!(done, "receipt"),
            // Without it the messages go again, and a receipt comes again.
            Err(error) => error!(%error, "the store did not take a receipt"),
        }
    }

    /// The same command again gets the first reply again.
    async fn carry_out_once(&self, parsed: &Parsed, past: &mut Past) -> Result<Option<Bytes>, StoreError> {
        if let Some(known) = self.store.command_reply(parsed.id_text.clone()).await? {
            return Ok(Some(Bytes::from(known.json)));
        }
        if !past.remembered.has_room(clock::wall()) {
            let refusal = Refusal::new(Code::Busy, "too many commands are remembered");
            return Ok(self.encode(Some(&parsed.id_text), &Outcome::Refused(refusal)));
        }
        let want = wanted_of_gate(&parsed.command);
        // The gate's reply is stored with what the command causes.
        let is_stored = want.is_some();
        let outcome = match (want, &parsed.command) {
            (Some(want), _) => self.ask(want, self.reply_if_done(parsed)).await,
            (None, Command::Resend(what)) => self.resend(what, past).await?,
            (None, Command::Report { session }) => self.report(session.clone(), &parsed.id_text).await,
            // Receipts may be carried out as often as they come.
            (None, _) => return Ok(None),
        };
        let Some(payload) = self.encode(Some(&parsed.id_text), &outcome) else {
            return Ok(None);
        };
        if !matches!(outcome, Outcome::Refused(_)) {
            if !is_stored {
                self.store
                    .remember_command(parsed.id_text.clone(), reply_of(parsed, &payload))
                    .await?;
            }
            past.remembered.remember(parsed.expires_at);
        }
        Ok(Some(payload))
    }

    /// What is stored as the reply in the transaction that carries the command out: after a crash the same command gets it.
    fn reply_if_done(&self, parsed: &Parsed) -> Option<(String, Reply)> {
        let payload = self.encode(Some(&parsed.id_text), &Outcome::Done)?;
        Some((parsed.id_text.clone(), reply_of(parsed, &payload)))
    }

    /// Asks the gate and waits for its answer.
    async fn ask(&self, want: Want, reply: Option<(String, Reply)>) -> Outcome {
        match ask_and_wait(&self.asks, want, reply, &self.heart).await {
            Some(Ok(())) => Outcome::Done,
            Some(Err(not_done)) => Outcome::Refused(refusal(not_done)),
            // It may still be done: then the reply is stored with it.
            None => Outcome::Refused(Refusal::new(Code::Busy, "the gate does not answer: send it again")),
        }
    }

    /// The answers go out signed, by their own messages; the reply holds the status.
    async fn report(&self, session: Option<Name>, id: &str) -> Outcome {
        let in_answer_to = id.to_owned();
        let said = self.ask(Want::Report { session, in_answer_to }, None).await;
        if said != Outcome::Done {
            return said;
        }
        Outcome::Report(Box::new(self.state.borrow().as_ref().clone()))
    }

    async fn resend(&self, what: &command::Resend, past: &mut Past) -> Result<Outcome, StoreError> {
        if !past.resends.admits(clock::moment()) {
            let refusal = Refusal::new(Code::Busy, "twenty resends a second at most: send it again");
            return Ok(Outcome::Refused(refusal));
        }
        let resent = self.store.resend(wanted(what)).await?;
        let ids = resent.not_kept.into_iter().map(|id| id.to_string().into());
        let seqs = resent.not_kept_seqs.into_iter().map(serde_json::Value::from);
        Ok(Outcome::Resent {
            not_kept: ids.chain(seqs).collect(),
        })
    }

    fn encode(&self, id: Option<&str>, outcome: &Outcome) -> Option<Bytes> {
        match reply::reply(id, outcome, self.test) {
            Ok(payload) => Some(Bytes::from(payload)),
            Err(error) => {
                error!(%error, "a reply could not be made");
                None
            }
        }
    }

    async fn send(&self, incoming: &Incoming, payload: Bytes) {
        let topic = incoming.response_topic.as_deref();
        let route = reply::route(self.reply_prefix.as_deref(), topic, incoming.correlation.as_ref());
        // Without a link there is nobody to reply to; the sender asks again.
        let _unsent = self
            .replies
            .send(Outgoing {
                route,
                payload,
                id: Uuid::new_v4(),
            })
            .await;
    }
}

fn reply_of(parsed: &Parsed, payload: &[u8]) -> Reply {
    Reply {
        json: String::from_utf8_lossy(payload).into_owned(),
        expires_at: parsed.expires_at,
    }
}

/// What a command asks of the gate; `None` for those that are not its business.
fn wanted_of_gate(command: &Command) -> Option<Want> {
    Some(match command.clone() {
        Command::OpenSession {
            session,
            patient,
            cuff,
            policy_sha256,
        } => Want::Open {
            session,
            patient,
            cuff,
            policy_sha256: policy_sha256.map(|sha256| sha256.as_str().to_owned()),
        },
        Command::Attest {
            session,
            item,
            by,
            value,
        } => Want::Attest {
            session,
            item,
            by: Some(by),
            value,
        },
        Command::Start { session } => Want::Start { session },
        Command::CloseSession { session } => Want::Close { session },
        Command::Decide {
            session,
            answer,
            decision,
            by,
            note,
        } => Want::Decide {
            session,
            answer,
            decision: match decision {
                Decision::Approve => Word::Approve,
                Decision::Deny => Word::Deny,
            },
            by,
            note: note.map(|note| note.as_str().to_owned()),
        },
        Command::Report { .. } | Command::Receipt { .. } | Command::Resend(_) => return None,
    })
}

/// Why the gate did not do it, as a reply says it.
pub(super) fn refusal(not_done: NotDone) -> Refusal {
    let code = match not_done {
        NotDone::PolicyMismatch => Code::PolicyMismatch,
        NotDone::Superseded => Code::Superseded,
        NotDone::Refused(refused) => match refused {
            GateRefusal::NoPolicy => Code::NoPolicy,
            GateRefusal::UnknownSession => Code::UnknownSession,
            GateRefusal::IdUsed | GateRefusal::PatientHasSession | GateRefusal::CuffHasSession => Code::SessionExists,
            GateRefusal::UnknownPatient => Code::UnknownPatient,
            GateRefusal::UnknownItem => Code::UnknownItem,
            GateRefusal::NotASessionCuff
            | GateRefusal::NotReady
            | GateRefusal::AlreadyStarted
            | GateRefusal::NothingToApprove
            | GateRefusal::OverrideNotAllowed
            | GateRefusal::CrisisApprovedBefore => Code::NotNow,
        },
    };
    Refusal::new(code, not_done.to_string())
}

fn wanted(what: &command::Resend) -> Resend {
    match what {
        command::Resend::Ids(ids) => Resend::Ids(ids.clone()),
        command::Resend::Range { kind, from_seq, to_seq } => Resend::Range {
            kind: *kind,
            from_seq: *from_seq,
            to_seq: *to_seq,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_gate_refuses_has_the_codes_of_replies() {
        for (refused, code) in [
            (GateRefusal::NoPolicy, Code::NoPolicy),
            (GateRefusal::UnknownSession, Code::UnknownSession),
            (GateRefusal::IdUsed, Code::SessionExists),
            (GateRefusal::PatientHasSession, Code::SessionExists),
            (GateRefusal::CuffHasSession, Code::SessionExists),
            (GateRefusal::UnknownPatient, Code::UnknownPatient),
            (GateRefusal::UnknownItem, Code::UnknownItem),
            (GateRefusal::NotASessionCuff, Code::NotNow),
            (GateRefusal::NotReady, Code::NotNow),
            (GateRefusal::AlreadyStarted, Code::NotNow),
            (GateRefusal::NothingToApprove, Code::NotNow),
            (GateRefusal::OverrideNotAllowed, Code::NotNow),
            (GateRefusal::CrisisApprovedBefore, Code::NotNow),
        ] {
            assert_eq!(refusal(NotDone::Refused(refused)).code, code, "{refused}");
        }
        assert_eq!(refusal(NotDone::PolicyMismatch).code, Code::PolicyMismatch);
        assert_eq!(refusal(NotDone::Superseded).code, Code::Superseded);
    }
}
