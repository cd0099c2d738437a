//! The clock, the pauses, and what a cuff is asked beside its measurements.

use crate::core::collection::collector::rig::{READABLE, Rig, SETTABLE, milliseconds, plain, with};
use crate::core::collection::{Access, Answer, Characteristic, Event, Fault, Operation};
use crate::core::source::{self, ClockNote, Ending, Failure};

#[test]
fn a_clock_that_could_not_be_set_costs_no_connection_and_its_time_only_where_it_may_have_been() {
    let refused = ["connected", "clock settled"];
    let unknown = ["connected", "clock maybe set", "clock settled"];
    for (fault, told) in [
        (Fault::NotReady, &refused[..]),
        (Fault::Ignored, &unknown),
        (Fault::Other, &unknown),
        (Fault::Timeout, &unknown),
    ] {
        let mut rig = Rig::new();
        let writable = Access {
            read: false,
            write: true,
        };
        rig.connect(with(&[(Characteristic::DateTime, writable)]));
        assert!(matches!(
            rig.under_way,
            Some(Operation::Write(Characteristic::DateTime, _))
        ));
        rig.answer(Answer::Written(Err(fault)));
        rig.subscribe(Ok(()));
        assert_eq!(rig.names(), told, "{fault:?}");
    }
}

#[test]
fn a_write_that_was_given_up_on_may_have_set_the_clock() {
    let begun = || {
        let mut rig = Rig::new();
        rig.connect(with(&[(Characteristic::DateTime, SETTABLE)]));
        rig.answer(Answer::Read(Ok(vec![0xEA, 7, 11, 20, 12, 0, 0])));
        assert!(matches!(rig.under_way, Some(Operation::Write(..))));
        rig
    };
    let mut overdue = begun();
    overdue.wait(milliseconds(1500));
    overdue.subscribe(Ok(()));
    assert_eq!(
        overdue.names(),
        ["connected", "clock read", "clock maybe set", "clock settled"]
    );
    for lost in [Event::LinkDown, Event::StackGone] {
        let mut rig = begun();
        rig.tell(lost);
        rig.wait(milliseconds(5300));
        assert_eq!(rig.names(), ["connected", "clock read", "clock maybe set", "over"]);
    }
}

#[test]
fn a_clock_that_does_not_answer_delays_indications_by_a_second_and_a_half() {
    let mut rig = Rig::new();
    rig.connect(with(&[(Characteristic::CurrentTime, SETTABLE)]));
    rig.wait(milliseconds(1499));
    assert_eq!(rig.under_way, Some(Operation::Read(Characteristic::CurrentTime)));
    rig.wait(milliseconds(1));
    rig.subscribe(Ok(()));
}

#[test]
fn a_bonded_cuff_that_nobody_listens_to_yet_is_subscribed_to_before_anything_else() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.connect(with(&[(Characteristic::DateTime, SETTABLE)]));
    rig.subscribe(Ok(()));
    assert_eq!(
        rig.under_way,
        Some(Operation::Read(Characteristic::DateTime)),
        "then the clock"
    );
    assert!(!rig.names().contains(&"clock settled"));
    rig.measure(1);
    rig.answer(Answer::Read(Err(Fault::Other)));
    assert!(matches!(
        rig.under_way,
        Some(Operation::Write(Characteristic::DateTime, _))
    ));
    rig.answer(Answer::Written(Ok(())));
    assert_eq!(rig.names()[1..], ["measurement", "clock set", "clock settled"]);
}

#[test]
fn a_cuff_that_expects_its_clock_set_gets_that_first_even_so() {
    let mut rig = Rig::of("and-ua-651ble");
    rig.tell(Event::Bonded(true));
    rig.connect(with(&[(Characteristic::DateTime, SETTABLE)]));
    rig.answer(Answer::Read(Ok(vec![0xEA, 7, 11, 21, 12, 0, 0])));
    assert_eq!(rig.under_way, None, "it wants a pause");
    rig.wait(milliseconds(100));
    let noon = vec![0xEA, 7, 11, 21, 12, 0, 0];
    assert_eq!(rig.under_way, Some(Operation::Write(Characteristic::DateTime, noon)));
    rig.answer(Answer::Written(Ok(())));
    rig.wait(milliseconds(99));
    assert_eq!(rig.under_way, None, "and another");
    rig.wait(milliseconds(1));
    rig.subscribe(Ok(()));
    assert_eq!(rig.names(), ["connected", "clock read", "clock set", "clock settled"]);
}

#[test]
fn a_cuff_that_must_settle_is_left_alone_before_it_is_subscribed_to() {
    let mut rig = Rig::of("beurer-bm85");
    rig.connect(plain());
    rig.wait(milliseconds(99));
    assert_eq!(rig.under_way, None);
    rig.wait(milliseconds(1));
    rig.subscribe(Ok(()));
}

