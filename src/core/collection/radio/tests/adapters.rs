//! Which adapter is used.

use std::time::Duration;

use super::{HCI0, Rig, start};
use crate::core::collection::Fault;
use crate::core::collection::radio::{Choice, Order, RadioEvent};
use crate::core::source::RadioHealth;

#[test]
fn auto_takes_a_powered_adapter_keeps_it_and_moves_on_when_it_is_gone() {
    let mut rig = Rig::new(Choice::Auto);
    rig.tell(RadioEvent::Registered(1));
    rig.adapter("hci0", Some(false));
    rig.adapter("hci1", Some(true));
    rig.tell(RadioEvent::StackUp);
    assert_eq!(rig.take().first(), Some(&Order::Use(Some("hci1".to_owned()))));
    rig.adapter("hci0", Some(true));
    assert_eq!(rig.take(), []);
    rig.tell(RadioEvent::AdapterGone {
        name: "hci1".to_owned(),
    });
    assert_eq!(rig.take()[..2], [Order::Use(Some("hci0".to_owned())), start()]);
}

#[test]
fn auto_leaves_an_adapter_that_is_switched_off_for_one_that_is_on() {
    let mut rig = Rig::scanning();
    rig.adapter("hci1", Some(false));
    rig.take();
    rig.adapter(HCI0, Some(false));
    assert_eq!(
        rig.take(),
        [Order::Tell(RadioHealth::AdapterOff)],
        "the other is no better"
    );
    rig.adapter("hci1", Some(true));
    let start = Order::StartScan("hci1".to_owned());
    assert_eq!(rig.take()[..2], [Order::Use(Some("hci1".to_owned())), start]);
}

#[test]
fn auto_stays_with_an_adapter_that_is_being_power_cycled() {
    let mut rig = Rig::scanning();
    rig.adapter("hci1", Some(true));
    rig.hear_for(400);
    rig.now = rig.now + Duration::from_secs(90);
    let _off = rig.radio.handle(RadioEvent::Deadline, rig.now);
    let _switching = rig.radio.handle(RadioEvent::Done(Ok(())), rig.now);
    rig.take();
    rig.adapter(HCI0, Some(false));
    assert_eq!(rig.take(), []);
}

#[test]
fn what_becomes_of_an_order_to_an_adapter_left_behind_does_not_matter() {
    let mut rig = Rig::new(Choice::Auto);
    rig.tell(RadioEvent::Registered(1));
    rig.adapter(HCI0, Some(true));
    rig.adapter("hci1", Some(true));
    assert!(rig.radio.handle(RadioEvent::StackUp, rig.now).contains(&start()));
    let gone = RadioEvent::AdapterGone { name: HCI0.to_owned() };
    assert_eq!(
        rig.radio.handle(gone, rig.now),
        [Order::Use(Some("hci1".to_owned()))],
        "one order at a time"
    );
    let orders = rig.radio.handle(RadioEvent::Done(Ok(())), rig.now);
    assert!(orders.contains(&Order::StartScan("hci1".to_owned())));
}

#[test]
fn the_faults_of_an_adapter_left_behind_are_not_those_of_the_one_that_takes_its_place() {
    let exchange = |rig: &mut Rig| {
        assert!(!rig.is_deaf() && rig.switched().is_empty(), "not yet");
        rig.adapter("hci1", Some(true));
        rig.tell(RadioEvent::AdapterGone { name: HCI0.to_owned() });
    };
    let mut starts = Rig::new(Choice::Auto);
    starts.starts = Err(Fault::Other);
    starts.tell(RadioEvent::Registered(1));
    starts.adapter(HCI0, Some(true));
    starts.tell(RadioEvent::StackUp);
    starts.wait(1);
    exchange(&mut starts);
    assert_eq!(
        starts.switched(),
        [] as [bool; 0],
        "two refused by one, and one by the other"
    );
    starts.wait(2);
    assert_eq!(starts.switched(), [false, true], "three by the other");

    let mut stops = Rig::scanning();
    stops.stops = Err(Fault::InProgress);
    stops.wait(150);
    exchange(&mut stops);
    stops.wait(150);
    assert_eq!(stops.switched(), [] as [bool; 0]);
    stops.wait(60);
    assert_eq!(stops.switched(), [false, true]);

    let mut traffic = Rig::scanning();
    traffic.hear_for(400);
    exchange(&mut traffic);
    traffic.wait(1000);
    assert_eq!(traffic.switched(), [] as [bool; 0], "it may be in a quieter place");
}

#[test]
fn a_named_adapter_is_waited_for() {
    let mut rig = Rig::new(Choice::Named("hci7".to_owned()));
    rig.tell(RadioEvent::Registered(1));
    rig.adapter("hci0", Some(true));
    rig.tell(RadioEvent::StackUp);
    assert_eq!(rig.take(), [Order::Tell(RadioHealth::NoAdapter)]);
    rig.adapter("hci7", Some(true));
    assert_eq!(rig.take().first(), Some(&Order::Use(Some("hci7".to_owned()))));
}
