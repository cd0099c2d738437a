//! `[log]`, `[clock]`, `[metrics]`: how the daemon is watched, and which clock it believes.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::kind::{ANY_TIME, SOME_TIME, boolean, choice, duration};
use super::reader::{Read, Table};
use crate::clock::synchronized::Source;

/// What is logged, and how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// From this on.
    pub level: LevelFilter,
    /// How lines look.
    pub format: Format,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Journal under systemd, text on a terminal.
    Auto,
    /// systemd's journal.
    Journal,
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which clock is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Who says whether the wall clock can be believed.
    pub source: Source,
    /// Synchronized once in this boot and lost for longer than this: unsynchronized.
    pub max_unsynced: Duration,
    /// A bigger step of the wall clock takes every ready back.
    pub jump: Duration,
}

/// What is told about the daemon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// Whether there is `/metrics`.
    pub enabled: bool,
}

const LEVELS: [(&str, LevelFilter); 4] = [
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
];

const FORMATS: [(&str, Format); 4] = [
    ("auto", Format::Auto),
    ("journal", Format::Journal),
    ("text", Format::Text),
    ("json", Format::Json),
];

const SOURCES: [(&str, Source); 3] = [
    ("timedated", Source::Timedated),
    ("none", Source::None),
    ("trust", Source::Trust),
];

pub(super) fn read(table: &mut Table) -> Read<Log> {
    let level = table.or("level", LevelFilter::INFO, choice(&LEVELS));
    let format = table.or("format", Format::Auto, choice(&FORMATS));
    Ok(Log {
        level: level?,
        format: format?,
    })
}

pub(super) fn read_clock(table: &mut Table) -> Read<Clock> {
    let source = table.or("source", Source::Timedated, choice(&SOURCES));
    let max_unsynced = table.or("max_unsynced", Duration::from_secs(86_400), duration(ANY_TIME));
    let jump = table.or("jump", Duration::from_secs(5), duration(SOME_TIME));
    Ok(Clock {
        source: source?,
        max_unsynced: max_unsynced?,
        jump: jump?,
    })
}

pub(super) fn read_metrics(table: &mut Table) -> Read<Metrics> {
    let enabled = table.or("enabled", true, boolean)?;
    Ok(Metrics { enabled })
}
