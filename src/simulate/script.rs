//! What happens in `cuffd demo`: one virtual cuff with a story, short enough to watch.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::cuff::{Surroundings, VirtualCuff};
use super::fault::Faults;
use super::fleet::register;
use super::habits::Habits;
use super::routine::{Pace, Routine};
use super::source::{Diary, Source, Then};
use super::visit::{ClockMishap, Taken, Values, Visit};
use crate::core::bls::measurement::Status;
use crate::core::cuff::Cuff;

/// Before the cuff is first heard, so that the gateway is online and the reader has read.
const OPENING: Duration = Duration::from_secs(2);
/// Visits that are ordered and not begun: a person does one thing at a time.
const ORDERED: usize = 4;

const ACTS: [&str; 1] = [
    "First: the cuff has stored what was measured today. Once it was loose, once it could not measure, and the last one comes \
     twice: it must be published once. Its clock is late: the times must be put right.",
];

/// What the cuff says of itself when it was loose.
const CUFF_TOO_LOOSE: u16 = 1 << 1;
/// What is measured after the story, and how often.
const SEED: u64 = 1;
const PACE: Pace = Pace {
    readings: 1,
    every: Duration::from_secs(60),
};

/// The script of one demo.
#[derive(Debug)]
pub struct Script {
    /// The cuff as it is registered.
    pub cuff: Cuff,
    /// Plays it.
    pub source: Source,
    /// How many stored readings of it are to be published: each measurement once, doubles not.
    pub stored: usize,
    /// Tells it what to do after that.
    pub orders: mpsc::Sender<Visit>,
    /// What is about to happen, each time that the cuff is heard.
    pub acts: VecDeque<&'static str>,
}

/// What the person does after the session: a measurement now and then.
#[must_use]
pub fn afterwards() -> Routine {
    Routine::new(SEED, PACE, Faults::default())
}

impl Script {
    /// The script, for a cuff of these habits that is new at `at`.
    #[must_use]
    pub fn write(habits: &'static Habits, at: Timestamp, around: Surroundings) -> Self {
        let cuff = register(1, habits);
        let played = VirtualCuff::new(cuff.id.clone(), habits, at, &around.time_zone);
        let story = stored();
        let stored = story.taken.len();
        let (orders, ordered) = mpsc::channel(ORDERED);
        let diary = Diary {
            written: VecDeque::from([(OPENING, story)]),
            then: Then::Orders(ordered),
        };
        Self {
            cuff,
            source: Source::new(vec![(played, diary)], around),
            stored,
            orders,
            acts: VecDeque::from(ACTS),
        }
    }
}

/// What the cuff had in its memory: a fair measurement, one with a loose cuff, one that failed, and a fair one that comes
/// twice. Its clock is late, so the gateway must put the times right.
fn stored() -> Visit {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let loose = Taken {
        status: Status(CUFF_TOO_LOOSE),
        ..measured(135, 88, 78, minutes(12))
    };
    let failed = Taken {
        values: None,
        ..measured(0, 0, 0, minutes(10))
    };
    Visit {
        taken: vec![
            measured(128, 83, 76, minutes(14)),
            loose,
            failed,
            measured(124, 80, 73, minutes(8)),
        ],
        doubled: true,
        clock: Some(ClockMishap::Ahead(-197)),
        ..Visit::default()
    }
}

const fn measured(systolic: u16, diastolic: u16, pulse_rate: u16, before: Duration) -> Taken {
    Taken::measured(
        Values {
            systolic,
            diastolic,
            pulse_rate,
        },
        before,
    )
}
