//! A cuff is being paired: whoever sees its display may enter here what it shows (contract 5, `POST /api/v1/passkey`).

use super::super::html::Html;
use super::session::heading;
use super::{Scene, symbol};

/// The field of the digits.
const FIELD: &str = "passkey";
/// What enters them.
const BUTTON: &str = "passkey-enter";

/// Beside the sessions, while there is one.
pub(super) fn pairing(scene: &Scene<'_>, html: &mut Html) {
    let Some(pairing) = scene.state.pairing else { return };
    let texts = scene.texts;
    let attributes = [("class", "session none pairing"), ("data-view", "pairing")];
    html.tag("section", &attributes, |html| {
        html.tag("div", &[("class", "words")], |html| {
            html.tag("div", &[("class", "top")], |html| symbol::draw(html, "key"));
            if !pairing.passkey_wanted {
                heading(html, &texts.pairing_headline);
                html.line("p", &[("class", "lead")], &texts.pairing_below);
                return;
            }
            heading(html, &texts.passkey_headline);
            html.line("p", &[("class", "lead")], &texts.passkey_below);
            html.tag("p", &[("class", "field")], |html| {
                html.line("label", &[("for", FIELD)], &texts.passkey_label);
                let field = [
                    ("id", FIELD),
                    ("inputmode", "numeric"),
                    ("autocomplete", "off"),
                    ("maxlength", "7"),
                    ("data-enter", BUTTON),
                ];
                html.open("input", &field);
            });
            let button = [
                ("id", BUTTON),
                ("class", "act"),
                ("type", "button"),
                ("data-post", "/api/v1/passkey"),
                ("data-body", "{}"),
                ("data-from", FIELD),
            ];
            html.line("button", &button, &texts.passkey_button);
        });
    });
}
