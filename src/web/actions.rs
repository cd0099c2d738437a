//! What is pressed on the page, and asked by programs on this machine (contract 5).

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::asked::{Action, Asked, PasskeyGiven, Refused, done};
use super::entry::{REMEMBERED, Try};
use super::guard::{Arrival, COOKIE};
use super::router::{Place, Served};
use crate::clock;
use crate::core::name::Name;
use crate::core::pairing::Passkey;

/// No command is larger (contract 3.5).
const LARGEST: usize = 8 * 1024;

/// Whoever needs longer to say so little is gone, or means no good.
const PATIENCE: Duration = Duration::from_secs(10);

/// The gate stores before it answers.
const GATE_ANSWERS_IN: Duration = Duration::from_secs(20);

/// What begins so is the companion's to confirm.
const COMPANIONS: &str = "companion_";

#[derive(Deserialize)]
struct Opening {
    session: Option<Name>,
    patient: Name,
    cuff: Option<Name>,
    policy_sha256: Option<String>,
}

#[derive(Deserialize)]
struct Attesting {
    item: Name,
    by: Option<Name>,
    #[serde(default = "holds")]
    value: bool,
    companion_code: Option<String>,
}

const fn holds() -> bool {
    true
}

/// A body without fields of its own.
#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct Showing {
    /// Six digits. A number would lose its zeros in front.
    passkey: String,
}

#[derive(Deserialize)]
struct Entering {
    code: String,
}

/// The session that the path names.
pub(super) struct Of(Name);

impl<S: Send + Sync> FromRequestParts<S> for Of {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused> {
        let named = Path::<String>::from_request_parts(parts, state).await;
        let session = named.ok().and_then(|Path(text)| Name::parse(&text).ok());
        session
            .map(Self)
            .ok_or_else(|| Refused::malformed("the session's id is no name"))
    }
}

/// Opens a session.
pub(super) async fn open(State(served): State<Served>, body: Body) -> Response {
    let opening = match read::<Opening>(body).await {
        Ok(opening) => opening,
        Err(refused) => return refused,
    };
    if served.place == Place::Network && served.site.has_policy() && !served.site.opens_sessions {
        return Refused::not_authorized("the clinic opens sessions: see web.open_sessions").into_response();
    }
    let Some(session) = opening.session.or_else(new_session) else {
        return Refused::busy("no id for the session").into_response();
    };
    let action = Action::Open {
        session: session.clone(),
        patient: opening.patient,
        cuff: opening.cuff,
        policy_sha256: opening.policy_sha256,
    };
    ask(&served, action)
        .await
        .map_or_else(IntoResponse::into_response, |()| done(Some(&session)))
}

/// Confirms an item of the check-list, or takes that back.
pub(super) async fn attest(State(served): State<Served>, Of(session): Of, body: Body) -> Response {
    let attesting = match read::<Attesting>(body).await {
        Ok(attesting) => attesting,
        Err(refused) => return refused,
    };
    let is_companions = attesting.item.as_str().starts_with(COMPANIONS);
    // Taking something back needs no code: it can only make a session less ready.
    if let (Place::Network, true, true, Some(code)) = (
        served.place,
        is_companions,
        attesting.value,
        &served.site.companion_code,
    ) {
        let given = attesting.companion_code.unwrap_or_default();
        match code.attempt(&given, clock::moment()) {
            Try::Right => {}
            Try::Wrong => return Refused::not_authorized("the companion's code is needed").into_response(),
            Try::Shut => return shut(),
        }
    }
    let by = attesting
        .by
        .or_else(|| Name::parse(if is_companions { "companion" } else { "page" }).ok());
    let Some(by) = by else {
        return Refused::malformed("by is missing").into_response();
    };
    let action = Action::Attest {
        session,
        item: attesting.item,
        by,
        value: attesting.value,
    };
    reply(&served, action).await
}

/// The treatment begins.
pub(super) async fn start(served: State<Served>, session: Of, body: Body) -> Response {
    on_session(served, session, body, |session| Action::Start { session }).await
}

