//! The end in order: what is queued may go for a while, then `offline`, then the last answers, then DISCONNECT.
//!
//! A broker that does not answer gets no DISCONNECT, so that it says `lost` for us.

use super::super::work::What;
use super::super::{Inputs, LinkError};
use super::Session;
use crate::clock;
use crate::core::moment::Moment;
use crate::mqtt::client::{Class, Connection, Event, Fault};
use crate::mqtt::message::status::{self, Presence};
use crate::mqtt::outbox::Outbox;
use crate::mqtt::settings::Timing;

/// How far the end has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopping {
    send_until: Moment,
    wait_until: Moment,
    goodbye: Goodbye,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    NotSaid,
    Said,
    Answered,
}

impl Stopping {
    pub(super) fn begin(timing: &Timing, now: Moment) -> Self {
        Self {
            send_until: now + timing.last_sends,
            wait_until: now + timing.last_answers,
            goodbye: Goodbye::NotSaid,
        }
    }

    pub(super) fn may_send(&self, now: Moment) -> bool {
        self.goodbye == Goodbye::NotSaid && now < self.send_until
    }

    /// When time alone brings the end further.
    pub(super) fn next(&self, now: Moment) -> Moment {
        if self.may_send(now) {
            self.send_until
        } else {
            self.wait_until
        }
    }
}

impl<O: Outbox> Session<'_, O> {
    /// Brings the end further. `Some` when all is said, or nothing more can be.
    pub(super) async fn stop(
        &mut self,
        connection: &mut Connection,
        inputs: &Inputs,
        now: Moment,
    ) -> Result<Option<Fault>, LinkError> {
        let Some(stopping) = self.stopping else {
            return Ok(None);
        };
        match stopping.goodbye {
            Goodbye::Answered if self.window.out() == 0 && self.others == 0 => {
                part(connection, now + self.settings.timing.goodbye).await;
                return Ok(Some(Fault::new(Class::Lost, "stopped")));
            }
            Goodbye::NotSaid if self.has_nothing_left() || !stopping.may_send(now) => {
                self.goodbye(Goodbye::Said);
                let facts = self.last_facts(inputs).await;
                self.say(connection, facts, Presence::Offline, What::Goodbye)?;
            }
            Goodbye::Answered | Goodbye::NotSaid | Goodbye::Said => {}
        }
        let over = stopping.wait_until <= now;
        Ok(over.then(|| Fault::new(Class::Silent, "stopped without the broker's last answers")))
    }

    /// Whether all is sent, and every answer that came is stored.
    fn has_nothing_left(&self) -> bool {
        self.window.is_idle() && self.window.marks_due().is_none() && !self.storing.is_under_way()
    }

    /// What `offline` tells stays for long: how far the numbers went is asked for once more.
    fn last_facts(&self, inputs: &Inputs) -> impl Future<Output = status::Facts> + Send + use<O> {
        let known = inputs.status.borrow().clone();
        let asked = tokio::time::timeout(self.settings.timing.goodbye, self.work.standing());
        async move {
            match asked.await {
                Ok(Ok(standing)) => status::Facts { standing, ..known },
                Ok(Err(_)) | Err(_) => known,
            }
        }
    }

    pub(super) fn goodbye_answered(&mut self, what: What) {
        if what == What::Goodbye {
            self.goodbye(Goodbye::Answered);
        }
    }

    fn goodbye(&mut self, goodbye: Goodbye) {
        if let Some(stopping) = &mut self.stopping {
            stopping.goodbye = goodbye;
        }
    }
}

/// Hangs up in order: the broker forgets the will.
pub(super) async fn part(connection: &mut Connection, until: Moment) {
    connection.disconnect();
    tokio::select! {
        () = async { while !matches!(connection.event().await, Event::Down(_)) {} } => {}
        () = clock::sleep_until(Some(until)) => {}
    }
}
