//! An address for a phone's camera: a QR code in half blocks, dark on light whatever the terminal's colours are.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};

/// The light frame that a camera needs, in modules (ISO/IEC 18004: four).
const QUIET: usize = 4;

/// Black on white of the 256 colours: those of the first 16 are the terminal's own idea of black and white.
const BEGIN: &str = "\x1b[38;5;16;48;5;231m";
const END: &str = "\x1b[0m";

/// The code of `text`, and how many columns it takes; `None` if the text is too long for one.
pub(super) fn code(text: &str) -> Option<(String, usize)> {
    // A screen is not torn or stained: the lowest level of correction gives the largest squares.
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let width = code.width();
    let modules = code.to_colors();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < width);
        let (Some(x), Some(y)) = (inside(x), inside(y)) else {
            return false;
        };
        modules.get(y * width + x) == Some(&Color::Dark)
    };
    let all = width + 2 * QUIET;
    let mut lines = String::new();
    for y in (0..all).step_by(2) {
        let line: String = (0..all).map(|x| block(is_dark(x, y), is_dark(x, y + 1))).collect();
        // Writing to a `String` cannot fail.
        let _infallible = writeln!(lines, "{BEGIN}{line}{END}");
    }
    Some((lines, all))
}

/// Two modules, one above the other.
const fn block(upper: bool, lower: bool) -> char {
    match (upper, lower) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "http://raspberrypi.local:8377/#code=12345678";

    /// How many pixels of a screen a module has.
    const PIXELS: usize = 4;

    /// What a camera reads on a screen that shows these lines.
    fn seen(lines: &str) -> String {
        let rows: Vec<Vec<char>> = lines
            .lines()
            .map(|line| {
                let line = line.strip_prefix(BEGIN).and_then(|line| line.strip_suffix(END));
                line.expect("its colours begin and end with the line").chars().collect()
            })
            .collect();
        let is_dark = |x: usize, y: usize| match rows[y / 2][x] {
            '█' => true,
            '▀' => y.is_multiple_of(2),
            '▄' => !y.is_multiple_of(2),
            _ => false,
        };
        let (width, height) = (rows[0].len() * PIXELS, rows.len() * 2 * PIXELS);
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
            if is_dark(x / PIXELS, y / PIXELS) { 0 } else { 255 }
        });
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "{lines}");
        grids[0].decode().expect("a code").1
    }

    #[test]
    fn a_camera_reads_the_address() {
        let (lines, _) = code(ADDRESS).expect("short enough");
        assert_eq!(seen(&lines), ADDRESS);
        let longest = format!("https://{}.local:65535/#code=12345678", "n".repeat(64));
        assert_eq!(seen(&code(&longest).expect("short enough").0), longest);
    }

    #[test]
    fn it_fits_a_terminal_of_the_usual_size() {
        let (lines, width) = code(ADDRESS).expect("short enough");
        let longest = lines
            .lines()
            .map(|line| line.chars().count() - BEGIN.len() - END.len())
            .max();
        assert_eq!(longest, Some(width));
        assert!(width <= 80 && lines.lines().count() <= 22, "{width} columns\n{lines}");
    }

    #[test]
    fn what_is_too_long_has_no_code() {
        assert!(code(&"n".repeat(3000)).is_none());
    }
}
