//! The gateway's key over the control socket: its public half, the next one, and the change to that.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::server::Sources;
use crate::core::name::Name;
use crate::proof::{KeyringError, PublicKey};

/// A public key, as a clinic enrols it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Shown {
    /// The JWK.
    pub jwk: serde_json::Value,
    /// To be compared over the telephone.
    pub fingerprint: String,
}

impl Shown {
    /// The key of this gateway.
    #[must_use]
    pub fn of(key: PublicKey, site: &Name, gateway: &Name) -> Self {
        Self {
            jwk: key.jwk(site.as_str(), gateway.as_str()),
            fingerprint: key.fingerprint(),
        }
    }
}

/// The status of an answer that there is no next key.
pub const NO_NEXT: StatusCode = StatusCode::CONFLICT;

/// The status of an answer that the key is not the daemon's to change.
pub const NOT_OURS: StatusCode = StatusCode::FORBIDDEN;

pub(super) async fn current(Shared(sources): Shared<Sources>) -> Response {
    let key = sources.keys.public();
    answer(&sources, Ok(key))
}

pub(super) async fn make_next(Shared(sources): Shared<Sources>) -> Response {
    let made = sources.keys.make_next();
    answer(&sources, made)
}

pub(super) async fn use_next(Shared(sources): Shared<Sources>) -> Response {
    let used = sources.keys.use_next();
    if let Ok(key) = &used {
        tracing::info!(kid = key.thumbprint(), "signs with the next key from here on");
    }
    answer(&sources, used)
}

fn answer(sources: &Sources, key: Result<PublicKey, KeyringError>) -> Response {
    match key {
        Ok(key) => Json(Shown::of(key, &sources.site, &sources.gateway)).into_response(),
        Err(error) => {
            let status = match error {
                KeyringError::NoNext => NO_NEXT,
                KeyringError::Given => NOT_OURS,
                KeyringError::Read { .. } | KeyringError::Write { .. } | KeyringError::NoKey { .. } => {
                    StatusCode::INTERNAL_SERVER_ERROR
                }
            };
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = [Some(error.to_string()), cause]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>();
            (status, text.join(": ")).into_response()
        }
    }
}
