//! What happens at the cuff source in one connection, as values in virtual time.

use std::time::Duration;

use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::source::Event;

/// One event, and how long after the one before it happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Time since the step before.
    pub wait: Duration,
    /// What happens; its times are virtual.
    pub event: Event,
}

/// Collects the steps of one cuff while virtual time goes by.
#[derive(Debug)]
pub(super) struct Tape {
    cuff: Name,
    now: Now,
    wait: Duration,
    steps: Vec<Step>,
}

impl Tape {
    pub(super) const fn new(cuff: Name, start: Now) -> Self {
        Self {
            cuff,
            now: start,
            wait: Duration::ZERO,
            steps: Vec::new(),
        }
    }

    /// The virtual time.
    pub(super) const fn now(&self) -> Now {
        self.now
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        self.wait = self.wait.saturating_add(time);
        self.now = later(self.now, time);
    }

    /// Adds what happens now.
    pub(super) fn push(&mut self, event: impl FnOnce(Name, Now) -> Event) {
        let event = event(self.cuff.clone(), self.now);
        let wait = std::mem::take(&mut self.wait);
        self.steps.push(Step { wait, event });
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }
}

/// Both clocks `time` later; the wall clock stays where it is at the end of its range.
fn later(now: Now, time: Duration) -> Now {
    Now {
        wall: now.wall.saturating_add(time).unwrap_or(now.wall),
        moment: now.moment + time,
    }
}
