//! Server-sent events: the state when it changes, a heartbeat each 5 s (contract 5).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::asked::Refused;
use super::page::clock_time;
use super::router::Served;
use super::view::View;
use crate::clock;
use crate::core::state;

/// Between two signs of life.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A view that changes with time is looked at just after.
const AFTER: Duration = Duration::from_millis(20);

/// One browser that follows.
struct Follower {
    served: Served,
    changes: watch::Receiver<Arc<state::State>>,
    stop: CancellationToken,
    beat: Instant,
    next: Next,
    _place: OwnedSemaphorePermit,
}

/// What is sent next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Now,
    Later,
    Nothing,
}

/// Follows the state until either side goes.
pub(super) async fn events(State(served): State<Served>) -> Response {
    let Ok(place) = Arc::clone(&served.site.streams).try_acquire_owned() else {
        return Refused::busy("too many browsers follow already").into_response();
    };
    let follower = Follower {
        changes: served.site.state.clone(),
        stop: served.site.stop.clone(),
        beat: Instant::now() + HEARTBEAT,
        next: Next::Now,
        served,
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next_event().await?;
        Some((Ok::<_, Infallible>(Bytes::from(event)), follower))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(events)).into_response()
}

impl Follower {
    async fn next_event(&mut self) -> Option<String> {
        match std::mem::replace(&mut self.next, Next::Later) {
            Next::Now => return self.state(),
            Next::Later => {}
            Next::Nothing => return None,
        }
        let due = self.next_change().map(|change| Instant::now() + change);
        tokio::select! {
            changed = self.changes.changed() => if changed.is_ok() { self.state() } else { Some(self.farewell()) },
            () = self.stop.cancelled() => Some(self.farewell()),
            () = tokio::time::sleep_until(due.unwrap_or(self.beat)), if due.is_some() => self.state(),
            () = tokio::time::sleep_until(self.beat) => Some(self.heartbeat()),
        }
    }

    /// What is known now.
    fn state(&mut self) -> Option<String> {
        self.changes.mark_unchanged();
        // JSON has no line ends outside of strings, and escapes them inside.
        let json = serde_json::to_string(&self.served.state()).ok()?;
        Some(format!("data: {json}\n\n"))
    }

    /// A sign of life, with the time as it is shown.
    fn heartbeat(&mut self) -> String {
        self.beat = Instant::now() + HEARTBEAT;
        let now = clock::wall();
        let told = json!({"at": now, "time": clock_time(&self.served.site.zone, now)});
        format!("event: heartbeat\ndata: {told}\n\n")
    }

    /// The gateway stops: nothing that is shown holds any more.
    fn farewell(&mut self) -> String {
        self.next = Next::Nothing;
        "event: stopping\ndata: {}\n\n".to_owned()
    }

    /// How long it is until time alone makes a session look different; `None` if a heartbeat comes before.
    fn next_change(&self) -> Option<Duration> {
        let now = clock::wall();
        let state = Arc::clone(&self.changes.borrow());
        let until = |session: &state::SessionState| View::of(session, now).until().filter(|until| *until > now);
        let first: Timestamp = state.sessions.iter().filter_map(until).min()?;
        let left = first.duration_since(now).unsigned_abs() + AFTER;
        (left < HEARTBEAT).then_some(left)
    }
}
