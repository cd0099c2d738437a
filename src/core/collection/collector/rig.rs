//! A collector in virtual time, with answers given by hand.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Collector, Setup};
use crate::core::collection::{
    Access, Action, Answer, Catalogue, Characteristic, Event, Fault, Habits, Limits, Operation,
};
use crate::core::models::Model;
use crate::core::moment::{Moment, Now};
use crate::core::source::{self, Ending};

pub(super) const READABLE: Access = Access {
    read: true,
    write: false,
};
pub(super) const SETTABLE: Access = Access {
    read: true,
    write: true,
};

pub(super) struct Rig {
    pub(super) collector: Collector,
    pub(super) now: Now,
    /// What was told and has not been looked at yet.
    pub(super) told: Vec<source::Event>,
    /// The last operation, if it is under way.
    pub(super) under_way: Option<Operation>,
    /// Everything but telling, in order.
    pub(super) actions: Vec<Action>,
}

pub(super) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// What a cuff has that has nothing but measurements.
pub(super) fn plain() -> Catalogue {
    with(&[])
}

pub(super) fn with(more: &[(Characteristic, Access)]) -> Catalogue {
    let measurement = (Characteristic::Measurement, Access::default());
    more.iter().copied().chain([measurement]).collect()
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::of("standard")
    }

    pub(super) fn of(model: &str) -> Self {
        let model = Model::find(model).expect("a model");
        let setup = Setup {
            cuff: "c1".parse().expect("a name"),
            habits: Habits::of(model),
            limits: Limits {
                connect_for: seconds(12),
                idle_end: seconds(10),
                connection_cap: seconds(120),
            },
            set_clock: true,
            zone: TimeZone::UTC,
        };
        let mut rig = Self {
            collector: Collector::new(setup),
            now: Now {
                wall: "2026-11-21T12:00:00Z".parse::<Timestamp>().expect("a time"),
                moment: Moment::from_boot(seconds(1000)),
            },
            told: Vec::new(),
            under_way: None,
            actions: Vec::new(),
        };
        rig.tell(Event::Synchronized(true));
        rig
    }

    pub(super) fn tell(&mut self, event: Event) {
        for action in self.collector.handle(event, self.now) {
            match action {
                Action::Tell(event) => self.told.push(event),
                Action::Do(operation) => {
                    self.under_way = Some(operation.clone());
                    self.actions.push(Action::Do(operation));
                }
                Action::Abandon => self.under_way = None,
                other @ (Action::GiveRadioBack | Action::Leave) => self.actions.push(other),
            }
        }
    }

    pub(super) fn answer(&mut self, answer: Answer) {
        self.under_way = None;
        self.tell(Event::Answer(answer));
    }

    /// Lets time pass; what is due on the way happens at its own time.
    pub(super) fn wait(&mut self, duration: Duration) {
        let end = self.now.moment + duration;
        while let Some(deadline) = self.collector.deadline().filter(|deadline| *deadline <= end) {
            self.set(deadline);
            let before = self.collector.deadline();
            self.tell(Event::Deadline);
            assert_ne!(
                self.collector.deadline(),
                before,
                "a deadline that does not move is a busy loop"
            );
        }
        self.set(end);
    }

    fn set(&mut self, moment: Moment) {
        let passed = moment.since(self.now.moment);
        self.now.wall += passed;
        self.now.moment = self.now.moment.max(moment);
    }

    pub(super) fn hear(&mut self) {
        self.tell(Event::Heard { rssi: Some(-60) });
    }

    /// Whether it was just heard and goes for it.
    pub(super) fn goes(&self) -> bool {
        matches!(self.under_way, Some(Operation::Arm | Operation::TakeRadio))
    }

    /// Up to the wish to connect.
    pub(super) fn approach(&mut self, armed: Option<Catalogue>) {
        self.hear();
        if self.under_way == Some(Operation::Arm) {
            self.answer(Answer::Armed(armed));
        }
        assert_eq!(self.under_way, Some(Operation::TakeRadio));
        self.answer(Answer::RadioTaken);
        assert_eq!(self.under_way, Some(Operation::Connect));
    }

    /// Up to the list of what the cuff has.
    pub(super) fn connect(&mut self, catalogue: Catalogue) {
        self.approach(None);
        self.tell(Event::LinkUp);
        self.answer(Answer::Connected(Ok(())));
        assert_eq!(self.under_way, Some(Operation::Discover { afresh: false }));
        self.answer(Answer::Discovered(Ok(catalogue)));
    }

    /// Up to indications being on, with a cuff that has nothing else.
    pub(super) fn collect(&mut self) {
        self.connect(plain());
        self.subscribe(Ok(()));
    }

    pub(super) fn subscribe(&mut self, result: Result<(), Fault>) {
        assert_eq!(self.under_way, Some(Operation::Subscribe(Characteristic::Measurement)));
        self.answer(Answer::Subscribed(result));
    }

    pub(super) fn measure(&mut self, count: u8) {
        for counter in 0..count {
            self.tell(Event::Measurement(vec![counter]));
        }
    }

    /// How the last connection ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        self.told.iter().rev().find_map(|event| {
            if let source::Event::Over { ending, .. } = event {
                Some(*ending)
            } else {
                None
            }
        })
    }

    /// What was told, by name, without what was heard.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.told.iter().filter_map(name).collect()
    }
}

fn name(event: &source::Event) -> Option<&'static str> {
    match event {
        source::Event::Connected { .. } => Some("connected"),
        source::Event::Clock {
            note: source::ClockNote::Read { .. },
            ..
        } => Some("clock read"),
        source::Event::Clock {
            note: source::ClockNote::Set { .. },
            ..
        } => Some("clock set"),
        source::Event::Clock {
            note: source::ClockNote::MaybeSet { .. },
            ..
        } => Some("clock maybe set"),
        source::Event::ClockSettled { .. } => Some("clock settled"),
        source::Event::Measurement { .. } => Some("measurement"),
        source::Event::CuffPressure { .. } => Some("cuff pressure"),
        source::Event::Described { .. } => Some("described"),
        source::Event::Over { .. } => Some("over"),
        source::Event::Cuff { .. } | source::Event::Radio(_) => None,
    }
}
