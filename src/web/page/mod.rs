//! The page: whom to call, always; how each session stands; what there is to do, one thing at a time (contract 5).
//!
//! Without script the answer is a frame that renews itself; with it the same answer stands in the page and follows the events.

mod alarm;
mod chart;
mod checklist;
mod drawing;
mod frame;
mod notices;
mod pairing;
mod session;
mod symbol;

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Html as Answer;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::html::Html;
use super::language;
use super::recent::{self, Recent};
use super::router::Served;
use super::{Contacts, Site};
use crate::clock;
use crate::core::name::Name;
use crate::core::state;
use crate::text::{Piece, Texts, fill, pieces};

/// What may be asked of a page.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    /// A language by name.
    lang: Option<String>,
    /// The answer alone, for the script.
    part: Option<String>,
}

/// All that a page is made of.
struct Scene<'a> {
    site: &'a Site,
    language: &'a str,
    texts: &'a Texts,
    state: &'a state::State,
    now: Timestamp,
    /// The last readings of each session, in the order of the state.
    recent: Vec<Vec<Recent>>,
}

/// Which way a time is brought to a whole minute: nobody is to come too early, nor to start too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whole {
    Before,
    After,
}

impl Scene<'_> {
    fn time(&self, time: Timestamp, whole: Whole) -> String {
        let minute = 60;
        let beyond = time.as_second().rem_euclid(minute) != 0 || time.subsec_nanosecond() != 0;
        let up = whole == Whole::After && beyond;
        let time = if up {
            time.saturating_add(SignedDuration::from_secs(minute)).unwrap_or(time)
        } else {
            time
        };
        clock_time(&self.site.zone, time)
    }

    fn emergency_number(&self) -> &str {
        self.site
            .contacts
            .as_ref()
            .map_or("", |contacts| &contacts.emergency_number)
    }

    fn clinic_contact(&self) -> &str {
        self.site
            .contacts
            .as_ref()
            .map_or("", |contacts| &contacts.clinic_contact)
    }

    fn label(&self, patient: &Name) -> String {
        let label = self.site.labels.get(patient);
        label.map_or_else(|| patient.to_string(), |label| label.expose().clone())
    }
}

/// A time of day, as people in this house read it.
pub(super) fn clock_time(zone: &TimeZone, time: Timestamp) -> String {
    time.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

/// The whole page.
pub(super) async fn whole(State(served): State<Served>, uri: Uri, headers: HeaderMap) -> Answer<String> {
    let asked = asked(&uri);
    let (site, state) = (Arc::clone(&served.site), served.state());
    let scene = scene(&site, &state, &asked, &headers).await;
    Answer(frame::page(&scene))
}

/// The answer: for the script the part that changes, else a frame of its own.
pub(super) async fn answer(State(served): State<Served>, uri: Uri, headers: HeaderMap) -> Answer<String> {
    let asked = asked(&uri);
    let (site, state) = (Arc::clone(&served.site), served.state());
    let scene = scene(&site, &state, &asked, &headers).await;
    if asked.part.is_none() {
        return Answer(frame::answer(&scene));
    }
    let mut html = Html::default();
    sessions(&scene, &mut html);
    Answer(html.finish())
}

/// Asks for the access code. Whom to call stands here too.
pub(super) fn entrance(site: &Site, request: &Request) -> Answer<String> {
    let asked = asked(request.uri());
    let (language, texts) = language::texts(site, asked.lang.as_deref(), request.headers());
    Answer(frame::entrance(site, language, texts))
}

/// Whatever is asked, whom to call is told.
fn asked(uri: &Uri) -> Asked {
    Query::try_from_uri(uri).map_or_else(|_| Asked::default(), |Query(asked)| asked)
}

async fn scene<'a>(site: &'a Site, state: &'a state::State, asked: &Asked, headers: &HeaderMap) -> Scene<'a> {
    let (language, texts) = language::texts(site, asked.lang.as_deref(), headers);
    let mut recent = Vec::new();
    if let (Some(store), true) = (&site.store, site.show_values) {
        for session in &state.sessions {
            recent.push(recent::of(store, session).await);
        }
    }
    Scene {
        site,
        language,
        texts,
        state,
        now: clock::wall(),
        recent,
    }
}

/// Every session, or that there is none.
fn sessions(scene: &Scene<'_>, html: &mut Html) {
    pairing::pairing(scene, html);
    let is_open = |session: &&state::SessionState| session.is_open();
    let any_open = scene.state.has_open_session();
    let none = Vec::new();
    for (place, one) in scene.state.sessions.iter().enumerate() {
        // One that has ended is shown until the next is open.
        if is_open(&one) || !any_open {
            session::session(scene, one, scene.recent.get(place).unwrap_or(&none), html);
        }
    }
    if scene.state.sessions.is_empty() {
        // One thing to do at a time.
        if scene.state.pairing.is_none() {
            session::nobody(scene, html);
        }
    } else if !any_open {
        session::next(scene, html);
    }
}

/// A line with a telephone number in it, which can be called from a telephone.
fn line_with_number(html: &mut Html, line: &str, slot: &str, number: &str) {
    for piece in pieces(line) {
        match piece {
            Piece::Text(text) => html.text(text),
            Piece::Slot(name) if name == slot => html.line("a", &[("href", &tel(number)), ("class", "number")], number),
            Piece::Slot(_) => {}
        }
    }
}

/// A link to a number: its digits as far as they belong together. What follows a comma or a bracket is no number.
fn tel(number: &str) -> String {
    let end = number.find([',', ';', '(', '/']).unwrap_or(number.len());
    let number = number.get(..end).unwrap_or(number);
    let dialled = number
        .chars()
        .filter(|character| character.is_ascii_digit() || *character == '+');
    format!("tel:{}", dialled.collect::<String>())
}

/// Whom to call: the first thing on every page.
fn contacts(html: &mut Html, texts: &Texts, contacts: Option<&Contacts>) {
    let Some(contacts) = contacts else { return };
    html.tag("header", &[("class", "contacts")], |html| {
        html.tag("p", &[("class", "emergency")], |html| {
            symbol::draw(html, "phone");
            html.tag("strong", &[], |html| {
                line_with_number(html, &texts.emergency, "number", &contacts.emergency_number);
            });
        });
        html.tag("p", &[("class", "questions")], |html| {
            line_with_number(html, &texts.questions, "contact", &contacts.clinic_contact);
        });
    });
}

/// A line with its slots filled.
fn said(line: &str, values: &[(&str, &str)]) -> String {
    fill(line, values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_called_is_the_number_alone() {
        for (contact, link) in [
            ("112", "tel:112"),
            ("+49 30 555-0100, Mo-Fr 8-17", "tel:+49305550100"),
            ("555-0100 (8 to 17)", "tel:5550100"),
        ] {
            assert_eq!(tel(contact), link);
        }
    }
}
