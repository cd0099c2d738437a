//! Scanning, turns and recovery in virtual time.

mod adapters;
mod recovery;

use std::time::Duration;

use super::{Choice, Order, Radio, RadioEvent};
use crate::core::collection::Fault;
use crate::core::moment::Moment;
use crate::core::name::Name;
use crate::core::source::RadioHealth;

const HCI0: &str = "hci0";

/// A radio whose orders are carried out at once, unless a test says what becomes of them.
struct Rig {
    radio: Radio,
    now: Moment,
    orders: Vec<Order>,
    /// What becomes of each start of a scan.
    starts: Result<(), Fault>,
    /// What becomes of each stop.
    stops: Result<(), Fault>,
}

impl Rig {
    fn new(choice: Choice) -> Self {
        Self {
            radio: Radio::new(choice, true),
            now: Moment::from_boot(Duration::from_secs(1000)),
            orders: Vec::new(),
            starts: Ok(()),
            stops: Ok(()),
        }
    }

    /// One cuff is registered, and hci0 is there and on.
    fn scanning() -> Self {
        Self::scanning_for(1)
    }

    fn scanning_for(cuffs: usize) -> Self {
        let mut rig = Self::new(Choice::Auto);
        rig.tell(RadioEvent::Registered(cuffs));
        rig.adapter(HCI0, Some(true));
        rig.tell(RadioEvent::StackUp);
        rig
    }

    fn tell(&mut self, event: RadioEvent) {
        let mut waiting = vec![event];
        while let Some(event) = waiting.pop() {
            let orders = self.radio.handle(event, self.now);
            waiting.extend(orders.iter().filter_map(|order| self.carry_out(order)));
            self.orders.extend(orders);
        }
    }

    fn carry_out(&self, order: &Order) -> Option<RadioEvent> {
        match order {
            Order::StartScan(_) => Some(RadioEvent::Done(self.starts)),
            Order::StopScan(_) => Some(RadioEvent::Done(self.stops)),
            Order::SetPower(..) => Some(RadioEvent::Done(Ok(()))),
            Order::Tell(_) | Order::Use(_) | Order::Grant(_) => None,
        }
    }

    fn adapter(&mut self, name: &str, powered: Option<bool>) {
        self.tell(RadioEvent::Adapter {
            name: name.to_owned(),
            powered,
            discovering: None,
        });
    }

    fn wait(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(deadline) = self.radio.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.tell(RadioEvent::Deadline);
            assert_ne!(
                self.radio.deadline(),
                Some(deadline),
                "a deadline that does not move is a busy loop"
            );
        }
        self.now = end;
    }

    /// Lets a neighbour advertise each second.
    fn hear_for(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.wait(1);
            self.tell(RadioEvent::Advertisement);
        }
    }

    fn take(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    fn switched(&self) -> Vec<bool> {
        let of = |order: &Order| match order {
            Order::SetPower(_, on) => Some(*on),
            Order::Tell(_) | Order::Use(_) | Order::StartScan(_) | Order::StopScan(_) | Order::Grant(_) => None,
        };
        self.orders.iter().filter_map(of).collect()
    }

    fn healths(&self) -> Vec<RadioHealth> {
        let of = |order: &Order| match order {
            Order::Tell(health) => Some(*health),
            Order::Use(_) | Order::SetPower(..) | Order::StartScan(_) | Order::StopScan(_) | Order::Grant(_) => None,
        };
        self.orders.iter().filter_map(of).collect()
    }

    fn is_deaf(&self) -> bool {
        matches!(self.healths().last(), Some(RadioHealth::Deaf { .. }))
    }
}

fn cuff(name: &str) -> Name {
    name.parse().expect("a name")
}

fn start() -> Order {
    Order::StartScan(HCI0.to_owned())
}

fn stop() -> Order {
    Order::StopScan(HCI0.to_owned())
}

#[test]
fn scanning_begins_when_bluetoothd_and_an_adapter_are_there_and_on() {
    let mut rig = Rig::scanning();
    let using = Order::Use(Some(HCI0.to_owned()));
    assert_eq!(rig.take(), [using, start(), Order::Tell(RadioHealth::Scanning)]);
}

#[test]
fn nothing_is_scanned_for_nobody() {
    let rig = Rig::scanning_for(0);
    assert!(!rig.orders.contains(&start()));
}

#[test]
fn what_is_missing_is_told_by_name() {
    let mut rig = Rig::new(Choice::Auto);
    rig.tell(RadioEvent::Registered(1));
    assert_eq!(rig.healths(), [], "nothing is known yet");
    rig.tell(RadioEvent::StackGone);
    rig.tell(RadioEvent::StackUp);
    rig.adapter(HCI0, Some(false));
    rig.adapter(HCI0, Some(true));
    assert_eq!(
        rig.healths(),
        [
            RadioHealth::NoStack,
            RadioHealth::NoAdapter,
            RadioHealth::AdapterOff,
            RadioHealth::Scanning
        ]
    );
}

#[test]
fn an_adapter_that_somebody_switched_off_is_not_switched_on() {
    let mut rig = Rig::scanning();
    rig.hear_for(400);
    rig.adapter(HCI0, Some(false));
    rig.take();
    rig.wait(100_000);
    assert_eq!(rig.take(), []);
    rig.adapter(HCI0, Some(true));
    assert!(rig.take().contains(&start()));
}

