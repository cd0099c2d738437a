//! The form of commands: octets to a typed value, or which field is wrong.

use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::fields::{Fields, TEXT, TIME, wrong};
use super::{Code, LARGEST, Refusal, SCHEMA};
use crate::core::delivery::Kind;
use crate::core::json;
use crate::core::name::Name;

const MOST_RECEIPTS: usize = 100;
const LONGEST_NOTE: usize = 500;
const LONGEST_ID: usize = 64;
const ID: &str = "1 to 64 printable ASCII characters";

/// A command whose form is good. Nothing else of it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Its id as it was written: 1 to 64 printable ASCII characters.
    pub id_text: String,
    /// The clinic it is meant for.
    pub site: String,
    /// The gateway it is meant for.
    pub gateway: String,
    /// When it is too late for it.
    pub expires_at: Timestamp,
    /// What to do.
    pub command: Command,
    /// All of it as it was written, with the proof: what that must hold for.
    pub written: Map<String, Value>,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Begin a session.
    OpenSession {
        /// The new session's id.
        session: Name,
        /// Whose session.
        patient: Name,
        /// Which cuff, where the patient has none of their own.
        cuff: Option<Name>,
        /// The policy that the platform counts on.
        policy_sha256: Option<Sha256>,
    },
    /// Somebody vouches for something.
    Attest {
        /// Which session.
        session: Name,
        /// What.
        item: Name,
        /// Who.
        by: Name,
        /// Whether it holds, or is taken back.
        value: bool,
    },
    /// The treatment starts.
    Start {
        /// Which session.
        session: Name,
    },
    /// The session is over.
    CloseSession {
        /// Which session.
        session: Name,
    },
    /// A clinician decides.
    Decide {
        /// Which session.
        session: Name,
        /// The id of the readiness message that it decides on.
        answer: Uuid,
        /// What.
        decision: Decision,
        /// Who.
        by: Name,
        /// Why.
        note: Option<Note>,
    },
    /// Say again how things stand.
    Report {
        /// Which session; all open ones, where absent.
        session: Option<Name>,
    },
    /// The platform has stored these messages.
    Receipt {
        /// Their ids.
        ids: Receipts,
    },
    /// Send messages again.
    Resend(Resend),
}

/// What a clinician decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go on.
    Approve,
    /// Do not.
    Deny,
}

/// At most 100 ids. Those that no message can have are left out, as unknown ones are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Receipts(Vec<Uuid>);

/// At most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Note(String);

/// 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Sha256(String);

/// Which messages to send again; at most 1000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resend {
    /// These.
    Ids(Vec<Uuid>),
    /// Those of one kind, both ends included.
    Range {
        /// Which kind.
        kind: Kind,
        /// The first `seq`.
        from_seq: u64,
        /// The last `seq`.
        to_seq: u64,
    },
}

/// The names of the commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandName {
    /// `open_session`.
    OpenSession,
    /// `attest`.
    Attest,
    /// `start`.
    Start,
    /// `close_session`.
    CloseSession,
    /// `decide`.
    Decide,
    /// `report`.
    Report,
    /// `receipt`.
    Receipt,
    /// `resend`.
    Resend,
}

/// Parses a command. Fields it does not know are ignored.
///
/// # Errors
/// `malformed` or `unknown_command`, with the id as it was written where that much could be read. No octets panic.
pub fn parse(octets: &[u8]) -> Result<Parsed, (Option<String>, Refusal)> {
    let malformed = |why: &str| Refusal::new(Code::Malformed, why);
    if octets.len() > LARGEST {
        return Err((None, malformed("larger than 8 KiB")));
    }
    let value = json::read(octets).map_err(|cause| (None, malformed(&describe(&cause))))?;
    let id_text = written_id(&value);
    parse_value(value).map_err(|refusal| (id_text, refusal))
}

/// The id, if it is one: what is echoed must not be chosen freely.
fn written_id(value: &Value) -> Option<String> {
    let text = value.get("id")?.as_str()?;
    is_id(text).then(|| text.to_owned())
}

