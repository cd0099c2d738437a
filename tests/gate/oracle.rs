//! An oracle: another telling of contract 2.5 and 2.6, second by second, for one session and whole numbers. It shares no code
//! with the gate.

use std::collections::BTreeMap;

/// The lowest permitted systolic pressure.
pub(crate) const MIN: i64 = 90;
/// The highest permitted systolic pressure.
pub(crate) const MAX: i64 = 140;
/// At or above is a crisis.
pub(crate) const CRISIS: i64 = 180;

/// The parts of a policy that vary, in seconds where they are times.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) readings: i64,
    pub(crate) valid_for: i64,
    pub(crate) discard_first: bool,
    pub(crate) spacing: i64,
    pub(crate) extra: Option<i64>,
    pub(crate) rest: i64,
    pub(crate) max_age: i64,
    pub(crate) attempts: i64,
    pub(crate) retry_after: i64,
    pub(crate) limit: i64,
    pub(crate) items: usize,
    pub(crate) attest_for: i64,
    pub(crate) approval: bool,
    pub(crate) overriding: bool,
    pub(crate) require_clock: bool,
    pub(crate) irregular: u8,
    pub(crate) reject_moved: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Happening {
    /// Taken that many seconds ago.
    Measured {
        ago: i64,
        systolic: i64,
        irregular: bool,
        moved: bool,
    },
    Attested(usize, bool),
    Clock(bool),
    Approved,
    Denied,
    Started,
    Closed,
    Nothing,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) state: &'static str,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) counted: Vec<u64>,
    pub(crate) valid_until: Option<i64>,
    pub(crate) next_at: Option<i64>,
}

