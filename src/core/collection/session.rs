//! One connection to one cuff, from the wish to connect to the last value: phases and limits.

mod asking;
mod ending;
mod preparing;
mod time;

use std::time::Duration;

use self::ending::delivered_after_all;
use super::chores::Reads;
use super::clock::ClockSync;
use super::{Action, Answer, Catalogue, Characteristic, Event, Operation, Setup};
use crate::core::moment::{Moment, Now};
use crate::core::source::{self, Description, Ending};

/// Tries to find 0x2A35 in bluetoothd's list, and the pause between: it may say "resolved" before it lists anything (BlueZ #1489).
const DISCOVERY_TRIES: u32 = 5;
const DISCOVERY_PAUSE: Duration = Duration::from_millis(200);
/// For all dealings with the clock before indications are on, and for each single thing asked of the cuff later.
const ASK_FOR: Duration = Duration::from_millis(1500);
/// Before a link that does not carry anything yet is tried again.
const HASTE_PAUSE: Duration = Duration::from_millis(50);
/// For switching indications on: bluetoothd may raise the link's security on the way.
const SUBSCRIBE_FOR: Duration = Duration::from_secs(10);
/// For the first measurement after indications are on.
const FIRST_WITHIN: Duration = Duration::from_secs(20);
/// Silence after which the cuff has time to be asked what it is.
const READ_AFTER: Duration = Duration::from_millis(500);
/// For taking the link down.
const HANG_UP_FOR: Duration = Duration::from_secs(5);
/// For values that are still under way to us when the link is down.
const DRAIN_FOR: Duration = Duration::from_millis(300);
/// For a dump to come to its end when the daemon stops.
const STOP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting {
        until: Moment,
    },
    /// The link is up, but it does not carry anything yet as far as we know: the clock is asked for until it answers.
    Hastening {
        until: Moment,
        /// What was asked is given up then, but the connection is not.
        ask_until: Moment,
        again_at: Option<Moment>,
    },
    Discovering {
        until: Moment,
        tries: u32,
        again_at: Option<Moment>,
    },
    SyncingTime {
        until: Moment,
    },
    Settling {
        until: Moment,
    },
    Subscribing {
        until: Moment,
    },
    Collecting {
        quiet_until: Moment,
        chore: Option<Running>,
    },
    HangingUp {
        until: Moment,
        ending: Ending,
    },
    Draining {
        until: Moment,
        ending: Ending,
    },
}

/// Something asked of the cuff beside collecting; its answer may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    chore: Chore,
    until: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Chore {
    CuffPressure,
    Clock,
    Read(Characteristic),
}

/// What is known when a connection begins.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    /// Bonded as far as bluetoothd says now.
    pub(super) bonded: bool,
    /// What the cuff has, if indications arrive as soon as the link is up.
    pub(super) armed: Option<Catalogue>,
    /// The wall clock may be written into a cuff.
    pub(super) set_clock: bool,
    /// What was read of the cuff before.
    pub(super) known: Description,
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Session {
    setup: Setup,
    beginning: Beginning,
    phase: Phase,
    cap: Moment,
    link_up: bool,
    told: bool,
    measurements: u64,
    /// When the cuff was last heard from, in this connection.
    heard_at: Moment,
    catalogue: Catalogue,
    rediscovered: bool,
    subscribed: bool,
    /// The cuff answered something, so the link is good and, if it must be, encrypted.
    answered: bool,
    /// It was given up because its time was over.
    overdue: bool,
    clock: Option<ClockSync>,
    clock_waits: Option<Moment>,
    clock_settled: bool,
    pressure_wanted: bool,
    reads: Reads,
    stopping: bool,
}

impl Session {
    /// Begins to connect.
    pub(super) fn connect(setup: Setup, beginning: Beginning, now: Now, out: &mut Vec<Action>) -> Self {
        out.push(Action::Do(Operation::Connect));
        let until = now.moment + setup.limits.connect_for;
        let cap = now.moment + setup.limits.connection_cap;
        Self {
            setup,
            beginning,
            phase: Phase::Connecting { until },
            cap,
            link_up: false,
            told: false,
            measurements: 0,
            heard_at: now.moment,
            catalogue: Catalogue::default(),
            rediscovered: false,
            subscribed: false,
            answered: false,
            overdue: false,
            clock: None,
            clock_waits: None,
            clock_settled: false,
            pressure_wanted: false,
            reads: Reads::default(),
            stopping: false,
        }
    }