#[test]
fn the_scan_stops_before_a_cuffs_turn_and_goes_on_after_it_if_others_are_missing() {
    for (cuffs, goes_on) in [(1, false), (2, true)] {
        let mut rig = Rig::scanning_for(cuffs);
        rig.take();
        rig.tell(RadioEvent::Wanted(cuff("c1")));
        assert_eq!(rig.take(), [stop(), Order::Grant(cuff("c1"))]);
        rig.tell(RadioEvent::Link {
            cuff: cuff("c1"),
            up: true,
        });
        assert_eq!(rig.take(), []);
        rig.tell(RadioEvent::GivenBack(cuff("c1")));
        assert_eq!(rig.take().contains(&start()), goes_on, "{cuffs} cuffs");
        rig.tell(RadioEvent::Link {
            cuff: cuff("c1"),
            up: false,
        });
        rig.tell(RadioEvent::Left(cuff("c1")));
        assert_eq!(rig.take().contains(&start()), !goes_on, "{cuffs} cuffs");
    }
}

#[test]
fn one_cuff_connects_at_a_time_in_the_order_of_asking() {
    let mut rig = Rig::scanning_for(3);
    rig.take();
    for name in ["c1", "c2", "c3"] {
        rig.tell(RadioEvent::Wanted(cuff(name)));
    }
    assert_eq!(rig.take(), [stop(), Order::Grant(cuff("c1"))]);
    rig.tell(RadioEvent::Left(cuff("c2")));
    assert_eq!(rig.take(), [], "it gave up");
    rig.tell(RadioEvent::GivenBack(cuff("c1")));
    assert_eq!(rig.take(), [Order::Grant(cuff("c3"))]);
    rig.tell(RadioEvent::Left(cuff("c3")));
    assert_eq!(rig.take(), [start()]);
}

#[test]
fn a_scan_of_ours_that_is_still_there_is_stopped_and_started_anew() {
    let mut rig = Rig::new(Choice::Auto);
    rig.starts = Err(Fault::InProgress);
    rig.tell(RadioEvent::Registered(1));
    rig.adapter(HCI0, Some(true));
    rig.tell(RadioEvent::StackUp);
    rig.starts = Ok(());
    rig.wait(1);
    let scans: Vec<Order> = rig
        .take()
        .into_iter()
        .filter(|order| [start(), stop()].contains(order))
        .collect();
    assert_eq!(scans, [start(), stop(), start()]);
}

#[test]
fn a_scan_that_bluetoothd_calls_off_is_restarted_after_two_seconds() {
    let mut rig = Rig::scanning();
    rig.take();
    let discovering = |on: bool| RadioEvent::Adapter {
        name: HCI0.to_owned(),
        powered: None,
        discovering: Some(on),
    };
    rig.tell(discovering(false));
    rig.wait(1);
    rig.tell(discovering(true));
    rig.wait(10);
    assert_eq!(rig.take(), [], "it was a pause");
    rig.tell(discovering(false));
    rig.wait(2);
    assert_eq!(rig.take(), [stop(), start()]);
}

#[test]
fn a_cuff_that_was_connected_before_its_turn_came_does_not_get_one() {
    let mut rig = Rig::scanning_for(3);
    rig.tell(RadioEvent::Wanted(cuff("c1")));
    rig.tell(RadioEvent::Wanted(cuff("c2")));
    rig.take();
    rig.tell(RadioEvent::GivenBack(cuff("c2")));
    rig.tell(RadioEvent::Left(cuff("c1")));
    assert_eq!(rig.take(), [start()]);
}

#[test]
fn an_adapter_that_scans_after_all_was_not_deaf() {
    let mut rig = Rig::new(Choice::Auto);
    rig.radio.recover = false;
    rig.starts = Err(Fault::Other);
    rig.tell(RadioEvent::Registered(1));
    rig.adapter(HCI0, Some(true));
    rig.tell(RadioEvent::StackUp);
    rig.wait(5);
    assert!(rig.is_deaf());
    rig.starts = Ok(());
    rig.wait(10);
    assert_eq!(rig.healths().last(), Some(&RadioHealth::Scanning));
}

#[test]
fn a_lost_stack_is_forgotten_whole() {
    let mut rig = Rig::scanning_for(2);
    rig.tell(RadioEvent::Wanted(cuff("c1")));
    rig.take();
    rig.tell(RadioEvent::StackGone);
    assert_eq!(rig.take(), [Order::Use(None), Order::Tell(RadioHealth::NoStack)]);
    rig.adapter(HCI0, Some(true));
    rig.tell(RadioEvent::StackUp);
    assert!(rig.take().contains(&start()), "nobody's turn is left over");
}

#[test]
fn stopping_stops_the_scan_and_starts_no_other() {
    let mut rig = Rig::scanning();
    rig.take();
    assert!(!rig.radio.is_quiet());
    rig.tell(RadioEvent::Stop);
    assert_eq!(rig.take(), [stop()]);
    assert!(rig.radio.is_quiet());
    rig.wait(10_000);
    assert_eq!(rig.take(), []);
}
