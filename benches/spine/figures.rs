//! Figures, and the rows of the table they stand in.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::record::{Better, Judged, Record};

/// What a figure is held against.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// No limit: a peer stands beside it.
    Lower,
}

impl Goal {
    fn verdict(self, value: f64) -> &'static str {
        let met = match self {
            Self::AtMost(limit) => value <= limit,
            Self::AtLeast(limit) => value >= limit,
            Self::Lower => return "",
        };
        if met { "met" } else { "MISSED" }
    }

    fn judge(self, value: f64) -> Judged {
        let (better, goal) = match self {
            Self::AtMost(limit) => (Better::Less, Some(limit)),
            Self::AtLeast(limit) => (Better::More, Some(limit)),
            Self::Lower => (Better::Less, None),
        };
        Judged { value, better, goal }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
            Self::AtLeast(limit) => write!(f, "≥ {limit}"),
            Self::Lower => f.write_str("low"),
        }
    }
}

/// One line of the table.
pub(crate) struct Row {
    what: String,
    figure: String,
    beside: String,
    judged: Option<(f64, Goal)>,
}

impl Row {
    pub(crate) const HEADING: &str =
        "                                                      figure       beside    judged       goal";

    /// A figure that is judged by itself.
    pub(crate) fn alone(what: &str, figure: String, value: f64, goal: Goal) -> Self {
        Self {
            what: what.to_owned(),
            figure,
            beside: String::new(),
            judged: Some((value, goal)),
        }
    }

    /// A figure that is judged by its ratio to another.
    pub(crate) fn beside(what: &str, figure: String, beside: String, ratio: f64, goal: Goal) -> Self {
        Self {
            what: what.to_owned(),
            figure,
            beside,
            judged: Some((ratio, goal)),
        }
    }

    /// A figure that explains another.
    pub(crate) fn told(what: &str, figure: String, beside: String) -> Self {
        Self {
            what: what.to_owned(),
            figure,
            beside,
            judged: None,
        }
    }

    /// For the plot.
    pub(crate) fn record(&self) -> io::Result<()> {
        let record = Record {
            bench: "spine",
            what: &self.what,
            figure: &self.figure,
            beside: (!self.beside.is_empty()).then_some(&self.beside),
            judged: self.judged.map(|(value, goal)| goal.judge(value)),
        };
        record.append()
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            figure,
            beside,
            judged,
        } = self;
        write!(f, "{what:<46} {figure:>13} {beside:>12}")?;
        let Some((value, goal)) = judged else { return Ok(()) };
        write!(f, " {value:>9.2} {:>10} {}", goal.to_string(), goal.verdict(*value))
    }
}

/// Times of the same thing, to be asked for the usual one and the rare one.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that `share` of them do not exceed; zero if there is none.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list of some hundred"
        )]
        let place = ((self.0.len() as f64 * share).ceil() as usize).saturating_sub(1);
        self.0.get(place).copied().unwrap_or_default()
    }

    pub(crate) fn median(&self) -> Duration {
        self.percentile(0.5)
    }
}

/// How many times as long.
pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

pub(crate) fn micros(time: Duration) -> String {
    format!("{} µs", time.as_micros())
}

/// So many in this time, each second.
pub(crate) fn rate(count: u32, time: Duration) -> String {
    format!("{:.0}/s", f64::from(count) / time.as_secs_f64())
}
