//! Reading and setting a cuff's clock, step by step (contract 2.5).
//!
//! Read first, because an offset is only good for what was stamped before the clock is set; then set, if it is off, cannot
//! be read, or the cuff expects it. Nothing here may fail a connection: several cuffs refuse, and work.

use std::time::Duration;

use jiff::civil;
use jiff::tz::TimeZone;

use super::{Catalogue, Characteristic, Fault, Habits};
use crate::core::bls::current_time::{CurrentTime, MANUAL};
use crate::core::bls::date_time::{CuffTime, DateTime};
use crate::core::models::{Clock, ClockRead, ClockWrite};
use crate::core::moment::{Moment, Now};
use crate::core::source::ClockNote;

/// A clock off by less is left alone.
const TOLERANCE_S: i64 = 60;
/// Two looks at one clock may differ by less: cuffs count whole seconds.
const SLACK_S: u64 = 2;
/// Why the clock was set. The plainest of the reasons: cuffs answer 0x80 to what they do not know.
const ADJUSTED: u8 = MANUAL;

/// One connection's dealings with the cuff's clock.
#[derive(Clone, Debug)]
pub(super) struct ClockSync {
    which: Characteristic,
    readable: bool,
    write: Option<ClockWrite>,
    around_write: Duration,
    zone: TimeZone,
    /// As it was read first; `None` if it shows no time, or was not read.
    found_off_by_s: Option<i64>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Reading,
    BeforeWrite,
    Writing(Writing),
    Verifying(Writing),
    AfterWrite,
}

/// A setting whose outcome is not known yet.
#[derive(Clone, Copy, Debug)]
struct Writing {
    to: civil::DateTime,
    begun: Now,
}

impl Writing {
    const fn unknown(self) -> ClockNote {
        ClockNote::MaybeSet {
            to: self.to,
            at: self.begun,
        }
    }
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Read(Characteristic),
    Write(Characteristic, Vec<u8>),
    Wait(Moment),
    Over,
}

/// A step's result: what was learned, and what comes next.
pub(super) type Taken = (Option<ClockNote>, Next);

impl ClockSync {
    /// What there is to do; `None` if the cuff has no clock that we could read or may set.
    pub(super) fn plan(catalogue: &Catalogue, habits: Habits, set_clock: bool, zone: &TimeZone) -> Option<Self> {
        let which = reached(habits.clock, catalogue)?;
        let access = catalogue.access(which);
        let readable = match habits.clock_read {
            ClockRead::AsFound | ClockRead::Yes => access.read,
            ClockRead::No => false,
        };
        let write = Some(habits.clock_write).filter(|_| set_clock && access.write);
        (readable || write.is_some()).then(|| Self {
            which,
            readable,
            write,
            around_write: habits.around_write,
            zone: zone.clone(),
            found_off_by_s: None,
            step: Step::Reading,
        })
    }

    /// Whether the cuff expects it before indications are switched on, whatever that costs.
    pub(super) fn is_expected(&self) -> bool {
        self.write == Some(ClockWrite::EveryConnection)
    }

    /// The first step.
    pub(super) fn begin(&mut self, now: Now) -> Next {
        if self.readable {
            self.step = Step::Reading;
            Next::Read(self.which)
        } else {
            self.before_write(now)
        }
    }

    /// The clock was read, or refused to be.
    pub(super) fn read(&mut self, answer: Result<&[u8], Fault>, now: Now) -> Taken {
        let shown = answer.ok().and_then(|octets| self.decode(octets));
        let offset_s = shown.map(|shown| self.local(now).duration_since(shown).as_secs());
        let off = offset_s.is_none_or(|offset_s| offset_s.abs() >= TOLERANCE_S);
        match self.step {
            Step::Verifying(writing) => {
                let as_found = answer.is_ok() && is_about(offset_s, self.found_off_by_s);
                let note = match (off, as_found) {
                    (false, _) => Some(ClockNote::Set {
                        to: writing.to,
                        at: now,
                    }),
                    (true, true) => None,
                    // It has taken a part of it, or does not tell.
                    (true, false) => Some(writing.unknown()),
                };
                (note, self.after_write(now))
            }
            // Nobody was there to refuse it. A write now would change nothing, and leave behind that it might have.
            Step::Reading if answer.is_err_and(is_out_of_reach) => (None, Next::Over),
            Step::Reading | Step::BeforeWrite | Step::Writing(_) | Step::AfterWrite => {
                self.found_off_by_s = offset_s;
                let note = offset_s.map(|offset_s| ClockNote::Read { offset_s, at: now });
                let due = match self.write {
                    None => false,
                    Some(ClockWrite::WhenWrong) => off,
                    Some(ClockWrite::EveryConnection) => true,
                };
                let next = if due { self.before_write(now) } else { Next::Over };
                (note, next)
            }
        }
    }

