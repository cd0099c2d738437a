//! How to sit, and where the cuff goes.

use super::super::html::Html;
use super::Scene;

/// Somebody at a table, from the side: back supported, feet flat, the arm on the table, the cuff at the height of the heart.
const SITTING: &str = include_str!("../assets/sitting.svg");

/// The drawing, with the same in words.
pub(super) fn sitting(scene: &Scene<'_>, html: &mut Html) {
    html.tag(
        "figure",
        &[
            ("class", "sitting"),
            ("role", "img"),
            ("aria-label", &scene.texts.drawing),
        ],
        |html| {
            html.raw(SITTING);
        },
    );
}
