//! One session: its symbol, its headline, what there is to know and to do.

use serde_json::{Value, json};

use super::super::html::Html;
use super::super::recent::Recent;
use super::super::view::{View, code_of, has};
use super::{Scene, alarm, chart, checklist, drawing, notices, said, symbol};
use crate::core::cuff;
use crate::core::name::Name;
use crate::core::state::SessionState;
use crate::core::state::session::MessageState;

/// A session's section.
pub(super) fn session(scene: &Scene<'_>, session: &SessionState, recent: &[Recent], html: &mut Html) {
    let view = View::of(session, scene.now);
    let name = session.told.session.as_str();
    let class = format!("session {}", view.name());
    let is_ready = matches!(view, View::Ready { .. });
    let valid_for = if is_ready {
        session.valid_for_s.unwrap_or(0).to_string()
    } else {
        String::new()
    };
    let attributes = [
        ("class", class.as_str()),
        ("data-session", name),
        ("data-valid-for", &valid_for),
        ("data-view", view.name()),
    ];
    html.tag("section", &attributes, |html| {
        html.tag("div", &[("class", "words")], |html| {
            html.tag("div", &[("class", "top")], |html| {
                symbol::draw(html, symbol::of(view));
                html.line("p", &[("class", "who")], &scene.label(&session.told.patient));
            });
            heading(html, &headline(scene, view));
            alarm::alarm(scene, session, view, html);
            for line in below(scene, session, view) {
                html.line("p", &[("class", "lead")], &line);
            }
            pressure(scene, session, view, html);
            notices::notices(scene, session, view, html);
            acts(scene, session, view, html);
        });
        beside(scene, session, view, recent, html);
        if session.is_open() {
            not_today(scene, name, html);
        }
    });
}

/// No session.
pub(super) fn nobody(scene: &Scene<'_>, html: &mut Html) {
    html.tag("section", &[("class", "session none"), ("data-view", "none")], |html| {
        html.tag("div", &[("class", "words")], |html| {
            html.tag("div", &[("class", "top")], |html| symbol::draw(html, "door"));
            heading(html, &scene.texts.none_headline);
            let below = if opens_here(scene) {
                &scene.texts.none_press
            } else {
                &scene.texts.none_clinic
            };
            html.line("p", &[("class", "lead")], below);
            notices::troubles(scene, html);
            opening(scene, html);
        });
        html.tag("div", &[("class", "beside")], |html| drawing::sitting(scene, html));
    });
}

/// The session before is over: where the page may, the next can be opened.
pub(super) fn next(scene: &Scene<'_>, html: &mut Html) {
    if opens_here(scene) {
        html.tag("section", &[("class", "next")], |html| opening(scene, html));
    }
}

fn opens_here(scene: &Scene<'_>) -> bool {
    scene.site.opens_sessions && !cuff::patients(&scene.site.cuffs.borrow()).is_empty()
}

fn opening(scene: &Scene<'_>, html: &mut Html) {
    if !opens_here(scene) {
        return;
    }
    let patients = cuff::patients(&scene.site.cuffs.borrow());
    let several = patients.len() > 1;
    for patient in &patients {
        let text = if several {
            said(&scene.texts.none_for, &[("patient", &scene.label(patient))])
        } else {
            scene.texts.button_open.clone()
        };
        button(html, "act", "/api/v1/sessions", &json!({ "patient": patient }), &text);
    }
}

fn headline(scene: &Scene<'_>, view: View) -> String {
    let texts = scene.texts;
    match view {
        View::Rest { .. } => texts.rest_headline.clone(),
        View::Wanted { .. } => texts.wanted_headline.clone(),
        View::Spacing { .. } => texts.spacing_headline.clone(),
        View::Attest => texts.attest_headline.clone(),
        View::Settling => texts.settling_headline.clone(),
        View::Ready { until } => said(&texts.ready_headline, &[("time", &scene.until(until))]),
        View::Started { since } => {
            let since = since.map(|since| scene.until(since)).unwrap_or_default();
            said(&texts.started_headline, &[("time", &since)])
        }
        View::Blocked { .. } => texts.blocked_headline.clone(),
        View::Referred => texts.referred_headline.clone(),
        View::Crisis => texts.crisis_headline.clone(),
        View::Ended => texts.ended_headline.clone(),
    }
}

/// A headline, of which no sentence is broken if that can be helped.
pub(super) fn heading(html: &mut Html, text: &str) {
    html.tag("h2", &[], |html| {
        for sentence in text.split_inclusive(". ") {
            html.line("span", &[], sentence.trim_end());
            html.raw(" ");
        }
    });
}

fn below(scene: &Scene<'_>, session: &SessionState, view: View) -> Vec<String> {
    let texts = scene.texts;
    match view {
        View::Rest { until } => vec![
            said(&texts.rest_first, &[("time", &scene.from(until))]),
            texts.rest_how.clone(),
        ],
        View::Wanted { number, count } => {
            let values = [("number", number.to_string()), ("count", count.to_string())];
            let values = values.each_ref().map(|(slot, value)| (*slot, value.as_str()));
            vec![said(&texts.wanted_reading, &values)]
        }
        View::Spacing { until } => vec![said(&texts.spacing_next, &[("time", &scene.from(until))])],
        View::Attest | View::Settling | View::Ended => Vec::new(),
        View::Ready { .. } => vec![texts.ready_companion.clone()],
        View::Started { .. } => vec![texts.started_companion.clone()],
        View::Blocked { next_at } => {
            let next = next_at.map(|next_at| said(&texts.blocked_next, &[("time", &scene.from(next_at))]));
            let mut lines: Vec<String> = limits(scene, session);
            lines.push(texts.blocked_cuff.clone());
            lines.extend(next);
            lines
        }
        View::Referred => {
            let mut lines = limits(scene, session);
            if has(session, "irregular_pulse") {
                lines.push(texts.referred_pulse.clone());
            }
            lines.extend(message(scene, session));
            lines
        }
        View::Crisis => message(scene, session).into_iter().collect(),
    }
}

