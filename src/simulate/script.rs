//! What happens in `cuffd demo`: one virtual cuff, one session from its opening to its end, short enough to watch.
//!
//! The numbers that are told are those of `config/demo.toml`.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::cuff::Surroundings;
use super::director::{Deed, Scene, Until};
use super::fault::Faults;
use super::fleet::register;
use super::habits::Habits;
use super::orders;
use super::routine::{Pace, Routine};
use super::source::Source;
use super::visit::{ClockMishap, Taken, Values, Visit};
use crate::core::bls::measurement::Status;
use crate::core::cuff::Cuff;

/// The session's id.
pub const SESSION: &str = "s1";

/// So that the reader has read.
const OPENING: Duration = Duration::from_secs(2);
/// Between two scenes.
const BREATH: Duration = Duration::from_millis(900);
/// After a reading, and what its connection took: longer than the policy's spacing, also where the cuff's clock has cut
/// both to whole seconds.
const SPACING: Duration = Duration::from_millis(4200);
/// How long a cuff that hangs up by itself stays connected after it has sent everything: the reader has seen it.
const LINGER: Duration = Duration::from_millis(300);

/// What the cuff says of itself when it was loose.
const CUFF_TOO_LOOSE: u16 = 1 << 1;
/// What is measured after the session, and how often.
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
    /// Where it takes its orders.
    pub orders: mpsc::Sender<Visit>,
    /// What happens.
    pub scenes: Vec<Scene>,
    /// How many readings are to be published: each measurement once, doubles not.
    pub readings: usize,
}

impl Script {
    /// The script, for a cuff of these habits; `None` for a cuff that nobody can order about, which there is not.
    #[must_use]
    pub fn write(habits: &'static Habits, around: Surroundings) -> Option<Self> {
        let cuff = register(1, habits);
        let around = Surroundings {
            linger: LINGER,
            ..around
        };
        let (source, orders) = orders::assemble(std::slice::from_ref(&cuff), around);
        let orders = orders.get(&cuff.id)?.clone();
        let scenes = scenes();
        let visits = scenes.iter().flat_map(|scene| &scene.does);
        let readings = visits.map(|deed| match deed {
            Deed::Measure(visit) => visit.taken.len() + usize::from(visit.live.is_some()),
            Deed::Ask(..) => 0,
        });
        Some(Self {
            readings: readings.sum(),
            cuff,
            source,
            orders,
            scenes,
        })
    }
}

/// What somebody measures now and then, after the session.
#[must_use]
pub fn afterwards() -> Routine {
    Routine::new(SEED, PACE, Faults::default())
}

fn scenes() -> Vec<Scene> {
    let mut scenes = vec![history()];
    scenes.extend(opening());
    scenes.extend(failed_round());
    scenes.extend(passed_round());
    scenes.extend(treatment());
    scenes
}

/// The first connection.
fn history() -> Scene {
    Scene {
        says: "A new cuff delivers what it has stored. Once it was loose, once it could not measure, and the last one comes \
               twice: it is published once. The cuff's clock is late: the times are put right. All this is from before \
               the pairing, so none of it will ever count.",
        after: OPENING,
        does: vec![Deed::Measure(stored())],
        until: Until::Readings(4),
    }
}

fn opening() -> [Scene; 2] {
    [
        Scene {
            says: "Now a session, by the example policy of config/demo.toml (made-up numbers): 3 s of rest, then two \
                   readings at least 4 s apart, whose means are to be within 90-140 and 50-90 mmHg. A clinic asks for \
                   minutes. The clinic's platform opens it:",
            after: BREATH,
            does: vec![ask("open_session", json!({"patient": "p1"}))],
            until: Until::Answer(|answer| is(answer, "waiting")),
        },
        Scene {
            says: "While the patient rests, a companion confirms what the policy asks for:",
            after: BREATH,
            does: ["companion_present", "medications_held", "safe_setting"]
                .map(|item| ask("attest", json!({"item": item, "by": "companion"})))
                .to_vec(),
            until: Until::Answer(|answer| needs(answer, 2) && reasons(answer) == 1),
        },
    ]
}

