//! `/metrics` for Prometheus: counts and ages, no values, no ids (contract 5).

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::router::Served;
use crate::clock;
use crate::core::readiness::answer;
use crate::core::state::{self, CuffHealth, Problem};

/// What is counted, as text.
pub(super) async fn metrics(State(served): State<Served>) -> Response {
    let text = text(&served.state(), clock::wall());
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
        .into_response()
}

/// Metrics under construction.
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl std::fmt::Display) {
        let _infallible = match label {
            Some((label, text)) => writeln!(self.0, "{name}{{{label}=\"{text}\"}} {value}"),
            None => writeln!(self.0, "{name} {value}"),
        };
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, "gauge", help);
        self.sample(name, None, value);
    }
}

fn text(state: &state::State, now: Timestamp) -> String {
    let mut text = Text(String::new());
    text.family("cuffd_build_info", "gauge", "The program's version.");
    text.sample("cuffd_build_info", Some(("version", &state.version)), 1);
    let started = state.started_at.as_second();
    text.gauge("cuffd_start_time_seconds", "When this run began, Unix time.", started);
    sessions_and_cuffs(&mut text, state);
    delivery(&mut text, state, now);
    let synchronized = u8::from(state.clock.synchronized);
    text.gauge(
        "cuffd_clock_synchronized",
        "Whether the wall clock can be believed.",
        synchronized,
    );
    let available = u8::from(state.store.available);
    text.gauge(
        "cuffd_store_available",
        "Whether the store takes measurements.",
        available,
    );
    text.gauge("cuffd_store_size_bytes", "Size of the database.", state.store.size);
    text.gauge(
        "cuffd_store_free_bytes",
        "Free space beside the database.",
        state.store.free,
    );
    text.family("cuffd_problem", "gauge", "Whether this stands in the way of a session.");
    for problem in PROBLEMS {
        let holds = u8::from(state.problems.contains(&problem));
        text.sample("cuffd_problem", Some(("code", &word(problem))), holds);
    }
    text.0
}

fn sessions_and_cuffs(text: &mut Text, state: &state::State) {
    text.family("cuffd_sessions", "gauge", "Sessions by state.");
    for which in SESSION_STATES {
        let count = state
            .sessions
            .iter()
            .filter(|session| session.told.state == which)
            .count();
        text.sample("cuffd_sessions", Some(("state", which.as_str())), count);
    }
    text.family(
        "cuffd_cuffs",
        "gauge",
        "Registered cuffs by how the way to them stands.",
    );
    for health in HEALTHS {
        let count = state.cuffs.iter().filter(|cuff| cuff.health == health).count();
        text.sample("cuffd_cuffs", Some(("health", &word(health))), count);
    }
    let duplicates: u64 = state.cuffs.iter().map(|cuff| cuff.duplicates).sum();
    let unassigned: u64 = state.cuffs.iter().map(|cuff| cuff.unassigned).sum();
    for (name, help, count) in [
        (
            "cuffd_duplicate_measurements_total",
            "Measurements that came again.",
            duplicates,
        ),
        (
            "cuffd_unassigned_measurements_total",
            "Measurements that were nobody's.",
            unassigned,
        ),
    ] {
        text.family(name, "counter", help);
        text.sample(name, None, count);
    }
}

fn delivery(text: &mut Text, state: &state::State, now: Timestamp) {
    let delivery = &state.delivery;
    text.gauge(
        "cuffd_broker_connected",
        "Whether a broker is connected.",
        u8::from(delivery.connected),
    );
    text.family("cuffd_messages_total", "counter", "Messages made, ever, by kind.");
    let seq = delivery.seq;
    for (kind, count) in [
        ("reading", seq.reading),
        ("readiness", seq.readiness),
        ("alert", seq.alert),
    ] {
        text.sample("cuffd_messages_total", Some(("kind", kind)), count);
    }
    text.family(
        "cuffd_queued_messages",
        "gauge",
        "Messages that wait to be sent, by kind.",
    );
    let queued = delivery.queued;
    for (kind, count) in [
        ("alert", queued.alert),
        ("readiness", queued.readiness),
        ("reading", queued.reading),
        ("fhir", queued.fhir),
    ] {
        text.sample("cuffd_queued_messages", Some(("kind", kind)), count);
    }
    let set_aside = delivery.set_aside_count;
    text.gauge(
        "cuffd_set_aside_messages",
        "Messages that were refused for good.",
        set_aside,
    );
    let age = |since: Timestamp| now.duration_since(since).as_secs().max(0);
    let oldest = delivery.oldest_queued_at.map_or(0, age);
    text.gauge(
        "cuffd_oldest_queued_age_seconds",
        "Age of the oldest message that waits; 0 if none does.",
        oldest,
    );
    if let Some(sent_at) = delivery.last_sent_at {
        text.gauge(
            "cuffd_last_sent_age_seconds",
            "Since a broker last took a message.",
            age(sent_at),
        );
    }
    if let Some(awaiting) = delivery.awaiting_receipt {
        text.gauge(
            "cuffd_unconfirmed_messages",
            "Messages sent that the clinic's system has not confirmed.",
            awaiting,
        );
    }
}

const SESSION_STATES: [answer::State; 7] = [
    answer::State::Waiting,
    answer::State::Ready,
    answer::State::Started,
    answer::State::Blocked,
    answer::State::Referred,
    answer::State::Crisis,
    answer::State::Ended,
];

const HEALTHS: [CuffHealth; 4] = [
    CuffHealth::NotHeard,
    CuffHealth::Ok,
    CuffHealth::Unreachable,
    CuffHealth::BondLost,
];

const PROBLEMS: [Problem; 10] = [
    Problem::AdapterLost,
    Problem::BondLost,
    Problem::BrokerUnreachable,
    Problem::ClockUnsynchronized,
    Problem::CommandsRefused,
    Problem::CuffUnreachable,
    Problem::MessageRefused,
    Problem::NoSubscriber,
    Problem::StoreNearlyFull,
    Problem::StoreUnavailable,
];

/// The name that it has in the state.
fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}
