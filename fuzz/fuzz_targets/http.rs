//! The page and its API: no request panics them or is answered by a fault of ours, and no body above the limit is carried out.
//!
//! A request is read from text like that of HTTP: method and target, lines of headers, an empty line, the body. Where it
//! names no host, this gateway is meant, and its own page has sent it; so most of them get past the guard.
#![no_main]

#[path = "../../tests/rig/registered.rs"]
mod registered;
#[path = "../../tests/web/samples.rs"]
#[allow(dead_code)]
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri};
use axum::{Extension, Router};
use cuffd::core::name::Name;
use cuffd::private::Private;
use cuffd::text;
use cuffd::web::entry::{Code, Cookies};
use cuffd::web::guard::Arrival;
use cuffd::web::{Contacts, Door, STREAMS, Site, page};
use futures_util::FutureExt;
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// No body that is larger is read (contract 3.5).
const LARGEST: usize = 8 * 1024;

/// Two pages: one that everybody may enter, and one behind a code; and what they run on.
struct Rooms {
    runtime: Runtime,
    open: Router,
    locked: Router,
}

static ROOMS: LazyLock<Rooms> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (open, locked) = (room(&runtime, false), room(&runtime, true));
    Rooms { runtime, open, locked }
});

fuzz_target!(|text: &[u8]| {
    let (room, text) = match text.split_first() {
        Some((b'!', text)) => (&ROOMS.locked, text),
        _ => (&ROOMS.open, text),
    };
    let Some((request, length)) = request(text) else { return };
    let posts = request.method() == Method::POST;
    let response = ROOMS.runtime.block_on(answer(room.clone(), request));
    let status = response.status();
    assert!(!status.is_server_error(), "{status}");
    assert!(!(posts && length > LARGEST && status.is_success()), "{length} octets: {status}");
    assert!(response.headers().contains_key("content-security-policy"), "{status}");
});

/// The answer, with its head and the beginning of its body made.
async fn answer(room: Router, request: Request<Body>) -> Response<Body> {
    let mut response = TowerToHyperService::new(room).call(request).await.expect("it cannot fail");
    // A stream of events has no end.
    for _ in 0..4 {
        let Some(Some(frame)) = response.body_mut().frame().now_or_never() else { break };
        frame.expect("a body");
    }
    response
}

/// The request, and how long its body is; `None` where HTTP itself would refuse it.
fn request(text: &[u8]) -> Option<(Request<Body>, usize)> {
    let (head, body) = match text.windows(2).position(|two| two == b"\n\n") {
        Some(end) => (&text[..end], &text[end + 2..]),
        None => (text, &[][..]),
    };
    let mut lines = head.split(|octet| *octet == b'\n');
    let mut first = lines.next()?.splitn(2, |octet| *octet == b' ');
    let mut request = Request::new(Body::from(body.to_vec()));
    *request.method_mut() = Method::from_bytes(first.next()?).ok()?;
    *request.uri_mut() = Uri::try_from(first.next()?).ok()?;
    for line in lines {
        let colon = line.iter().position(|octet| *octet == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    if !request.headers().contains_key("host") {
        from_its_own_page(request.headers_mut());
    }
    Some((request, body.len()))
}

fn from_its_own_page(headers: &mut HeaderMap) {
    for (name, value) in [
        ("host", "localhost"),
        ("origin", "http://localhost"),
        ("content-type", "application/json"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// A page with one open session, whose gate takes everything.
fn room(runtime: &Runtime, locked: bool) -> Router {
    let (asks, mut asked) = mpsc::channel::<cuffd::web::asked::Asked>(8);
    let (passkeys, mut entered) = mpsc::channel::<cuffd::web::asked::PasskeyGiven>(8);
    runtime.spawn(async move {
        loop {
            tokio::select! {
                Some(asked) = asked.recv() => drop(asked.answer.send(Ok(()))),
                Some(given) = entered.recv() => drop(given.answer.send(Ok(()))),
                else => break,
            }
        }
    });
    let arrival = Arrival {
        to: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls: false,
    };
    page(Arc::new(site(asks, passkeys, locked))).layer(Extension(arrival))
}

fn site(
    asks: mpsc::Sender<cuffd::web::asked::Asked>,
    passkeys: mpsc::Sender<cuffd::web::asked::PasskeyGiven>,
    locked: bool,
) -> Site {
    let (told, state) = watch::channel(Arc::new(samples::state(&[samples::session(&json!({}))])));
    // While the daemon runs there is always somebody who could tell.
    std::mem::forget(told);
    let patient = Name::parse("p1").expect("a name");
    let texts = |language: &str| (language.to_owned(), text::read(language, None).expect("shipped"));
    let code = || Private::new("246810".to_owned());
    Site {
        state,
        store: None,
        asks,
        passkeys,
        stop: CancellationToken::new(),
        hosts: BTreeSet::from(["box".to_owned()]),
        door: locked.then(|| Door {
            cookies: Cookies::new(b"of this gateway", code()),
            code: Code::new(code()),
        }),
        companion_code: locked.then(|| Code::new(code())),
        opens_sessions: true,
        cuffs: registered::one_cuff(patient.clone()),
        labels: BTreeMap::from([(patient, Private::new("Anna & <Bo>".to_owned()))]),
        language: texts("en"),
        more_languages: vec![texts("es"), texts("de")],
        contacts: Some(Contacts {
            emergency_number: "112".to_owned(),
            clinic_contact: "555-0100".to_owned(),
            crisis_text: BTreeMap::from([("en".to_owned(), "Call.".to_owned())]),
        }),
        zone: TimeZone::UTC,
        show_values: true,
        metrics: true,
        certificates: Vec::new(),
        streams: Arc::new(Semaphore::new(STREAMS)),
    }
}
