//! When a cuff is connected, and how a connection gets to its measurements.

mod asking;
mod ending;
mod order;

use super::rig::{READABLE, Rig, milliseconds, plain, seconds};
use crate::core::collection::{Action, Answer, Catalogue, Characteristic, Event, Fault, Operation};
use crate::core::models::ServiceNumber;
use crate::core::source::{self, Ending, Failure};

#[test]
fn a_burst_is_delivered_whole_and_ends_with_the_cuff_hanging_up() {
    let mut rig = Rig::new();
    rig.collect();
    rig.measure(60);
    rig.tell(Event::LinkDown);
    rig.measure(1);
    assert_eq!(rig.ending(), None, "values may still be under way");
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
    let names = rig.names();
    assert_eq!(names[..2], ["connected", "clock settled"]);
    assert_eq!(names.iter().filter(|name| **name == "measurement").count(), 61);
    assert_eq!(rig.under_way, None, "a link that is down is not hung up");
}

#[test]
fn only_what_was_just_heard_is_connected_after_the_rest() {
    for (heard_before_ms, goes) in [(1900, true), (2000, true), (2100, false)] {
        let mut rig = Rig::new();
        rig.collect();
        rig.measure(1);
        rig.tell(Event::LinkDown);
        rig.wait(milliseconds(300));
        rig.wait(milliseconds(5000 - heard_before_ms));
        rig.hear();
        assert_eq!(rig.under_way, None, "it rests five seconds");
        rig.wait(milliseconds(heard_before_ms));
        let went = rig.goes();
        assert_eq!(went, goes, "heard {heard_before_ms} ms before");
    }
}

#[test]
fn a_radio_that_cannot_be_had_is_waited_for_five_seconds() {
    let mut rig = Rig::new();
    rig.hear();
    rig.wait(milliseconds(4999));
    rig.answer(Answer::Armed(None));
    rig.wait(milliseconds(4999));
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, None);
    assert_eq!(rig.actions.last(), Some(&Action::Leave));
    rig.hear();
    assert!(rig.goes(), "and asked for again");
}

#[test]
fn a_cuff_that_fell_silent_while_the_radio_was_waited_for_is_not_waited_for_again() {
    let mut rig = Rig::new();
    rig.hear();
    rig.answer(Answer::Armed(None));
    rig.wait(seconds(60));
    assert_eq!(rig.under_way, None);
    assert_eq!(rig.actions.len(), 3, "made ready, asked for once, and left");
    assert_eq!(rig.collector.deadline(), None);
}

#[test]
fn a_stuck_connection_is_given_up_at_its_limit() {
    let mut rig = Rig::new();
    rig.approach(Some(plain()));
    rig.wait(milliseconds(11_999));
    assert_eq!(rig.under_way, Some(Operation::Connect));
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.answer(Answer::HungUp);
    rig.wait(milliseconds(300));
    assert_eq!(
        rig.names(),
        Vec::<&str>::new(),
        "a link that never came up is no connection"
    );
    assert_eq!(rig.actions.last(), Some(&Action::Leave));
}

#[test]
fn a_measurement_that_arrives_after_the_loss_of_the_link_is_a_delivery_all_the_same() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.tell(Event::LinkDown);
    rig.measure(1);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
}

#[test]
fn a_bonded_cuff_may_send_before_the_connection_is_reported() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.approach(Some(plain()));
    rig.measure(3);
    assert_eq!(rig.names(), ["connected", "measurement", "measurement", "measurement"]);
    assert!(matches!(
        rig.told
            .iter()
            .find(|event| matches!(event, source::Event::Connected { .. })),
        Some(source::Event::Connected { bonded: true, .. })
    ));
    rig.tell(Event::LinkDown);
    rig.answer(Answer::HungUp);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
}

#[test]
fn values_keep_a_connection_alive_that_is_slow_to_be_reported() {
    let mut rig = Rig::new();
    rig.approach(Some(plain()));
    for _ in 0..5 {
        rig.wait(seconds(4));
        rig.measure(1);
    }
    assert_eq!(rig.under_way, Some(Operation::Connect));
    rig.wait(seconds(10));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
}

