//! Who does what when in the demo's session: the clinic's platform, the companion, and the person with the cuff.
//!
//! A pure machine: it hears what the gateway publishes and says what is done next, and after what pause.

use std::time::Duration;

use serde_json::{Value, json};

use super::platform::Published;
use super::visit::{Taken, Values, Visit};

/// The session's id.
const SESSION: &str = "evening";

/// What is attested, and by whom: the items of `config/demo.toml`.
const ATTESTED: [&str; 3] = ["companion_present", "medications_held", "safe_setting"];

/// Before the platform says the next thing, so that a person can read along.
const READING_ALONG: Duration = Duration::from_millis(500);
/// From the end of the rest to the cuff: more than what the readings in it lie back.
const AFTER_REST: Duration = Duration::from_millis(3200);
/// From a counted reading to the next: more than the policy's spacing, and the whole seconds of a cuff's clock.
const AFTER_COUNTED: Duration = Duration::from_millis(2600);
/// From the begin of a round to its first reading.
const AFTER_BEGIN: Duration = Duration::from_millis(1600);
/// How long the session is under way.
const UNDER_WAY: Duration = Duration::from_secs(2);

/// Something that is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Cue {
    /// The demo says what is about to happen.
    Tell(&'static str),
    /// The platform, or the page, asks this of the gateway: a command's own fields.
    Ask(Value),
    /// The person measures.
    Measure(Visit),
}

/// Something that is done after a pause.
pub type Timed = (Duration, Cue);

/// What was heard last that decides what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Scene {
    /// The cuff brings what it had stored.
    Stored,
    /// The patient rests.
    Resting,
    /// Two readings are on their way, one of them too soon.
    First,
    /// The second that counts is on its way.
    Second,
    /// The round has failed.
    Blocked,
    /// The first reading of the next round is on its way.
    Retry,
    /// The last one is.
    Last,
    /// The gate says ready.
    Ready,
    /// The session is under way.
    Started,
    /// It is over.
    Over,
}

/// The demo's session on its way.
#[derive(Clone, Debug)]
pub struct Director {
    scene: Scene,
    patient: String,
    /// Readings that must have been heard before the session is opened.
    stored: usize,
}

impl Director {
    /// Opens a session for `patient` once so many stored readings were published.
    #[must_use]
    pub const fn new(patient: String, stored: usize) -> Self {
        Self {
            scene: Scene::Stored,
            patient,
            stored,
        }
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.scene == Scene::Over
    }

