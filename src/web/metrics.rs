//! `/metrics` for Prometheus: counts and ages, no values, no ids (contract 5). What each means: `docs/watching`.
//!
//! * What is not known has no sample: 0 would be a statement.
//! * An age of something of this run is never longer than the run, whatever the wall clock did meanwhile.

mod certificates;
mod cuffs;
mod delivery;
mod exposition;
#[cfg(test)]
mod tests;
mod words;

use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use self::exposition::{Exposition, Kind};
use self::words::{PROBLEMS, SESSION_STATES, word};
use super::Certificate;
use super::router::Served;
use crate::clock;
use crate::core::state;

/// What is counted, as text.
pub(super) async fn metrics(State(served): State<Served>) -> Response {
    let now = clock::now();
    let seen = Seen {
        state: &served.state(),
        now: now.wall,
        uptime: now.moment.since(served.since),
        certificates: &served.site.certificates,
    };
    let form = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    ([form], seen.text()).into_response()
}

/// What is known, and when it is looked at.
struct Seen<'a> {
    state: &'a state::State,
    now: Timestamp,
    /// By the boottime clock, which no step of the wall clock changes.
    uptime: Duration,
    certificates: &'a [Certificate],
}

impl Seen<'_> {
    fn text(&self) -> String {
        let mut to = Exposition::default();
        self.run(&mut to);
        self.clock(&mut to);
        self.problems(&mut to);
        self.sessions(&mut to);
        self.cuffs(&mut to);
        self.measurements(&mut to);
        self.link(&mut to);
        self.messages(&mut to);
        self.store(&mut to);
        self.certificates(&mut to);
        to.text()
    }

    /// Whole seconds since then, by the wall clock.
    fn age(&self, since: Timestamp) -> u64 {
        u64::try_from(self.now.duration_since(since).as_secs()).unwrap_or(0)
    }

    /// The same of something that happened in this run.
    fn age_in_run(&self, since: Timestamp) -> u64 {
        self.age(since).min(self.uptime.as_secs())
    }

    fn run(&self, to: &mut Exposition) {
        to.family("cuffd_build_info", Kind::Gauge, "The program's version; always 1.");
        to.sample("cuffd_build_info", Some(("version", &self.state.version)), 1);
        to.gauge(
            "cuffd_start_time_seconds",
            "When this run began, Unix time by the box's clock of then.",
            self.state.started_at.as_second(),
        );
        to.gauge(
            "cuffd_uptime_seconds",
            "How long this run has lasted, right also where the clock was set meanwhile.",
            self.uptime.as_secs(),
        );
        to.flag(
            "cuffd_test_mode",
            "Whether everything that it sends says that it is a test.",
            self.state.test,
        );
    }

    fn clock(&self, to: &mut Exposition) {
        to.gauge(
            "cuffd_time_seconds",
            "The time by the box's clock, Unix time.",
            self.now.as_second(),
        );
        to.flag(
            "cuffd_clock_synchronized",
            "Whether the box's clock can be believed.",
            self.state.clock.synchronized,
        );
    }

    fn problems(&self, to: &mut Exposition) {
        let standing = |problem| u64::from(self.state.problems.contains(problem));
        to.family("cuffd_problem", Kind::Gauge, "Whether this is wrong with the box now.");
        for problem in &PROBLEMS {
            to.sample("cuffd_problem", Some(("code", &word(problem))), standing(problem));
        }
    }

    fn sessions(&self, to: &mut Exposition) {
        let name = "cuffd_sessions";
        to.family(
            name,
            Kind::Gauge,
            "Sessions by the gate's answer; one that ended is kept for a while.",
        );
        for answer in SESSION_STATES {
            let sessions = self.state.sessions.iter();
            let count = sessions.filter(|session| session.told.state == answer).count();
            to.sample(name, Some(("state", answer.as_str())), count);
        }
    }

    fn store(&self, to: &mut Exposition) {
        let store = self.state.store;
        to.flag(
            "cuffd_store_available",
            "Whether the store takes measurements and store.reserve is free.",
            store.available,
        );
        to.gauge("cuffd_store_size_bytes", "Size of the database.", store.size);
        to.gauge(
            "cuffd_store_free_bytes",
            "Free space on the disk of the database.",
            store.free,
        );
    }
}