#[test]
fn no_clock_is_set_by_a_clock_that_is_not_believed() {
    let mut rig = Rig::new();
    rig.tell(Event::Synchronized(false));
    rig.connect(with(&[(Characteristic::DateTime, SETTABLE)]));
    rig.answer(Answer::Read(Ok(vec![0xEA, 7, 11, 20, 12, 0, 0])));
    rig.subscribe(Ok(()));
    let a_day = ClockNote::Read {
        offset_s: 86_400,
        at: rig.now,
    };
    assert!(
        rig.told
            .iter()
            .any(|event| matches!(event, source::Event::Clock { note, .. } if *note == a_day))
    );
}

#[test]
fn what_a_cuff_is_is_asked_after_half_a_second_of_silence_one_by_one() {
    let mut rig = Rig::new();
    rig.connect(with(&[
        (Characteristic::Battery, READABLE),
        (Characteristic::Model, READABLE),
    ]));
    rig.subscribe(Ok(()));
    rig.wait(milliseconds(400));
    rig.measure(1);
    rig.wait(milliseconds(499));
    assert_eq!(rig.under_way, None);
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::Read(Characteristic::Battery)));
    rig.answer(Answer::Read(Ok(vec![87])));
    assert_eq!(rig.under_way, Some(Operation::Read(Characteristic::Model)));
    rig.wait(milliseconds(1500));
    assert_eq!(rig.under_way, None, "no answer is no answer");
    assert!(matches!(
        rig.told.last(),
        Some(source::Event::Described { description, .. }) if description.battery == Some(87)
    ));
}

#[test]
fn cuff_pressure_is_subscribed_to_after_measurements_and_may_fail() {
    let mut rig = Rig::new();
    rig.connect(with(&[(Characteristic::CuffPressure, READABLE)]));
    rig.subscribe(Ok(()));
    assert_eq!(rig.under_way, Some(Operation::Subscribe(Characteristic::CuffPressure)));
    rig.answer(Answer::Subscribed(Err(Fault::Bond)));
    assert_eq!(rig.under_way, None);
    rig.measure(1);
    assert_eq!(rig.names().last(), Some(&"measurement"));
}

#[test]
fn the_clock_of_a_cuff_that_is_listened_to_already_is_read_as_soon_as_the_link_carries() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.approach(Some(with(&[(Characteristic::DateTime, READABLE)])));
    rig.tell(Event::LinkUp);
    for _ in 0..3 {
        assert_eq!(rig.under_way, Some(Operation::Read(Characteristic::DateTime)));
        rig.answer(Answer::Read(Err(Fault::NotConnected)));
        assert_eq!(rig.under_way, None);
        rig.wait(milliseconds(50));
    }
    rig.measure(2);
    rig.answer(Answer::Read(Ok(vec![0xEA, 7, 11, 21, 12, 0, 0])));
    rig.subscribe(Err(Fault::InProgress));
    assert_eq!(
        rig.names(),
        ["connected", "measurement", "measurement", "clock read", "clock settled"]
    );
}

#[test]
fn a_link_that_never_carries_anything_is_a_failed_connection() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.approach(Some(with(&[(Characteristic::DateTime, READABLE)])));
    rig.tell(Event::LinkUp);
    rig.answer(Answer::Read(Err(Fault::NotConnected)));
    rig.tell(Event::LinkDown);
    rig.answer(Answer::HungUp);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Connect)));
}

#[test]
fn a_clock_that_does_not_answer_at_once_is_left_and_the_cuff_is_collected_from() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.approach(Some(with(&[(Characteristic::DateTime, READABLE)])));
    rig.tell(Event::LinkUp);
    rig.wait(milliseconds(1499));
    assert_eq!(rig.under_way, Some(Operation::Read(Characteristic::DateTime)));
    rig.wait(milliseconds(1));
    rig.subscribe(Err(Fault::InProgress));
    rig.measure(1);
    assert_eq!(rig.names(), ["connected", "clock settled", "measurement"]);
}

#[test]
fn a_link_that_stays_up_without_carrying_anything_is_no_lost_bond() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    for _ in 0..6 {
        while !rig.goes() {
            rig.wait(milliseconds(50));
            rig.hear();
        }
        rig.approach(Some(with(&[(Characteristic::DateTime, READABLE)])));
        rig.tell(Event::LinkUp);
        while rig.under_way != Some(Operation::HangUp) {
            if matches!(rig.under_way, Some(Operation::Read(_))) {
                rig.answer(Answer::Read(Err(Fault::NotConnected)));
            }
            rig.wait(milliseconds(50));
        }
        rig.answer(Answer::HungUp);
        rig.tell(Event::LinkDown);
        rig.wait(milliseconds(300));
        assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Connect)));
    }
}
