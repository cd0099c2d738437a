//! Answering on the control socket.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{Path, Query, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::history::history;
use super::{key, operator};
use crate::core::name::Name;
use crate::proof::Keyring;
use crate::store::{Cursor, Resend, Store, StoreError};

/// Readings fetched from the store at once: a million of them must not stand in memory.
const PAGE: usize = 500;

/// What the answers are made of.
#[derive(Clone, Debug)]
pub struct Sources {
    /// What is stored.
    pub store: Store,
    /// What messages are signed with.
    pub keys: Keyring,
    /// The clinic.
    pub site: Name,
    /// This machine.
    pub gateway: Name,
    /// To whoever carries out what an operator asks.
    pub operator: mpsc::Sender<operator::Ask>,
    /// The namespace of the patient ids in FHIR; `None` if the config names none.
    pub patient_system: Option<String>,
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another daemon listens there.
    #[error("another cuffd answers on {}", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("cannot make the control socket {}", path.display())]
    Bind {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

/// A control socket. Its file goes with it, however it ends.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    _file: File,
}

/// The file of a socket.
#[derive(Debug)]
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        // Whoever removed it before has done what is wanted.
        let _removed = std::fs::remove_file(&self.0);
    }
}

/// Makes the control socket, mode 0660. A socket left behind by a daemon that died is replaced; a living one is not.
///
/// # Errors
/// Another daemon listens there, or the folder cannot be written.
pub fn bind(path: &std::path::Path) -> Result<Socket, ServerError> {
    let failed = |cause| ServerError::Bind {
        path: path.into(),
        cause,
    };
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        return Err(ServerError::Taken { path: path.into() });
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    match std::fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(Socket {
        listener,
        _file: File(path.into()),
    })
}

/// Answers until `cancel`, with the local API (contract 5) beside what only this socket has.
///
/// # Errors
/// The socket failed.
pub async fn serve(socket: Socket, sources: Sources, api: Router, cancel: CancellationToken) -> io::Result<()> {
    let router = Router::new()
        .route("/control/v1/readings", get(readings))
        .route("/control/v1/patient-system", get(patient_system))
        .route("/control/v1/resend", post(resend))
        .route("/control/v1/sessions/{session}", get(session))
        .route("/control/v1/key", get(key::current))
        .route("/control/v1/key/new", post(key::make_next))
        .route("/control/v1/key/use", post(key::use_next))
        .route("/control/v1/cuffs", get(operator::list))
        .route("/control/v1/scan", get(operator::scan))
        .route("/control/v1/pair", post(operator::pair))
        .route("/control/v1/forget", post(operator::forget))
        .with_state(sources)
        .merge(api);
    let Socket { listener, _file } = socket;
    axum::serve(listener, router)
        .with_graceful_shutdown(cancel.cancelled_owned())
        .await
}

/// Which readings are asked for.
#[derive(Debug, Deserialize)]
struct Which {
    since: Option<Timestamp>,
}

/// Where a listing goes on.
enum Next {
    First,
    After(Cursor),
    Done,
}

/// Readings as they were published, one JSON object a line, oldest first.
async fn readings(Shared(sources): Shared<Sources>, Query(which): Query<Which>) -> Response {
    let lines = stream::try_unfold((sources.store, Next::First), move |(store, next)| async move {
        let after = match next {
            Next::First => None,
            Next::After(cursor) => Some(cursor),
            Next::Done => return Ok::<_, StoreError>(None),
        };
        let page = store.readings(which.since, after, PAGE).await?;
        let mut text = Vec::new();
        for reading in &page.readings {
            text.extend_from_slice(&reading.payload);
            text.push(b'\n');
        }
        let next = page.next.map_or(Next::Done, Next::After);
        Ok(Some((Bytes::from(text), (store, next))))
    });
    (
        [(header::CONTENT_TYPE, "application/x-ndjson")],
        Body::from_stream(lines),
    )
        .into_response()
}

/// Asked for by whoever may not read the config, which names it beside files of secrets.
async fn patient_system(Shared(sources): Shared<Sources>) -> Response {
    Json(sources.patient_system).into_response()
}

/// What the gate was told of a session; null if there never was one of this id.
async fn session(Shared(sources): Shared<Sources>, Path(session): Path<Name>) -> Response {
    match history(&sources.store, session).await {
        Ok(history) => Json(history).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// A request to queue messages again.
#[derive(Debug, Deserialize, Serialize)]
pub struct ResendRequest {
    /// Those made from then on.
    pub since: Timestamp,
}

/// What was queued again.
#[derive(Debug, Deserialize, Serialize)]
pub struct ResendAnswer {
    /// How many messages.
    pub queued: usize,
}

async fn resend(Shared(sources): Shared<Sources>, Json(request): Json<ResendRequest>) -> Response {
    match sources.store.resend(Resend::Since(request.since)).await {
        Ok(resent) => Json(ResendAnswer { queued: resent.queued }).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
