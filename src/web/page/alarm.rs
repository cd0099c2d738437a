//! The clinic's own words at a crisis reading, with the number as a large button. Nothing flashes and nothing sounds.

use super::super::html::Html;
use super::super::view::{View, has};
use super::{Scene, said, session, symbol, tel};
use crate::core::state::SessionState;

/// What is shown where a reading was at a crisis limit, whosever it was.
pub(super) fn alarm(scene: &Scene<'_>, of: &SessionState, view: View, html: &mut Html) {
    let is_own = view == View::Crisis || (matches!(view, View::Started { .. }) && has(of, "crisis"));
    let is_somebody_elses = of.notes.unassigned.as_ref().is_some_and(|unassigned| unassigned.crisis);
    if !is_own && !is_somebody_elses {
        return;
    }
    html.tag("div", &[("class", "alarm"), ("data-alarm", "")], |html| {
        if view != View::Crisis {
            let heading = if is_own {
                &scene.texts.crisis_headline
            } else {
                &scene.texts.crisis_other
            };
            html.line("p", &[("class", "alarming")], heading);
        }
        html.line("p", &[("class", "lead")], crisis_text(scene));
        let number = scene.emergency_number();
        html.tag("a", &[("class", "call"), ("href", &tel(number))], |html| {
            symbol::draw(html, "phone");
            html.text(&said(&scene.texts.crisis_call, &[("number", number)]));
        });
        if is_own
            && view != View::Crisis
            && let Some(message) = session::message(scene, of)
        {
            html.line("p", &[], &message);
        }
    });
}

fn crisis_text<'a>(scene: &Scene<'a>) -> &'a str {
    let contacts = scene.site.contacts.as_ref();
    let texts = contacts.map(|contacts| &contacts.crisis_text);
    let text = texts.and_then(|texts| texts.get(scene.language).or_else(|| texts.values().next()));
    text.map_or("", String::as_str)
}
