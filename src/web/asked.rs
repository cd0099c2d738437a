//! What the page and the local API ask of the gate, and what is replied: `cuffd.reply/1` (contract 3.5, 5).

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::core::name::Name;
use crate::core::pairing::Passkey;

/// The schema of a reply.
pub const SCHEMA: &str = "cuffd.reply/1";

/// Something that is asked, and where the answer goes.
#[derive(Debug)]
pub struct Asked {
    /// What.
    pub action: Action,
    /// Told once everything is stored.
    pub answer: oneshot::Sender<Result<(), Refused>>,
}

/// Six digits that a cuff shows, entered on the page, and where the answer goes.
#[derive(Debug)]
pub struct PasskeyGiven {
    /// The digits.
    pub passkey: Passkey,
    /// Told at once.
    pub answer: oneshot::Sender<Result<(), Refused>>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begin a session.
    Open {
        /// Its id.
        session: Name,
        /// Whose.
        patient: Name,
        /// A clinic's cuff that is used for it.
        cuff: Option<Name>,
        /// The policy that the asker counts on, by its hash.
        policy_sha256: Option<String>,
    },
    /// Somebody vouches for something, or takes that back.
    Attest {
        /// For which session.
        session: Name,
        /// What.
        item: Name,
        /// Who.
        by: Name,
        /// Whether it holds.
        value: bool,
    },
    /// The treatment begins.
    Start {
        /// Which session's.
        session: Name,
    },
    /// The session ends.
    Close {
        /// Which.
        session: Name,
    },
}

/// Why it was not done: a code of the contract's replies, and words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For programs.
    pub code: String,
    /// For people; never what was asked.
    pub message: String,
}

impl Refused {
    /// Puts both together.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
        }
    }

    /// What does not parse.
    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new("malformed", message)
    }

    /// Who does not show that they may.
    pub(super) fn not_authorized(message: impl Into<String>) -> Self {
        Self::new("not_authorized", message)
    }

    /// What may be tried again.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        Self::new("busy", message)
    }

    fn status(&self) -> StatusCode {
        match self.code.as_str() {
            "malformed" | "unknown_patient" | "unknown_item" => StatusCode::BAD_REQUEST,
            "not_authorized" => StatusCode::FORBIDDEN,
            "unknown_session" => StatusCode::NOT_FOUND,
            "busy" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::CONFLICT,
        }
    }

    /// The reply with another status than its code has.
    pub(super) fn with(&self, status: StatusCode) -> Response {
        let Self { code, message } = self;
        let body = json!({"schema": SCHEMA, "id": null, "ok": false, "error": {"code": code, "message": message}});
        (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        self.with(self.status())
    }
}

/// The reply to what was done. `session` is named where one was opened: its id may be new.
#[must_use]
pub fn reply(session: Option<&Name>) -> Value {
    match session {
        Some(session) => json!({"schema": SCHEMA, "id": null, "ok": true, "session": session}),
        None => json!({"schema": SCHEMA, "id": null, "ok": true}),
    }
}

pub(super) fn done(session: Option<&Name>) -> Response {
    let body = reply(session).to_string();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}