fn failed_round() -> [Scene; 4] {
    [
        Scene {
            says: "The rest is over. The first reading counts, and it is high:",
            after: BREATH,
            does: vec![Deed::Measure(one(152, 94, 81))],
            until: Until::Answer(|answer| needs(answer, 1)),
        },
        Scene {
            says: "Impatient, the patient presses START again at once. That is too soon: the reading is stored and \
                   published, and does not count.",
            after: Duration::from_millis(100),
            does: vec![Deed::Measure(one(147, 91, 80))],
            until: Until::Readings(6),
        },
        Scene {
            says: "Once the pause between two readings is over:",
            after: Duration::from_secs(3),
            does: vec![Deed::Measure(one(148, 92, 79))],
            until: Until::Answer(|answer| is(answer, "blocked")),
        },
        Scene {
            says: "The round has failed: its means are above the limits. Nothing is ready, and the next round begins 4 s \
                   later; a clinic says 15 minutes, perhaps.",
            after: BREATH,
            does: Vec::new(),
            until: Until::Answer(|answer| needs(answer, 2)),
        },
    ]
}

fn passed_round() -> [Scene; 2] {
    [
        Scene {
            says: "The retry. This time the cuff is connected while it measures, and shows its pressure:",
            after: BREATH,
            does: vec![Deed::Measure(Visit {
                live: Some(taken(134, 85, 74, Duration::ZERO)),
                ..Visit::default()
            })],
            until: Until::Answer(|answer| needs(answer, 1)),
        },
        Scene {
            says: "And the second:",
            after: SPACING,
            does: vec![Deed::Measure(one(129, 82, 72))],
            until: Until::Answer(|answer| is(answer, "ready")),
        },
    ]
}

fn treatment() -> [Scene; 3] {
    [
        Scene {
            says: "Ready, until the time that it says. Before it acts on that the platform asks once more, and waits for the \
                   answer to its own question: an answer of before could be an old one.",
            after: BREATH,
            does: vec![ask("report", json!({}))],
            until: Until::Answer(|answer| {
                is(answer, "ready") && answer.get("in_answer_to").is_some_and(Value::is_string)
            }),
        },
        Scene {
            says: "So the treatment starts. From here on nothing is judged any more; a crisis reading would still be told.",
            after: BREATH,
            does: vec![ask("start", json!({}))],
            until: Until::Answer(|answer| is(answer, "started")),
        },
        Scene {
            says: "And ends:",
            after: BREATH,
            does: vec![ask("close_session", json!({}))],
            until: Until::Answer(|answer| is(answer, "ended")),
        },
    ]
}

fn ask(command: &'static str, mut fields: Value) -> Deed {
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("session".to_owned(), json!(SESSION));
    }
    Deed::Ask(command, fields)
}

fn is(answer: &Value, state: &str) -> bool {
    answer.get("state").is_some_and(|told| told == state)
}

/// Whether a round collects, and nothing else is missing, but so many readings.
fn needs(answer: &Value, readings: u64) -> bool {
    let wanted = json!({"code": "readings_needed", "needed": readings});
    let given = answer.get("reasons").and_then(Value::as_array);
    is(answer, "waiting") && given.is_some_and(|given| given.contains(&wanted))
}

fn reasons(answer: &Value) -> usize {
    answer.get("reasons").and_then(Value::as_array).map_or(0, Vec::len)
}

/// What the cuff had in its memory: a fair measurement, one with a loose cuff, one that failed, and a fair one that comes
/// twice. Its clock is late, so the gateway must put the times right.
fn stored() -> Visit {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let loose = Taken {
        status: Status(CUFF_TOO_LOOSE),
        ..taken(135, 88, 78, minutes(12))
    };
    let failed = Taken {
        values: None,
        ..taken(0, 0, 0, minutes(10))
    };
    Visit {
        taken: vec![
            taken(128, 83, 76, minutes(14)),
            loose,
            failed,
            taken(124, 80, 73, minutes(8)),
        ],
        doubled: true,
        clock: Some(ClockMishap::Ahead(-197)),
        ..Visit::default()
    }
}

/// A measurement that was just taken.
fn one(systolic: u16, diastolic: u16, pulse_rate: u16) -> Visit {
    Visit {
        taken: vec![taken(systolic, diastolic, pulse_rate, Duration::ZERO)],
        ..Visit::default()
    }
}

const fn taken(systolic: u16, diastolic: u16, pulse_rate: u16, before: Duration) -> Taken {
    Taken::measured(
        Values {
            systolic,
            diastolic,
            pulse_rate,
        },
        before,
    )
}