#[test]
fn a_bond_that_goes_away_meanwhile_is_none() {
    let mut rig = Rig::new();
    rig.tell(Event::Bonded(true));
    rig.approach(Some(plain()));
    rig.tell(Event::Bonded(false));
    rig.tell(Event::Bonded(true));
    rig.tell(Event::LinkUp);
    assert!(matches!(
        rig.told.last(),
        Some(source::Event::Connected { bonded: false, .. })
    ));
}

#[test]
fn attributes_are_looked_for_five_times() {
    let without_measurement: Catalogue = [(Characteristic::Feature, READABLE)].into_iter().collect();
    for (model, listed, failure) in [
        ("standard", Catalogue::default(), Failure::Connect),
        (
            "standard",
            without_measurement.clone(),
            Failure::NoMeasurementCharacteristic,
        ),
        ("omron-bls", Catalogue::default(), Failure::Connect),
        (
            "omron-bls",
            without_measurement,
            Failure::OnlyBehindServiceOfItsMaker(ServiceNumber(0xFE4A)),
        ),
    ] {
        let mut rig = Rig::of(model);
        rig.connect(listed.clone());
        for _ in 1..5 {
            assert_eq!(rig.under_way, None);
            rig.wait(milliseconds(200));
            assert_eq!(rig.under_way, Some(Operation::Discover { afresh: true }));
            rig.answer(Answer::Discovered(Ok(listed.clone())));
        }
        assert_eq!(rig.under_way, Some(Operation::HangUp));
        rig.answer(Answer::HungUp);
        rig.tell(Event::LinkDown);
        rig.wait(milliseconds(300));
        assert_eq!(rig.ending(), Some(Ending::Failed(failure)));
    }
}

#[test]
fn a_subscription_in_progress_is_a_subscription() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.subscribe(Err(Fault::InProgress));
    assert_eq!(rig.actions.last(), Some(&Action::GiveRadioBack));
}

#[test]
fn attributes_that_moved_are_listed_afresh_once() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.subscribe(Err(Fault::UnknownObject));
    assert_eq!(rig.under_way, Some(Operation::Discover { afresh: true }));
    rig.answer(Answer::Discovered(Ok(plain())));
    rig.subscribe(Err(Fault::UnknownObject));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
}

#[test]
fn a_subscription_that_is_not_answered_is_given_up() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.wait(milliseconds(9_999));
    assert_eq!(rig.under_way, Some(Operation::Subscribe(Characteristic::Measurement)));
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
}

#[test]
fn a_link_that_is_up_without_our_doing_is_taken_over() {
    let mut rig = Rig::new();
    rig.tell(Event::LinkUp);
    assert_eq!(rig.under_way, Some(Operation::Connect));
    assert_eq!(rig.names(), ["connected"]);
    let mut rig = Rig::new();
    rig.measure(1);
    assert_eq!(rig.under_way, Some(Operation::Connect));
    assert_eq!(rig.names(), ["connected", "measurement"]);
}

#[test]
fn a_cuff_that_bluetoothd_knows_is_made_ready_before_it_is_heard() {
    let mut rig = Rig::new();
    rig.tell(Event::Known);
    assert_eq!(rig.under_way, Some(Operation::Arm));
    rig.answer(Answer::Armed(Some(plain())));
    rig.hear();
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
}

#[test]
fn a_cuff_that_is_heard_while_it_is_made_ready_is_made_ready_once() {
    let mut rig = Rig::new();
    rig.tell(Event::Known);
    rig.hear();
    assert_eq!(rig.actions, [Action::Do(Operation::Arm)]);
    rig.answer(Answer::Armed(None));
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
}

#[test]
fn making_ready_may_take_its_time() {
    let mut rig = Rig::new();
    for _ in 0..20 {
        rig.hear();
        rig.wait(seconds(1));
    }
    assert_eq!(rig.actions, [Action::Do(Operation::Arm)]);
    rig.answer(Answer::Armed(None));
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
}

#[test]
fn a_subscription_from_before_is_kept_until_the_stack_or_the_object_is_gone() {
    for gone in [Event::StackGone, Event::Known] {
        let mut rig = Rig::new();
        rig.collect();
        rig.tell(Event::LinkDown);
        rig.wait(seconds(6));
        rig.hear();
        assert_eq!(rig.under_way, Some(Operation::TakeRadio), "nothing to make ready");
        rig.wait(seconds(6));
        rig.tell(gone);
        rig.answer(Answer::Armed(None));
        rig.hear();
        assert_eq!(rig.under_way, Some(Operation::Arm));
    }
}