/// One session, told second by second.
pub(crate) struct Oracle<'a> {
    rules: &'a Rules,
    mode: &'static str,
    why: Vec<&'static str>,
    /// Id and systolic of what stands behind the answer.
    behind: Vec<(u64, i64)>,
    began: i64,
    first_received: Option<i64>,
    extra_asked: bool,
    last_accepted: Option<i64>,
    until: i64,
    awaits: bool,
    failed: i64,
    crisis_approved: bool,
    attested: BTreeMap<usize, i64>,
    clock: bool,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(rules: &'a Rules) -> Self {
        Self {
            rules,
            mode: "collecting",
            why: vec![],
            behind: vec![],
            began: 0,
            first_received: None,
            extra_asked: false,
            last_accepted: None,
            until: 0,
            awaits: false,
            failed: 0,
            crisis_approved: false,
            attested: BTreeMap::new(),
            clock: true,
        }
    }

    fn collect(&mut self, from: i64, why: Vec<&'static str>) {
        self.mode = "collecting";
        self.why = why;
        self.behind = vec![];
        self.began = from;
        self.first_received = None;
        self.extra_asked = false;
    }

    /// What time alone does at this second, before its events.
    pub(crate) fn second(&mut self, now: i64) {
        if self.mode == "ended" {
            return;
        }
        if now >= self.rules.limit {
            self.mode = "ended";
            self.why = vec!["session_over"];
            return;
        }
        match self.mode {
            "collecting"
                if self
                    .first_received
                    .is_some_and(|first| now >= first + self.rules.valid_for) =>
            {
                self.collect(now, vec!["validity_over"]);
            }
            "passed" if now >= self.until => self.collect(now, vec!["validity_over"]),
            "blocked" if now >= self.until => self.collect(now, vec![]),
            _ => {}
        }
    }

    fn clock_missing(&self) -> bool {
        self.rules.require_clock && !self.clock
    }

    fn missing(&self, now: i64) -> usize {
        (0..self.rules.items)
            .filter(|item| {
                self.attested
                    .get(item)
                    .is_none_or(|at| now >= at + self.rules.attest_for)
            })
            .count()
    }

    /// Whether the reading counts or is a finding; else it gets a line.
    pub(crate) fn measured(&mut self, now: i64, id: u64, happening: Happening) -> bool {
        let Happening::Measured {
            ago,
            systolic,
            irregular,
            moved,
        } = happening
        else {
            panic!("a measurement");
        };
        let taken = now - ago;
        let stale = !self.clock_missing() && ago > self.rules.max_age;
        if self.mode == "ended" || stale {
            return false;
        }
        if systolic >= CRISIS {
            if self.mode != "started" {
                self.mode = "crisis";
            }
            self.why = vec!["crisis"];
            if irregular && self.rules.irregular == 2 {
                self.why.push("irregular_pulse");
            }
            self.behind = vec![(id, systolic)];
            return true;
        }
        if irregular && self.rules.irregular == 2 && ["collecting", "passed", "blocked"].contains(&self.mode) {
            self.mode = "referred";
            self.why = vec!["irregular_pulse"];
            self.behind = vec![(id, systolic)];
            return true;
        }
        if self.mode == "passed" && !(MIN..=MAX).contains(&systolic) {
            let from = if self.clock_missing() { now } else { taken };
            let limit = if systolic > MAX {
                "systolic_above_limit"
            } else {
                "systolic_below_limit"
            };
            self.collect(from, vec![limit]);
        }
        let rejected = self.clock_missing()
            || (moved && self.rules.reject_moved)
            || (irregular && self.rules.irregular == 1)
            || taken < self.rules.rest
            || self.last_accepted.is_some_and(|last| taken < last + self.rules.spacing)
            || self.mode != "collecting"
            || taken < self.began;
        !rejected && self.accepted(now, taken, id, systolic)
    }

    fn accepted(&mut self, now: i64, taken: i64, id: u64, systolic: i64) -> bool {
        self.last_accepted = Some(taken);
        let first = self.first_received.is_none();
        if first {
            self.first_received = Some(now);
            if self.rules.discard_first {
                return false;
            }
        }
        self.behind.push((id, systolic));
        let values: Vec<i64> = self.behind.iter().map(|(_, systolic)| *systolic).collect();
        let count = i64::try_from(values.len()).unwrap();
        let spread = values.iter().max().unwrap() - values.iter().min().unwrap();
        if count == self.rules.readings && self.rules.extra.is_some_and(|extra| spread > extra) {
            self.extra_asked = true;
        }
        if count < self.rules.readings + i64::from(self.extra_asked) {
            return true;
        }
        let sum: i64 = values.iter().sum();
        if sum > MAX * count || sum < MIN * count {
            self.failed += 1;
            self.why = vec![if sum > MAX * count {
                "systolic_above_limit"
            } else {
                "systolic_below_limit"
            }];
            if self.failed >= self.rules.attempts {
                self.mode = "referred";
                self.why.push("attempts_used");
            } else {
                self.mode = "blocked";
                self.until = now + self.rules.retry_after;
            }
        } else if taken + self.rules.valid_for <= now {
            self.collect(taken + self.rules.valid_for, vec!["validity_over"]);
        } else {
            self.mode = "passed";
            self.why = vec![];
            self.until = taken + self.rules.valid_for;
            self.awaits = self.rules.approval;
        }
        true
    }

    /// Whether the event is not refused.
    pub(crate) fn happens(&mut self, now: i64, happening: Happening) -> bool {
        if let Happening::Clock(synchronized) = happening {
            self.clock = synchronized;
            return true;
        }
        if self.mode == "ended" {
            return matches!(happening, Happening::Nothing);
        }
        match happening {
            Happening::Attested(item, _) if item >= self.rules.items => return false,
            Happening::Attested(item, true) => drop(self.attested.insert(item, now)),
            Happening::Attested(item, false) => drop(self.attested.remove(&item)),
            Happening::Approved => return self.approved(now),
            Happening::Denied if self.mode == "started" => return false,
            Happening::Denied => {
                self.mode = "ended";
                self.why = vec!["denied"];
            }
            Happening::Closed => {
                self.mode = "ended";
                self.why = vec!["session_over"];
            }
            Happening::Started => {
                if self.told(now).state != "ready" {
                    return false;
                }
                self.mode = "started";
            }
            Happening::Nothing | Happening::Clock(_) | Happening::Measured { .. } => {}
        }
        true
    }

    fn approved(&mut self, now: i64) -> bool {
        match self.mode {
            "passed" if self.awaits => self.awaits = false,
            "referred" if self.rules.overriding => {
                self.mode = "passed";
                self.why = vec![];
                self.awaits = false;
                self.until = now + self.rules.valid_for;
            }
            "crisis" if self.rules.overriding && !self.crisis_approved => {
                self.crisis_approved = true;
                self.collect(now, vec![]);
            }
            _ => return false,
        }
        true
    }

    pub(crate) fn told(&self, now: i64) -> Told {
        let missing = self.missing(now);
        let mut reasons = self.why.clone();
        let state = match self.mode {
            "collecting" => {
                if now < self.rules.rest {
                    reasons.push("rest_incomplete");
                }
                reasons.push("readings_needed");
                "waiting"
            }
            "passed" if self.awaits => {
                reasons.push("approval_needed");
                "referred"
            }
            "passed" if missing == 0 && !self.clock_missing() => "ready",
            "passed" => "waiting",
            "started" => {
                reasons.insert(0, "session_started");
                "started"
            }
            other => other,
        };
        if !["started", "ended"].contains(&state) {
            reasons.extend(std::iter::repeat_n("attestation_missing", missing));
            reasons.extend(self.clock_missing().then_some("clock_unsynchronized"));
        }
        let lapses = self.attested.values().map(|at| at + self.rules.attest_for);
        let ends = lapses.chain([self.until, self.rules.limit]).min();
        Told {
            state,
            reasons,
            counted: self.behind.iter().map(|(id, _)| *id).collect(),
            valid_until: ends.filter(|_| state == "ready"),
            next_at: (state == "blocked").then_some(self.until),
        }
    }
}
