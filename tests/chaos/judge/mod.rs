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

/// How far the gateway's wall clock can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WallClock {
    /// All steps forward together.
    pub(crate) forward: SignedDuration,
    /// It has never stepped back, so that times order what happened.
    pub(crate) is_steady: bool,
}

impl WallClock {
    /// One that nobody has set.
    pub(crate) const RIGHT: Self = Self {
        forward: SignedDuration::ZERO,
        is_steady: true,
    };
}

/// So a store tells that it was set back to an earlier time (contract 3).
pub(crate) const OF_OTHER_RUNS: &str = ", of other runs";

/// What the judge found. Nothing in both lists: all is well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Missing, or not what it was.
    pub(crate) lost: Vec<String>,
    /// Ready where it should not be.
    pub(crate) falsely_ready: Vec<String>,
}

/// The messages of a run, each once.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) all: Vec<Value>,
    /// How often one came again.
    pub(crate) doubles: usize,
}

impl Messages {
    /// Sorts out doubles.
    ///
    /// # Errors
    /// A double has other octets, or something is no signed message.
    pub(crate) fn from_texts(texts: &[String]) -> Result<Self, String> {
        let mut octets: HashMap<String, &String> = HashMap::new();
        let mut messages = Self::default();
        for text in texts {
            let message: Value = serde_json::from_str(text).map_err(|error| format!("{error}: {text}"))?;
            let id = message["id"]
                .as_str()
                .ok_or_else(|| format!("no id: {text}"))?
                .to_owned();
            match octets.insert(id, text) {
                None => messages.all.push(message),
                Some(before) if before == text => messages.doubles += 1,
                Some(before) => return Err(format!("a double has other octets: {before} {text}")),
            }
        }
        Ok(messages)
    }

    /// Those of this kind, by their numbers.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<&Value> {
        let schema = format!("cuffd.{kind}/1");
        let mut found: Vec<&Value> = self.all.iter().filter(|message| message["schema"] == schema).collect();
        found.sort_by_key(|message| seq(message));
        found
    }
}

/// Judges a whole run. `heads` are the highest numbers that the gateway has given out, by kind.
pub(crate) fn judge(policy: &Policy, messages: &Messages, heads: &BTreeMap<String, u64>, clock: WallClock) -> Verdict {
    let mut verdict = Verdict::default();
    for (kind, head) in heads {
        verdict.lost.extend(gaps(kind, &messages.of_kind(kind), *head));
    }
    verdict.falsely_ready = ready::falsely(policy, messages, clock);
    verdict
}

/// Numbers that are missing, or that two messages share.
fn gaps(kind: &str, messages: &[&Value], head: u64) -> Vec<String> {
    let mut runs: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for message in messages {
        runs.entry(seq(message)).or_default().push(&message["run"]);
    }
    let missing = (1..=head).filter(|seq| !runs.contains_key(seq));
    let missing = missing.map(|seq| format!("{kind} {seq} is missing"));
    let shared = runs.iter().filter(|(_, runs)| runs.len() > 1).map(|(seq, runs)| {
        let other = if runs.windows(2).any(|pair| pair[0] == pair[1]) {
            ""
        } else {
            OF_OTHER_RUNS
        };
        format!("{kind} {seq} is two messages{other}")
    });
    let beyond = runs.keys().filter(|seq| **seq > head);
    let beyond = beyond.map(|seq| format!("{kind} {seq} was never given out"));
    missing.chain(shared).chain(beyond).collect()
}

pub(super) fn seq(message: &Value) -> u64 {
    message["seq"].as_u64().unwrap_or(0)
}

/// `None` where there is no time.
pub(super) fn time(of: &Value) -> Option<Timestamp> {
    of.as_str()?.parse().ok()
}
