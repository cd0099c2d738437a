//! One line of events (contract 2.2).

use std::borrow::Cow;
use std::str::Utf8Error;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::LONGEST_LINE;
use super::field::{BadField, Field};
use crate::cli::hex::{self, HexError};
use crate::cli::lines::without_end;
use crate::core::name::Name;
use crate::core::notation;
use crate::core::readiness::event::{Decision, Event};

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadEvent {
    #[error("the line is longer than {LONGEST_LINE} octets")]
    TooLong,
    #[error("the line is not UTF-8")]
    Text(#[from] Utf8Error),
    #[error("the line is not a JSON object")]
    NotAnObject,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Field(#[from] BadField),
    #[error("at is not a time of RFC 3339 with an offset")]
    Time,
    #[error("at goes back")]
    GoesBack,
    #[error("there is no event of this name")]
    UnknownEvent,
    #[error("a decision is approve or deny")]
    UnknownDecision,
    #[error("one of value and values is needed")]
    NoValue,
    #[error("value and values exclude each other")]
    BothValues,
    #[error("values is empty")]
    EmptyValues,
    #[error(transparent)]
    Hex(#[from] HexError),
    #[error("cuff_clock_offset_s is not a whole number of seconds")]
    Offset,
}

/// What a line says.
#[derive(Debug)]
pub(super) enum Said {
    /// An event as the gate takes it.
    Event(Event),
    /// Measurements, not numbered yet.
    Measured(Measured),
}

/// One connection's measurements.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) cuff: Name,
    pub(super) bonded: bool,
    pub(super) first_connection: bool,
    pub(super) cuff_clock_offset_s: Option<i64>,
    /// The values in order of arrival, at least one.
    pub(super) values: Vec<Vec<u8>>,
}

/// The fields of all events: which of them count is known when all were seen.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    session: Field<'a>,
    #[serde(borrow, default)]
    patient: Field<'a>,
    #[serde(borrow, default)]
    cuff: Field<'a>,
    #[serde(borrow, default)]
    item: Field<'a>,
    #[serde(borrow, default)]
    by: Field<'a>,
    #[serde(borrow, default)]
    value: Field<'a>,
    #[serde(borrow, default)]
    values: Field<'a>,
    #[serde(borrow, default)]
    bonded: Field<'a>,
    #[serde(borrow, default)]
    first_connection: Field<'a>,
    #[serde(borrow)]
    cuff_clock_offset_s: Option<&'a RawValue>,
    #[serde(borrow, default)]
    synchronized: Field<'a>,
    #[serde(borrow, default)]
    decision: Field<'a>,
    #[serde(borrow, default)]
    note: Field<'a>,
}

/// Reads a line. Fields that an event does not have are ignored.
pub(super) fn parse(line: &[u8]) -> Result<(Timestamp, Said), BadEvent> {
    let line = without_end(line);
    if line.len() > LONGEST_LINE {
        return Err(BadEvent::TooLong);
    }
    let line = std::str::from_utf8(line)?;
    // The JSON library would take an array for an object with its fields in order.
    if !line.trim_start().starts_with('{') {
        return Err(BadEvent::NotAnObject);
    }
    let line: Line<'_> = serde_json::from_str(line)?;
    let at = notation::parse_time(&line.at).ok_or(BadEvent::Time)?;
    Ok((at, said(&line)?))
}

fn said(line: &Line<'_>) -> Result<Said, BadEvent> {
    Ok(Said::Event(match line.event.as_ref() {
        "measurement" => return measured(line).map(Said::Measured),
        "session_opened" => Event::SessionOpened {
            session: line.session.name("session")?,
            patient: line.patient.name("patient")?,
            cuff: line.cuff.optional(|cuff| cuff.name("cuff"))?,
        },
        "attested" => Event::Attested {
            session: line.session.name("session")?,
            item: line.item.name("item")?,
            by: line.by.optional(|by| by.name("by"))?,
            value: line.value.truth_or(true, "value")?,
        },
        "clock" => Event::Clock {
            synchronized: line.synchronized.truth("synchronized")?,
        },
        "decided" => decided(line)?,
        "session_started" => Event::SessionStarted {
            session: line.session.name("session")?,
        },
        "session_closed" => Event::SessionClosed {
            session: line.session.name("session")?,
        },
        "tick" => Event::Tick,
        _ => return Err(BadEvent::UnknownEvent),
    }))
}

fn decided(line: &Line<'_>) -> Result<Event, BadEvent> {
    // The note is for people: it is read only to refuse what is no text.
    let _note = line.note.optional(|note| note.text("note"))?;
    Ok(Event::Decided {
        session: line.session.name("session")?,
        decision: match line.decision.text("decision")? {
            "approve" => Decision::Approve,
            "deny" => Decision::Deny,
            _ => return Err(BadEvent::UnknownDecision),
        },
        by: line.by.name("by")?,
    })
}

fn measured(line: &Line<'_>) -> Result<Measured, BadEvent> {
    let value = line.value.optional(|value| value.text("value"))?;
    let values = line.values.optional(|values| values.list("values"))?;
    let values = match (value, values) {
        (Some(value), None) => vec![octets(value)?],
        (None, Some([])) => return Err(BadEvent::EmptyValues),
        (None, Some(values)) => values.iter().map(octets_of).collect::<Result<_, _>>()?,
        (None, None) => return Err(BadEvent::NoValue),
        (Some(_), Some(_)) => return Err(BadEvent::BothValues),
    };
    Ok(Measured {
        cuff: line.cuff.name("cuff")?,
        bonded: line.bonded.truth_or(true, "bonded")?,
        first_connection: line.first_connection.truth_or(false, "first_connection")?,
        cuff_clock_offset_s: line.cuff_clock_offset_s.map(whole_seconds).transpose()?,
        values,
    })
}

fn octets_of(value: &Field<'_>) -> Result<Vec<u8>, BadEvent> {
    Ok(octets(value.text("values")?)?)
}

fn octets(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    hex::parse(text.as_bytes(), &mut octets)?;
    Ok(octets)
}

/// A JSON number without a fraction, however it is written: `-197`, `-197.0`, `-1.97e2`.
fn whole_seconds(number: &RawValue) -> Result<i64, BadEvent> {
    let text = number.get();
    let number = Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text));
    let whole = number.ok().filter(Decimal::is_integer);
    whole.and_then(|whole| whole.to_i64()).ok_or(BadEvent::Offset)
}
