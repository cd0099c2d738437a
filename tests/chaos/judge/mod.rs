//! The judge: decides from the signed messages alone whether anything is missing and whether anything was falsely ready.
//!
//! It knows the contract and the clinic's policy, and nothing of the program: no rule here is the gate's code.

#[cfg(test)]
mod doctored;
mod ready;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// What the clinic asks for, as the judge understands it.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) systolic: (f64, f64),
    pub(crate) diastolic: (f64, f64),
    /// At or above either.
    pub(crate) crisis: (f64, f64),
    pub(crate) readings: usize,
    pub(crate) valid_for: SignedDuration,
    pub(crate) attest_for: SignedDuration,
    pub(crate) session_limit: SignedDuration,
    pub(crate) max_reading_age: SignedDuration,
    pub(crate) attestations: &'static [&'static str],
}

/// The gateway's wall clock: when it was set by how much, by a clock that nobody has set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WallClock {
    pub(crate) steps: Vec<(Timestamp, SignedDuration)>,
}

impl WallClock {
    /// All steps forward together until then: so much later is what a message that came then may call by an older name.
    fn forward(&self, until: Timestamp) -> SignedDuration {
        let before = self.steps.iter().filter(|(at, by)| *at <= until && by.is_positive());
        before.map(|(_, by)| *by).sum()
    }

    /// Whether what came then was said before the clock was ever set back, so that its times order what happened.
    fn is_steady(&self, came_at: Timestamp) -> bool {
        !self.steps.iter().any(|(at, by)| *at <= came_at && by.is_negative())
    }
}

/// A message as it came to the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrived {
    /// When, by a clock that nobody has set.
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

/// So a store tells that it was set back to an earlier time (contract 3).
pub(crate) const OF_OTHER_RUNS: &str = ", of other runs";

/// What the judge found. Nothing in both lists: all is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Missing, or not what it was.
    pub(crate) lost: Vec<String>,
    /// The same, of what was made before files were damaged.
    pub(crate) taken: Vec<String>,
    /// Ready where it should not be.
    pub(crate) falsely_ready: Vec<String>,
}

/// The messages of a run, each once.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) all: Vec<Value>,
    /// When each came for the first time, by its id.
    came: HashMap<String, Timestamp>,
    /// How often one came again.
    pub(crate) doubles: usize,
}

impl Messages {
    /// Sorts out doubles.
    ///
    /// # Errors
    /// A double has other octets, or something is no signed message.
    pub(crate) fn from_arrived(arrived: &[Arrived]) -> Result<Self, String> {
        let mut octets: HashMap<String, &String> = HashMap::new();
        let mut messages = Self::default();
        for Arrived { at, text } in arrived {
            let message: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
            let id = message["id"]
                .as_str()
                .ok_or_else(|| format!("no id: {text}"))?
                .to_owned();
            match octets.insert(id.clone(), text) {
                None => {
                    messages.all.push(message);
                    messages.came.insert(id, *at);
                }
                Some(before) if before == text => messages.doubles += 1,
                Some(before) => return Err(format!("a double has other octets: {before} {text}")),
            }
        }
        Ok(messages)
    }

    /// When it came for the first time.
    fn came_at(&self, message: &Value) -> Timestamp {
        let came = message["id"].as_str().and_then(|id| self.came.get(id));
        came.copied().expect("what came has come at some time")
    }

    /// Those of this kind, by their numbers.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        let schema = format!("cuffd.{kind}/1");
        let mut found: Vec<&Value> = self.all.iter().filter(|message| message["schema"] == schema).collect();
        found.sort_by_key(|message| seq(message));
        found
    }
}

/// The highest numbers that a gateway has given out, by kind.
pub(crate) type Heads = BTreeMap<String, u64>;

/// Judges a whole run, at whose end the numbers had come to `heads`, and to `damaged` when files were damaged last.
pub(crate) fn judge(
    policy: &Policy,
    messages: &Messages,
    heads: &Heads,
    damaged: &Heads,
    clock: &WallClock,
) -> Verdict {
    let mut verdict = Verdict::default();
    for (kind, head) in heads {
        let before = damaged.get(kind).copied().unwrap_or(0);
        for (seq, what) in gaps(kind, &messages.of_kind(kind), *head) {
            if seq <= before {
                verdict.taken.push(what);
            } else {
                verdict.lost.push(what);
            }
        }
    }
    verdict.falsely_ready = ready::falsely(policy, messages, clock);
    verdict
}

/// Numbers that are missing, or that two messages share.
fn gaps(kind: &str, messages: &[&Value], head: u64) -> Vec<(u64, String)> {
    let mut runs: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for message in messages {
        runs.entry(seq(message)).or_default().push(&message["run"]);
    }
    let missing = (1..=head).filter(|seq| !runs.contains_key(seq));
    let missing = missing.map(|seq| (seq, format!("{kind} {seq} is missing")));
    let shared = runs.iter().filter(|(_, runs)| runs.len() > 1).map(|(seq, runs)| {
        let other = if runs.windows(2).any(|pair| pair[0] == pair[1]) {
            ""
        } else {
            OF_OTHER_RUNS
        };
        (*seq, format!("{kind} {seq} is two messages{other}"))
    });
    let beyond = runs.keys().filter(|seq| **seq > head);
    let beyond = beyond.map(|seq| (*seq, format!("{kind} {seq} was never given out")));
    missing.chain(shared).chain(beyond).collect()
}

pub(super) fn seq(message: &Value) -> u64 {
    message["seq"].as_u64().unwrap_or(0)
}

/// `None` where there is no time.
pub(super) fn time(of: &Value) -> Option<Timestamp> {
    of.as_str()?.parse().ok()
}