/// The contract does not say what an id is made of: whatever a platform counts by will do, if it is short and can be shown.
fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

/// A time of the calendar's first or last hours, which have no timestamp, is the first or last that there is: it was meant to
/// be long ago, or far ahead.
fn expiry(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let pieces = Pieces::parse(text).ok()?;
        (pieces.time().is_some() && pieces.offset().is_some()).then(|| match pieces.date().year() {
            0.. => Timestamp::MAX,
            _ => Timestamp::MIN,
        })
    })
}

fn parse_value(value: Value) -> Result<Parsed, Refusal> {
    let Value::Object(written) = value else {
        return Err(Refusal::new(Code::Malformed, "not an object"));
    };
    let fields = Fields(&written);
    if fields.needed::<&str>("schema", SCHEMA)? != SCHEMA {
        return Err(wrong("schema", SCHEMA));
    }
    let id_text: String = fields.needed("id", ID)?;
    if !is_id(&id_text) {
        return Err(wrong("id", ID));
    }
    let site = fields.needed("site", TEXT)?;
    let gateway = fields.needed("gateway", TEXT)?;
    let expires_at = expiry(fields.needed("expires_at", TIME)?).ok_or_else(|| wrong("expires_at", TIME))?;
    // Its form only: what it proves is judged over all that was written.
    fields.optional::<&str>("proof", TEXT)?;
    let name = CommandName::parse(fields.needed("command", "the name of a command")?);
    let name = name.ok_or_else(|| Refusal::new(Code::UnknownCommand, "no such command"))?;
    let command = fields.command(name)?;
    Ok(Parsed {
        id_text,
        site,
        gateway,
        expires_at,
        command,
        written,
    })
}

/// What is wrong and where, without the words of the text, which may be anything.
fn describe(cause: &serde_json::Error) -> String {
    let what = match cause.classify() {
        serde_json::error::Category::Eof => "ends too early",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax | serde_json::error::Category::Data => {
            "is not strict JSON"
        }
    };
    format!("{what}, line {} column {}", cause.line(), cause.column())
}

impl CommandName {
    /// Every command.
    pub const ALL: [Self; 8] = [
        Self::OpenSession,
        Self::Attest,
        Self::Start,
        Self::CloseSession,
        Self::Decide,
        Self::Report,
        Self::Receipt,
        Self::Resend,
    ];

    /// The word in the message and the config.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenSession => "open_session",
            Self::Attest => "attest",
            Self::Start => "start",
            Self::CloseSession => "close_session",
            Self::Decide => "decide",
            Self::Report => "report",
            Self::Receipt => "receipt",
            Self::Resend => "resend",
        }
    }

    /// The command of this name, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|name| name.as_str() == text)
    }
}

impl Command {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> CommandName {
        match self {
            Self::OpenSession { .. } => CommandName::OpenSession,
            Self::Attest { .. } => CommandName::Attest,
            Self::Start { .. } => CommandName::Start,
            Self::CloseSession { .. } => CommandName::CloseSession,
            Self::Decide { .. } => CommandName::Decide,
            Self::Report { .. } => CommandName::Report,
            Self::Receipt { .. } => CommandName::Receipt,
            Self::Resend(_) => CommandName::Resend,
        }
    }
}

impl Receipts {
    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[Uuid] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Receipts {
    type Error = &'static str;

    fn try_from(ids: Vec<String>) -> Result<Self, Self::Error> {
        if ids.len() > MOST_RECEIPTS {
            return Err("more than 100 ids");
        }
        Ok(Self(ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect()))
    }
}

impl Note {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Note {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let short = text.chars().count() <= LONGEST_NOTE;
        short.then_some(Self(text)).ok_or("more than 500 characters")
    }
}

impl Sha256 {
    /// The digits, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha256 {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let good = text.len() == 64 && text.bytes().all(|octet| octet.is_ascii_hexdigit());
        good.then(|| Self(text.to_ascii_lowercase()))
            .ok_or("not 64 hexadecimal digits")
    }
}

#[cfg(test)]
#[path = "form_tests.rs"]
mod tests;
