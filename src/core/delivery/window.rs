//! What to send next in one connection, and what to write down of the answers.
//!
//! A message handed out is not handed out again before its answer is stored; one that was not answered leaves no mark, so
//! that it is still queued when the connection is over. Marks are made here and stored by the caller, in batches.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use uuid::Uuid;

use super::answer::{self, Answer};
use super::packet::Packet;
use super::schedule::Schedule;
use super::tries::Tries;
use super::{Due, Kind, Mark, Wait, retry};
use crate::core::moment::{Moment, Now};

/// How many messages one page holds.
pub const PAGE: usize = 256;

/// How many marks one transaction takes.
pub const BATCH: usize = 200;

/// How long a mark waits for others.
pub const BATCH_WAIT: Duration = Duration::from_millis(100);

/// No more is sent while so many answers are not stored: a store that does not answer stops the sending.
const MOST_UNSETTLED: usize = 1000;

/// What the broker and the config say of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How many publishes may be unanswered.
    pub window: usize,
    /// With receipts: how long to wait for the first.
    pub receipt_timeout: Option<Duration>,
    /// The broker's Maximum Packet Size in octets, if it has one.
    pub largest_packet: Option<u32>,
}

/// One connection's queue.
#[derive(Debug)]
pub struct Window {
    rules: Rules,
    schedule: Schedule,
    page: VecDeque<Due>,
    supply: Supply,
    out: HashMap<Uuid, Out>,
    unsettled: HashSet<Uuid>,
    marks: Vec<Mark>,
    oldest_mark: Option<Moment>,
    tries: Tries,
}

/// What is known of the rows that are not in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    /// There may be more.
    Unknown,
    /// A page was asked for.
    Asked,
    /// A page was asked for, and since then something new was queued.
    AskedAndStale,
    /// Nothing more is due.
    Dry,
}

#[derive(Clone, Copy, Debug)]
struct Out {
    kind: Kind,
    attempts: u32,
    sends: u32,
}

/// An answer, judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged {
    /// What kind of message was answered.
    pub kind: Kind,
    /// What the answer means.
    pub answer: Answer,
    /// The reason code itself.
    pub code: u8,
}

impl Window {
    /// Starts empty, and wants a page.
    #[must_use]
    pub fn new(rules: Rules, schedule: Schedule) -> Self {
        Self {
            rules,
            schedule,
            page: VecDeque::new(),
            supply: Supply::Unknown,
            out: HashMap::new(),
            unsettled: HashSet::new(),
            marks: Vec::new(),
            oldest_mark: None,
            tries: Tries::default(),
        }
    }

    /// Goes on counting where an earlier connection left off.
    #[must_use]
    pub fn after(self, tries: Tries) -> Self {
        Self { tries, ..self }
    }

    /// What the next connection goes on with.
    #[must_use]
    pub fn into_tries(self) -> Tries {
        self.tries
    }

