//! A virtual cuff: what it remembers, and what it makes the cuff source tell in one connection.
//!
//! No I/O and no clock: the same cuff, visits and times give the same steps.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::dial::Dial;
use super::frame;
use super::habits::{AtFirst, Bond, End, Habits, Live, Users};
use super::memory::{Indication, Kept};
use super::tape::{Step, Tape};
use super::visit::{Mishap, Taken, User, Visit};
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::source::{CuffHealth, Description, Ending, Event, Failure};

/// From hearing a cuff to a usable link.
const LINK_UP: Duration = Duration::from_millis(600);
/// What writing the clock or reading a characteristic takes.
const ROUND_TRIP: Duration = Duration::from_millis(60);
/// How long a link may be silent on the radio before it counts as lost.
const SUPERVISION: Duration = Duration::from_millis(420);
/// Time between two values of the pressure in the cuff.
const PRESSURE_EVERY: Duration = Duration::from_millis(250);

/// Where a cuff lets go by itself, in mmHg.
const HIGHEST: u16 = 300;

/// What surrounds a cuff, and how patient the collector is.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The zone of local time.
    pub time_zone: TimeZone,
    /// How long one try to connect takes when it fails.
    pub connect_for: Duration,
    /// Silence after which the collector hangs up.
    pub idle_end: Duration,
    /// The longest that a cuff that hangs up by itself stays connected after it has sent everything.
    pub linger: Duration,
}

/// A virtual cuff.
#[derive(Clone, Debug)]
pub struct VirtualCuff {
    id: Name,
    habits: &'static Habits,
    dial: Dial,
    memory: Kept,
    in_trouble: bool,
}

impl VirtualCuff {
    /// A cuff taken out of its box at `at`.
    #[must_use]
    pub fn new(id: Name, habits: &'static Habits, at: Timestamp, zone: &TimeZone) -> Self {
        Self {
            id,
            habits,
            dial: Dial::at_first(habits, at, zone),
            memory: Kept::default(),
            in_trouble: false,
        }
    }

    /// A cuff that somebody has used for a while: its clock is right.
    #[must_use]
    pub fn in_use(id: Name, habits: &'static Habits) -> Self {
        Self {
            id,
            habits,
            dial: Dial::Ahead(0),
            memory: Kept::default(),
            in_trouble: false,
        }
    }

    /// What it is called.
    #[must_use]
    pub const fn id(&self) -> &Name {
        &self.id
    }