    /// Applies an event; the ending, if it ended the connection. Then [`Session::close`] is due.
    pub(super) fn handle(&mut self, event: Event, now: Now, out: &mut Vec<Action>) -> Option<Ending> {
        match event {
            Event::Measurement(octets) => self.on_measurement(octets, now, out),
            Event::CuffPressure(octets) => self.on_cuff_pressure(octets, now, out),
            Event::LinkUp => self.on_link_up(now, out),
            Event::LinkDown => self.on_link_down(now, out),
            Event::StackGone => {
                self.subscribed = false;
                self.on_stack_gone(now);
            }
            Event::Answer(answer) => self.on_answer(answer, now, out),
            Event::Stop => self.on_stop(now, out),
            Event::Deadline => return self.on_deadline(now, out),
            Event::Bonded(bonded) => self.beginning.bonded &= bonded,
            Event::Known | Event::Heard { .. } | Event::Synchronized(_) => {}
        }
        None
    }

    fn on_answer(&mut self, answer: Answer, now: Now, out: &mut Vec<Action>) {
        match answer {
            Answer::Connected(result) => self.on_connected(result, now, out),
            Answer::Discovered(result) => self.on_discovered(result, now, out),
            Answer::Subscribed(result) => self.on_subscribed(result, now, out),
            Answer::Read(result) => self.on_read(&result, now, out),
            Answer::Written(result) => self.on_written(result, now, out),
            Answer::HungUp => self.on_hung_up(now),
            Answer::RadioTaken | Answer::Armed(_) => {}
        }
    }

    /// Whether the link came up and was lost before the cuff could be used.
    pub(super) fn was_dropped_early(&self) -> bool {
        self.told && self.measurements == 0 && !self.answered && !self.overdue
    }

    /// What the cuff has, if bluetoothd took our subscription: it keeps it for the next connection.
    pub(super) fn armed(&self) -> Option<Catalogue> {
        self.subscribed.then(|| self.catalogue.clone())
    }

    /// What was read of the cuff, with what was known before.
    pub(super) fn into_known(self) -> Description {
        self.beginning.known
    }

    fn tell_connected(&mut self, now: Now, out: &mut Vec<Action>) {
        if std::mem::replace(&mut self.told, true) {
            return;
        }
        out.push(Action::Tell(source::Event::Connected {
            cuff: self.setup.cuff.clone(),
            bonded: self.beginning.bonded,
            at: now,
        }));
    }

    fn on_measurement(&mut self, octets: Vec<u8>, now: Now, out: &mut Vec<Action>) {
        self.measurements += 1;
        self.heard_from(now, out);
        let cuff = self.setup.cuff.clone();
        out.push(Action::Tell(source::Event::Measurement { cuff, octets, at: now }));
    }

    fn on_cuff_pressure(&mut self, octets: Vec<u8>, now: Now, out: &mut Vec<Action>) {
        self.heard_from(now, out);
        let cuff = self.setup.cuff.clone();
        out.push(Action::Tell(source::Event::CuffPressure { cuff, octets, at: now }));
    }

    /// A value shows that the link is up and the cuff busy, whatever phase we think we are in.
    fn heard_from(&mut self, now: Now, out: &mut Vec<Action>) {
        self.tell_connected(now, out);
        self.heard_at = now.moment;
        let quiet = now.moment + self.setup.limits.idle_end;
        match &mut self.phase {
            Phase::Connecting { until }
            | Phase::Hastening { until, .. }
            | Phase::Discovering { until, .. }
            | Phase::Subscribing { until } => {
                *until = quiet.max(*until);
            }
            Phase::Collecting { quiet_until, .. } if !self.stopping => *quiet_until = quiet,
            // It was under way to us when the link went down.
            Phase::HangingUp { ending, .. } | Phase::Draining { ending, .. } if self.measurements > 0 => {
                *ending = delivered_after_all(*ending);
            }
            Phase::Collecting { .. }
            | Phase::SyncingTime { .. }
            | Phase::Settling { .. }
            | Phase::HangingUp { .. }
            | Phase::Draining { .. } => {}
        }
    }
}
