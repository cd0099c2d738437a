//! What the gate was told, as it is stored and as `replay` reads it (contract 2.2): one object, without `at`.
//!
//! A measurement carries more than `replay` has a name for: the readings' ids, and what the daemon knew of each of them.
//! `replay` passes over what it does not know.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::event::{Arrived, Connection, Decision, Event};
use super::gate::Gate;
use super::outcome::Outcome;
use crate::core::moment::whole_seconds;
use crate::core::name::Name;
use crate::core::notation::hex;
use crate::core::reading::ReadingId;

/// One thing that the gate was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Record {
    /// A session was opened.
    SessionOpened {
        /// Its id.
        session: Name,
        /// Whose.
        patient: Name,
        /// The clinic's cuff that it named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cuff: Option<Name>,
        /// The settings that it was judged by.
        setting: i64,
    },
    /// The daemon began to judge by other settings.
    Setting {
        /// Their number.
        setting: i64,
    },
    /// Something was attested, or taken back.
    Attested {
        /// For which session.
        session: Name,
        /// What.
        item: Name,
        /// Who said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Name>,
        /// Whether it holds.
        value: bool,
    },
    /// Measurements of a connection were judged.
    Measurement(Box<Measured>),
    /// The gateway's clock.
    Clock {
        /// Whether it is synchronized.
        synchronized: bool,
    },
    /// A clinician decided.
    Decided {
        /// About which session.
        session: Name,
        /// How.
        decision: Word,
        /// Who.
        by: Name,
        /// For people.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The session was started.
    SessionStarted {
        /// Which one.
        session: Name,
    },
    /// The session was closed.
    SessionClosed {
        /// Which one.
        session: Name,
    },
}

/// A decision's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// See [`Decision::Approve`].
    Approve,
    /// See [`Decision::Deny`].
    Deny,
}

impl From<Word> for Decision {
    fn from(word: Word) -> Self {
        match word {
            Word::Approve => Self::Approve,
            Word::Deny => Self::Deny,
        }
    }
}

/// Measurements of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    cuff: Name,
    bonded: bool,
    first_connection: bool,
    /// The octets, in hexadecimal, in order of arrival.
    values: Vec<String>,
    /// That of the first one that has any: all that `replay` has a name for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cuff_clock_offset_s: Option<i64>,
    /// What else is known of each value.
    arrived: Vec<Circumstances>,
    brought: usize,
}

/// What the daemon knew of one measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Circumstances {
    reading: Uuid,
    /// How long before the event it was received: a duration, so that it stays true when the wall clock steps.
    received_before_us: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset_s: Option<i64>,
    clock_synchronized: bool,
    seen_before: bool,
}

impl Record {
    /// The form of a connection's measurements, all of which have a [`ReadingId::Unique`].
    #[must_use]
    pub fn measured(connection: &Connection, at: Timestamp) -> Self {
        let circumstances = |arrived: &Arrived| Circumstances {
            reading: match arrived.id {
                ReadingId::Unique(id) => id,
                ReadingId::Numbered(number) => Uuid::from_u64_pair(0, number),
            },
            received_before_us: i64::try_from(at.duration_since(arrived.received_at).as_micros()).unwrap_or(i64::MAX),
            offset_s: arrived.offset_s,
            clock_synchronized: arrived.clock_synchronized,
            seen_before: arrived.seen_before,
        };
        Self::Measurement(Box::new(Measured {
            cuff: connection.cuff.clone(),
            bonded: connection.bonded,
            first_connection: connection.first,
            values: connection.arrived.iter().map(|arrived| hex(&arrived.octets)).collect(),
            cuff_clock_offset_s: connection.arrived.iter().find_map(|arrived| arrived.offset_s),
            arrived: connection.arrived.iter().map(circumstances).collect(),
            brought: connection.brought,
        }))
    }

    /// The event, told `at`; `shift` later than it was told first, because the wall clock stepped. `None` for what the gate
    /// is not told, and for octets that are none.
    #[must_use]
    pub fn event(self, at: Timestamp, shift: SignedDuration) -> Option<Event> {
        Some(match self {
            Self::SessionOpened {
                session, patient, cuff, ..
            } => Event::SessionOpened { session, patient, cuff },
            Self::Setting { .. } => return None,
            Self::Attested {
                session,
                item,
                by,
                value,
            } => Event::Attested {
                session,
                item,
                by,
                value,
            },
            Self::Measurement(measured) => Event::Measured(measured.connection(at, shift)?),
            Self::Clock { synchronized } => Event::Clock { synchronized },
            Self::Decided {
                session, decision, by, ..
            } => Event::Decided {
                session,
                decision: decision.into(),
                by,
            },
            Self::SessionStarted { session } => Event::SessionStarted { session },
            Self::SessionClosed { session } => Event::SessionClosed { session },
        })
    }
}

