//! One line of events (contract 2.2).

use std::borrow::Cow;
use std::str::Utf8Error;

use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::LONGEST_LINE;
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

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    at: Cow<'a, str>,
    #[serde(borrow)]
    event: Cow<'a, str>,
}

#[derive(Deserialize)]
struct SessionOpened {
    session: Name,
    patient: Name,
    cuff: Option<Name>,
}

#[derive(Deserialize)]
struct Attested {
    session: Name,
    item: Name,
    by: Option<Name>,
    #[serde(default = "yes")]
    value: bool,
}

#[derive(Deserialize)]
struct Measurement<'a> {
    cuff: Name,
    value: Option<String>,
    values: Option<Vec<String>>,
    #[serde(default = "yes")]
    bonded: bool,
    #[serde(default)]
    first_connection: bool,
    #[serde(borrow)]
    cuff_clock_offset_s: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Clock {
    synchronized: bool,
}

#[derive(Deserialize)]
struct Decided {
    session: Name,
    decision: String,
    by: Name,
    /// Read only to refuse what is no text: the note is for people.
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
struct OfSession {
    session: Name,
}

const fn yes() -> bool {
    true
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
    let head: Head<'_> = serde_json::from_str(line)?;
    let at = notation::parse_time(&head.at).ok_or(BadEvent::Time)?;
    Ok((at, said(&head.event, line)?))
}

fn said(event: &str, line: &str) -> Result<Said, BadEvent> {
    if event == "measurement" {
        return measured(serde_json::from_str(line)?).map(Said::Measured);
    }
    let event = match event {
        "session_opened" => session_opened(serde_json::from_str(line)?),
        "attested" => attested(serde_json::from_str(line)?),
        "clock" => clock(&serde_json::from_str(line)?),
        "decided" => decided(serde_json::from_str(line)?)?,
        "session_started" => Event::SessionStarted {
            session: of_session(line)?,
        },
        "session_closed" => Event::SessionClosed {
            session: of_session(line)?,
        },
        "tick" => Event::Tick,
        _ => return Err(BadEvent::UnknownEvent),
    };
    Ok(Said::Event(event))
}

fn of_session(line: &str) -> Result<Name, BadEvent> {
    let OfSession { session } = serde_json::from_str(line)?;
    Ok(session)
}

fn session_opened(fields: SessionOpened) -> Event {
    let SessionOpened { session, patient, cuff } = fields;
    Event::SessionOpened { session, patient, cuff }
}

fn attested(fields: Attested) -> Event {
    let Attested {
        session,
        item,
        by,
        value,
    } = fields;
    Event::Attested {
        session,
        item,
        by,
        value,
    }
}

fn clock(fields: &Clock) -> Event {
    Event::Clock {
        synchronized: fields.synchronized,
    }
}

fn decided(fields: Decided) -> Result<Event, BadEvent> {
    Ok(Event::Decided {
        session: fields.session,
        decision: match fields.decision.as_str() {
            "approve" => Decision::Approve,
            "deny" => Decision::Deny,
            _ => return Err(BadEvent::UnknownDecision),
        },
        by: fields.by,
    })
}

fn measured(fields: Measurement<'_>) -> Result<Measured, BadEvent> {
    let texts = match (fields.value, fields.values) {
        (Some(value), None) => vec![value],
        (None, Some(values)) if values.is_empty() => return Err(BadEvent::EmptyValues),
        (None, Some(values)) => values,
        (None, None) => return Err(BadEvent::NoValue),
        (Some(_), Some(_)) => return Err(BadEvent::BothValues),
    };
    let values: Result<Vec<_>, _> = texts.iter().map(|text| octets(text)).collect();
    Ok(Measured {
        cuff: fields.cuff,
        bonded: fields.bonded,
        first_connection: fields.first_connection,
        cuff_clock_offset_s: fields.cuff_clock_offset_s.map(whole_seconds).transpose()?,
        values: values?,
    })
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
