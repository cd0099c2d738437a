//! Events to the gate, line by line, and what it says to lines.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::event::{self, BadEvent, Measured, Said};
use super::printed::{AnswerLine, ErrorField, ErrorLine, PolicyFields, ReadingLine};
use super::seen::Seen;
use crate::core::name::Name;
use crate::core::readiness::answer::Answer;
use crate::core::readiness::event::{Arrived, Connection, Event};
use crate::core::readiness::gate::Gate;
use crate::core::readiness::outcome::{Fate, Outcome};
use crate::core::readiness::refusal::Refusal;
use crate::core::reading::ReadingId;

/// A replay on its way.
pub(super) struct Replayer<W> {
    gate: Gate,
    /// `None` without a policy, and then there are no answers.
    policy: Option<PolicyFields>,
    output: W,
    /// The line that is being written: built in one piece, which is much faster than field by field into `output`.
    line: Vec<u8>,
    /// The last event's.
    at: Option<Timestamp>,
    /// How many readings came.
    readings: u64,
    seen: Seen,
    had_error: bool,
}

impl<W: Write> Replayer<W> {
    pub(super) fn new(gate: Gate, output: W) -> io::Result<Self> {
        let policy = gate.policy().map(|policy| PolicyFields::of(policy)).transpose()?;
        Ok(Self {
            gate,
            policy,
            output,
            line: Vec::new(),
            at: None,
            readings: 0,
            seen: Seen::default(),
            had_error: false,
        })
    }

    pub(super) const fn had_error(&self) -> bool {
        self.had_error
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Replays one line.
    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        match self.parse(line) {
            Ok((at, event)) => {
                self.at = Some(at);
                self.handle(at, event)
            }
            Err(bad) => self.error(self.at, None, "bad_event", bad.to_string()),
        }
    }

    fn parse(&mut self, line: &[u8]) -> Result<(Timestamp, Event), BadEvent> {
        let (at, said) = event::parse(line)?;
        if self.at.is_some_and(|last| at < last) {
            return Err(BadEvent::GoesBack);
        }
        let event = match said {
            Said::Event(event) => event,
            Said::Measured(measured) => Event::Measured(self.number(measured, at)),
        };
        Ok((at, event))
    }

    /// Gives each measurement its number, in order of input, and tells which came before.
    fn number(&mut self, measured: Measured, received_at: Timestamp) -> Connection {
        let mut arrived = Vec::with_capacity(measured.values.len());
        for octets in measured.values {
            self.readings += 1;
            arrived.push(Arrived {
                id: ReadingId::Numbered(self.readings),
                seen_before: self.seen.before(&measured.cuff, &octets),
                octets,
                received_at,
                offset_s: measured.cuff_clock_offset_s,
                clock_synchronized: self.gate.is_clock_synchronized(),
            });
        }
        Connection {
            cuff: measured.cuff,
            bonded: measured.bonded,
            first: measured.first_connection,
            brought: arrived.len(),
            arrived,
        }
    }

    fn handle(&mut self, at: Timestamp, event: Event) -> io::Result<()> {
        let session = event.session().cloned();
        let outcomes = self.gate.handle(event, at);
        self.say(at, session.as_ref(), outcomes)
    }

    /// Prints what the gate said.
    fn say(&mut self, at: Timestamp, session: Option<&Name>, outcomes: Vec<Outcome>) -> io::Result<()> {
        for outcome in outcomes {
            match outcome {
                Outcome::Refused(refusal) => self.refused(at, session, refusal)?,
                Outcome::Judged(judged) => match &judged.fate {
                    Fate::NotCounted(reasons) => self.print(&ReadingLine {
                        at,
                        reading: judged.id,
                        session: judged.reading.session.as_ref(),
                        counted: false,
                        reasons,
                    })?,
                    Fate::Counted | Fate::Completed(_) | Fate::Crisis | Fate::IrregularPulse => {}
                },
                Outcome::Answer { at, answer, .. } => self.answer(at, &answer)?,
                Outcome::Alert(_) => {}
            }
        }
        Ok(())
    }

    fn answer(&mut self, at: Timestamp, answer: &Answer) -> io::Result<()> {
        match &self.policy {
            Some(policy) => print(&mut self.line, &mut self.output, &AnswerLine::new(at, answer, policy)),
            None => Ok(()),
        }
    }

    fn refused(&mut self, at: Timestamp, session: Option<&Name>, refusal: Refusal) -> io::Result<()> {
        self.error(Some(at), session, refusal.code(), refusal.to_string())
    }

    fn error(
        &mut self,
        at: Option<Timestamp>,
        session: Option<&Name>,
        code: &'static str,
        message: String,
    ) -> io::Result<()> {
        self.had_error = true;
        let error = ErrorField { code, message };
        self.print(&ErrorLine { at, session, error })
    }

    fn print(&mut self, line: &impl Serialize) -> io::Result<()> {
        print(&mut self.line, &mut self.output, line)
    }
}

fn print(buffer: &mut Vec<u8>, output: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    buffer.clear();
    serde_json::to_writer(&mut *buffer, line)?;
    buffer.push(b'\n');
    output.write_all(buffer)
}
