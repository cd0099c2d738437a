//! What comes back: answers of the broker, pages and transactions of the outbox.

use tracing::{error, info, warn};
use uuid::Uuid;

use super::super::work::{Done, What};
use super::super::{Inputs, LinkError};
use super::Session;
use crate::clock;
use crate::core::delivery::answer::{self, Answer};
use crate::mqtt::client::{Connection, Outcome};
use crate::mqtt::outbox::Outbox;

impl<O: Outbox> Session<'_, O> {
    /// Takes everything that has happened by now, so that one turn of the loop serves many answers.
    pub(super) fn take(&mut self, first: Done, connection: &Connection, inputs: &Inputs) -> Result<(), LinkError> {
        let nobody = self.memory.reporter.no_subscriber();
        let mut next = Some(first);
        while let Some(done) = next {
            if let Done::Counted(row, Ok(())) = done {
                self.counting = false;
                self.send_row(connection, row);
            } else {
                self.happened(done)?;
            }
            next = self.work.ready();
        }
        if nobody != self.memory.reporter.no_subscriber() {
            self.problems_changed(&inputs.status);
        }
        Ok(())
    }

    /// Takes one thing that has happened, and sends nothing.
    pub(super) fn happened(&mut self, done: Done) -> Result<(), LinkError> {
        match done {
            Done::Answer(what, outcome) => self.outcome(what, outcome),
            Done::Page(Ok(page)) => self.page(page),
            Done::Page(Err(cause)) => {
                self.window.refuse();
                self.store_failed(Vec::new(), cause)?;
            }
            Done::Stored(marks, result) => self.stored(marks, result)?,
            Done::Counted(row, result) => {
                self.counting = false;
                self.window.unsent(row);
                if let Err(cause) = result {
                    self.store_failed(Vec::new(), cause)?;
                }
            }
        }
        Ok(())
    }

    fn outcome(&mut self, what: What, outcome: Outcome) {
        match what {
            What::Row(_) => {}
            What::Status | What::Info | What::Reply | What::Goodbye => self.others = self.others.saturating_sub(1),
        }
        match outcome {
            Outcome::Answered(code) => self.answer(what, code),
            // It stays in flight: it may be what broke the connection.
            Outcome::Unanswered => {}
        }
    }

    fn answer(&mut self, what: What, code: u8) {
        let now = clock::now();
        self.acknowledged = self.acknowledged.saturating_add(1);
        self.proven = true;
        self.last_puback = Some(now.wall);
        match what {
            What::Row(id) => self.row_answered(id, code),
            What::Status | What::Info | What::Goodbye => self.retained_answered(what, code),
            What::Reply => self.report(),
        }
        self.watchdog.answered(self.window.out() + self.others, now.moment);
    }

    fn row_answered(&mut self, id: Uuid, code: u8) {
        let Some(judged) = self.window.answered(id, code, clock::now()) else {
            return;
        };
        self.answered = self.answered.saturating_add(1);
        if self.memory.isolation.answered(id) {
            info!("messages go through again: no longer one at a time");
            self.window.resize(self.full_window);
        }
        if judged.answer == Answer::RefusedForGood {
            error!(message = %id, why = answer::describe(code), "refused for good, set aside");
        }
        self.memory.reporter.answered(judged);
    }

    fn retained_answered(&mut self, what: What, code: u8) {
        self.goodbye_answered(what);
        match what {
            What::Status => self.memory.reporter.kept("status", code),
            What::Info => self.memory.reporter.kept("info", code),
            What::Row(_) | What::Reply | What::Goodbye => {}
        }
        match answer::judge(code) {
            Answer::Taken | Answer::NobodySubscribes => {}
            Answer::Refused | Answer::RefusedForGood => {
                warn!(
                    ?what,
                    why = answer::describe(code),
                    "not taken by the broker: check its access rules"
                );
                // The time before which it does not go out again is set already.
                match what {
                    What::Status => self.status.want(),
                    What::Info => self.info.want(),
                    What::Row(_) | What::Reply | What::Goodbye => {}
                }
            }
        }
        self.report();
    }
}