    /// What is done next, now that this was published.
    #[must_use]
    pub fn hear(&mut self, message: &Published) -> Vec<Timed> {
        let Ok(fields) = serde_json::from_slice::<Value>(&message.payload) else {
            return Vec::new();
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
        match text("schema") {
            "cuffd.reading/1" if self.scene == Scene::Stored => {
                self.stored = self.stored.saturating_sub(1);
                if self.stored == 0 { self.open() } else { Vec::new() }
            }
            "cuffd.readiness/1" if text("session") == SESSION => self.answered(&fields),
            _ => Vec::new(),
        }
    }

    fn open(&mut self) -> Vec<Timed> {
        self.scene = Scene::Resting;
        let fields = json!({"command": "open_session", "session": SESSION, "patient": self.patient});
        vec![
            (
                READING_ALONG,
                Cue::Tell(
                    "Now a session, by the example policy: three seconds of rest, two readings at least two seconds apart, means \
                     up to 140/90. The clinic's platform opens it.",
                ),
            ),
            (READING_ALONG, Cue::Ask(fields)),
        ]
    }

    fn answered(&mut self, answer: &Value) -> Vec<Timed> {
        let state = answer.get("state").and_then(Value::as_str).unwrap_or_default();
        let counted = answer.get("counted").and_then(Value::as_array).map_or(0, Vec::len);
        let rests = has_reason(answer, "rest_incomplete");
        let (next, cues) = match (self.scene, state) {
            (Scene::Resting, "waiting") if !rests => (Scene::First, first()),
            (Scene::First, "waiting") if counted == 1 => (Scene::Second, stored(AFTER_COUNTED, 150, 86, 78)),
            (Scene::Second, "blocked") => (Scene::Blocked, blocked()),
            (Scene::Blocked, "waiting") => (Scene::Retry, stored(AFTER_BEGIN, 128, 80, 72)),
            (Scene::Retry, "waiting") if counted == 1 => (Scene::Last, measure(AFTER_COUNTED, 124, 78, 70)),
            (Scene::Last, "ready") => (Scene::Ready, ready()),
            (Scene::Ready, "started") => (Scene::Started, started()),
            (_, "ended") => (Scene::Over, Vec::new()),
            (as_it_was, _) => (as_it_was, Vec::new()),
        };
        self.scene = next;
        cues
    }
}

fn first() -> Vec<Timed> {
    let attest = |item: &&str| {
        let fields = json!({"command": "attest", "session": SESSION, "item": item, "by": "companion"});
        (READING_ALONG, Cue::Ask(fields))
    };
    let tell = |text| (READING_ALONG, Cue::Tell(text));
    let visit = Visit {
        taken: vec![
            taken(146, 84, 80, Duration::from_secs(2)),
            taken(144, 84, 79, Duration::from_secs(1)),
        ],
        ..Visit::default()
    };
    [tell("The companion confirms the check-list.")]
        .into_iter()
        .chain(ATTESTED.iter().map(attest))
        .chain([
            tell("The person measures twice, and too soon the second time."),
            (AFTER_REST, Cue::Measure(visit)),
        ])
        .collect()
}

fn blocked() -> Vec<Timed> {
    let text = "The mean is above the limit: not now. The policy lets the next round begin after five seconds.";
    vec![(READING_ALONG, Cue::Tell(text))]
}

fn ready() -> Vec<Timed> {
    vec![
        (
            READING_ALONG,
            Cue::Tell("Within the limits, and confirmed. The session starts."),
        ),
        (READING_ALONG, Cue::Ask(json!({"command": "start", "session": SESSION}))),
    ]
}

fn started() -> Vec<Timed> {
    vec![(
        UNDER_WAY,
        Cue::Ask(json!({"command": "close_session", "session": SESSION})),
    )]
}

/// A measurement just before the cuff connects.
fn stored(after: Duration, systolic: u16, diastolic: u16, pulse_rate: u16) -> Vec<Timed> {
    let visit = Visit {
        taken: vec![taken(systolic, diastolic, pulse_rate, Duration::ZERO)],
        ..Visit::default()
    };
    vec![(after, Cue::Measure(visit))]
}

/// A measurement while the cuff is connected, so that its pressure can be watched.
fn measure(after: Duration, systolic: u16, diastolic: u16, pulse_rate: u16) -> Vec<Timed> {
    let visit = Visit {
        live: Some(taken(systolic, diastolic, pulse_rate, Duration::ZERO)),
        ..Visit::default()
    };
    vec![(after, Cue::Measure(visit))]
}

const fn taken(systolic: u16, diastolic: u16, pulse_rate: u16, before: Duration) -> Taken {
    let values = Values {
        systolic,
        diastolic,
        pulse_rate,
    };
    Taken::measured(values, before)
}

fn has_reason(answer: &Value, code: &str) -> bool {
    let reasons = answer.get("reasons").and_then(Value::as_array);
    let is_it = |reason: &Value| reason.get("code").and_then(Value::as_str) == Some(code);
    reasons.is_some_and(|reasons| reasons.iter().any(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(message: &Value) -> Published {
        Published {
            topic: "x".to_owned(),
            payload: message.to_string().into(),
        }
    }

    fn answer(state: &str, counted: usize, reason: &str) -> Published {
        let counted = vec!["r"; counted];
        published(
            &json!({"schema": "cuffd.readiness/1", "session": SESSION, "state": state, "counted": counted,
                          "reasons": [{"code": reason}]}),
        )
    }

    fn asked(cues: &[Timed]) -> Vec<String> {
        let text = |(_, cue): &Timed| match cue {
            Cue::Ask(fields) => fields["command"].as_str().map(str::to_owned),
            Cue::Measure(_) => Some("measure".to_owned()),
            Cue::Tell(_) => None,
        };
        cues.iter().filter_map(text).collect()
    }

    #[test]
    fn a_session_goes_from_its_opening_to_its_close() {
        let mut director = Director::new("p1".to_owned(), 2);
        let reading = published(&json!({"schema": "cuffd.reading/1"}));
        for (message, cues) in [
            (reading.clone(), &[][..]),
            (reading, &["open_session"]),
            (answer("waiting", 0, "rest_incomplete"), &[]),
            (
                answer("waiting", 0, "readings_needed"),
                &["attest", "attest", "attest", "measure"],
            ),
            (answer("waiting", 0, "readings_needed"), &[]),
            (answer("waiting", 1, "readings_needed"), &["measure"]),
            (answer("blocked", 2, "systolic_above_limit"), &[]),
            (answer("waiting", 0, "readings_needed"), &["measure"]),
            (answer("waiting", 1, "readings_needed"), &["measure"]),
            (answer("ready", 2, ""), &["start"]),
            (answer("started", 2, "session_started"), &["close_session"]),
        ] {
            assert_eq!(asked(&director.hear(&message)), cues);
            assert!(!director.is_over());
        }
        assert_eq!(director.hear(&answer("ended", 2, "session_over")), []);
        assert!(director.is_over());
    }

    #[test]
    fn what_is_not_of_the_session_changes_nothing() {
        let mut director = Director::new("p1".to_owned(), 1);
        for message in [
            json!({"schema": "cuffd.readiness/1", "session": "other", "state": "ended"}),
            json!({"schema": "cuffd.status/1"}),
            json!(7),
        ] {
            assert_eq!(director.hear(&published(&message)), []);
        }
        assert!(!director.is_over());
    }
}
