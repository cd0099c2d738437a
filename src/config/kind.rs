//! The kinds of values that keys may hold: each parser takes one value, or says what it allows.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::time::Duration;

use config::{Map, Value, ValueKind};
use rust_decimal::Decimal;

use super::duration::{self, Written};
use super::size;
use super::source::{is_variable, typed};
use crate::core::name::{LONGEST, LONGEST_OF_GATEWAY, Name, NameError};
use crate::private::Private;

/// What a parser answers.
pub(super) type Parsed<T> = Result<T, Refusal>;

/// Why a parser did not take a value.
#[derive(Debug)]
pub(super) struct Refusal {
    /// What it would take.
    pub(super) allowed: Cow<'static, str>,
    /// What was found, where that is more, or must be less, than the value itself.
    pub(super) found: Option<Cow<'static, str>>,
}

impl Refusal {
    /// Shows the value beside what is allowed.
    pub(super) fn allowed(allowed: impl Into<Cow<'static, str>>) -> Self {
        let allowed = allowed.into();
        Self { allowed, found: None }
    }

    /// Says `found` in place of the value.
    pub(super) fn found(self, found: impl Into<Cow<'static, str>>) -> Self {
        let found = Some(found.into());
        Self { found, ..self }
    }
}

/// The longest piece of a refused text that is shown.
const SHOWN: usize = 60;

/// A value in a mistake: as written, but for control characters and what is too long.
pub(super) fn describe(value: &Value) -> String {
    match &value.kind {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::String(text) if text.chars().count() > SHOWN => {
            let start: String = text.chars().take(SHOWN).collect();
            format!("{start:?}…")
        }
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_) => value.to_string(),
    }
}

/// What sort of value stands where a table or a list should: the value itself could be anything, a secret too.
fn sort(value: &Value) -> &'static str {
    match &value.kind {
        ValueKind::Nil => "nothing",
        ValueKind::Table(_) => "a table",
        ValueKind::Array(_) => "a list",
        ValueKind::String(_) => "a text",
        ValueKind::Boolean(_) => "true or false",
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) | ValueKind::Float(_) => {
            "a number"
        }
    }
}

/// Refuses what is no table.
pub(super) fn no_table(value: &Value) -> Refusal {
    Refusal::allowed("a table").found(sort(value))
}

/// `true` or `false`.
pub(super) fn boolean(value: &Value) -> Parsed<bool> {
    let ValueKind::Boolean(truth) = typed(value).kind else {
        return Err(Refusal::allowed("true or false"));
    };
    Ok(truth)
}

/// A whole number of `range`.
pub(super) fn integer(range: RangeInclusive<u32>) -> impl Fn(&Value) -> Parsed<u32> {
    move |value| {
        let number = whole(value).and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            Refusal::allowed(format!("a whole number from {least} to {most}"))
        })
    }
}

/// A number not below zero, exactly as it is written in decimal.
pub(super) fn decimal(value: &Value) -> Parsed<Decimal> {
    let whole = whole(value).map(Decimal::from);
    let number = whole
        .or_else(|| fraction(value))
        .filter(|number| !number.is_sign_negative());
    number
        .map(|number| number.normalize())
        .ok_or_else(|| Refusal::allowed("a number, 0 or above"))
}

fn whole(value: &Value) -> Option<i64> {
    let ValueKind::I64(number) = typed(value).kind else {
        return None;
    };
    Some(number)
}

fn fraction(value: &Value) -> Option<Decimal> {
    let ValueKind::Float(number) = typed(value).kind else {
        return None;
    };
    // The shortest decimal form of the double, which is what was written up to 15 digits.
    Decimal::from_str_exact(&number.to_string()).ok()
}

/// The text of a string; for a variable all that it holds, whatever else that could be read as.
fn string(value: &Value) -> Option<&str> {
    let ValueKind::String(text) = &value.kind else {
        return None;
    };
    Some(text)
}

/// A text that `parse` takes; `allowed` says which those are.
pub(super) fn text<T>(allowed: &'static str, parse: impl Fn(&str) -> Option<T>) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let parsed = string(value).and_then(&parse);
        parsed.ok_or(Refusal::allowed(allowed))
    }
}