    /// Whom it imitates.
    #[must_use]
    pub const fn habits(&self) -> &'static Habits {
        self.habits
    }

    /// What the cuff source tells of `visit`, beginning when the cuff is heard at `start`.
    #[must_use]
    pub fn visit(&mut self, visit: &Visit, start: Now, around: &Surroundings) -> Vec<Step> {
        let mut tape = Tape::new(self.id.clone(), start);
        if let Some(mishap) = visit.clock {
            self.dial = Dial::after(mishap, self.habits, start.wall, &around.time_zone);
        }
        let live = visit.live.filter(|_| self.habits.live == Live::Sent);
        let before = visit.live.filter(|_| live.is_none());
        for taken in visit.taken.iter().copied().chain(before) {
            self.remember(&taken, start.wall, &around.time_zone);
        }
        match visit.mishap {
            Some(Mishap::Unreachable { tries }) => self.stay_unreachable(tries, &mut tape, around),
            Some(Mishap::BondLost) => self.refuse(visit, &mut tape),
            Some(Mishap::LinkLost { after }) => self.connect(visit, live, after, &mut tape, around),
            None => self.connect(visit, live, usize::MAX, &mut tape, around),
        }
        if self.habits.at_first == AtFirst::SetByHandLater && visit.clock.is_none() {
            self.dial = Dial::Ahead(0);
        }
        tape.finish()
    }

    /// Puts a measurement into the memory, stamped by the clock as it stands.
    fn remember(&mut self, taken: &Taken, heard_at: Timestamp, zone: &TimeZone) {
        let at = heard_at.saturating_sub(taken.before).unwrap_or(heard_at);
        let user_id = self.user_id(taken.user);
        let stamp = self.dial.stamp(self.habits, at, zone);
        let measurement = frame::measurement(self.habits, taken, stamp, user_id);
        let mut octets = frame::encode(self.habits, &measurement);
        octets.truncate(taken.cut_to.unwrap_or(octets.len()));
        self.memory.keep(self.habits, user_id, octets);
    }

    const fn user_id(&self, user: User) -> Option<u8> {
        match (self.habits.users, user) {
            (_, User::Numbered(user_id)) => Some(user_id),
            (Users::NotSent, _) => None,
            (Users::Range(first, _), User::Wearer) => Some(first),
            (Users::Range(_, last), User::Other) => Some(last),
        }
    }

    /// A link that never comes up is no connection: nothing begins, and nothing is over.
    fn stay_unreachable(&mut self, tries: u32, tape: &mut Tape, around: &Surroundings) {
        for _ in 0..tries {
            heard(tape);
            tape.wait(around.connect_for);
        }
        self.in_trouble = true;
        tape.push(|cuff, _| Event::Cuff {
            cuff,
            health: CuffHealth::Unreachable { tries },
        });
    }

    /// The gateway still has its half of the bond; the cuff has not.
    fn refuse(&mut self, visit: &Visit, tape: &mut Tape) {
        self.link_up(visit, tape);
        tape.wait(ROUND_TRIP);
        over(tape, Ending::Failed(Failure::Bond));
        self.in_trouble = true;
        tape.push(|cuff, _| Event::Cuff {
            cuff,
            health: CuffHealth::BondLost,
        });
    }

    fn link_up(&self, visit: &Visit, tape: &mut Tape) {
        heard(tape);
        tape.wait(LINK_UP);
        let bonded = visit.bond.unwrap_or(self.habits.bond) == Bond::Kept;
        tape.push(|cuff, at| Event::Connected { cuff, bonded, at });
    }

    /// A connection that loses its link after `limit` indications, if it gets so far.
    fn connect(&mut self, visit: &Visit, live: Option<Taken>, limit: usize, tape: &mut Tape, around: &Surroundings) {
        self.link_up(visit, tape);
        self.settle_clock(tape, &around.time_zone);
        let mut dump = self.memory.dump(self.habits);
        if visit.doubled {
            dump.extend(dump.last().cloned());
        }
        let mut sent = self.send(dump.into_iter().take(limit), tape);
        if let Some(taken) = live.filter(|_| sent < limit) {
            self.measure(&taken, tape, &around.time_zone);
            let result = self.memory.unsent();
            sent += self.send(result.into_iter().take(limit - sent), tape);
        }
        self.memory.parted(self.habits);
        self.part(sent, limit != usize::MAX, tape, around);
    }

    fn settle_clock(&mut self, tape: &mut Tape, zone: &TimeZone) {
        tape.wait(ROUND_TRIP);
        for note in self.dial.synchronize(self.habits.clock, tape.now(), zone) {
            tape.push(|cuff, _| Event::Clock { cuff, note });
        }
        tape.push(|cuff, _| Event::ClockSettled { cuff });
    }

    /// Indicates one after the other and says how many.
    fn send(&mut self, indications: impl Iterator<Item = Indication>, tape: &mut Tape) -> usize {
        let mut sent = 0;
        for indication in indications {
            tape.wait(self.habits.gap);
            self.memory.confirmed(&indication);
            let octets = indication.octets;
            tape.push(|cuff, at| Event::Measurement { cuff, octets, at });
            sent += 1;
        }
        sent
    }

    /// Measures while connected: pressure up, pressure down, and the result in the memory.
    fn measure(&mut self, taken: &Taken, tape: &mut Tape, zone: &TimeZone) {
        for mmhg in ramp(taken) {
            tape.wait(PRESSURE_EVERY);
            let octets = frame::cuff_pressure(mmhg);
            tape.push(|cuff, at| Event::CuffPressure { cuff, octets, at });
        }
        self.remember(taken, tape.now().wall, zone);
    }

    /// The end of a connection, in which `sent` indications arrived.
    fn part(&mut self, sent: usize, lost: bool, tape: &mut Tape, around: &Surroundings) {
        let ending = if sent > 0 { Ending::Delivered } else { Ending::Empty };
        if lost {
            tape.wait(SUPERVISION);
            return over(tape, ending);
        }
        tape.wait(ROUND_TRIP);
        let description = self.description();
        tape.push(|cuff, _| Event::Described { cuff, description });
        tape.wait(match self.habits.end {
            End::HangsUp(after) => after.min(around.linger).saturating_sub(ROUND_TRIP),
            End::Silence => around.idle_end,
        });
        over(tape, ending);
        if std::mem::take(&mut self.in_trouble) {
            tape.push(|cuff, _| Event::Cuff {
                cuff,
                health: CuffHealth::Reachable,
            });
        }
    }

    fn description(&self) -> Description {
        Description {
            manufacturer: Some(self.habits.manufacturer.to_owned()),
            model: Some(self.habits.model_number.to_owned()),
            serial: Some(format!("VIRTUAL-{}", self.id)),
            firmware: Some("1.0".to_owned()),
            battery: Some(87),
            features: Some(self.habits.features),
        }
    }
}

fn heard(tape: &mut Tape) {
    tape.push(|cuff, at| Event::Cuff {
        cuff,
        health: CuffHealth::Heard { rssi: Some(-58), at },
    });
}

fn over(tape: &mut Tape, ending: Ending) {
    tape.push(|cuff, at| Event::Over { cuff, ending, at });
}

/// The pressure in the cuff during a measurement, in mmHg: past the systolic and down below the diastolic. Quicker than a
/// real cuff, which takes half a minute.
fn ramp(taken: &Taken) -> impl Iterator<Item = u16> {
    let (systolic, diastolic) = taken
        .values
        .map_or((140, 90), |values| (values.systolic, values.diastolic));
    let top = systolic.saturating_add(30).min(HIGHEST);
    let bottom = diastolic.saturating_sub(15).min(top);
    let up = (1..=8_u16).map(move |step| top * step / 8);
    let down = (1..=14_u16).map(move |step| top - (top - bottom) * step / 14);
    up.chain(down)
}
