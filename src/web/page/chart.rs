//! The last readings as a small chart, for the companion.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::html::Html;
use super::super::recent::{Recent, shown};
use super::{Scene, said};

/// Pressures that the chart has room for.
const LOWEST: i64 = 40;
const HIGHEST: i64 = 200;

/// Width of a reading's column, and the height between lowest and highest.
const COLUMN: i64 = 64;
const HEIGHT: i64 = 150;
/// Above and below it stand the numbers, and under these the time.
const MARGIN: i64 = 26;

/// The chart, and the same in words for who does not see it.
pub(super) fn chart(scene: &Scene<'_>, recent: &[Recent], html: &mut Html) {
    if recent.is_empty() {
        return;
    }
    html.tag("figure", &[("class", "chart")], |html| {
        html.line("figcaption", &[], &scene.texts.readings_heading);
        html.tag("ul", &[("class", "unseen")], |html| {
            for reading in recent {
                html.line("li", &[], &in_words(scene, reading));
            }
        });
        let width = COLUMN * i64::try_from(recent.len()).unwrap_or(1);
        let view = format!("0 0 {width} {}", HEIGHT + 3 * MARGIN);
        html.tag("svg", &[("viewBox", &view), ("aria-hidden", "true")], |html| {
            for (place, reading) in (0_i64..).zip(recent) {
                column(scene, place * COLUMN + COLUMN / 2, reading, html);
            }
        });
    });
}

fn in_words(scene: &Scene<'_>, reading: &Recent) -> String {
    let values = [
        ("time", scene.until(reading.at)),
        ("systolic", shown(reading.systolic)),
        ("diastolic", shown(reading.diastolic)),
    ];
    let values = values.each_ref().map(|(slot, value)| (*slot, value.as_str()));
    let line = said(&scene.texts.readings_row, &values);
    if reading.counted {
        line
    } else {
        format!("{line} ({})", scene.texts.readings_unused)
    }
}

fn column(scene: &Scene<'_>, x: i64, reading: &Recent, html: &mut Html) {
    let (top, bottom) = (height(reading.systolic), height(reading.diastolic));
    let class = if reading.counted { "bar" } else { "bar unused" };
    let (at, from, to) = (x.to_string(), top.to_string(), bottom.to_string());
    let line = [
        ("class", class),
        ("x1", at.as_str()),
        ("x2", at.as_str()),
        ("y1", from.as_str()),
        ("y2", to.as_str()),
    ];
    html.line("line", &line, "");
    text(x, top - 14, "value", &shown(reading.systolic), html);
    text(x, bottom + 26, "value", &shown(reading.diastolic), html);
    text(x, HEIGHT + 3 * MARGIN - 4, "when", &scene.until(reading.at), html);
}

fn text(x: i64, y: i64, class: &str, said: &str, html: &mut Html) {
    let (x, y) = (x.to_string(), y.to_string());
    html.line("text", &[("class", class), ("x", &x), ("y", &y)], said);
}

/// How far down a pressure stands.
fn height(pressure: Decimal) -> i64 {
    let pressure = pressure.round().to_i64().unwrap_or(LOWEST).clamp(LOWEST, HIGHEST);
    MARGIN + (HIGHEST - pressure) * HEIGHT / (HIGHEST - LOWEST)
}
