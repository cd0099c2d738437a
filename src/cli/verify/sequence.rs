//! Where messages stand among those of their gateway and kind: what is missing, what came twice, what fell back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// Of one kind of trouble so many are told one by one.
const TOLD: usize = 20;

/// Where a message says that it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    series: Series,
    run: String,
    seq: u64,
    created_at: Timestamp,
}

/// What is counted by itself: each kind of message of each gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    gateway: String,
    schema: String,
}

/// What was seen of one series.
#[derive(Debug, Default)]
struct Seen {
    /// The id that each number had first.
    ids: BTreeMap<u64, String>,
    /// The message with the highest number.
    highest: Option<Place>,
    /// Runs that began below what was reached before.
    fallen_back: BTreeSet<String>,
    troubles: Vec<String>,
}

/// What was seen of all.
#[derive(Debug, Default)]
pub(super) struct Sequences(BTreeMap<Series, Seen>);

impl Place {
    /// `None` for messages that are not counted.
    pub(super) fn of(message: &Map<String, Value>) -> Option<Self> {
        let text = |member| message.get(member).and_then(Value::as_str);
        Some(Self {
            series: Series {
                gateway: format!("{}/{}", text("site")?, text("gateway")?),
                schema: text("schema")?.to_owned(),
            },
            run: text("run")?.to_owned(),
            seq: message.get("seq")?.as_u64()?,
            created_at: text("created_at")?.parse().ok()?,
        })
    }
}

impl Sequences {
    pub(super) fn take(&mut self, place: Option<&Place>, id: &str) {
        if let Some(place) = place {
            self.0.entry(place.series.clone()).or_default().take(place, id);
        }
    }

    /// What stands out, a line each.
    pub(super) fn told(&self) -> Vec<String> {
        let all = self.0.iter().flat_map(|(Series { gateway, schema }, seen)| {
            let missing = seen.missing();
            let troubles = missing.into_iter().chain(shortened(&seen.troubles));
            troubles.map(move |trouble| format!("{gateway} {schema}: {trouble}"))
        });
        all.collect()
    }
}

impl Seen {
    fn take(&mut self, place: &Place, id: &str) {
        let seq = place.seq;
        match self.ids.get(&seq) {
            Some(first) if first == id => {
                self.troubles
                    .push(format!("seq {seq} came twice, with the same id {id}"));
            }
            Some(first) => {
                let doubled = format!("seq {seq} is doubled: id {first} and id {id}");
                self.troubles.push(doubled);
            }
            None => {
                self.ids.insert(seq, id.to_owned());
            }
        }
        match &self.highest {
            Some(highest) if highest.seq >= seq => self.compare(&highest.clone(), place),
            Some(_) | None => self.highest = Some(place.clone()),
        }
    }

    /// A message that was made later, by another run, and has a lower number: that run began with an older store.
    fn compare(&mut self, highest: &Place, later: &Place) {
        let fell_back = later.run != highest.run && later.created_at > highest.created_at;
        if fell_back && self.fallen_back.insert(later.run.clone()) {
            self.troubles.push(format!(
                "seq fell back from {} to {} under the new run {}: a restored copy of the gateway's store, or a second machine",
                highest.seq, later.seq, later.run
            ));
        }
    }

    /// The numbers that are missing between the lowest and the highest seen.
    fn missing(&self) -> Option<String> {
        let mut gaps = Vec::new();
        let mut after = None;
        for seq in self.ids.keys().copied() {
            if let Some(after) = after
                && seq > after
            {
                gaps.push((after, seq - 1));
            }
            after = seq.checked_add(1);
        }
        let mut text = String::new();
        for (first, last) in gaps.iter().take(TOLD) {
            let separator = if text.is_empty() { "" } else { ", " };
            // Writing to a `String` cannot fail.
            let _written = if first == last {
                write!(text, "{separator}{first}")
            } else {
                write!(text, "{separator}{first} to {last}")
            };
        }
        if gaps.len() > TOLD {
            let _written = write!(text, " and {} gaps more", gaps.len() - TOLD);
        }
        (!gaps.is_empty()).then(|| format!("seq missing: {text}"))
    }
}

fn shortened(troubles: &[String]) -> Vec<String> {
    let mut told: Vec<String> = troubles.iter().take(TOLD).cloned().collect();
    if troubles.len() > TOLD {
        told.push(format!("{} more like these", troubles.len() - TOLD));
    }
    told
}
