//! Which path is answered by what, on the network and on the control socket.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

use super::{Site, actions, assets, events, guard, metrics, page as pages};
use crate::clock;
use crate::core::moment::Moment;
use crate::core::state;

/// Where it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// On the control socket: who may open it may ask, and is told everything.
    Socket,
    /// On the network: codes are asked for, and numbers are shown only where the clinic wants that.
    Network,
}

/// What is answered, and where.
#[derive(Clone, Debug)]
pub(super) struct Served {
    pub(super) site: Arc<Site>,
    pub(super) place: Place,
    /// Since when: the start of this run.
    pub(super) since: Moment,
}

impl Served {
    /// What is known now, as far as it may be told here.
    pub(super) fn state(&self) -> state::State {
        let state = Arc::clone(&self.site.state.borrow());
        let mut told = state::State::clone(&state).counted_down(clock::wall());
        if self.place == Place::Network && !self.site.show_values {
            told.sessions = told
                .sessions
                .into_iter()
                .map(state::SessionState::without_values)
                .collect();
            for cuff in &mut told.cuffs {
                cuff.cuff_pressure = None;
            }
        }
        told
    }
}

/// The local API as the control socket has it.
pub fn api(site: Arc<Site>) -> Router {
    routes().with_state(Served {
        site,
        place: Place::Socket,
        since: clock::moment(),
    })
}

/// The page with the local API, as the network has it.
pub fn page(site: Arc<Site>) -> Router {
    let mut router = routes()
        .route("/", get(pages::whole))
        .route("/answer", get(pages::answer))
        .route("/api/v1/code", post(actions::enter))
        .route("/assets/{name}", get(assets::asset));
    if site.metrics {
        router = router.route("/metrics", get(metrics::metrics));
    }
    let guarded = middleware::from_fn_with_state(Arc::clone(&site), guard::guard);
    let served = Served {
        site,
        place: Place::Network,
        since: clock::moment(),
    };
    router.with_state(served).layer(guarded)
}

fn routes() -> Router<Served> {
    Router::new()
        .route("/healthz", get(async || StatusCode::OK))
        .route("/api/v1/status", get(status))
        .route("/api/v1/events", get(events::events))
        .route("/api/v1/passkey", post(actions::passkey))
        .route("/api/v1/sessions", post(actions::open))
        .route("/api/v1/sessions/{session}/attestations", post(actions::attest))
        .route("/api/v1/sessions/{session}/start", post(actions::start))
        .route("/api/v1/sessions/{session}/close", post(actions::close))
}

async fn status(State(served): State<Served>) -> Response {
    Json(served.state()).into_response()
}
