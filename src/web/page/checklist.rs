//! The companion's check-list. Everything on it can be unticked.

use super::super::html::Html;
use super::Scene;
use crate::core::state::SessionState;

/// What is the companion's to confirm begins so.
const COMPANIONS: &str = "companion_";

/// The list, as the one thing to do.
pub(super) fn open(scene: &Scene<'_>, session: &SessionState, html: &mut Html) {
    list(scene, session, html);
}

/// The list folded up: it can be seen to at any time, and is in nobody's way.
pub(super) fn folded(scene: &Scene<'_>, session: &SessionState, html: &mut Html) {
    if session.attestations.is_empty() {
        return;
    }
    let id = format!("list-{}", session.told.session);
    let (all, held) = (
        session.attestations.len(),
        session.attestations.iter().filter(|item| item.holds).count(),
    );
    html.tag("details", &[("class", "list"), ("id", &id)], |html| {
        html.line("summary", &[], &format!("{} ({held}/{all})", scene.texts.attest_list));
        list(scene, session, html);
    });
}

fn list(scene: &Scene<'_>, session: &SessionState, html: &mut Html) {
    let path = format!("/api/v1/sessions/{}/attestations", session.told.session);
    html.tag("fieldset", &[("class", "items")], |html| {
        html.line("legend", &[("class", "unseen")], &scene.texts.attest_list);
        for item in &session.attestations {
            let name = item.item.as_str();
            let asks_code = name.starts_with(COMPANIONS) && scene.site.companion_code.is_some();
            let id = format!("{}-{name}", session.told.session);
            let code = format!("code-{id}");
            html.tag("div", &[("class", "item")], |html| {
                let mut attributes = vec![
                    ("type", "checkbox"),
                    ("id", id.as_str()),
                    ("data-attest", path.as_str()),
                    ("data-item", name),
                ];
                if asks_code {
                    attributes.push(("data-code", &code));
                }
                if item.holds {
                    attributes.push(("checked", ""));
                }
                html.open("input", &attributes);
                html.line("label", &[("for", &id)], &scene.texts.item(name));
                if asks_code && !item.holds {
                    code_field(scene, &code, html);
                }
            });
        }
    });
}

fn code_field(scene: &Scene<'_>, id: &str, html: &mut Html) {
    html.tag("p", &[("class", "field")], |html| {
        html.line("span", &[], &scene.texts.attest_code_why);
        html.raw(" ");
        html.line("label", &[("for", id)], &scene.texts.attest_code);
        let field = [
            ("id", id),
            ("type", "password"),
            ("inputmode", "numeric"),
            ("autocomplete", "off"),
        ];
        html.open("input", &field);
    });
}