/// A text for people: something to read, within one line.
pub(super) fn line(value: &Value) -> Parsed<String> {
    text("a text of 1 to 500 characters on one line", |text| {
        let printable = !text.trim().is_empty() && !text.chars().any(char::is_control);
        (printable && text.chars().count() <= 500).then(|| text.to_owned())
    })(value)
}

/// One of a few words.
pub(super) fn choice<T: Copy>(choices: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Parsed<T> {
    move |value| {
        let chosen = string(value).and_then(|text| choices.iter().find(|(word, _)| *word == text));
        chosen.map(|(_, choice)| *choice).ok_or_else(|| {
            let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            Refusal::allowed(words.join(" or "))
        })
    }
}

/// A duration of `range`; the number 0 needs no unit.
pub(super) fn duration(range: RangeInclusive<Duration>) -> impl Fn(&Value) -> Parsed<Duration> {
    move |value| {
        let zero = (whole(value) == Some(0)).then_some(Duration::ZERO);
        let duration = zero.or_else(|| duration::parse(string(value)?));
        duration.filter(|duration| range.contains(duration)).ok_or_else(|| {
            let (least, most) = (Written(*range.start()), Written(*range.end()));
            Refusal::allowed(format!(
                "a duration like \"90s\" \"5m\" \"4h\" \"30d\", from {least} to {most}"
            ))
        })
    }
}

/// Any duration, zero included.
pub(super) const ANY_TIME: RangeInclusive<Duration> = Duration::ZERO..=duration::LONGEST;

/// Any duration above zero.
pub(super) const SOME_TIME: RangeInclusive<Duration> = duration::SHORTEST..=duration::LONGEST;

/// A size in octets, of at least `least`.
pub(super) fn size(least: u64) -> impl Fn(&Value) -> Parsed<u64> {
    move |value| {
        let zero = (whole(value) == Some(0)).then_some(0);
        let size = zero.or_else(|| size::parse(string(value)?));
        size.filter(|size| *size >= least).ok_or_else(|| {
            let not = if least > 0 { ", not 0" } else { "" };
            Refusal::allowed(format!("a size like \"512KiB\" \"256MiB\" \"1GiB\"{not}"))
        })
    }
}

/// A name of the common grammar.
pub(super) fn name(value: &Value) -> Parsed<Name> {
    parsed_name(value, LONGEST, Name::parse)
}

/// A site's or gateway's name.
pub(super) fn gateway_name(value: &Value) -> Parsed<Name> {
    parsed_name(value, LONGEST_OF_GATEWAY, Name::parse_gateway)
}

fn parsed_name(value: &Value, longest: usize, parse: impl Fn(&str) -> Result<Name, NameError>) -> Parsed<Name> {
    let name = string(value).and_then(|text| parse(text).ok());
    name.ok_or_else(|| {
        let rest = "the first a letter or digit";
        Refusal::allowed(format!("1 to {longest} characters A-Z a-z 0-9 _ -, {rest}"))
    })
}

/// A list; a variable may write its words with commas between.
pub(super) fn list(value: &Value) -> Parsed<Vec<Value>> {
    if let ValueKind::Array(items) = typed(value).kind {
        return Ok(items);
    }
    let place = value.origin().filter(|place| is_variable(place)).map(str::to_owned);
    let (Some(place), Some(words)) = (place, string(value)) else {
        return Err(Refusal::allowed("a list").found(sort(value)));
    };
    let words = words.split(',').map(str::trim).filter(|word| !word.is_empty());
    Ok(words.map(|word| Value::new(Some(&place), word)).collect())
}

/// A table, as it stands.
pub(super) fn table(value: &Value) -> Parsed<Map<String, Value>> {
    let ValueKind::Table(table) = typed(value).kind else {
        return Err(no_table(value));
    };
    Ok(table)
}

/// What `parse` takes, as a value that does not print; a mistake does not show it either.
pub(super) fn private<T>(parse: impl Fn(&Value) -> Parsed<T>) -> impl Fn(&Value) -> Parsed<Private<T>> {
    let parse = unshown(parse);
    move |value| parse(value).map(Private::new)
}

/// What `parse` takes; a mistake does not show the value.
pub(super) fn unshown<T>(parse: impl Fn(&Value) -> Parsed<T>) -> impl Fn(&Value) -> Parsed<T> {
    move |value| parse(value).map_err(|refusal| refusal.found("a value that is not shown here"))
}
