//! The gateway's key over the control socket: its public half, the next one, and the change to that.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::server::Sources;
use crate::core::name::Name;
use crate::proof::{Keyring, KeyringError, PublicKey};

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

/// Why no key is shown, as the socket's answers tell it by their status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no next key.
    NoNext,
    /// The key is not this user's, or not ours, to read or change.
    NotPermitted,
    /// The file is no key.
    NotAKey,
    /// The disk.
    Disk,
}

impl Fault {
    const ALL: [Self; 4] = [Self::NoNext, Self::NotPermitted, Self::NotAKey, Self::Disk];

    /// What it is.
    #[must_use]
    pub fn of(error: &KeyringError) -> Self {
        match error {
            KeyringError::NoNext => Self::NoNext,
            KeyringError::Given => Self::NotPermitted,
            KeyringError::NoKey { .. } => Self::NotAKey,
            KeyringError::Read { cause, .. } | KeyringError::Write { cause, .. }
                if cause.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Self::NotPermitted
            }
            KeyringError::Read { .. } | KeyringError::Write { .. } => Self::Disk,
        }
    }

    /// What an answer of this status tells; `None` if it is not about the key.
    #[must_use]
    pub fn told_by(status: StatusCode) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.status() == status)
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::NoNext => StatusCode::CONFLICT,
            Self::NotPermitted => StatusCode::FORBIDDEN,
            Self::NotAKey => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Disk => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

pub(super) async fn current(Shared(sources): Shared<Sources>) -> Response {
    let key = sources.keys.public();
    answer(&sources, Ok(key))
}

pub(super) async fn make_next(Shared(sources): Shared<Sources>) -> Response {
    on_disk(sources, Keyring::make_next).await
}

pub(super) async fn use_next(Shared(sources): Shared<Sources>) -> Response {
    on_disk(sources, |keys| {
        let used = keys.use_next();
        if let Ok(key) = &used {
            tracing::info!(kid = key.thumbprint(), "signs with the next key from here on");
        }
        used
    })
    .await
}

/// A slow card, or another program's lock, must not hold up whoever else asks.
async fn on_disk(sources: Sources, work: fn(&Keyring) -> Result<PublicKey, KeyringError>) -> Response {
    let worked = tokio::task::spawn_blocking(move || answer(&sources, work(&sources.keys))).await;
    worked.unwrap_or_else(|fault| (StatusCode::INTERNAL_SERVER_ERROR, fault.to_string()).into_response())
}

fn answer(sources: &Sources, key: Result<PublicKey, KeyringError>) -> Response {
    match key {
        Ok(key) => Json(Shown::of(key, &sources.site, &sources.gateway)).into_response(),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
            let text = format!("{error}{}", cause.unwrap_or_default());
            (Fault::of(&error).status(), text).into_response()
        }
    }
}
