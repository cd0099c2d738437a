//! One connection to one cuff, from the wish to connect to the last value: phases and limits.

mod asking;
mod ending;
mod time;

use std::time::Duration;

use self::ending::delivered_after_all;
use super::chores::Reads;
use super::clock::ClockSync;
use super::{Action, Answer, Catalogue, Characteristic, Event, Fault, Operation, Setup};
use crate::core::moment::{Moment, Now};
use crate::core::source::{self, Description, Ending, Failure};

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

    fn on_link_up(&mut self, now: Now, out: &mut Vec<Action>) {
        self.link_up = true;
        self.tell_connected(now, out);
        self.hasten(now, out);
    }

    /// What is to be asked of a cuff that has this.
    fn plan(&mut self, catalogue: Catalogue) {
        self.pressure_wanted = catalogue.has(Characteristic::CuffPressure);
        self.reads = Reads::plan(&catalogue, &self.beginning.known);
        let setup = &self.setup;
        self.clock = ClockSync::plan(&catalogue, setup.habits, self.beginning.set_clock, &setup.zone);
        self.catalogue = catalogue;
    }

    fn on_connected(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        let Phase::Connecting { until } = self.phase else {
            return;
        };
        match result {
            Ok(()) => {
                self.link_up = true;
                self.answered = true;
                self.tell_connected(now, out);
                self.discover(until, 1, false, out);
            }
            Err(Fault::Bond) => self.hang_up(Ending::Failed(Failure::Bond), now, out),
            Err(Fault::Stack) => self.hang_up(Ending::Failed(Failure::Stack), now, out),
            Err(_) => self.hang_up(self.fallen_short(Failure::Connect), now, out),
        }
    }

    fn discover(&mut self, until: Moment, tries: u32, afresh: bool, out: &mut Vec<Action>) {
        self.phase = Phase::Discovering {
            until,
            tries,
            again_at: None,
        };
        out.push(Action::Do(Operation::Discover { afresh }));
    }

    fn on_discovered(&mut self, result: Result<Catalogue, Fault>, now: Now, out: &mut Vec<Action>) {
        let Phase::Discovering { until, tries, .. } = self.phase else {
            return;
        };
        let catalogue = result.unwrap_or_default();
        if catalogue.has(Characteristic::Measurement) {
            self.prepare_collecting(catalogue, now, out);
        } else if tries < DISCOVERY_TRIES {
            let again_at = Some(now.moment + DISCOVERY_PAUSE);
            self.phase = Phase::Discovering { until, tries, again_at };
        } else if catalogue == Catalogue::default() {
            self.hang_up(self.fallen_short(Failure::Connect), now, out);
        } else {
            let elsewhere = self.setup.habits.proprietary_service;
            let failure = elsewhere.map_or(
                Failure::NoMeasurementCharacteristic,
                Failure::OnlyBehindServiceOfItsMaker,
            );
            self.hang_up(Ending::Failed(failure), now, out);
        }
    }

    /// The cuff's list is at hand: the clock first, unless what the cuff may be sending already would be lost meanwhile.
    fn prepare_collecting(&mut self, catalogue: Catalogue, now: Now, out: &mut Vec<Action>) {
        if self.rediscovered {
            self.catalogue = catalogue;
            return self.settle(now, out);
        }
        self.plan(catalogue);
        let Some(clock) = &mut self.clock else {
            self.settle_clock(out);
            return self.settle(now, out);
        };
        // A bonded cuff may send from the moment the link is encrypted; nobody listens before we subscribe.
        let is_urgent = self.beginning.bonded && self.beginning.armed.is_none();
        if is_urgent && !clock.is_expected() {
            return self.settle(now, out);
        }
        let next = clock.begin(now);
        let until = now.moment + ASK_FOR;
        self.phase = Phase::SyncingTime { until };
        self.advance_clock((None, next), now, out);
    }

    fn settle(&mut self, now: Now, out: &mut Vec<Action>) {
        if self.setup.habits.settle.is_zero() {
            return self.subscribe(now, out);
        }
        let until = now.moment + self.setup.habits.settle;
        self.phase = Phase::Settling { until };
    }

    fn subscribe(&mut self, now: Now, out: &mut Vec<Action>) {
        let until = now.moment + SUBSCRIBE_FOR;
        self.phase = Phase::Subscribing { until };
        out.push(Action::Do(Operation::Subscribe(Characteristic::Measurement)));
    }

    fn on_subscribed(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        match self.phase {
            Phase::Subscribing { .. } => self.on_indications(result, now, out),
            Phase::Collecting {
                chore: Some(running), ..
            } if running.chore == Chore::CuffPressure => {
                self.finish_chore(now, out);
            }
            // The cuff hung up and said why only now.
            Phase::Draining { until, .. } if result == Err(Fault::Bond) && self.measurements == 0 => {
                let ending = Ending::Failed(Failure::Bond);
                self.phase = Phase::Draining { until, ending };
            }
            Phase::Connecting { .. }
            | Phase::Hastening { .. }
            | Phase::Discovering { .. }
            | Phase::SyncingTime { .. }
            | Phase::Settling { .. }
            | Phase::Collecting { .. }
            | Phase::HangingUp { .. }
            | Phase::Draining { .. } => {}
        }
    }

    fn on_indications(&mut self, result: Result<(), Fault>, now: Now, out: &mut Vec<Action>) {
        match result {
            // "In progress" is what bluetoothd says of a subscription that it keeps from before.
            Ok(()) | Err(Fault::InProgress) => {
                self.subscribed = true;
                self.collect(now, out);
            }
            Err(Fault::Bond) => self.hang_up(Ending::Failed(Failure::Bond), now, out),
            Err(Fault::UnknownObject) if !self.rediscovered => {
                self.rediscovered = true;
                self.discover(now.moment + self.setup.limits.connect_for, 1, true, out);
            }
            // It was subscribed to before, or it would not send; whether it still is, nobody knows.
            Err(_) if self.measurements > 0 => self.collect(now, out),
            Err(_) => self.hang_up(Ending::Failed(Failure::Subscribe), now, out),
        }
    }

    fn collect(&mut self, now: Now, out: &mut Vec<Action>) {
        let wait = if self.measurements > 0 {
            self.setup.limits.idle_end
        } else {
            FIRST_WITHIN
        };
        let quiet_until = now.moment + wait;
        self.heard_at = now.moment;
        self.answered = true;
        self.phase = Phase::Collecting {
            quiet_until,
            chore: None,
        };
        out.push(Action::GiveRadioBack);
        self.begin_chore(now, out);
    }
}
