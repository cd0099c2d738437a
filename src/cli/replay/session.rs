//! `replay --session`: what the gate said in a stored session, and why.
//!
//! The gate is told again what it was told, by the settings that were in force then, and says the same again. Readings have
//! the ids of their messages.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::printed::{AnswerLine, PolicyFields, ReadingLine};
use super::{BUFFER, ReplayError};
use crate::cli::failure::Failure;
use crate::cli::{Global, block_on, exit, open_store};
use crate::clock;
use crate::config;
use crate::control::client::{self, ClientError};
use crate::control::history::{self, History, Told};
use crate::control::socket_path;
use crate::core::name::Name;
use crate::core::readiness::answer::Answer;
use crate::core::readiness::event::Event;
use crate::core::readiness::gate::Gate;
use crate::core::readiness::outcome::Outcome;
use crate::core::readiness::record::Record;

/// Prints what the gate said in this session, or, with `events`, what it was told, as `replay` reads it.
#[must_use]
pub(crate) fn run(global: &Global, session: &Name, events: bool, output: impl Write) -> u8 {
    let history = match block_on(fetch(&global.config, session)) {
        Ok(Some(history)) => history,
        Ok(None) => {
            eprintln!("cuffd: no session of the id {session} was ever opened here");
            return exit::BAD;
        }
        Err(failure) => return failure.tell(),
    };
    if history.told.is_empty() {
        eprintln!("cuffd: the session {session} has ended, and what was told of it was kept for store.keep_ended");
        return exit::BAD;
    }
    let printed = if events {
        print_events(&history, output)
    } else {
        print_answers(&history, session, output)
    };
    match printed {
        Ok(()) => exit::OK,
        Err(ReplayError::Write(cause)) => Failure::from(cause).tell(),
        Err(other) => {
            eprintln!("cuffd: {}", crate::app::chain(&other));
            exit::STORE
        }
    }
}

async fn fetch(config: &Path, session: &Name) -> Result<Option<History>, Failure> {
    let target = format!("/control/v1/sessions/{session}");
    match client::get(&socket_path(), &target).await {
        Ok(answer) => serde_json::from_slice(&answer.whole().await?).map_err(Failure::NotAReading),
        Err(ClientError::NotRunning { .. }) => {
            let opened = open_store(config)?;
            let found = history::history(&opened.store, session.clone()).await;
            opened.store.close().await;
            Ok(found?)
        }
        Err(other) => Err(other.into()),
    }
}

fn print_events(history: &History, output: impl Write) -> Result<(), ReplayError> {
    let mut output = BufWriter::with_capacity(BUFFER, output);
    let mut was_synchronized = true;
    for Told {
        at,
        synchronized,
        record,
        ..
    } in &history.told
    {
        if *synchronized != was_synchronized && !matches!(record, Record::Clock { .. }) {
            let synchronized = *synchronized;
            print_event(&mut output, *at, &Record::Clock { synchronized })?;
        }
        was_synchronized = *synchronized;
        // Settings are the config's, not an event's.
        if !matches!(record, Record::Setting { .. }) {
            print_event(&mut output, *at, record)?;
        }
    }
    output.flush().map_err(ReplayError::Write)
}

/// An event as `replay` reads it.
#[derive(Serialize)]
struct EventLine<'a> {
    at: Timestamp,
    #[serde(flatten)]
    record: &'a Record,
}

fn print_event(output: &mut impl Write, at: Timestamp, record: &Record) -> Result<(), ReplayError> {
    serde_json::to_writer(&mut *output, &EventLine { at, record }).map_err(|error| ReplayError::Write(error.into()))?;
    output.write_all(b"\n").map_err(ReplayError::Write)
}

fn print_answers(history: &History, session: &Name, output: impl Write) -> Result<(), ReplayError> {
    let mut gate = Gate::new(None, [], TimeZone::UTC);
    let mut lines = Lines {
        of: session,
        last: None,
        output: BufWriter::with_capacity(BUFFER, output),
    };
    for (index, told) in history.told.iter().enumerate() {
        if let Some(setting) = told.record.setting() {
            gate = gate_of(history, setting)?;
            for before in history.told.iter().take(index) {
                let _said_by_other_settings = tell(&mut gate, before);
            }
            lines.standing(told.at, &gate)?;
        }
        let said = tell(&mut gate, told);
        lines.said(told.at, said, &gate)?;
    }
    let until = history.ended_at.unwrap_or_else(clock::wall);
    let last = history.told.last().map_or(until, |last| last.at);
    let said = gate.handle(Event::Tick, until.max(last));
    lines.said(until, said, &gate)?;
    lines.output.flush().map_err(ReplayError::Write)
}

/// The lines of one session.
struct Lines<'a, W: Write> {
    of: &'a Name,
    last: Option<Answer>,
    output: BufWriter<W>,
}

impl<W: Write> Lines<'_, W> {
    /// What the gate said of the session.
    fn said(&mut self, at: Timestamp, outcomes: Vec<Outcome>, gate: &Gate) -> Result<(), ReplayError> {
        for outcome in outcomes {
            match outcome {
                Outcome::Judged(judged) if judged.reading.session.as_ref() == Some(self.of) => {
                    let reasons = judged.fate.reasons();
                    if !reasons.is_empty() {
                        self.print(&ReadingLine {
                            at,
                            reading: judged.id,
                            session: Some(self.of),
                            counted: false,
                            reasons,
                        })?;
                    }
                }
                Outcome::Answer { at, answer, .. } => self.answer(at, *answer, gate)?,
                Outcome::Judged(_) | Outcome::Alert(_) | Outcome::Refused(_) => {}
            }
        }
        Ok(())
    }

    /// How it stands, if other settings changed that.
    fn standing(&mut self, at: Timestamp, gate: &Gate) -> Result<(), ReplayError> {
        for (answer, _attested) in gate.answers(at) {
            self.answer(at, answer, gate)?;
        }
        Ok(())
    }

    fn answer(&mut self, at: Timestamp, answer: Answer, gate: &Gate) -> Result<(), ReplayError> {
        let Some(policy) = gate.policy() else { return Ok(()) };
        if answer.session == *self.of && self.last.as_ref() != Some(&answer) {
            let policy = PolicyFields::of(policy).map_err(|error| ReplayError::Write(error.into()))?;
            self.print(&AnswerLine::new(at, &answer, &policy))?;
            self.last = Some(answer);
        }
        Ok(())
    }

    fn print(&mut self, line: &impl Serialize) -> Result<(), ReplayError> {
        serde_json::to_writer(&mut self.output, line).map_err(|error| ReplayError::Write(error.into()))?;
        self.output.write_all(b"\n").map_err(ReplayError::Write)
    }
}

/// The gate with these settings.
fn gate_of(history: &History, setting: i64) -> Result<Gate, ReplayError> {
    let text = history.settings.get(&setting).ok_or(ReplayError::NoSettings)?;
    let config = config::load_text_for_replay(text, "the stored settings").map_err(ReplayError::Settings)?;
    Ok(Gate::new(
        config.readiness.map(Arc::new),
        config.cuffs,
        config.time_zone,
    ))
}

fn tell(gate: &mut Gate, told: &Told) -> Vec<Outcome> {
    gate.tell_again(told.record.clone(), told.at, told.told_at, told.synchronized)
}
