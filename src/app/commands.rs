//! Carries out what the platform asks for by MQTT.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tracing::{debug, error, info};
use uuid::Uuid;

use crate::clock;
use crate::core::delivery::seldom::Seldom;
use crate::core::state::State;
use crate::mqtt::command::{
    self, Addressee, Authority, Clock, Code, Command, Incoming, Parsed, Receipts, Refusal, Remembered, ResendPace,
};
use crate::mqtt::message::reply::{self, Outcome, Outgoing};
use crate::store::{Reply, Resend, Store, StoreError};
use crate::systemd::{BEAT, Heart};

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
    pub async fn run(self, mut incoming: mpsc::Receiver<Incoming>) {
        let mut past = Past::default();
        loop {
            self.heart.beat();
            let one = tokio::select! {
                one = incoming.recv() => one,
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
        let done = match &parsed.command {
            Command::Receipt { ids } => {
                self.take_receipt(ids).await;
                return None;
            }
            // It changes nothing: the same again gets how it stands by then, and nothing needs to be kept for it.
            Command::Report { .. } => Ok(self.encode(Some(&parsed.id_text), &self.report())),
            Command::OpenSession { .. }
            | Command::Attest { .. }
            | Command::Start { .. }
            | Command::CloseSession { .. }
            | Command::Decide { .. }
            | Command::Resend(_) => self.carry_out_once(&parsed, past).await,
        };
        done.unwrap_or_else(|error| {
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
        let outcome = if past.remembered.has_room(clock::wall()) {
            self.carry_out(&parsed.command, past).await?
        } else {
            Outcome::Refused(Refusal::new(Code::Busy, "too many commands are remembered"))
        };
        let Some(payload) = self.encode(Some(&parsed.id_text), &outcome) else {
            return Ok(None);
        };
        let refused = matches!(outcome, Outcome::Refused(_));
        if !refused {
            self.remember(parsed, &payload).await?;
            past.remembered.remember(parsed.expires_at);
        }
        Ok(Some(payload))
    }

    async fn remember(&self, parsed: &Parsed, payload: &[u8]) -> Result<(), StoreError> {
        let reply = Reply {
            json: String::from_utf8_lossy(payload).into_owned(),
            expires_at: parsed.expires_at,
        };
        self.store.remember_command(parsed.id_text.clone(), reply).await
    }

    async fn carry_out(&self, command: &Command, past: &mut Past) -> Result<Outcome, StoreError> {
        match command {
            Command::Report { .. } => Ok(self.report()),
            Command::Receipt { .. } => Ok(Outcome::Done),
            Command::Resend(what) => self.resend(what, past).await,
            Command::OpenSession { .. }
            | Command::Attest { .. }
            | Command::Start { .. }
            | Command::CloseSession { .. }
            | Command::Decide { .. } => Ok(Outcome::Refused(Refusal::new(
                Code::NoPolicy,
                "no policy is in force here",
            ))),
        }
    }

    fn report(&self) -> Outcome {
        Outcome::Report(Box::new(self.state.borrow().as_ref().clone()))
    }

    async fn resend(&self, what: &command::Resend, past: &mut Past) -> Result<Outcome, StoreError> {
        if !past.resends.admits(clock::moment()) {
            let refusal = Refusal::new(Code::Busy, "one resend a second: send it again");
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
