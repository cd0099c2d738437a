//! The fields of a command, each read by itself, so that a mistake names the field that it is in.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::form::{Command, CommandName, Resend};
use super::{Code, Refusal};
use crate::core::delivery::Kind;

/// How many messages one command sends again.
const MOST_RESENT: u64 = 1000;

// What is allowed, in words.
pub(super) const TEXT: &str = "text";
pub(super) const TIME: &str = "an RFC 3339 time with an offset";
const NAME: &str = "1 to 40 characters A-Z a-z 0-9 _ -, the first a letter or digit";
const UUID: &str = "the id of a message";
const IDS: &str = "a list of ids of messages";
const SEQ: &str = "a number from 0 on";
const KIND: &str = "alert, readiness, reading or fhir";
const RESEND: &str = "ids, or kind, from_seq and to_seq";

/// The fields of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A field that must be there.
    pub(super) fn needed<T: Deserialize<'a>>(self, field: &'static str, allowed: &str) -> Result<T, Refusal> {
        match self.0.get(field) {
            None => Err(missing(field, allowed)),
            Some(value) => T::deserialize(value).map_err(|_| wrong(field, allowed)),
        }
    }

    /// A field that may be left out, or null.
    pub(super) fn optional<T: Deserialize<'a>>(self, field: &'static str, allowed: &str) -> Result<Option<T>, Refusal> {
        match self.0.get(field) {
            None => Ok(None),
            Some(value) => Option::deserialize(value).map_err(|_| wrong(field, allowed)),
        }
    }

    /// What this command is to do.
    pub(super) fn command(self, name: CommandName) -> Result<Command, Refusal> {
        let session = || self.needed("session", NAME);
        Ok(match name {
            CommandName::OpenSession => Command::OpenSession {
                session: session()?,
                patient: self.needed("patient", NAME)?,
                cuff: self.optional("cuff", NAME)?,
                policy_sha256: self.optional("policy_sha256", "64 hexadecimal digits")?,
            },
            CommandName::Attest => Command::Attest {
                session: session()?,
                item: self.needed("item", NAME)?,
                by: self.needed("by", NAME)?,
                value: match self.0.get("value") {
                    None => true,
                    Some(_) => self.needed("value", "true or false")?,
                },
            },
            CommandName::Start => Command::Start { session: session()? },
            CommandName::CloseSession => Command::CloseSession { session: session()? },
            CommandName::Decide => Command::Decide {
                session: session()?,
                answer: self.needed("answer", UUID)?,
                decision: self.needed("decision", "approve or deny")?,
                by: self.needed("by", NAME)?,
                note: self.optional("note", "text of at most 500 characters")?,
            },
            CommandName::Report => Command::Report {
                session: self.optional("session", NAME)?,
            },
            CommandName::Receipt => Command::Receipt {
                ids: self.needed("ids", "a list of at most 100 ids of messages")?,
            },
            CommandName::Resend => Command::Resend(self.resend()?),
        })
    }

    fn resend(self) -> Result<Resend, Refusal> {
        let ids = self.optional("ids", IDS)?;
        let kind: Option<String> = self.optional("kind", KIND)?;
        let from_seq = self.optional("from_seq", SEQ)?;
        let to_seq = self.optional("to_seq", SEQ)?;
        match (ids, kind, from_seq, to_seq) {
            (Some(ids), None, None, None) => Ok(Resend::Ids(ids)),
            (Some(_), _, _, _) => Err(wrong("ids", "ids alone, or kind, from_seq and to_seq without it")),
            (None, None, None, None) => Err(missing("ids", RESEND)),
            (None, Some(kind), Some(from_seq), Some(to_seq)) => range(&kind, from_seq, to_seq),
            (None, None, _, _) => Err(missing("kind", RESEND)),
            (None, _, None, _) => Err(missing("from_seq", RESEND)),
            (None, _, _, None) => Err(missing("to_seq", RESEND)),
        }
    }
}

fn range(kind: &str, from_seq: u64, to_seq: u64) -> Result<Resend, Refusal> {
    let known = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind = known.ok_or_else(|| wrong("kind", KIND))?;
    let count = to_seq.checked_sub(from_seq);
    let count = count.ok_or_else(|| wrong("to_seq", "from_seq or more"))?;
    (count < MOST_RESENT)
        .then_some(Resend::Range { kind, from_seq, to_seq })
        .ok_or_else(|| wrong("to_seq", "at most 1000 messages at once"))
}

/// A field that is there, and may not be as it is. What it holds is not told.
pub(super) fn wrong(field: &'static str, allowed: &str) -> Refusal {
    malformed(field, format!("{field} is wrong; allowed: {allowed}"))
}

fn missing(field: &'static str, allowed: &str) -> Refusal {
    malformed(field, format!("{field} is missing; allowed: {allowed}"))
}

fn malformed(field: &'static str, message: String) -> Refusal {
    Refusal {
        field: Some(field),
        ..Refusal::new(Code::Malformed, message)
    }
}