/// The session ends: "Not today".
pub(super) async fn close(served: State<Served>, session: Of, body: Body) -> Response {
    on_session(served, session, body, |session| Action::Close { session }).await
}

async fn on_session(State(served): State<Served>, Of(session): Of, body: Body, action: fn(Name) -> Action) -> Response {
    match read::<Nothing>(body).await {
        Ok(Nothing {}) => reply(&served, action(session)).await,
        Err(refused) => refused,
    }
}

/// Somebody who sees the cuff's display says what it shows.
pub(super) async fn passkey(State(served): State<Served>, body: Body) -> Response {
    let showing = match read::<Showing>(body).await {
        Ok(showing) => showing,
        Err(refused) => return refused,
    };
    let Some(passkey) = Passkey::parse(&showing.passkey) else {
        return Refused::malformed("a passkey is six digits, as text").into_response();
    };
    let (answer, answered) = oneshot::channel();
    let asked = async {
        served.site.passkeys.send(PasskeyGiven { passkey, answer }).await.ok()?;
        answered.await.ok()
    };
    let told = asked
        .await
        .unwrap_or_else(|| Err(Refused::busy("the daemon is about to end")));
    told.map_or_else(IntoResponse::into_response, |()| done(None))
}

/// The access code is given, once for each browser.
pub(super) async fn enter(
    State(served): State<Served>,
    arrival: Option<axum::Extension<Arrival>>,
    body: Body,
) -> Response {
    let entering = match read::<Entering>(body).await {
        Ok(entering) => entering,
        Err(refused) => return refused,
    };
    let Some(door) = &served.site.door else {
        return done(None);
    };
    let now = clock::now();
    match door.code.attempt(&entering.code, now.moment) {
        Try::Wrong => Refused::not_authorized("that is not the code").into_response(),
        Try::Shut => shut(),
        Try::Right => {
            let value = door.cookies.make(now.wall);
            let secure = if arrival.is_some_and(|arrival| arrival.tls) {
                "; Secure"
            } else {
                ""
            };
            let age = REMEMBERED.as_secs();
            let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
            ([(header::SET_COOKIE, cookie)], done(None)).into_response()
        }
    }
}

fn shut() -> Response {
    let refused = Refused::busy("too many wrong tries: wait a minute").with(StatusCode::TOO_MANY_REQUESTS);
    ([(header::RETRY_AFTER, "60")], refused).into_response()
}

fn new_session() -> Option<Name> {
    Name::parse(&format!("s-{}", Uuid::new_v4().simple())).ok()
}

async fn reply(served: &Served, action: Action) -> Response {
    ask(served, action)
        .await
        .map_or_else(IntoResponse::into_response, |()| done(None))
}

async fn ask(served: &Served, action: Action) -> Result<(), Refused> {
    let (answer, answered) = oneshot::channel();
    let asked = async {
        served.site.asks.send(Asked { action, answer }).await.ok()?;
        answered.await.ok()
    };
    let silence = || Refused::busy("the gate does not answer: look at how the session stands, then try again");
    let told = tokio::time::timeout(GATE_ANSWERS_IN, asked).await;
    told.ok().flatten().unwrap_or_else(|| Err(silence()))
}

/// A small JSON object that arrives in time. An empty body is an empty object.
async fn read<T: DeserializeOwned>(body: Body) -> Result<T, Response> {
    let octets = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, LARGEST));
    let octets = match octets.await {
        Ok(Ok(octets)) => octets,
        Ok(Err(_)) => {
            let refused = Refused::malformed("the body is too large, or was cut off");
            return Err(refused.with(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Err(Refused::malformed("the body did not arrive").with(StatusCode::REQUEST_TIMEOUT)),
    };
    let octets: &[u8] = if octets.is_empty() { b"{}" } else { &octets };
    // A list would be taken for the fields in their order.
    if octets.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refused::malformed("the body is no JSON object").into_response());
    }
    serde_json::from_slice(octets).map_err(|error| {
        // Where and what kind, never what was sent.
        let why = format!(
            "the body is not as it must be, at line {} column {}",
            error.line(),
            error.column()
        );
        Refused::malformed(why).into_response()
    })
}
