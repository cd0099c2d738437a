//! What `doctor` says: facts about this machine in, a list of checks out. Each that is not well names the step that mends it.
//!
//! * A check is [`Outcome::Bad`] if it keeps a session from being cleared now, or something measured from being kept.
//! * Unknown is not well: what could not be looked at is told, and the report is not well for it.
//! * No check shows an address, a patient's id or a secret.

mod broker;
mod clock;
mod config;
mod cuffs;
mod daemon;
mod delivery;
mod disk;
mod facts;
mod problems;
mod radio;
mod sessions;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use broker::step_for;
pub use facts::{
    Absent, Adapter, Bond, Bonded, BrokerFacts, BrokerSeen, ClockSource, Configuration, DaemonFacts, Disk, Facts,
    Folder, Heard, Killswitch, MainConf, Openers, Sent, Settings, StoreFacts, StoreSeen, Timedated, Waiting,
};

/// The schema's name, in every report.
pub const SCHEMA: &str = "cuffd.doctor/1";

/// Where the package puts the documents that a step names.
const DOCS: &str = "/usr/share/doc/cuffd";

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whether a session could be cleared now.
    pub ok: bool,
    /// Each thing that was looked at, from the machine to the clinic.
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What it is about.
    pub check: About,
    /// Which one, where there may be several: a broker, an adapter, a cuff's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How it is.
    pub result: Outcome,
    /// What is there, or what is wrong.
    pub message: String,
    /// What mends it; always there where it is not well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The config.
    Config,
    /// The running daemon.
    Daemon,
    /// Who may open what.
    Permissions,
    /// The D-Bus system bus.
    Dbus,
    /// The system's Bluetooth service.
    Bluetoothd,
    /// The radio.
    Adapter,
    /// The wall clock, and the zone of the cuffs' clocks.
    Clock,
    /// The disk, and the store on it.
    Disk,
    /// A broker.
    Broker,
    /// What waits to be sent.
    Delivery,
    /// Whether sessions can be opened and cleared.
    Sessions,
    /// A cuff.
    Cuff,
    /// A cuff's bond.
    Bond,
}

impl About {
    /// The word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Daemon => "daemon",
            Self::Permissions => "permissions",
            Self::Dbus => "dbus",
            Self::Bluetoothd => "bluetoothd",
            Self::Adapter => "adapter",
            Self::Clock => "clock",
            Self::Disk => "disk",
            Self::Broker => "broker",
            Self::Delivery => "delivery",
            Self::Sessions => "sessions",
            Self::Cuff => "cuff",
            Self::Bond => "bond",
        }
    }
}

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Ok,
    /// A session can be cleared all the same; somebody should look at it.
    Warn,
    /// As long as it is so, no session can be cleared, or what is measured may be lost.
    Bad,
}

impl Outcome {
    /// The word of the report.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

impl Check {
    fn ok(check: About, message: impl Into<String>) -> Self {
        Self {
            check,
            subject: None,
            result: Outcome::Ok,
            message: message.into(),
            step: None,
        }
    }

    fn warn(check: About, message: impl Into<String>, step: impl Into<String>) -> Self {
        Self {
            result: Outcome::Warn,
            step: Some(step.into()),
            ..Self::ok(check, message)
        }
    }

    fn bad(check: About, message: impl Into<String>, step: impl Into<String>) -> Self {
        Self {
            result: Outcome::Bad,
            ..Self::warn(check, message, step)
        }
    }

    fn of(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    fn is_well(&self) -> bool {
        self.result == Outcome::Ok
    }
}

/// What there is to say of these facts.
#[must_use]
pub fn examine(facts: &Facts) -> Report {
    let mut checks = [
        config::checks(facts),
        daemon::checks(facts),
        radio::checks(facts),
        clock::checks(facts),
        disk::checks(facts),
        broker::checks(facts),
        delivery::checks(facts),
        sessions::checks(facts),
        cuffs::checks(facts),
    ]
    .concat();
    let unexplained = problems::checks(facts, &checks);
    checks.extend(unexplained);
    Report {
        schema: SCHEMA.to_owned(),
        ok: checks.iter().all(|check| check.result != Outcome::Bad),
        checks,
    }
}

/// How long ago something was, as a person says it.
fn ago(at: Timestamp, now: Timestamp) -> String {
    lasting(since(at, now))
}

/// The time from then until now; none if the clock was set back.
fn since(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(at)).unwrap_or(Duration::ZERO)
}

fn lasting(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match minutes {
        0..=119 => format!("{minutes} min"),
        120..=2_879 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

#[cfg(test)]
mod tests;
