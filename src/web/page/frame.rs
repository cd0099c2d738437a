//! What stands around the answer.

use super::super::Site;
use super::super::html::Html;
use super::{Scene, Whole, clock_time, contacts, said, session, sessions, symbol};
use crate::text::Texts;

/// How a language calls itself.
const NAMES: [(&str, &str); 3] = [("en", "English"), ("es", "Español"), ("de", "Deutsch")];

/// The page.
pub(super) fn page(scene: &Scene<'_>) -> String {
    let texts = scene.texts;
    document(scene.language, &texts.title, Script::Follows, |html| {
        contacts(html, texts, scene.site.contacts.as_ref());
        html.tag("main", &[], |html| {
            html.line("h1", &[("class", "unseen")], &texts.title);
            html.tag("noscript", &[], |html| {
                let source = format!("/answer?lang={}", scene.language);
                html.line("iframe", &[("src", &source), ("title", &texts.title)], "");
                html.line("p", &[("class", "hint")], &texts.no_script);
            });
            // Shown by the script that keeps it true.
            html.tag("div", &[("id", "now"), ("hidden", "")], |html| sessions(scene, html));
            html.line("p", &[("id", "told"), ("class", "told"), ("role", "status")], "");
            html.line("p", &[("id", "say"), ("class", "unseen"), ("aria-live", "polite")], "");
            html.line(
                "p",
                &[("id", "shout"), ("class", "unseen"), ("aria-live", "assertive")],
                "",
            );
        });
        footer(scene, html);
        html.tag("template", &[("id", "lost")], |html| {
            lost(texts, &texts.lost_headline, html)
        });
        html.tag("template", &[("id", "over")], |html| {
            lost(texts, &texts.over_headline, html)
        });
    })
}

/// The answer for browsers without script. After 15 s without a new one its looks take it back.
pub(super) fn answer(scene: &Scene<'_>) -> String {
    let texts = scene.texts;
    document(scene.language, &texts.title, Script::RenewsItself, |html| {
        html.tag("main", &[("class", "frame")], |html| {
            html.line("h1", &[("class", "unseen")], &texts.title);
            html.tag("div", &[("class", "fresh")], |html| {
                sessions(scene, html);
                let time = scene
                    .now
                    .to_zoned(scene.site.zone.clone())
                    .strftime("%H:%M:%S")
                    .to_string();
                html.line("p", &[("class", "hint")], &said(&texts.as_of, &[("time", &time)]));
            });
            html.tag("div", &[("class", "stale")], |html| {
                lost(texts, &texts.lost_headline, html)
            });
        });
    })
}

/// Where the access code is asked for.
pub(super) fn entrance(site: &Site, language: &str, texts: &Texts) -> String {
    document(language, &texts.title, Script::Enters, |html| {
        contacts(html, texts, site.contacts.as_ref());
        html.tag("main", &[], |html| {
            html.tag("form", &[("id", "entrance"), ("class", "session none")], |html| {
                html.tag("div", &[("class", "words")], |html| {
                    html.tag("div", &[("class", "top")], |html| symbol::draw(html, "key"));
                    html.line("h1", &[], &texts.code_headline);
                    html.line("p", &[("class", "lead")], &texts.code_below);
                    html.tag("p", &[("class", "field")], |html| {
                        html.line("label", &[("for", "code")], &texts.code_label);
                        let field = [
                            ("id", "code"),
                            ("name", "code"),
                            ("inputmode", "numeric"),
                            ("autocomplete", "one-time-code"),
                            ("required", ""),
                            ("autofocus", ""),
                        ];
                        html.open("input", &field);
                    });
                    html.line("button", &[("class", "act"), ("type", "submit")], &texts.code_button);
                    let told = [
                        ("id", "told"),
                        ("class", "told"),
                        ("role", "alert"),
                        ("data-wrong", &texts.code_wrong),
                        ("data-shut", &texts.code_shut),
                    ];
                    html.line("p", &told, "");
                    html.tag("noscript", &[], |html| {
                        html.line("p", &[("class", "hint")], &texts.code_no_script)
                    });
                });
            });
        });
    })
}

/// What a document has its script for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Follows,
    RenewsItself,
    Enters,
}

fn document(language: &str, title: &str, script: Script, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>");
    html.tag("html", &[("lang", language)], |html| {
        html.tag("head", &[], |html| {
            html.raw(
                "<meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
            );
            html.raw("<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex\">");
            html.line("title", &[], title);
            html.raw(
                "<link rel=\"icon\" href=\"/assets/icon.svg\"><link rel=\"stylesheet\" href=\"/assets/page.css\">",
            );
            match script {
                Script::Follows => html.raw("<script src=\"/assets/page.js\" defer></script>"),
                Script::Enters => html.raw("<script src=\"/assets/code.js\" defer></script>"),
                Script::RenewsItself => html.raw("<meta http-equiv=\"refresh\" content=\"10\">"),
            }
        });
        html.tag("body", &[], body);
    });
    html.finish()
}

fn footer(scene: &Scene<'_>, html: &mut Html) {
    let texts = scene.texts;
    html.tag("footer", &[("class", "age")], |html| {
        html.tag("p", &[("class", "clock")], |html| {
            html.line("span", &[("class", "unseen")], &texts.time);
            html.raw(" ");
            html.line("time", &[("id", "clock")], &clock_time(&scene.site.zone, scene.now));
        });
        let age = [
            ("id", "age"),
            ("data-fresh", texts.up_to_date.as_str()),
            ("data-ago", texts.heard_ago.as_str()),
            ("data-refused", texts.button_refused.as_str()),
            ("data-wrong", texts.code_wrong.as_str()),
            ("data-shut", texts.code_shut.as_str()),
        ];
        html.line("p", &age, &texts.up_to_date);
        languages(scene, html);
    });
}

fn languages(scene: &Scene<'_>, html: &mut Html) {
    if scene.site.more_languages.is_empty() {
        return;
    }
    html.tag(
        "nav",
        &[("class", "languages"), ("aria-label", &scene.texts.languages)],
        |html| {
            for (tag, _) in scene.site.languages() {
                let name = NAMES
                    .iter()
                    .find(|(known, _)| known == tag)
                    .map_or(tag.as_str(), |(_, name)| name);
                let (link, current) = (format!("/?lang={tag}"), (tag == scene.language).to_string());
                let attributes = [("href", link.as_str()), ("lang", tag), ("aria-current", &current)];
                html.line("a", &attributes, name);
            }
        },
    );
}

/// Nothing is known now: so nothing is ready.
fn lost(texts: &Texts, headline: &str, html: &mut Html) {
    html.tag("section", &[("class", "session lost")], |html| {
        html.tag("div", &[("class", "words")], |html| {
            html.tag("div", &[("class", "top")], |html| symbol::draw(html, "unplugged"));
            session::heading(html, headline);
            html.line("p", &[("class", "lead")], &texts.lost_below);
        });
        html.tag("div", &[("class", "beside")], |html| {
            html.tag("div", &[("class", "big")], |html| symbol::draw(html, "unplugged"));
        });
    });
}

impl Scene<'_> {
    /// A time that something holds until: told a little early rather than late.
    pub(super) fn until(&self, time: jiff::Timestamp) -> String {
        self.time(time, Whole::Before)
    }

    /// A time that something is allowed from.
    pub(super) fn from(&self, time: jiff::Timestamp) -> String {
        self.time(time, Whole::After)
    }
}
