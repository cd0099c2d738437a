//! Whether `ready` was said only when it was true, and taken back when it was not any more.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Messages, Policy, WallClock, seq, time};

/// Why a reading says nothing against a session, whatever its values.
const NO_EVIDENCE: [&str; 8] = [
    "unregistered_cuff",
    "duplicate",
    "measurement_error",
    "implausible",
    "first_session_history",
    "stale",
    "other_user",
    "no_session",
];

/// Messages tell the moment at which something was said, sessions end by the moment at which it happened.
const ROUNDING: SignedDuration = SignedDuration::from_millis(50);

/// What is stored together is made one after the other: readings first, then the answer, which is sent first. A stopped
/// process may be stopped between.
const TOGETHER: SignedDuration = SignedDuration::from_secs(3);

/// Everything that is wrong.
pub(super) fn falsely(policy: &Policy, messages: &Messages, clock: &WallClock) -> Vec<String> {
    let readings: HashMap<&str, &Value> = messages
        .of_kind("reading")
        .into_iter()
        .filter_map(|reading| Some((reading["id"].as_str()?, reading)))
        .collect();
    let mut sessions: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for answer in messages.of_kind("readiness") {
        sessions
            .entry(answer["session"].as_str().unwrap_or_default())
            .or_default()
            .push(answer);
    }
    let mut found = Vec::new();
    for (session, answers) in &sessions {
        let session = Session {
            session,
            answers,
            readings: &readings,
            messages,
            policy,
            clock,
        };
        found.extend(session.complaints());
    }
    found
}

/// What was said of one session, in order.
struct Session<'a> {
    session: &'a str,
    answers: &'a [&'a Value],
    readings: &'a HashMap<&'a str, &'a Value>,
    messages: &'a Messages,
    policy: &'a Policy,
    clock: &'a WallClock,
}

