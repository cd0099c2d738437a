//! Why a reading was not counted, and what is amiss with the box: in words that blame nobody.

use super::super::html::Html;
use super::super::view::{View, code_of, has};
use super::{Scene, said, session as sessions, symbol};
use crate::core::state::session::{NotCounted, Unassigned};
use crate::core::state::{Problem, SessionState};

/// Everything of that kind there is to say of a session.
pub(super) fn notices(scene: &Scene<'_>, session: &SessionState, view: View, html: &mut Html) {
    if matches!(view, View::Ended) {
        return;
    }
    let in_a_round = matches!(
        view,
        View::Rest { .. } | View::Wanted { .. } | View::Spacing { .. } | View::Attest | View::Settling
    );
    let mut lines = Vec::new();
    if in_a_round {
        if has(session, "validity_over") {
            lines.push(scene.texts.validity_over.clone());
        }
        lines.extend(sessions::limits(scene, session));
    }
    if let Some(not_counted) = &session.notes.not_counted
        && in_a_round
    {
        lines.push(why_not_counted(scene, not_counted));
    }
    if let Some(unassigned) = session
        .notes
        .unassigned
        .as_ref()
        .filter(|unassigned| !unassigned.crisis)
    {
        lines.push(whose(scene, unassigned));
    }
    for line in lines {
        notice(html, "reading", "info", &line);
    }
    troubles(scene, html);
}

/// What is amiss with the box.
pub(super) fn troubles(scene: &Scene<'_>, html: &mut Html) {
    let texts = scene.texts;
    let has = |any: &[Problem]| any.iter().any(|problem| scene.state.problems.contains(problem));
    let contact = [("contact", scene.clinic_contact())];
    let candidates = [
        (
            has(&[Problem::AdapterLost, Problem::BondLost, Problem::CuffUnreachable]),
            said(&texts.cuff_unheard, &contact),
        ),
        (has(&[Problem::ClockUnsynchronized]), texts.clock_unknown.clone()),
        (has(&[Problem::StoreUnavailable]), said(&texts.store_full, &contact)),
        (
            has(&[Problem::BrokerUnreachable, Problem::NoSubscriber]),
            texts.clinic_unreachable.clone(),
        ),
    ];
    for (_, line) in candidates.into_iter().filter(|(holds, _)| *holds) {
        notice(html, "trouble", "unplugged", &line);
    }
}

fn notice(html: &mut Html, kind: &'static str, drawn: &'static str, line: &str) {
    let class = format!("notice {kind}");
    html.tag("p", &[("class", &class)], |html| {
        symbol::draw(html, drawn);
        html.line("span", &[], line);
    });
}

/// The first cause that somebody can do something about.
fn why_not_counted(scene: &Scene<'_>, not_counted: &NotCounted) -> String {
    let texts = scene.texts;
    let causes = [
        (&["body_movement"][..], &texts.moved),
        (&["cuff_too_loose"], &texts.loose),
        (&["improper_position"], &texts.position),
        (
            &["measurement_error", "implausible", "unexpected_length"],
            &texts.not_measured,
        ),
        (
            &["pulse_rate_missing", "pulse_rate_range", "irregular_pulse"],
            &texts.not_measured,
        ),
        (
            &["first_session_history", "stale", "undated", "future_dated"],
            &texts.older,
        ),
        (&["too_soon", "rest_incomplete"], &texts.too_early),
        (&["discarded_first"], &texts.practice),
    ];
    let given = |code: &&str| not_counted.reasons.iter().any(|reason| code_of(reason) == *code);
    let cause = causes.iter().find(|(codes, _)| codes.iter().any(given));
    cause.map_or(&texts.not_used, |(_, line)| line).clone()
}

fn whose(scene: &Scene<'_>, unassigned: &Unassigned) -> String {
    match (unassigned.user_id, unassigned.own_user_ids.is_empty()) {
        (Some(button), false) if button != u8::MAX => {
            let own: Vec<String> = unassigned.own_user_ids.iter().map(u8::to_string).collect();
            let values = [("button", button.to_string()), ("own", own.join(" / "))];
            said(
                &scene.texts.other_button,
                &values.each_ref().map(|(slot, value)| (*slot, value.as_str())),
            )
        }
        _ => scene.texts.somebody_else.clone(),
    }
}
