//! Lines on a terminal or in a file: wrapped at 80 columns, coloured and redrawn only where that is wanted.

use std::ffi::OsStr;
use std::io::{self, Write};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::{Line, Tone};

/// The widest line.
const COLUMNS: usize = 80;
/// How far in the text begins; the tag stands before it.
const INDENT: usize = 11;
/// How much pressure one character of the bar stands for.
const MMHG_A_CHARACTER: usize = 4;

/// What the place that is written to can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A file or a pipe: plain lines.
    Plain,
    /// A terminal of somebody who wants no colour.
    Redraw,
    /// A terminal.
    Colour,
}

impl Look {
    /// What suits an output that is a terminal or not, under the environment's `NO_COLOR` and `TERM`.
    #[must_use]
    pub fn of(is_terminal: bool, no_color: Option<&OsStr>, term: Option<&OsStr>) -> Self {
        if !is_terminal || term.is_some_and(|term| term == "dumb") {
            return Self::Plain;
        }
        // https://no-color.org: present and not empty, whatever its value.
        match no_color {
            Some(value) if !value.is_empty() => Self::Redraw,
            _ => Self::Colour,
        }
    }
}

/// Writes lines.
#[derive(Debug)]
pub struct Printer<W> {
    out: W,
    look: Look,
    bar: Option<Bar>,
}

/// A measurement being watched.
#[derive(Debug, Clone, Copy)]
struct Bar {
    highest: Decimal,
    last: Decimal,
}

impl<W: Write> Printer<W> {
    /// Writes to `out`.
    pub const fn new(out: W, look: Look) -> Self {
        Self { out, look, bar: None }
    }

    /// Writes one line, wrapped.
    ///
    /// # Errors
    /// Those of the output.
    pub fn line(&mut self, line: &Line) -> io::Result<()> {
        self.end_bar()?;
        for (index, part) in wrap(&line.text, COLUMNS - INDENT).into_iter().enumerate() {
            let tag = if index == 0 { line.tag.as_str() } else { "" };
            let code = if tag.is_empty() { "" } else { code_of(line.tone) };
            let (begin, end) = self.paint(code);
            writeln!(self.out, "{begin}{tag:<width$}{end}{part}", width = INDENT)?;
        }
        self.verbatim(line.verbatim.as_deref())?;
        self.out.flush()
    }

    fn verbatim(&mut self, text: Option<&str>) -> io::Result<()> {
        let (begin, end) = self.paint(DIM);
        for line in text
            .into_iter()
            .flat_map(str::lines)
            .flat_map(|line| cut(line, COLUMNS - INDENT))
        {
            writeln!(self.out, "{:INDENT$}{begin}{line}{end}", "")?;
        }
        Ok(())
    }

    /// Shows the pressure in the cuff: a bar that is redrawn, or one line when it is over.
    ///
    /// # Errors
    /// Those of the output.
    pub fn pressure(&mut self, pressure: Decimal) -> io::Result<()> {
        let highest = self.bar.map_or(pressure, |bar| bar.highest.max(pressure));
        self.bar = Some(Bar {
            highest,
            last: pressure,
        });
        if self.look == Look::Plain {
            return Ok(());
        }
        let filled = pressure.to_usize().unwrap_or(0) / MMHG_A_CHARACTER;
        let filled = filled.min(COLUMNS - INDENT - 10);
        let (begin, end) = self.paint(BAR);
        // Erase to the end of the line, so that a shorter bar leaves nothing of a longer one.
        write!(
            self.out,
            "\r{:<INDENT$}{begin}{:=<filled$}{end} {pressure} mmHg\x1b[K",
            "pressure", ""
        )?;
        self.out.flush()
    }

    fn end_bar(&mut self) -> io::Result<()> {
        let Some(Bar { highest, last }) = self.bar.take() else {
            return Ok(());
        };
        match self.look {
            Look::Plain => {
                let text = format!("up to {highest} mmHg and down to {last}");
                writeln!(self.out, "{:<INDENT$}{text}", "pressure")
            }
            Look::Redraw | Look::Colour => writeln!(self.out),
        }
    }

