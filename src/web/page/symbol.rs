//! A symbol beside every word that matters: colour alone says nothing to some.

use super::super::html::Html;
use super::super::view::View;

/// What each is drawn with, on a field of 24 by 24.
const SYMBOLS: [(&str, &str); 13] = [
    (
        "info",
        "<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 11v5M12 8v.01\"/>",
    ),
    (
        "leaf",
        "<path d=\"M5 19C4 10 10 4 20 4c0 10-5 16-13 15M5 20c2-5 5-8 9-10\"/>",
    ),
    (
        "press",
        "<circle cx=\"12\" cy=\"12\" r=\"9\"/><circle cx=\"12\" cy=\"12\" r=\"4\" class=\"full\"/>",
    ),
    ("list", "<path d=\"M4 7l2 2 3-4M4 16l2 2 3-4M13 7h7M13 16h7\"/>"),
    (
        "clock",
        "<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 7v5l3 3\"/>",
    ),
    (
        "check",
        "<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M8 12.5l3 3 5-6\"/>",
    ),
    (
        "sun",
        "<path d=\"M3 17h18M6 17a6 6 0 0 1 12 0M12 4v3M4.5 8.5l2 2M19.5 8.5l-2 2\"/>",
    ),
    (
        "pause",
        "<circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M10 9v6M14 9v6\"/>",
    ),
    (
        "phone",
        "<path d=\"M6 3h3l2 5-2.5 1.5a12 12 0 0 0 6 6L16 13l5 2v3a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z\"/>",
    ),
    ("moon", "<path d=\"M20 14A8.5 8.5 0 1 1 10 4a7 7 0 0 0 10 10z\"/>"),
    (
        "door",
        "<path d=\"M6 21V4h12v17M3 21h18\"/><circle cx=\"15\" cy=\"12.5\" r=\"1\" class=\"full\"/>",
    ),
    (
        "unplugged",
        "<path d=\"M9 3v4M15 3v4M7 7h10v4a5 5 0 0 1-10 0zM12 16v2M12 21v.01\"/>",
    ),
    (
        "key",
        "<circle cx=\"8\" cy=\"15\" r=\"4\"/><path d=\"M11 12l8-8M16 7l3 3\"/>",
    ),
];

/// Which one a view has.
pub(super) const fn of(view: View) -> &'static str {
    match view {
        View::Rest { .. } | View::Spacing { .. } => "leaf",
        View::Wanted { .. } => "press",
        View::Attest => "list",
        View::Settling => "clock",
        View::Ready { .. } => "check",
        View::Started { .. } => "sun",
        View::Blocked { .. } => "pause",
        View::Referred | View::Crisis => "phone",
        View::Ended => "moon",
    }
}

/// Draws one. It is not read out: the words beside it say the same.
pub(super) fn draw(html: &mut Html, name: &str) {
    let drawn = SYMBOLS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or("", |(_, drawn)| drawn);
    html.tag(
        "svg",
        &[("class", "symbol"), ("viewBox", "0 0 24 24"), ("aria-hidden", "true")],
        |html| html.raw(drawn),
    );
}
