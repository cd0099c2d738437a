//! What the cuffs have brought, and what the gateway has taken over from them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::plan::Measured;

/// The values of one reading, which no other of the run has.
type Values = (u64, u64, u64);

/// One connection of a cuff.
#[derive(Clone, Debug)]
struct Visit {
    cuff: String,
    values: Vec<Values>,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    next: u64,
    /// What was ordered of the gateway that runs now.
    visits: Vec<Visit>,
    /// What the gateway took over: its cuffs forget it.
    pub(crate) confirmed: BTreeSet<Values>,
    /// Connections that came to their end and of which less was taken over than the cuff had.
    short: BTreeSet<String>,
    /// What the gateway called stored: ids.
    pub(crate) stored: BTreeSet<String>,
}

impl Books {
    /// A visit that brings readings of these kinds, as an order.
    pub(crate) fn order(&mut self, cuff: &str, measured: &[Measured]) -> Value {
        let mut values = Vec::new();
        let mut readings = Vec::new();
        for (place, kind) in measured.iter().enumerate() {
            let (mut reading, of_it) = self.measure(*kind);
            reading["before"] = json!(format!("{}s", measured.len() - 1 - place));
            values.push(of_it);
            readings.push(reading);
        }
        self.visits.push(Visit {
            cuff: cuff.to_owned(),
            values,
        });
        json!({"cuff": cuff, "readings": readings})
    }

    fn measure(&mut self, kind: Measured) -> (Value, Values) {
        let number = self.next;
        self.next += 1;
        let (pulse_rate, diastolic) = (50 + number % 100, 55 + number / 100 % 30);
        let (systolic, status): (u64, &[&str]) = match kind {
            Measured::Good => (110 + number % 25, &[]),
            Measured::OutsideLimits => (145 + number % 20, &[]),
            Measured::Crisis => (182 + number % 20, &[]),
            Measured::Irregular => (120, &["irregular_pulse"]),
            Measured::Moved => (120, &["body_movement"]),
        };
        let reading = json!({"systolic": systolic, "diastolic": diastolic, "pulse_rate": pulse_rate, "status": status});
        (reading, (systolic, diastolic, pulse_rate))
    }

    /// What stands in the log so far of the gateway that runs now.
    pub(crate) fn read(&mut self, log: &Path) {
        let log = std::fs::read_to_string(log).unwrap_or_default();
        // A line that is still being written says nothing yet.
        let lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let mut visits: BTreeMap<&str, usize> = BTreeMap::new();
        for line in lines {
            if let Some(id) = field(line, " stored reading_id=") {
                self.stored.insert(id.to_owned());
            }
            let Some(cuff) = field(line, "connection is over cuff=") else {
                continue;
            };
            let place = visits.entry(cuff).or_default();
            let visit = self.visits.iter().filter(|visit| visit.cuff == cuff).nth(*place);
            *place += 1;
            let Some(visit) = visit else {
                panic!("nobody ordered this: {line}")
            };
            let brought = visit.values.len().to_string();
            if field(line, "measurements=") == Some(brought.as_str()) {
                self.confirmed.extend(&visit.values);
            } else if field(line, "ending=") == Some("Delivered") {
                self.short
                    .insert(format!("{brought} were brought: {}", line.trim_end()));
            }
        }
    }

    /// The gateway does not run any more, and this is all that it has said.
    pub(crate) fn close(&mut self, log: &Path) {
        self.read(log);
        self.visits.clear();
    }

    /// The gateway's files were damaged: what it had taken over before may be gone.
    pub(crate) fn damaged(&mut self) {
        self.confirmed.clear();
        self.stored.clear();
    }

    /// Whether all visits of the gateway that runs now are over.
    pub(crate) fn is_all_confirmed(&self) -> bool {
        let mut brought = self.visits.iter().flat_map(|visit| &visit.values);
        brought.all(|values| self.confirmed.contains(values))
    }

    /// What was taken over, or should have been, and is not among these messages.
    pub(crate) fn missing(&self, readings: &[&Value]) -> Vec<String> {
        let number = |reading: &Value, name: &str| reading[name].as_f64().map(|value| format!("{value}"));
        let values: BTreeSet<[Option<String>; 3]> = readings
            .iter()
            .map(|reading| ["systolic", "diastolic", "pulse_rate"].map(|name| number(reading, name)))
            .collect();
        let ids: BTreeSet<&str> = readings.iter().filter_map(|reading| reading["id"].as_str()).collect();
        let not_come = self.confirmed.iter().filter(|(systolic, diastolic, pulse_rate)| {
            !values.contains(&[systolic, diastolic, pulse_rate].map(|value| Some(value.to_string())))
        });
        let not_come = not_come.map(|values| format!("the cuff was told that {values:?} is taken over; it never came"));
        let not_heard = self.stored.iter().filter(|id| !ids.contains(id.as_str()));
        self.short
            .iter()
            .cloned()
            .chain(not_come)
            .chain(not_heard.map(|id| format!("reading {id} was stored; it never came")))
            .collect()
    }
}

/// The word after this in a line.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_once(name)?.1.split_whitespace().next()
}
