//! How values of `core` stand in columns.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rusqlite::ToSql;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::messages::State;
use crate::core::delivery::Kind;
use crate::core::moment::Moment;
use crate::core::name::Name;
use crate::core::reading::cuff_clock::Outcome;

/// A wall-clock time, in whole microseconds: what is finer is cut off.
#[derive(Clone, Copy)]
pub(super) struct At(pub(super) Timestamp);

/// A point on the boottime clock, in nanoseconds.
#[derive(Clone, Copy)]
pub(super) struct SinceBoot(pub(super) Moment);

/// A UUID, as its 16 octets.
#[derive(Clone, Copy)]
pub(super) struct Id(pub(super) Uuid);

/// A name of the contract's grammar.
pub(super) struct NameText(pub(super) Name);

/// A kind of message, as its word.
pub(super) struct KindText(pub(super) Kind);

/// An exact decimal, as text.
pub(super) struct DecimalText(pub(super) Decimal);

/// What a clock was set to, as the text of a civil date and time; with a question mark after it where nobody knows whether the
/// cuff has taken that.
pub(super) struct SettingText(pub(super) DateTime, pub(super) Outcome);

/// After the time of a setting whose outcome is unknown.
const UNKNOWN: char = '?';

/// The text in a column is not of the form that this program writes.
#[derive(Debug, thiserror::Error)]
#[error("a stored text is no {0}")]
struct Malformed(&'static str);

fn malformed(what: &'static str) -> FromSqlError {
    FromSqlError::Other(Box::new(Malformed(what)))
}

/// `count` as SQLite's integer; what does not fit becomes the largest, which the schema's CHECKs refuse.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count or size from SQLite; it is never negative.
pub(super) fn count(integer: i64) -> u64 {
    u64::try_from(integer).unwrap_or(0)
}

impl ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_microsecond().into())
    }
}

impl FromSql for At {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let microseconds = value.as_i64()?;
        Timestamp::from_microsecond(microseconds)
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(microseconds))
    }
}

impl ToSql for SinceBoot {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let nanoseconds = i64::try_from(self.0.since_boot().as_nanos());
        Ok(nanoseconds.unwrap_or(i64::MAX).into())
    }
}

impl FromSql for SinceBoot {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let nanoseconds = std::time::Duration::from_nanos(count(value.as_i64()?));
        Ok(Self(Moment::from_boot(nanoseconds)))
    }
}

impl ToSql for Id {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Blob(self.0.as_bytes())))
    }
}

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        <[u8; 16]>::column_result(value).map(|octets| Self(Uuid::from_bytes(octets)))
    }
}

impl ToSql for NameText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

impl FromSql for NameText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let name = Name::parse(value.as_str()?);
        name.map(Self).map_err(|_| malformed("name"))
    }
}

impl ToSql for KindText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_str().into())
    }
}

impl FromSql for KindText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        kind.map(Self).ok_or_else(|| malformed("kind of message"))
    }
}

impl FromSql for State {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let state = Self::ALL.into_iter().find(|state| state.as_str() == text);
        state.ok_or_else(|| malformed("state of a message"))
    }
}

impl ToSql for DecimalText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.to_string().into())
    }
}

impl FromSql for DecimalText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let decimal = Decimal::from_str_exact(value.as_str()?);
        decimal.map(Self).map_err(|_| malformed("decimal"))
    }
}

impl ToSql for SettingText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = match self.1 {
            Outcome::Taken => self.0.to_string(),
            Outcome::Unknown => format!("{}{UNKNOWN}", self.0),
        };
        Ok(text.into())
    }
}

impl FromSql for SettingText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let text = value.as_str()?;
        let (time, outcome) = match text.strip_suffix(UNKNOWN) {
            Some(time) => (time, Outcome::Unknown),
            None => (text, Outcome::Taken),
        };
        let time = time.parse().map_err(|_| malformed("date and time"))?;
        Ok(Self(time, outcome))
    }
}