impl Session<'_> {
    fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (place, answer) in self.answers.iter().enumerate() {
            let mut say = |why: String| found.push(format!("session {} answer {}: {why}", self.session, seq(answer)));
            let is_ready = answer["ready"] == true;
            if is_ready != (answer["state"] == "ready") {
                say("`ready` and `state` disagree".to_owned());
            }
            if is_ready {
                self.follows(answer).into_iter().for_each(&mut say);
                self.not_used_up(place).into_iter().for_each(&mut say);
            }
        }
        found.extend(self.evidence().flat_map(|reading| self.stands_against(reading)));
        found.extend(self.unsaid_after_restarts());
        found
    }

    /// Whether an answer `ready` follows from what it names.
    fn follows(&self, answer: &Value) -> Vec<String> {
        let mut why = Vec::new();
        let (Some(created_at), Some(valid_until)) = (time(&answer["created_at"]), time(&answer["valid_until"])) else {
            return vec!["does not say until when".to_owned()];
        };
        let came_at = self.messages.came_at(answer);
        let forward = self.clock.forward(came_at);
        // What is said in the moment of a step is over by its own words, and stops nobody from being right.
        if valid_until <= created_at && forward.is_zero() {
            why.push("over before it was said".to_owned());
        }
        if answer["reasons"] != serde_json::json!([]) {
            why.push("has reasons against it".to_owned());
        }
        let counted = ids(&answer["counted"]);
        if counted.len() < self.policy.readings || counted.iter().collect::<HashSet<_>>().len() != counted.len() {
            why.push(format!("counts {} readings", counted.len()));
        }
        let readings: Vec<&Value> = counted.iter().filter_map(|id| self.readings.get(id).copied()).collect();
        if readings.len() != counted.len() {
            why.push("counts a reading that never came".to_owned());
        }
        let said_at = self.clock.is_steady(came_at).then_some(created_at);
        why.extend(readings.iter().flat_map(|reading| self.may_count(reading, said_at)));
        why.extend(self.means(answer, &readings));
        let ends = self.ends(answer, &readings);
        if ends.iter().any(|end| valid_until > *end + forward) {
            why.push(format!("valid until {valid_until}, beyond one of {ends:?}"));
        }
        why
    }

    /// When an answer must be over: its last reading's validity, each attestation, the session.
    fn ends(&self, answer: &Value, readings: &[&Value]) -> Vec<Timestamp> {
        let last = readings.iter().filter_map(|reading| time(&reading["taken_at"])).max();
        let opened = self.answers.first().and_then(|first| time(&first["created_at"]));
        let attested = self.policy.attestations.iter().map(|item| {
            let all = answer["attested"].as_array().into_iter().flatten();
            let one = all.into_iter().find(|attested| attested["item"] == *item)?;
            Some(time(&one["until"])?.min(time(&one["at"])? + self.policy.attest_for))
        });
        let ends = [
            last.map(|last| last + self.policy.valid_for),
            opened.map(|opened| opened + self.policy.session_limit + ROUNDING),
        ];
        // What is missing is over since ever.
        ends.into_iter()
            .chain(attested)
            .map(Option::unwrap_or_default)
            .collect()
    }

    /// What speaks against counting this reading in what was said then, where that is known.
    fn may_count(&self, reading: &Value, said_at: Option<Timestamp>) -> Vec<String> {
        let mut why = Vec::new();
        let mut must = |holds: bool, what: &str| {
            if !holds {
                why.push(format!("counts reading {}, which {what}", reading["seq"]));
            }
        };
        must(reading["session"] == self.session, "is another session's");
        must(
            Some(&reading["patient"]) == self.answers.first().map(|first| &first["patient"]),
            "is another's",
        );
        must(
            reading["counted"] == true && reading["reasons"] == serde_json::json!([]),
            "says that it is not counted",
        );
        must(reading["verified"] == true, "is not verified");
        must(pressures(reading).is_some(), "has no values");
        must(!self.is_crisis(reading), "is at a crisis limit");
        must(!is_irregular(reading), "is irregular");
        let (Some(taken), Some(received)) = (time(&reading["taken_at"]), time(&reading["received_at"])) else {
            return vec![format!("counts reading {}, which has no time", reading["seq"])];
        };
        must(taken <= received, "was taken after it came");
        must(
            received.duration_since(taken) <= self.policy.max_reading_age,
            "is stale",
        );
        must(said_at.is_none_or(|said_at| received <= said_at), "came later");
        why
    }

    /// Whether the means are those of the readings, and inside all limits.
    fn means(&self, answer: &Value, readings: &[&Value]) -> Vec<String> {
        let pressures: Vec<(f64, f64)> = readings.iter().filter_map(|reading| pressures(reading)).collect();
        let count = f64::from(u32::try_from(pressures.len()).unwrap_or(u32::MAX));
        let systolic = pressures.iter().map(|both| both.0).sum::<f64>() / count;
        let diastolic = pressures.iter().map(|both| both.1).sum::<f64>() / count;
        let mut why = Vec::new();
        for (name, mean, (min, max)) in [
            ("systolic", systolic, self.policy.systolic),
            ("diastolic", diastolic, self.policy.diastolic),
        ] {
            // No mean at all is not inside either.
            if !(min..=max).contains(&mean) {
                why.push(format!("{name} {mean} is not within {min} and {max}"));
            }
            if !answer[name].as_f64().is_some_and(|told| (told - mean).abs() <= 0.006) {
                why.push(format!("{name} {} is not the mean {mean}", answer[name]));
            }
        }
        why
    }

    /// A reading of a round that failed or was ended by a finding counts for no later one; and nothing follows the end.
    fn not_used_up(&self, place: usize) -> Vec<String> {
        let answer = &self.answers[place];
        let counted = ids(&answer["counted"]);
        let mut why = Vec::new();
        for earlier in &self.answers[..place] {
            let state = earlier["state"].as_str().unwrap_or_default();
            if ["ended", "crisis", "referred"].contains(&state) {
                why.push(format!("after {state}, with nobody who decided"));
            }
            if state == "blocked" && ids(&earlier["counted"]).iter().any(|id| counted.contains(id)) {
                why.push("counts a reading of a failed round".to_owned());
            }
        }
        why
    }

    /// Those answers that came before the clock was set back. What was said next is not known where others came after it.
    fn steady(&self) -> &[&Value] {
        let is_steady = |answer: &&Value| self.clock.is_steady(self.messages.came_at(answer));
        let steady = self.answers.iter().take_while(|answer| is_steady(answer)).count();
        &self.answers[..steady]
    }

    /// Readings of this session that came before the clock was set back.
    fn own(&self) -> impl Iterator<Item = &Value> {
        self.readings.values().copied().filter(|reading| {
            reading["session"] == self.session && self.clock.is_steady(self.messages.came_at(reading))
        })
    }

    /// Those whose values count against it.
    fn evidence(&self) -> impl Iterator<Item = &Value> {
        self.own().filter(|reading| {
            let mut codes = reading["reasons"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|reason| &reason["code"]);
            pressures(reading).is_some() && !codes.any(|code| NO_EVIDENCE.iter().any(|none| code == none))
        })
    }

    /// Answers that this reading makes false. From when it was judged, what was ready without it must have been taken back.
    fn stands_against(&self, reading: &Value) -> Vec<String> {
        let is_final = self.is_crisis(reading) || is_irregular(reading);
        let is_outside = pressures(reading).is_some_and(|both| !self.is_inside(both));
        let judged_at = time(&reading["created_at"]);
        if !is_final && !is_outside {
            return Vec::new();
        }
        let answers = self.steady();
        let standing = answers
            .iter()
            .rposition(|answer| time(&answer["created_at"]) <= judged_at);
        let is_next_unknown = standing.is_none_or(|standing| standing + 1 == answers.len());
        if is_next_unknown && answers.len() < self.answers.len() {
            return Vec::new();
        }
        let Some(standing) = standing else {
            return vec![format!(
                "session {}: reading {} came before its first answer",
                self.session, reading["seq"]
            )];
        };
        let is_false = |answer: &&&Value| answer["ready"] == true && (is_final || self.is_without(answer, reading));
        let is_taken_back = answers.get(standing + 1).is_some_and(|next| {
            let within = time(&next["created_at"]).zip(judged_at);
            within.is_some_and(|(said, judged)| said.duration_since(judged) <= TOGETHER)
        });
        let first = if is_taken_back { standing + 1 } else { standing };
        let complaint = |answer: &&Value| {
            let (session, answer, seq) = (self.session, seq(answer), &reading["seq"]);
            format!("session {session} answer {answer}: stands against reading {seq}")
        };
        answers[first..].iter().filter(is_false).map(complaint).collect()
    }

    /// Whether an answer neither counts this reading nor one that came later.
    fn is_without(&self, answer: &Value, reading: &Value) -> bool {
        let counted = ids(&answer["counted"]);
        let came_later = |id: &&str| {
            let other = self.readings.get(id).map(|other| time(&other["received_at"]));
            other.is_some_and(|received| received > time(&reading["received_at"]))
        };
        !counted.iter().any(|id| reading["id"] == **id) && !counted.iter().any(came_later)
    }

    /// A run that has judged a reading of an open session says anew how it stands, unless it ends at once.
    fn unsaid_after_restarts(&self) -> Vec<String> {
        let soon = |reading: &Value| time(&reading["created_at"]).map(|judged| judged + TOGETHER);
        let unsaid = |reading: &&Value| {
            let is_of_run = |message: &Value| message["run"] == reading["run"];
            let said = |answer: &&Value| is_of_run(answer) && time(&answer["created_at"]) <= soon(reading);
            let is_steady = |other: &&Value| self.clock.is_steady(self.messages.came_at(other));
            let mut others = self.messages.all.iter().filter(is_steady);
            let goes_on = others.any(|other| is_of_run(other) && time(&other["created_at"]) > soon(reading));
            goes_on && !self.answers.iter().any(said)
        };
        self.own()
            .filter(unsaid)
            .map(|reading| {
                format!(
                    "session {}: unsaid in the run of reading {}",
                    self.session, reading["seq"]
                )
            })
            .collect()
    }

    fn is_crisis(&self, reading: &Value) -> bool {
        let (systolic, diastolic) = self.policy.crisis;
        pressures(reading).is_some_and(|both| both.0 >= systolic || both.1 >= diastolic)
    }

    fn is_inside(&self, (systolic, diastolic): (f64, f64)) -> bool {
        let within = |(min, max): (f64, f64), value| (min..=max).contains(&value);
        within(self.policy.systolic, systolic) && within(self.policy.diastolic, diastolic)
    }
}

fn pressures(reading: &Value) -> Option<(f64, f64)> {
    Some((reading["systolic"].as_f64()?, reading["diastolic"].as_f64()?))
}

fn is_irregular(reading: &Value) -> bool {
    reading["status"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|status| status == "irregular_pulse")
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}
