//! Who may: the rules that every request passes before anything else is looked at (contract 5).

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::asked::Refused;
use super::entry::Try;
use super::{Site, page};
use crate::clock;

/// The cookie that stands for the access code.
pub(super) const COOKIE: &str = "cuffd";

/// How a request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The address that it was sent to.
    pub to: IpAddr,
    /// Whether by TLS.
    pub tls: bool,
}

/// On every answer: nothing of anybody else's is loaded, nothing is kept, no other site shows or reads it.
const ALWAYS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// Lets a request pass, or answers it.
pub(super) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = match judge(&site, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused,
    };
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[expect(clippy::result_large_err, reason = "it is the answer itself, made once")]
fn judge(site: &Site, request: &Request) -> Result<(), Response> {
    let arrival = request.extensions().get::<Arrival>().copied();
    let host = host_of(request.headers(), request.uri()).filter(|host| is_ours(site, arrival, host));
    let Some(host) = host else {
        let why = "this name is not this gateway's: see web.hosts";
        return Err((StatusCode::MISDIRECTED_REQUEST, why).into_response());
    };
    if request.method() == Method::POST {
        is_own_post(request.headers(), &host, arrival.is_some_and(|arrival| arrival.tls))?;
    }
    may_enter(site, request)
}

/// The name that a request is for: exactly one.
fn host_of(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok()?,
        (None, _) | (Some(_), Some(_)) => return None,
    };
    // Of two names that differ neither can be believed.
    let agrees = uri
        .authority()
        .is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
    agrees.then(|| host.to_ascii_lowercase())
}

fn is_ours(site: &Site, arrival: Option<Arrival>, host: &str) -> bool {
    let name = without_port(host);
    if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        let address = address.to_canonical();
        return address.is_loopback() || arrival.is_some_and(|arrival| arrival.to.to_canonical() == address);
    }
    name == "localhost" || site.hosts.iter().any(|known| known == name)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) && !name.is_empty() => {
            // The colons of a bare IPv6 address are none of a port.
            if name.contains(':') && !name.ends_with(']') {
                host
            } else {
                name
            }
        }
        Some(_) | None => host,
    }
}

/// No other site's page can send such a request without asking first, and it gets no answer to that.
#[expect(clippy::result_large_err, reason = "it is the answer itself, made once")]
fn is_own_post(headers: &HeaderMap, host: &str, tls: bool) -> Result<(), Response> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let refused = Refused::malformed("Content-Type must be application/json");
        return Err(refused.with(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let own = format!("{}://{host}", if tls { "https" } else { "http" });
    if !text(header::ORIGIN).is_some_and(|origin| origin.eq_ignore_ascii_case(&own)) {
        return Err(Refused::not_authorized("Origin must be this page's own").into_response());
    }
    Ok(())
}

/// Beyond loopback nothing is shown without the code but what holds nothing of anybody.
#[expect(clippy::result_large_err, reason = "it is the answer itself, made once")]
fn may_enter(site: &Site, request: &Request) -> Result<(), Response> {
    let Some(door) = &site.door else { return Ok(()) };
    let path = request.uri().path();
    let is_open = path == "/healthz" || path == "/api/v1/code" || path.starts_with("/assets/");
    let now = clock::now();
    if is_open || cookie(request.headers()).any(|value| door.cookies.knows(value, now.wall)) {
        return Ok(());
    }
    if path == "/metrics"
        && let Some(given) = bearer(request.headers())
    {
        return match door.code.attempt(given, now.moment) {
            Try::Right => Ok(()),
            Try::Wrong => Err(StatusCode::UNAUTHORIZED.into_response()),
            Try::Shut => Err(StatusCode::TOO_MANY_REQUESTS.into_response()),
        };
    }
    if request.method() == Method::GET && (path == "/" || path == "/answer") {
        return Err((StatusCode::UNAUTHORIZED, page::entrance(site, request)).into_response());
    }
    Err(Refused::not_authorized("the access code is needed").with(StatusCode::UNAUTHORIZED))
}

/// What stands behind `Bearer`, in letters of any size (RFC 9110, 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| given.trim_start())
}

fn cookie(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let lines = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok());
    let pairs = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs.filter_map(|(name, value)| (name == COOKIE).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_part_of_a_name() {
        for (host, name) in [
            ("localhost", "localhost"),
            ("localhost:8377", "localhost"),
            ("[::1]:8377", "[::1]"),
            ("[::1]", "[::1]"),
            ("::1", "::1"),
            ("a:b", "a:b"),
            (":1", ":1"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }
}
