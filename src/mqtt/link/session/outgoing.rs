//! What goes out: messages of the outbox, and what the link says of its own.

use std::collections::BTreeSet;

use bytes::Bytes;
use tracing::{error, warn};
use uuid::Uuid;

use super::super::work::What;
use super::super::{Inputs, LinkError};
use super::Session;
use crate::clock;
use crate::core::delivery::packet::Packet;
use crate::core::delivery::{Due, Kind};
use crate::core::moment::Moment;
use crate::core::state::Problem;
use crate::mqtt::client::{Connection, Handed, Publish};
use crate::mqtt::message::info as info_message;
use crate::mqtt::message::reply::{self, Outgoing, Route};
use crate::mqtt::message::status::{self, Presence};
use crate::mqtt::outbox::Outbox;

impl<O: Outbox> Session<'_, O> {
    /// Publishes `status` and `info` when they are due.
    pub(super) fn notices(&mut self, connection: &Connection, inputs: &Inputs, now: Moment) -> Result<(), LinkError> {
        if !self.may_announce() {
            return Ok(());
        }
        if self.status.due().is_some_and(|due| due <= now) {
            let facts = inputs.status.borrow().clone();
            self.say(connection, facts, Presence::Online, What::Status)?;
            self.status.published(now);
        }
        if self.info.due().is_some_and(|due| due <= now) {
            self.introduce(connection, inputs);
            self.info.published(now);
        }
        Ok(())
    }

    /// Who reads `online` may count on it that commands are heard.
    pub(super) const fn may_announce(&self) -> bool {
        self.listening && self.stopping.is_none()
    }

    /// Publishes a `status`.
    pub(super) fn say(
        &mut self,
        connection: &Connection,
        mut facts: status::Facts,
        presence: Presence,
        what: What,
    ) -> Result<(), LinkError> {
        self.add_own(&mut facts.problems);
        let payload = status::status(self.origin, presence, self.identity_of(presence), &facts)?;
        self.told_problems = facts.problems;
        let topic = self.settings.topics.status();
        self.publish(connection, what, self.kept(topic, status::SCHEMA, payload));
        Ok(())
    }

    fn identity_of(&self, presence: Presence) -> status::Connection {
        match presence {
            Presence::Online | Presence::Lost => self.identity,
            Presence::Offline | Presence::Retired => status::Connection {
                since: clock::wall(),
                ..self.identity
            },
        }
    }

    fn introduce(&mut self, connection: &Connection, inputs: &Inputs) {
        match info_message::info(self.origin, &inputs.info.borrow()) {
            Ok(payload) => {
                let topic = self.settings.topics.info();
                self.publish(connection, What::Info, self.kept(topic, info_message::SCHEMA, payload));
            }
            Err(cause) => error!(%cause, "info is not published"),
        }
    }

    /// What the link knows itself: that it is connected, whether somebody listens, and whether commands can come.
    pub(super) fn add_own(&self, problems: &mut BTreeSet<Problem>) {
        problems.remove(&Problem::BrokerUnreachable);
        if self.memory.reporter.no_subscriber() {
            problems.insert(Problem::NoSubscriber);
        }
        if self.memory.reporter.commands_refused() {
            problems.insert(Problem::CommandsRefused);
        } else {
            problems.remove(&Problem::CommandsRefused);
        }
    }

    /// What is to be retained, by a broker that retains.
    fn kept(&self, topic: String, schema: &str, payload: Vec<u8>) -> Publish {
        Publish {
            topic,
            payload: payload.into(),
            retain: self.retains,
            schema: schema.to_owned(),
            id: Uuid::new_v4(),
            correlation: None,
        }
    }

    pub(super) fn reply(&mut self, connection: &Connection, outgoing: Outgoing) {
        let (topic, correlation) = match outgoing.route {
            Route::Own => (self.settings.topics.reply(), None),
            Route::Response { topic, correlation } => (topic, correlation),
        };
        let publish = Publish {
            topic,
            payload: outgoing.payload,
            retain: false,
            schema: reply::SCHEMA.to_owned(),
            id: outgoing.id,
            correlation,
        };
        self.publish(connection, What::Reply, publish);
    }

    /// Publishes what is not of the outbox.
    fn publish(&mut self, connection: &Connection, what: What, publish: Publish) {
        if !packet_of(&publish).fits(self.window.largest_packet()) {
            self.not_published(what, "larger than the broker's Maximum Packet Size");
            self.goodbye_answered(what);
            return;
        }
        match connection.publish(publish) {
            Handed::Over(outcome) => {
                self.others += 1;
                self.watchdog.sent(clock::moment());
                self.work.answer(what, outcome);
            }
            Handed::Full => self.not_published(what, "too much waits to be published"),
            Handed::Gone => self.not_published(what, "the connection is over"),
            Handed::Unsendable => self.not_published(what, "MQTT cannot carry it"),
        }
    }

    /// How often there are replies is for those who send commands to say.
    fn not_published(&mut self, what: What, why: &str) {
        if what != What::Reply {
            warn!(?what, why, "not published");
        } else if let Some(times) = self.memory.lost_replies.happened(clock::moment()) {
            warn!(times, why, "replies are not published");
        }
    }

    /// Fills the window.
    pub(super) fn send(&mut self, connection: &Connection) {
        if self.memory.isolation.is_on() {
            self.send_alone();
            return;
        }
        let now = clock::now();
        while let Some(row) = self.window.next(self.others, now) {
            if !self.send_row(connection, row) {
                return;
            }
        }
    }

    /// In isolation a row goes only when the connection has shown that it can acknowledge, with nothing beside it, and
    /// after its attempt is counted, because the try may end the process.
    fn send_alone(&mut self) {
        if !self.proven || self.others > 0 || self.counting {
            return;
        }
        if let Some(row) = self.window.next(0, clock::now()) {
            self.counting = true;
            self.work.count(row);
        }
    }

    /// Whether it goes again for want of a receipt, and that may be the connection's fault.
    fn misses_receipt(&mut self, row: &Due) -> bool {
        let awaited = row.sends > 0 && row.kind != Kind::Fhir && !self.memory.reporter.commands_refused();
        let patience = self.settings.receipt_timeout.filter(|_| awaited);
        patience.is_some_and(|patience| self.memory.hearing.missed(patience, clock::moment()))
    }

    /// False if the library has no room for it now.
    pub(super) fn send_row(&mut self, connection: &Connection, row: Due) -> bool {
        match connection.publish(of_row(&row)) {
            Handed::Over(outcome) => {
                self.watchdog.sent(clock::moment());
                self.work.answer(What::Row(row.id), outcome);
                self.deaf |= self.misses_receipt(&row);
                true
            }
            Handed::Full | Handed::Gone => {
                self.window.unsent(row);
                false
            }
            Handed::Unsendable => {
                let why = "MQTT cannot carry it: its topic is not one".to_owned();
                error!(message = %row.id, why, "set aside");
                self.window.unsendable(row.id, why, clock::now());
                true
            }
        }
    }
}

fn packet_of(publish: &Publish) -> Packet<'_> {
    Packet {
        topic: &publish.topic,
        schema: &publish.schema,
        payload: publish.payload.len(),
        correlation: publish.correlation.as_ref().map(Bytes::len),
    }
}

fn of_row(row: &Due) -> Publish {
    Publish {
        topic: row.topic.clone(),
        payload: Bytes::from_owner(row.payload.clone()),
        retain: false,
        schema: row.schema.clone(),
        id: row.id,
        correlation: None,
    }
}
