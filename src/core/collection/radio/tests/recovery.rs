//! An adapter that refuses, hears nothing, or does not come back.

use super::*;

#[test]
fn an_adapter_that_refuses_to_scan_is_power_cycled_once_in_ten_minutes() {
    let mut rig = Rig::scanning();
    rig.starts = Err(Fault::Other);
    rig.tell(RadioEvent::Wanted(cuff("c1")));
    rig.tell(RadioEvent::Left(cuff("c1")));
    rig.wait(1);
    assert_eq!(rig.switched(), [] as [bool; 0]);
    rig.wait(1);
    assert_eq!(rig.switched(), [false, true], "after the third refusal");
    rig.wait(597);
    assert_eq!(rig.switched(), [false, true]);
    assert!(rig.is_deaf());
    rig.wait(3);
    assert_eq!(rig.switched(), [false, true, false, true]);
    rig.starts = Ok(());
    rig.wait(10);
    assert_eq!(rig.healths().last(), Some(&RadioHealth::Scanning));
}

#[test]
fn an_adapter_whose_scan_cannot_be_stopped_is_power_cycled_unless_it_hears() {
    let mut rig = Rig::scanning();
    rig.stops = Err(Fault::InProgress);
    rig.wait(150);
    rig.tell(RadioEvent::Advertisement);
    rig.wait(170);
    assert!(rig.switched().is_empty());
    rig.wait(60);
    assert_eq!(rig.switched(), [false, true], "three restarts in a row, in silence");
    rig.stops = Ok(());
    rig.wait(600);
    assert_eq!(rig.switched(), [false, true]);
    assert!(!rig.is_deaf());
}

#[test]
fn an_adapter_is_not_power_cycled_while_a_cuff_is_connected_or_when_the_clinic_says_no() {
    let mut connected = Rig::scanning_for(2);
    connected.hear_for(400);
    connected.tell(RadioEvent::Link {
        cuff: cuff("c1"),
        up: true,
    });
    connected.wait(1000);
    assert!(connected.is_deaf());
    assert_eq!(connected.switched(), [] as [bool; 0]);
    connected.tell(RadioEvent::Link {
        cuff: cuff("c1"),
        up: false,
    });
    assert_eq!(connected.switched(), [false, true], "as soon as it is not");

    let mut forbidden = Rig::scanning();
    forbidden.radio.recover = false;
    forbidden.hear_for(400);
    forbidden.wait(10_000);
    assert!(forbidden.is_deaf());
    assert_eq!(forbidden.switched(), [] as [bool; 0]);
    forbidden.tell(RadioEvent::Advertisement);
    assert_eq!(forbidden.healths().last(), Some(&RadioHealth::Scanning));
}

#[test]
fn silence_after_steady_traffic_is_cured_by_one_power_cycle_and_then_believed() {
    let mut rig = Rig::scanning();
    rig.hear_for(400);
    rig.wait(89);
    assert_eq!(rig.switched(), [] as [bool; 0]);
    rig.wait(1);
    assert_eq!(rig.switched(), [false, true]);
    rig.wait(86_400);
    assert_eq!(rig.switched(), [false, true], "the neighbour may simply have left");
    assert_eq!(rig.healths().last(), Some(&RadioHealth::Scanning));
}

#[test]
fn a_quiet_site_is_left_alone_for_a_day_but_for_restarts_of_the_scan() {
    let mut rig = Rig::scanning();
    rig.wait(86_400);
    assert_eq!(rig.switched(), [] as [bool; 0]);
    assert_eq!(rig.healths(), [RadioHealth::Scanning]);
    let restarts = rig.orders.iter().filter(|order| **order == stop()).count();
    assert_eq!(restarts, 86_400 / 60);
}

#[test]
fn an_adapter_that_does_not_come_back_on_is_switched_on_again_and_again() {
    let mut rig = Rig::scanning();
    rig.hear_for(400);
    rig.take();
    rig.now = rig.now + Duration::from_secs(90);
    let orders = rig.radio.handle(RadioEvent::Deadline, rig.now);
    assert!(
        orders.contains(&Order::StopScan(HCI0.to_owned())) || orders.contains(&Order::SetPower(HCI0.to_owned(), false))
    );
    let mut ons = 0;
    for _ in 0..50 {
        let orders = rig.radio.handle(RadioEvent::Done(Err(Fault::Other)), rig.now);
        ons += orders
            .iter()
            .filter(|order| **order == Order::SetPower(HCI0.to_owned(), true))
            .count();
        rig.now = rig.radio.deadline().unwrap_or(rig.now);
        let orders = rig.radio.handle(RadioEvent::Deadline, rig.now);
        ons += orders
            .iter()
            .filter(|order| **order == Order::SetPower(HCI0.to_owned(), true))
            .count();
        assert!(!orders.contains(&Order::Tell(RadioHealth::AdapterOff)));
    }
    assert!(ons > 10);
}
