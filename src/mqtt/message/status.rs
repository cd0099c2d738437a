//! `cuffd.status/1`: how the gateway stands, for operators. Retained, and the will.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{LARGEST, MessageError, Origin, encode, milliseconds};
use crate::core::delivery::Kind;
use crate::core::state::Problem;
use crate::store::DeliverySummary;

/// The schema's name.
pub const SCHEMA: &str = "cuffd.status/1";

/// How many set-aside messages are named; there may be more.
const MOST_SET_ASIDE: usize = 100;

/// What the store knows of how the gateway stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The highest `seq` of each kind.
    pub seq: Heads,
    /// Messages that no broker has taken yet.
    pub queued: u64,
    /// Messages refused for good, the newest first.
    pub set_aside: Vec<Uuid>,
}

/// What the rest of the daemon knows of how the gateway stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// What is stored.
    pub standing: Standing,
    /// What is wrong now. The link adds what it knows itself.
    pub problems: BTreeSet<Problem>,
}

/// The highest `seq` given out, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Heads {
    /// Of readings.
    pub reading: u64,
    /// Of readiness messages.
    pub readiness: u64,
    /// Of alerts.
    pub alert: u64,
}

impl Standing {
    /// By what the store says of delivery, and how far its numbers went.
    #[must_use]
    pub fn new(summary: &DeliverySummary, heads: &BTreeMap<Kind, u64>) -> Self {
        let head = |kind| heads.get(&kind).copied().unwrap_or(0);
        Self {
            seq: Heads {
                reading: head(Kind::Reading),
                readiness: head(Kind::Readiness),
                alert: head(Kind::Alert),
            },
            queued: summary.queued.values().sum(),
            set_aside: summary.set_aside.clone(),
        }
    }
}

/// Which of its lives a status tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Connected.
    Online,
    /// Stopped in order.
    Offline,
    /// The broker says so, when the connection broke.
    Lost,
    /// At the end of the gateway's life.
    Retired,
}

/// One connection, as a status names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Counts up: a `lost` of an older connection is old news.
    pub number: u64,
    /// When it was begun, or for `offline` when it was ended.
    pub since: Timestamp,
}

#[derive(Serialize)]
struct Status<'a> {
    schema: &'static str,
    state: Presence,
    run: Uuid,
    connection: u64,
    since: Timestamp,
    version: &'static str,
    seq: Heads,
    queued: u64,
    set_aside: &'a [Uuid],
    problems: Vec<Problem>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    test: bool,
}

/// The octets of a status.
///
/// # Errors
/// None that can occur: the lists are short.
pub fn status(
    origin: &Origin,
    presence: Presence,
    connection: Connection,
    facts: &Facts,
) -> Result<Vec<u8>, MessageError> {
    let Standing { seq, queued, set_aside } = &facts.standing;
    let newest = set_aside.len().min(MOST_SET_ASIDE);
    let status = Status {
        schema: SCHEMA,
        state: presence,
        run: origin.run,
        connection: connection.number,
        since: milliseconds(connection.since),
        version: env!("CARGO_PKG_VERSION"),
        seq: *seq,
        queued: *queued,
        set_aside: set_aside.get(..newest).unwrap_or_default(),
        problems: published(&facts.problems),
        test: origin.test,
    };
    encode(SCHEMA, &status, LARGEST)
}

/// Who reads this is connected to the broker and so are we: `broker_unreachable` is for the local state only.
fn published(problems: &BTreeSet<Problem>) -> Vec<Problem> {
    let local = |problem: &&Problem| **problem != Problem::BrokerUnreachable;
    problems.iter().filter(local).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::name::Name;

    fn origin() -> Origin {
        Origin {
            site: Name::parse("north").unwrap(),
            gateway: Name::parse("gw").unwrap(),
            run: Uuid::from_u128(1),
            test: false,
        }
    }

    const CONNECTION: Connection = Connection {
        number: 7,
        since: Timestamp::UNIX_EPOCH,
    };

    #[test]
    fn status_has_the_form_of_the_contract() {
        let facts = Facts {
            standing: Standing {
                seq: Heads {
                    reading: 42,
                    readiness: 17,
                    alert: 3,
                },
                queued: 5,
                set_aside: vec![Uuid::nil()],
            },
            problems: [Problem::ClockUnsynchronized, Problem::BrokerUnreachable].into(),
        };
        let octets = status(&origin(), Presence::Online, CONNECTION, &facts).unwrap();
        let text = String::from_utf8(octets).unwrap();
        let expected = format!(
            r#"{{"schema":"cuffd.status/1","state":"online","run":"{}","connection":7,"since":"1970-01-01T00:00:00Z","version":"{}","#,
            Uuid::from_u128(1),
            env!("CARGO_PKG_VERSION")
        ) + r#""seq":{"reading":42,"readiness":17,"alert":3},"queued":5,"set_aside":["00000000-0000-0000-0000-000000000000"],"problems":["clock_unsynchronized"]}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn any_number_of_refused_messages_fits() {
        let facts = Facts {
            standing: Standing {
                set_aside: vec![Uuid::max(); 100_000],
                ..Standing::default()
            },
            ..Facts::default()
        };
        assert!(status(&origin(), Presence::Lost, CONNECTION, &facts).is_ok());
    }
}
