//! The one radio that all cuffs share: when it scans, whose turn it is to connect, and whether it still hears.
//!
//! * No scan runs while a cuff is being connected: the controller would put the connection off.
//! * An adapter that somebody switched off stays off. Only one that we switched off ourselves is switched on again.
//! * A quiet site is not a deaf adapter: silence means something only where there was steady traffic before.

mod event;
mod recovery;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

pub use event::{Choice, Order, RadioEvent};

use super::hearing::Hearing;
use crate::core::moment::Moment;
use crate::core::name::Name;
use crate::core::source::RadioHealth;

#[derive(Clone, Copy, Debug, Default)]
struct Adapter {
    powered: bool,
    discovering: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnderWay {
    Start,
    Stop,
    PowerOff,
    PowerOn,
    /// Given to an adapter that is not used any more: what becomes of it says nothing of the one that is.
    Moot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stack {
    Unknown,
    Up,
    Gone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cycle {
    None,
    SwitchOff,
    SwitchOn,
}

/// The radio.
#[derive(Clone, Debug)]
pub struct Radio {
    choice: Choice,
    recover: bool,
    registered: usize,
    stack: Stack,
    adapters: BTreeMap<String, Adapter>,
    chosen: Option<String>,
    scanning: bool,
    under_way: Option<UnderWay>,
    restart: bool,
    /// Since when bluetoothd says that our scan does not run.
    lost_at: Option<Moment>,
    failures: u32,
    /// Stops of the scan in a row that bluetoothd could not carry out.
    refused_stops: u32,
    not_before: Option<Moment>,
    waiting: VecDeque<Name>,
    holder: Option<Name>,
    linked: BTreeSet<Name>,
    hearing: Hearing,
    /// The silence after which the adapter was found to be deaf.
    deaf: Option<Duration>,
    cycle: Cycle,
    cycled_at: Option<Moment>,
    told: Option<RadioHealth>,
    stopping: bool,
}

impl Radio {
    /// A radio that nothing is known of yet.
    #[must_use]
    pub fn new(choice: Choice, recover: bool) -> Self {
        Self {
            choice,
            recover,
            registered: 0,
            stack: Stack::Unknown,
            adapters: BTreeMap::new(),
            chosen: None,
            scanning: false,
            under_way: None,
            restart: false,
            lost_at: None,
            failures: 0,
            refused_stops: 0,
            not_before: None,
            waiting: VecDeque::new(),
            holder: None,
            linked: BTreeSet::new(),
            hearing: Hearing::default(),
            deaf: None,
            cycle: Cycle::None,
            cycled_at: None,
            told: None,
            stopping: false,
        }
    }

    /// Applies one event and returns the work it causes, in order.
    #[must_use]
    pub fn handle(&mut self, event: RadioEvent, now: Moment) -> Vec<Order> {
        match event {
            RadioEvent::StackUp => self.stack = Stack::Up,
            RadioEvent::StackGone => self.forget_stack(),
            RadioEvent::Adapter {
                name,
                powered,
                discovering,
            } => self.on_adapter(name, powered, discovering, now),
            RadioEvent::AdapterGone { name } => {
                self.adapters.remove(&name);
            }
            RadioEvent::Advertisement => self.on_advertisement(now),
            RadioEvent::Registered(registered) => self.registered = registered,
            RadioEvent::Wanted(cuff) => self.waiting.push_back(cuff),
            RadioEvent::GivenBack(cuff) | RadioEvent::Left(cuff) => self.release(&cuff),
            RadioEvent::Link { cuff, up: true } => {
                self.linked.insert(cuff);
            }
            RadioEvent::Link { cuff, up: false } => {
                self.linked.remove(&cuff);
            }
            RadioEvent::Done(result) => self.on_done(result, now),
            RadioEvent::Deadline => self.on_deadline(now),
            RadioEvent::Stop => self.stopping = true,
        }
        let mut out = Vec::new();
        self.choose(&mut out);
        self.proceed(now, &mut out);
        self.tell(&mut out);
        out
    }

    /// Whether nothing runs any more that should be waited for when stopping.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.stack != Stack::Up || (!self.scanning && self.under_way.is_none() && self.cycle == Cycle::None)
    }

    fn forget_stack(&mut self) {
        let fresh = Self::new(self.choice.clone(), self.recover);
        *self = Self {
            registered: self.registered,
            chosen: self.chosen.take(),
            cycled_at: self.cycled_at,
            told: self.told,
            stopping: self.stopping,
            stack: Stack::Gone,
            ..fresh
        };
    }

    fn on_adapter(&mut self, name: String, powered: Option<bool>, discovering: Option<bool>, now: Moment) {
        let is_chosen = self.chosen.as_ref() == Some(&name);
        let adapter = self.adapters.entry(name).or_default();
        adapter.powered = powered.unwrap_or(adapter.powered);
        adapter.discovering = discovering.unwrap_or(adapter.discovering);
        if !is_chosen {
            return;
        }
        if powered == Some(false) {
            self.forget_scan();
        }
        if powered == Some(true) {
            self.not_before = None;
        }
        match discovering {
            Some(true) => self.lost_at = None,
            Some(false) if self.scanning && self.under_way.is_none() => self.lost_at = Some(now),
            Some(false) | None => {}
        }
    }

    fn forget_scan(&mut self) {
        self.scanning = false;
        self.restart = false;
        self.lost_at = None;
        self.hearing.pause();
    }

    fn release(&mut self, cuff: &Name) {
        // It may be connected without having waited for its turn: another program's link, or one from before our start.
        self.waiting.retain(|waiting| waiting != cuff);
        if self.holder.as_ref() == Some(cuff) {
            self.holder = None;
        }
    }

    fn is_powered(&self) -> bool {
        self.stack == Stack::Up
            && self
                .adapter()
                .is_some_and(|adapter| adapter.powered || self.cycle != Cycle::None)
    }

    fn adapter(&self) -> Option<Adapter> {
        self.adapters.get(self.chosen.as_ref()?).copied()
    }

    /// No cuff is connected or about to be.
    fn is_idle(&self) -> bool {
        self.holder.is_none() && self.waiting.is_empty() && self.linked.is_empty()
    }

    fn wants_scan(&self) -> bool {
        let somebody_is_missing = self.registered > self.linked.len();
        !self.stopping && somebody_is_missing && self.holder.is_none() && self.waiting.is_empty()
    }

    fn choose(&mut self, out: &mut Vec<Order>) {
        let stays = |name: &String| self.adapters.contains_key(name);
        let chosen = match &self.choice {
            Choice::Named(name) => Some(name.clone()).filter(stays),
            Choice::Auto => self
                .chosen
                .clone()
                .filter(|name| stays(name) && self.is_best(name))
                .or_else(|| self.best_adapter()),
        };
        let chosen = chosen.filter(|_| self.stack == Stack::Up);
        if chosen != self.chosen {
            self.forget_scan();
            self.linked.clear();
            self.cycle = Cycle::None;
            self.not_before = None;
            self.forget_faults();
            self.under_way = self.under_way.map(|_| UnderWay::Moot);
            self.chosen.clone_from(&chosen);
            out.push(Order::Use(chosen));
        }
    }

    /// Whether there is no reason to leave this adapter for another.
    fn is_best(&self, chosen: &str) -> bool {
        let is_on = |name: &str| self.adapters.get(name).is_some_and(|adapter| adapter.powered);
        let is_cycled = self.cycle != Cycle::None;
        is_cycled || is_on(chosen) || !self.adapters.values().any(|adapter| adapter.powered)
    }

    fn best_adapter(&self) -> Option<String> {
        let powered = self.adapters.iter().find(|(_, adapter)| adapter.powered);
        powered
            .or_else(|| self.adapters.iter().next())
            .map(|(name, _)| name.clone())
    }

    /// Gives the next order, if none is under way.
    fn proceed(&mut self, now: Moment, out: &mut Vec<Order>) {
        if self.under_way.is_some() || !self.is_powered() {
            return;
        }
        let Some(adapter) = self.chosen.clone() else {
            return;
        };
        let rested = self.not_before.is_none_or(|not_before| not_before <= now);
        self.begin_cycle(now);
        match self.cycle {
            Cycle::SwitchOff => {
                self.cycled_at = Some(now);
                self.forget_scan();
                self.order(UnderWay::PowerOff, Order::SetPower(adapter, false), out);
            }
            Cycle::SwitchOn if rested => self.order(UnderWay::PowerOn, Order::SetPower(adapter, true), out),
            Cycle::SwitchOn => {}
            Cycle::None if self.scanning && (self.restart || !self.wants_scan()) => {
                if !std::mem::take(&mut self.restart) {
                    self.hearing.pause();
                }
                self.order(UnderWay::Stop, Order::StopScan(adapter), out);
            }
            Cycle::None if !self.scanning && self.wants_scan() && rested => {
                self.order(UnderWay::Start, Order::StartScan(adapter), out);
            }
            Cycle::None if !self.scanning && self.holder.is_none() => self.grant(out),
            Cycle::None => {}
        }
    }

    fn order(&mut self, under_way: UnderWay, order: Order, out: &mut Vec<Order>) {
        self.under_way = Some(under_way);
        if matches!(under_way, UnderWay::Start | UnderWay::PowerOn) {
            self.not_before = None;
        }
        out.push(order);
    }

    fn grant(&mut self, out: &mut Vec<Order>) {
        if let Some(cuff) = self.waiting.pop_front() {
            self.holder = Some(cuff.clone());
            out.push(Order::Grant(cuff));
        }
    }

    fn tell(&mut self, out: &mut Vec<Order>) {
        let health = if self.stack == Stack::Unknown {
            return;
        } else if self.stack == Stack::Gone {
            RadioHealth::NoStack
        } else if self.chosen.is_none() {
            RadioHealth::NoAdapter
        } else if !self.is_powered() {
            RadioHealth::AdapterOff
        } else if let Some(silence) = self.deaf {
            RadioHealth::Deaf { silence }
        } else if self.scanning || !self.wants_scan() {
            RadioHealth::Scanning
        } else {
            return;
        };
        let is_news = self
            .told
            .is_none_or(|told| std::mem::discriminant(&told) != std::mem::discriminant(&health));
        if is_news && !self.stopping {
            self.told = Some(health);
            out.push(Order::Tell(health));
        }
    }
}

#[cfg(test)]
mod tests;