    fn paint(&self, code: &'static str) -> (&'static str, &'static str) {
        match self.look {
            Look::Colour if !code.is_empty() => (code, "\x1b[0m"),
            Look::Colour | Look::Plain | Look::Redraw => ("", ""),
        }
    }
}

const DIM: &str = "\x1b[2m";
const BAR: &str = "\x1b[36m";

const fn code_of(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "\x1b[1m",
        Tone::Good => "\x1b[1;32m",
        Tone::Attention => "\x1b[1;33m",
        Tone::Aside => "",
    }
}

/// `text` in lines of at most `columns` characters, broken at spaces; a longer word has a line for itself.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &&mut String| line.chars().count() + 1 + word.chars().count() <= columns;
        match lines.last_mut().filter(fits) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text` in pieces of at most `columns` characters, wherever that falls.
fn cut(text: &str, columns: usize) -> Vec<String> {
    let characters: Vec<_> = text.chars().collect();
    characters.chunks(columns).map(String::from_iter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(look: Look, write: impl FnOnce(&mut Printer<&mut Vec<u8>>)) -> String {
        let mut out = Vec::new();
        write(&mut Printer::new(&mut out, look));
        String::from_utf8(out).expect("text")
    }

    fn long() -> Line {
        Line::new("reading", "word ".repeat(40), Tone::Good)
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = printed(Look::Plain, |printer| {
            printer.line(&long()).expect("a vector takes all")
        });
        assert!(text.lines().count() > 2);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert!(text.starts_with("reading    word word"), "{text}");
        assert_eq!(text.split_whitespace().filter(|word| *word == "word").count(), 40);
    }

    #[test]
    fn only_a_terminal_gets_colour_and_only_if_it_may() {
        for (is_terminal, no_color, term, look) in [
            (false, None, None, Look::Plain),
            (true, None, None, Look::Colour),
            (true, None, Some("xterm"), Look::Colour),
            (true, None, Some("dumb"), Look::Plain),
            (true, Some(""), None, Look::Colour),
            (true, Some("1"), None, Look::Redraw),
            (false, Some("1"), None, Look::Plain),
        ] {
            let found = Look::of(is_terminal, no_color.map(OsStr::new), term.map(OsStr::new));
            assert_eq!(found, look, "{is_terminal} {no_color:?} {term:?}");
        }
        for (look, coloured) in [(Look::Plain, false), (Look::Redraw, false), (Look::Colour, true)] {
            let text = printed(look, |printer| printer.line(&long()).expect("a vector takes all"));
            assert_eq!(text.contains('\x1b'), coloured, "{look:?}");
        }
    }

    #[test]
    fn a_watched_pressure_is_one_line_in_a_file() {
        let text = printed(Look::Plain, |printer| {
            for pressure in [40, 151, 63] {
                printer.pressure(pressure.into()).expect("a vector takes all");
            }
            printer.line(&Line::aside("done")).expect("a vector takes all");
        });
        assert_eq!(text, "pressure   up to 151 mmHg and down to 63\n           done\n");
    }

    #[test]
    fn a_bar_fits_the_terminal_whatever_the_pressure() {
        for pressure in [0, 150, 2047, -5] {
            let text = printed(Look::Redraw, |printer| {
                printer.pressure(pressure.into()).expect("a vector takes all");
            });
            let shown = text.trim_start_matches('\r').trim_end_matches("\x1b[K");
            assert!(shown.chars().count() <= COLUMNS, "{shown}");
        }
    }

    #[test]
    fn json_below_a_line_keeps_its_lines_and_every_character() {
        let long = "é".repeat(100);
        let line = Line {
            verbatim: Some(format!("a: 1\nb: {long}")),
            ..Line::aside("x")
        };
        let text = printed(Look::Plain, |printer| printer.line(&line).expect("a vector takes all"));
        assert!(
            text.starts_with("           x\n           a: 1\n           b: é"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS), "{text}");
        assert_eq!(text.matches('é').count(), 100);
    }
}