    /// The clock was written, or refused to be.
    pub(super) fn written(&mut self, result: Result<(), Fault>, now: Now) -> Taken {
        let Step::Writing(writing) = self.step else {
            return (None, Next::Over);
        };
        match result {
            Ok(()) => {
                let set = ClockNote::Set {
                    to: writing.to,
                    at: now,
                };
                (Some(set), self.after_write(now))
            }
            // It did not get as far as the clock.
            Err(Fault::Bond | Fault::UnknownObject | Fault::NotReady) => (None, self.after_write(now)),
            // "Data field ignored": cuffs say so when they keep only part of what was written, often the part that matters.
            // And a link that is lost on the way has any code.
            Err(
                Fault::Ignored
                | Fault::Timeout
                | Fault::InProgress
                | Fault::NotConnected
                | Fault::Stack
                | Fault::Bus
                | Fault::Other,
            ) => {
                if self.readable {
                    self.step = Step::Verifying(writing);
                    (None, Next::Read(self.which))
                } else {
                    (Some(writing.unknown()), self.after_write(now))
                }
            }
        }
    }

    /// What is to be told if it is given up here: a setting that is under way may have been taken.
    pub(super) const fn given_up(&self) -> Option<ClockNote> {
        match self.step {
            Step::Writing(writing) | Step::Verifying(writing) => Some(writing.unknown()),
            Step::Reading | Step::BeforeWrite | Step::AfterWrite => None,
        }
    }

    /// A pause is over.
    pub(super) fn waited(&mut self, now: Now) -> Next {
        match self.step {
            Step::BeforeWrite => self.write(now),
            Step::Reading | Step::Writing(_) | Step::Verifying(_) | Step::AfterWrite => Next::Over,
        }
    }

    fn before_write(&mut self, now: Now) -> Next {
        if self.around_write.is_zero() {
            return self.write(now);
        }
        self.step = Step::BeforeWrite;
        Next::Wait(now.moment + self.around_write)
    }

    fn write(&mut self, now: Now) -> Next {
        let to = self.local(now);
        let Some(octets) = self.encode(to) else {
            self.step = Step::AfterWrite;
            return Next::Over;
        };
        self.step = Step::Writing(Writing { to, begun: now });
        Next::Write(self.which, octets)
    }

    fn after_write(&mut self, now: Now) -> Next {
        self.step = Step::AfterWrite;
        if self.around_write.is_zero() {
            return Next::Over;
        }
        Next::Wait(now.moment + self.around_write)
    }

    /// The gateway's local time, in whole seconds, as cuffs keep it.
    fn local(&self, now: Now) -> civil::DateTime {
        let local = self.zone.to_datetime(now.wall);
        local.with().subsec_nanosecond(0).build().unwrap_or(local)
    }

    fn decode(&self, octets: &[u8]) -> Option<civil::DateTime> {
        let time = if self.which == Characteristic::CurrentTime {
            CurrentTime::decode(octets).ok()?.time
        } else {
            DateTime::decode(octets).ok()?.time
        };
        time.valid()
    }

    fn encode(&self, to: civil::DateTime) -> Option<Vec<u8>> {
        let time = CuffTime::Valid(to);
        if self.which == Characteristic::CurrentTime {
            CurrentTime::of(to, ADJUSTED).encode().ok().map(Vec::from)
        } else {
            time.to_octets().ok().map(Vec::from)
        }
    }
}

/// Whether this says that the cuff was not asked at all.
const fn is_out_of_reach(fault: Fault) -> bool {
    match fault {
        Fault::NotConnected | Fault::NotReady | Fault::UnknownObject | Fault::Stack | Fault::Bus => true,
        Fault::Bond | Fault::Ignored | Fault::Timeout | Fault::InProgress | Fault::Other => false,
    }
}

/// Whether a clock runs on as it did, by two looks at it.
fn is_about(offset_s: Option<i64>, found: Option<i64>) -> bool {
    match (offset_s, found) {
        (Some(one), Some(other)) => one.abs_diff(other) <= SLACK_S,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// The characteristic by which the clock is reached, if the cuff has it.
fn reached(clock: Clock, catalogue: &Catalogue) -> Option<Characteristic> {
    let candidates: &[Characteristic] = match clock {
        Clock::None => &[],
        Clock::DateTime => &[Characteristic::DateTime],
        Clock::CurrentTime => &[Characteristic::CurrentTime],
        Clock::AsFound => &[Characteristic::DateTime, Characteristic::CurrentTime],
    };
    candidates.iter().copied().find(|which| catalogue.has(*which))
}

#[cfg(test)]
mod tests;
