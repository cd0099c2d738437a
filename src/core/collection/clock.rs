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
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Reading,
    BeforeWrite,
    Writing { to: civil::DateTime },
    Verifying { to: civil::DateTime },
    AfterWrite,
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
            Step::Verifying { to } => {
                let note = (!off).then_some(ClockNote::Set { to, at: now });
                (note, self.after_write(now))
            }
            Step::Reading | Step::BeforeWrite | Step::Writing { .. } | Step::AfterWrite => {
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
        let Step::Writing { to } = self.step else {
            return (None, Next::Over);
        };
        match result {
            Ok(()) => (Some(ClockNote::Set { to, at: now }), self.after_write(now)),
            // "Data field ignored": cuffs say so when they keep only part of what was written, often the part that matters.
            Err(Fault::Ignored) if self.readable => {
                self.step = Step::Verifying { to };
                (None, Next::Read(self.which))
            }
            Err(_) => (None, self.after_write(now)),
        }
    }

    /// A pause is over.
    pub(super) fn waited(&mut self, now: Now) -> Next {
        match self.step {
            Step::BeforeWrite => self.write(now),
            Step::Reading | Step::Writing { .. } | Step::Verifying { .. } | Step::AfterWrite => Next::Over,
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
        self.step = Step::Writing { to };
        match self.encode(to) {
            Some(octets) => Next::Write(self.which, octets),
            None => Next::Over,
        }
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