    /// What the broker says has come; nothing has been sent yet.
    pub const fn rule(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// The broker's Maximum Packet Size in octets, if it has one.
    #[must_use]
    pub const fn largest_packet(&self) -> Option<u32> {
        self.rules.largest_packet
    }

    /// From now on so many publishes may be unanswered.
    pub const fn resize(&mut self, window: usize) {
        self.rules.window = window;
    }

    /// Something was queued, or something may have become due.
    pub fn woken(&mut self) {
        self.supply = match self.supply {
            Supply::Unknown | Supply::Dry => Supply::Unknown,
            Supply::Asked | Supply::AskedAndStale => Supply::AskedAndStale,
        };
        // What is dropped here is still queued; the next page brings it back, behind what is more urgent.
        self.page.truncate(self.rules.window);
    }

    /// Whether a page is to be fetched now, leaving out these rows. Answered by [`Window::offer`].
    pub fn ask(&mut self) -> Option<Vec<Uuid>> {
        if self.supply != Supply::Unknown || self.page.len() > self.rules.window {
            return None;
        }
        self.supply = Supply::Asked;
        let waiting = self.page.iter().map(|row| row.id);
        let known = self.out.keys().chain(&self.unsettled).copied();
        Some(known.chain(waiting).collect())
    }

    /// Takes the page that was asked for; fewer rows than [`PAGE`] mean that no more are due.
    pub fn offer(&mut self, rows: Vec<Due>) {
        let more = rows.len() >= PAGE || self.supply == Supply::AskedAndStale;
        self.supply = if more { Supply::Unknown } else { Supply::Dry };
        self.page.extend(rows);
        self.page.make_contiguous().sort_by_key(|row| (row.kind, row.seq));
    }

    /// The page could not be fetched.
    pub fn refuse(&mut self) {
        self.supply = Supply::Unknown;
    }

    /// The next message to publish, while the window has room beside `others` unanswered publishes.
    pub fn next(&mut self, others: usize, now: Now) -> Option<Due> {
        while self.out.len() + others < self.rules.window && self.unsettled.len() < MOST_UNSETTLED {
            let row = self.page.pop_front()?;
            if !packet_of(&row).fits(self.rules.largest_packet) {
                let why = "larger than the broker's Maximum Packet Size".to_owned();
                self.mark(Mark::SetAside { id: row.id, why }, now);
                continue;
            }
            let out = Out {
                kind: row.kind,
                attempts: row.attempts,
                sends: row.sends,
            };
            self.out.insert(row.id, out);
            return Some(row);
        }
        None
    }

    /// Whether an answer to a command may go beside `others` unanswered publishes that are not of the outbox. They get a
    /// quarter of the window at most, so that a flood of commands does not keep alerts and readings from going out.
    #[must_use]
    pub fn has_room_for_reply(&self, others: usize) -> bool {
        others < (self.rules.window / 4).max(1)
    }

    /// The broker answered with this reason code. `None` if the message is not out.
    pub fn answered(&mut self, id: Uuid, code: u8, now: Now) -> Option<Judged> {
        let out = self.out.remove(&id)?;
        let answer = answer::judge(code);
        if out.attempts == 0 {
            // New, or resent: as if it had never been tried.
            self.tries.forget(id);
        }
        let verdict = self.verdict(id, code, out, now);
        self.mark(verdict, now);
        Some(Judged {
            kind: out.kind,
            answer,
            code,
        })
    }

    /// It cannot be published at all.
    pub fn unsendable(&mut self, id: Uuid, why: String, now: Now) {
        if self.out.remove(&id).is_some() {
            self.mark(Mark::SetAside { id, why }, now);
        }
    }

    /// It was not handed to the network after all.
    pub fn unsent(&mut self, row: Due) {
        if self.out.remove(&row.id).is_some() {
            self.page.push_front(row);
        }
    }

    /// When the marks are to be stored: at once for a full batch, else soon; `None` if there are none.
    #[must_use]
    pub fn marks_due(&self) -> Option<Moment> {
        let oldest = self.oldest_mark?;
        Some(if self.marks.len() >= BATCH {
            oldest
        } else {
            oldest + BATCH_WAIT
        })
    }

    /// Takes the marks to store them. What was stored is given to [`Window::settled`].
    #[must_use]
    pub fn take_marks(&mut self) -> Vec<Mark> {
        self.oldest_mark = None;
        std::mem::take(&mut self.marks)
    }

    /// These marks are stored.
    pub fn settled(&mut self, marks: &[Mark]) {
        for mark in marks {
            self.unsettled.remove(&mark.id());
        }
        // Some of them come back later: the time of the next due row has to be asked anew.
        if self.supply == Supply::Dry && marks.iter().any(Mark::comes_back) {
            self.supply = Supply::Unknown;
        }
    }

    /// The messages that are out and not answered.
    #[must_use]
    pub fn in_flight(&self) -> Vec<Uuid> {
        self.out.keys().copied().collect()
    }

    /// How many messages are out and not answered.
    #[must_use]
    pub fn out(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing is left to send or to wait for, as far as is known.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.out.is_empty() && self.page.is_empty() && self.supply == Supply::Dry
    }

    fn verdict(&mut self, id: Uuid, code: u8, out: Out, now: Now) -> Mark {
        let later = |delay| Mark::Later {
            id,
            wait: self.schedule.wait(now.moment, delay),
            why: answer::describe(code),
        };
        match answer::judge(code) {
            Answer::Taken => {
                self.tries.forget(id);
                Mark::Sent {
                    id,
                    at: now.wall,
                    again: self.again(out, now),
                }
            }
            Answer::NobodySubscribes => later(retry::after_no_subscriber(self.tries.untaken(id, out.attempts))),
            Answer::Refused => later(retry::after_refusal(self.tries.refused(id, out.attempts))),
            Answer::RefusedForGood => {
                self.tries.forget(id);
                Mark::SetAside {
                    id,
                    why: answer::describe(code),
                }
            }
        }
    }

    /// FHIR Bundles are done when a broker took them: receipts do not name them.
    fn again(&self, out: Out, now: Now) -> Option<Wait> {
        let timeout = self.rules.receipt_timeout.filter(|_| out.kind != Kind::Fhir)?;
        Some(
            self.schedule
                .wait(now.moment, retry::without_receipt(timeout, out.sends)),
        )
    }

    fn mark(&mut self, mark: Mark, now: Now) {
        self.unsettled.insert(mark.id());
        self.marks.push(mark);
        self.oldest_mark.get_or_insert(now.moment);
    }
}

fn packet_of(row: &Due) -> Packet<'_> {
    Packet {
        topic: &row.topic,
        schema: &row.schema,
        payload: row.payload.len(),
        correlation: None,
    }
}

#[cfg(test)]
#[path = "window_tests.rs"]
mod tests;
