//! The script, the looks and the icon: they hold nothing of anybody.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

const FILES: [(&str, &str, &str); 4] = [
    ("page.css", "text/css; charset=utf-8", include_str!("assets/page.css")),
    (
        "page.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/page.js"),
    ),
    (
        "code.js",
        "text/javascript; charset=utf-8",
        include_str!("assets/code.js"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("assets/icon.svg")),
];

/// Asked for anew after this: an update of the gateway must not meet the looks of the one before for long.
const KEPT: &str = "private, max-age=60";

/// One of them.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, KEPT)], *text).into_response()
}
