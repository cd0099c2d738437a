//! What the page says, line by line, in each language (contract 5).
//!
//! Three languages are shipped. A clinic's file changes single lines of them, or brings another language: what that leaves
//! out is said in English, but for the lines of an emergency and a crisis, which it must have.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::{Table, Value};

/// The languages that come with cuffd.
pub const SHIPPED: [&str; 3] = ["en", "es", "de"];

const ENGLISH: &str = include_str!("en.toml");
const SPANISH: &str = include_str!("es.toml");
const GERMAN: &str = include_str!("de.toml");

/// Without these a page could leave somebody alone: each with what must be filled in there.
const NEEDED: [(&str, &str); 4] = [
    ("emergency", "{number}"),
    ("questions", "{contact}"),
    ("crisis_headline", ""),
    ("crisis_call", "{number}"),
];

/// The table of the check-list's items.
const ITEMS: &str = "attest";

macro_rules! texts {
    ($($line:ident)*) => {
        /// Every line of one language. What each says stands in `en.toml`.
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "en.toml says what each line is for by saying it")]
        pub struct Texts {
            $(pub $line: String,)*
            pub attest: BTreeMap<String, String>,
        }
    };
}

texts! {
    title emergency questions languages time up_to_date heard_ago as_of none_headline none_clinic none_press
    none_for button_open rest_headline rest_first rest_how wanted_headline wanted_reading wanted_pressure
    wanted_measuring spacing_headline spacing_next attest_headline attest_list attest_code attest_code_why
    ready_headline ready_companion button_started started_headline started_companion blocked_headline limit_above
    limit_above_values limit_below limit_below_values pulse_above pulse_above_values pulse_below pulse_below_values
    blocked_cuff blocked_next referred_headline referred_pulse message_not_sent message_sent message_received
    crisis_headline crisis_call crisis_other ended_headline settling_headline validity_over lost_headline lost_below
    over_headline moved loose position too_early older practice not_measured not_used other_button somebody_else
    clinic_unreachable clock_unknown cuff_unheard store_full not_today not_today_why button_close readings_heading
    readings_row readings_unused drawing button_refused code_wrong code_shut no_script code_headline code_below
    code_label code_button code_no_script
    pairing_headline pairing_below passkey_headline passkey_below passkey_label passkey_button
}

/// Why a clinic's file of texts is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// It does not parse.
    #[error("is no TOML: {0}")]
    NotToml(String),
    /// The page has no such line.
    #[error("has a line {0} that the page does not have")]
    Unknown(String),
    /// A line is no text, or an empty one.
    #[error("has a line {0} that says nothing")]
    Empty(String),
    /// A line without which somebody could be left alone.
    #[error("lacks the line {line}{}", if needs.is_empty() { String::new() } else { format!(" with {needs} in it") })]
    Lacks {
        /// Which.
        line: &'static str,
        /// What must stand in it.
        needs: &'static str,
    },
}

/// The texts of a language, with a clinic's own lines in place of the shipped ones.
///
/// # Errors
/// Says what is wrong with the clinic's file.
pub fn read(language: &str, own: Option<&str>) -> Result<Texts, TextError> {
    let own: Table = own.unwrap_or_default().parse().map_err(not_toml)?;
    let shipped = match language {
        "en" => Some(ENGLISH),
        "es" => Some(SPANISH),
        "de" => Some(GERMAN),
        _ => None,
    };
    for (line, needs) in NEEDED {
        let is_there = own
            .get(line)
            .map(|said| said.as_str().is_some_and(|said| said.contains(needs)));
        if !is_there.unwrap_or(shipped.is_some()) {
            return Err(TextError::Lacks { line, needs });
        }
    }
    let mut lines: Table = shipped.unwrap_or(ENGLISH).parse().map_err(not_toml)?;
    for (line, said) in own {
        change(&mut lines, line, said)?;
    }
    Texts::deserialize(lines).map_err(not_toml)
}

/// Puts a clinic's line in the place of the shipped one.
fn change(lines: &mut Table, line: String, said: Value) -> Result<(), TextError> {
    match (lines.get_mut(&line), said) {
        (None, _) => Err(TextError::Unknown(line)),
        (Some(Value::Table(items)), Value::Table(own)) if line == ITEMS => {
            for (item, said) in own {
                if !says_something(&said) {
                    return Err(TextError::Empty(format!("{ITEMS}.{item}")));
                }
                items.insert(item, said);
            }
            Ok(())
        }
        (Some(shipped), said) if shipped.is_str() && says_something(&said) => {
            *shipped = said;
            Ok(())
        }
        (Some(_), _) => Err(TextError::Empty(line)),
    }
}

fn says_something(said: &Value) -> bool {
    said.as_str().is_some_and(|said| !said.trim().is_empty())
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn not_toml(error: toml::de::Error) -> TextError {
    TextError::NotToml(error.message().to_owned())
}

impl Texts {
    /// What an item of the check-list says: the clinic's words, or its name as a last resort.
    #[must_use]
    pub fn item(&self, item: &str) -> String {
        self.attest.get(item).cloned().unwrap_or_else(|| item.replace('_', " "))
    }
}

/// A piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Said as it stands.
    Text(&'a str),
    /// To be filled in.
    Slot(&'a str),
}

/// A line in its pieces. A brace that is not closed is text.
#[must_use]
pub fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((slot, behind)) = after.split_once('}') else {
            break;
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Slot(slot));
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// A line with its slots filled; one without a value keeps its braces.
#[must_use]
pub fn fill(line: &str, values: &[(&str, &str)]) -> String {
    let value = |name: &str| values.iter().find(|(slot, _)| *slot == name).map(|(_, value)| *value);
    let mut text = String::with_capacity(line.len());
    for piece in pieces(line) {
        match piece {
            Piece::Text(said) => text.push_str(said),
            Piece::Slot(name) => match value(name) {
                Some(value) => text.push_str(value),
                None => text.extend(["{", name, "}"]),
            },
        }
    }
    text
}

#[cfg(test)]
mod tests;