impl Record {
    /// The number of the settings that it names, if it does.
    #[must_use]
    pub const fn setting(&self) -> Option<i64> {
        match self {
            Self::SessionOpened { setting, .. } | Self::Setting { setting } => Some(*setting),
            Self::Attested { .. }
            | Self::Measurement(_)
            | Self::Clock { .. }
            | Self::Decided { .. }
            | Self::SessionStarted { .. }
            | Self::SessionClosed { .. } => None,
        }
    }
}

impl Gate {
    /// Tells the gate something that it was told before, at `told_at`, which is `at` by now because the wall clock stepped;
    /// `synchronized` is what was known of the gateway's clock then.
    ///
    /// What was started stays started, whatever the settings say now: what is under way cannot be taken back.
    #[must_use]
    pub fn tell_again(
        &mut self,
        record: Record,
        at: Timestamp,
        told_at: Timestamp,
        synchronized: bool,
    ) -> Vec<Outcome> {
        let Some(event) = record.event(at, at.duration_since(told_at)) else {
            return Vec::new();
        };
        let mut outcomes = Vec::new();
        if self.is_clock_synchronized() != synchronized {
            outcomes.extend(self.handle(Event::Clock { synchronized }, at));
        }
        let mut started = None;
        if let Event::SessionStarted { session } = &event {
            started = Some(session.clone());
        }
        outcomes.extend(self.handle(event, at));
        let refused = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Refused(_)));
        if let Some(session) = started.filter(|_| refused) {
            self.restore_started(&session, at);
        }
        outcomes
    }
}

impl Measured {
    fn connection(self, at: Timestamp, shift: SignedDuration) -> Option<Connection> {
        let arrived = self.values.iter().zip(self.arrived).map(|(value, known)| {
            let before = SignedDuration::from_micros(known.received_before_us);
            Some(Arrived {
                id: ReadingId::Unique(known.reading),
                octets: octets(value)?,
                received_at: at.saturating_sub(before).unwrap_or(Timestamp::MIN),
                // The offset is to the clock that has stepped.
                offset_s: known
                    .offset_s
                    .map(|offset_s| offset_s.saturating_add(whole_seconds(shift))),
                seen_before: known.seen_before,
                clock_synchronized: known.clock_synchronized,
            })
        });
        Some(Connection {
            cuff: self.cuff,
            bonded: self.bonded,
            first: self.first_connection,
            brought: self.brought,
            arrived: arrived.collect::<Option<_>>()?,
        })
    }
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2);
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(octet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::readiness::rig::name;

    fn at() -> Timestamp {
        "2026-11-21T18:00:00Z".parse().unwrap()
    }

    fn connection() -> Connection {
        Connection {
            cuff: name("c1"),
            bonded: true,
            first: false,
            brought: 3,
            arrived: vec![Arrived {
                id: ReadingId::Unique(Uuid::from_u128(7)),
                octets: vec![0x1e, 0x78, 0xff],
                received_at: at() - SignedDuration::from_secs(4),
                offset_s: Some(-197),
                seen_before: false,
                clock_synchronized: true,
            }],
        }
    }

    fn again(record: &Record) -> Record {
        serde_json::from_str(&serde_json::to_string(record).unwrap()).unwrap()
    }

    #[test]
    fn what_was_told_is_told_again() {
        let record = Record::measured(&connection(), at());
        assert_eq!(
            again(&record).event(at(), SignedDuration::ZERO),
            Some(Event::Measured(connection()))
        );
        let attested = Record::Attested {
            session: name("s1"),
            item: name("safe_setting"),
            by: None,
            value: false,
        };
        assert_eq!(
            again(&attested).event(at(), SignedDuration::ZERO),
            Some(Event::Attested {
                session: name("s1"),
                item: name("safe_setting"),
                by: None,
                value: false
            })
        );
    }

    #[test]
    fn a_step_of_the_wall_clock_leaves_durations_as_they_were() {
        let hour = SignedDuration::from_hours(1);
        let Some(Event::Measured(later)) = Record::measured(&connection(), at()).event(at() + hour, hour) else {
            panic!("measurements")
        };
        let arrived = later.arrived.first().unwrap();
        assert_eq!(arrived.received_at, at() + hour - SignedDuration::from_secs(4));
        assert_eq!(arrived.offset_s, Some(-197 + 3600));
    }

    #[test]
    fn it_has_the_names_of_replay() {
        let json = serde_json::to_value(Record::measured(&connection(), at())).unwrap();
        for (field, value) in [
            ("event", serde_json::json!("measurement")),
            ("values", serde_json::json!(["1e78ff"])),
            ("cuff_clock_offset_s", serde_json::json!(-197)),
        ] {
            assert_eq!(json.get(field), Some(&value), "{field}");
        }
    }
    #[test]
    fn settings_stand_with_an_opening_and_with_a_change_of_them() {
        let opened = Record::SessionOpened {
            session: name("s1"),
            patient: name("p1"),
            cuff: None,
            setting: 7,
        };
        assert_eq!(again(&opened).setting(), Some(7));
        assert_eq!(again(&Record::Setting { setting: 8 }).setting(), Some(8));
        let closed = Record::SessionClosed { session: name("s1") };
        assert_eq!(again(&closed).setting(), None);
    }
}