/// Of the clinic only what is known: never that a person has seen it.
pub(super) fn message(scene: &Scene<'_>, session: &SessionState) -> Option<String> {
    let texts = scene.texts;
    Some(match session.notes.message {
        Some(MessageState::Sent) => texts.message_sent.clone(),
        Some(MessageState::Received) => texts.message_received.clone(),
        Some(MessageState::NotSent) | None => texts.message_not_sent.clone(),
    })
}

/// Which limits the readings were beyond.
pub(super) fn limits(scene: &Scene<'_>, session: &SessionState) -> Vec<String> {
    let reasons = session.told.reasons.iter();
    reasons.filter_map(|reason| limit(scene, reason)).collect()
}

fn limit(scene: &Scene<'_>, reason: &Value) -> Option<String> {
    let texts = scene.texts;
    let (plain, with_values) = match code_of(reason) {
        "systolic_above_limit" | "diastolic_above_limit" => (&texts.limit_above, &texts.limit_above_values),
        "systolic_below_limit" | "diastolic_below_limit" => (&texts.limit_below, &texts.limit_below_values),
        "pulse_rate_above_limit" => (&texts.pulse_above, &texts.pulse_above_values),
        "pulse_rate_below_limit" => (&texts.pulse_below, &texts.pulse_below_values),
        _ => return None,
    };
    let number = |name: &str| reason.get(name).filter(|value| value.is_number()).map(Value::to_string);
    match (number("measured"), number("limit"), scene.site.show_values) {
        (Some(measured), Some(limit), true) => Some(said(with_values, &[("measured", &measured), ("limit", &limit)])),
        _ => Some(plain.clone()),
    }
}

/// What the cuff says while it measures.
fn pressure(scene: &Scene<'_>, session: &SessionState, view: View, html: &mut Html) {
    if !matches!(view, View::Wanted { .. }) {
        return;
    }
    let cuffs = scene.state.cuffs.iter();
    let of_it = |id: &Name| session.progress.cuff.as_ref().is_none_or(|cuff| cuff == id);
    let live = cuffs
        .filter(|cuff| of_it(&cuff.id))
        .find_map(|cuff| cuff.cuff_pressure.as_deref());
    if let Some(live) = live {
        // Not announced: a number that changes each moment would drown everything else.
        html.tag("p", &[("class", "pressure"), ("aria-live", "off")], |html| {
            html.line(
                "span",
                &[("data-live", "pressure")],
                &said(&scene.texts.wanted_pressure, &[("pressure", live)]),
            );
        });
    }
}

fn acts(scene: &Scene<'_>, session: &SessionState, view: View, html: &mut Html) {
    if let View::Ready { .. } = view {
        let path = format!("/api/v1/sessions/{}/start", session.told.session);
        button(html, "act", &path, &json!({}), &scene.texts.button_started);
    }
    match view {
        View::Attest => checklist::open(scene, session, html),
        View::Rest { .. } | View::Wanted { .. } | View::Spacing { .. } | View::Ready { .. } | View::Settling => {
            checklist::folded(scene, session, html);
        }
        View::Started { .. } | View::Blocked { .. } | View::Referred | View::Crisis | View::Ended => {}
    }
}

/// What stands beside the words, or under them on a phone.
fn beside(scene: &Scene<'_>, session: &SessionState, view: View, recent: &[Recent], html: &mut Html) {
    let sits = matches!(view, View::Rest { .. } | View::Wanted { .. } | View::Spacing { .. });
    let has_chart = session.is_open() && !recent.is_empty();
    html.tag("div", &[("class", "beside")], |html| {
        if sits {
            drawing::sitting(scene, html);
        }
        if has_chart {
            chart::chart(scene, recent, html);
        }
        if !sits && !has_chart {
            html.tag("div", &[("class", "big")], |html| symbol::draw(html, symbol::of(view)));
        }
    });
}

fn not_today(scene: &Scene<'_>, session: &str, html: &mut Html) {
    html.tag(
        "details",
        &[("class", "not-today"), ("id", &format!("close-{session}"))],
        |html| {
            html.line("summary", &[], &scene.texts.not_today);
            html.line("p", &[], &scene.texts.not_today_why);
            let path = format!("/api/v1/sessions/{session}/close");
            button(html, "quiet", &path, &json!({}), &scene.texts.button_close);
        },
    );
}

/// A button that posts. It is there only with the script that makes it work.
pub(super) fn button(html: &mut Html, class: &str, path: &str, body: &Value, text: &str) {
    let body = body.to_string();
    let attributes = [
        ("class", class),
        ("type", "button"),
        ("data-post", path),
        ("data-body", &body),
    ];
    html.line("button", &attributes, text);
}
