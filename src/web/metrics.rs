//! `/metrics` for Prometheus: counts and ages, no values, no ids (contract 5). What each means: `docs/watching`.
//!
//! * What is not known has no sample: 0 would be a statement.
//! * An age of something of this run is never longer than the run, whatever the wall clock did meanwhile.

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
use self::words::{HEALTHS, PROBLEMS, RADIOS, SESSION_STATES, word};
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
        to.family(
            "cuffd_problem",
            Kind::Gauge,
            "Whether this stands between the box and a cleared session.",
        );
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

    fn cuffs(&self, to: &mut Exposition) {
        let cuffs = &self.state.cuffs;
        to.family(
            "cuffd_cuffs",
            Kind::Gauge,
            "Registered cuffs by how the way to them stands.",
        );
        for health in &HEALTHS {
            let count = cuffs.iter().filter(|cuff| cuff.health == *health).count();
            to.sample("cuffd_cuffs", Some(("health", &word(health))), count);
        }
        to.gauge(
            "cuffd_connected_cuffs",
            "Cuffs that are connected at this moment.",
            cuffs.iter().filter(|cuff| cuff.connected).count(),
        );
        let silence = |cuff: &state::CuffState| {
            cuff.heard_at
                .map_or(self.uptime.as_secs(), |heard_at| self.age_in_run(heard_at))
        };
        to.gauge_if_known(
            "cuffd_longest_cuff_silence_seconds",
            "Since the cuff that was not heard for the longest time was heard, or since this run began.",
            cuffs.iter().map(silence).max(),
        );
        let lowest = cuffs.iter().filter_map(|cuff| cuff.battery).min();
        to.gauge_if_known(
            "cuffd_lowest_cuff_battery_ratio",
            "The lowest charge that a cuff told when it was last read, 0 to 1.",
            lowest.map(|percent| f64::from(percent) / 100.0),
        );
        to.family(
            "cuffd_radio",
            Kind::Gauge,
            "How the radio stands: 1 for one of the states.",
        );
        let radio = word(&self.state.radio);
        for state in RADIOS.iter().map(word) {
            to.sample("cuffd_radio", Some(("state", &state)), u64::from(state == radio));
        }
    }

    fn measurements(&self, to: &mut Exposition) {
        let cuffs = || self.state.cuffs.iter();
        to.gauge_if_known(
            "cuffd_last_measurement_age_seconds",
            "Since a measurement last arrived, in this run.",
            cuffs()
                .filter_map(|cuff| cuff.measured_at)
                .max()
                .map(|last| self.age_in_run(last)),
        );
        to.counter(
            "cuffd_duplicate_measurements_total",
            "Measurements of registered cuffs that came again, ever.",
            cuffs().map(|cuff| cuff.duplicates).sum(),
        );
        to.counter(
            "cuffd_unassigned_measurements_total",
            "Measurements of registered cuffs that were nobody's, ever.",
            cuffs().map(|cuff| cuff.unassigned).sum(),
        );
    }

    fn link(&self, to: &mut Exposition) {
        let delivery = &self.state.delivery;
        to.flag(
            "cuffd_broker_configured",
            "Whether anything is to be published at all.",
            delivery.enabled,
        );
        to.flag(
            "cuffd_broker_connected",
            "Whether a broker is connected.",
            delivery.connected,
        );
        to.gauge_if_known(
            "cuffd_broker_connection_age_seconds",
            "How long the present connection to a broker has stood.",
            delivery.since.map(|since| self.age_in_run(since)),
        );
        to.gauge_if_known(
            "cuffd_last_sent_age_seconds",
            "Since a broker last took a message, in any run.",
            delivery.last_sent_at.map(|sent_at| self.age(sent_at)),
        );
    }

    fn messages(&self, to: &mut Exposition) {
        let delivery = &self.state.delivery;
        let (seq, queued) = (delivery.seq, delivery.queued);
        let name = "cuffd_messages_total";
        to.family(name, Kind::Counter, "Messages made, ever, by kind.");
        for (kind, count) in [
            ("alert", seq.alert),
            ("readiness", seq.readiness),
            ("reading", seq.reading),
        ] {
            to.sample(name, Some(("kind", kind)), count);
        }
        let name = "cuffd_queued_messages";
        to.family(name, Kind::Gauge, "Messages that no broker has taken yet, by kind.");
        for (kind, count) in [
            ("alert", queued.alert),
            ("readiness", queued.readiness),
            ("reading", queued.reading),
            ("fhir", queued.fhir),
        ] {
            to.sample(name, Some(("kind", kind)), count);
        }
        to.gauge(
            "cuffd_oldest_queued_age_seconds",
            "Age of the oldest message that no broker has taken yet; 0 if none waits.",
            delivery.oldest_queued_at.map_or(0, |oldest| self.age(oldest)),
        );
        to.gauge(
            "cuffd_set_aside_messages",
            "Messages that a broker refused for good; they are kept.",
            delivery.set_aside_count,
        );
        to.gauge_if_known(
            "cuffd_unconfirmed_messages",
            "Messages that a broker took and the clinic's system has not confirmed; where receipts are awaited.",
            delivery.awaiting_receipt,
        );
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
