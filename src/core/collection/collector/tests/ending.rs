//! How connections end, and when the next one is tried.

use crate::core::collection::collector::rig::{Rig, SETTABLE, milliseconds, plain, seconds, with};
use crate::core::collection::{Answer, Characteristic, Event, Fault, Operation};
use crate::core::source::{self, CuffHealth, Ending, Failure};

#[test]
fn a_link_lost_in_any_phase_ends_the_connection_by_name() {
    type Reach = fn(&mut Rig);
    let phases: [(&str, Reach, Ending); 6] = [
        ("connecting", |rig| rig.approach(None), Ending::Failed(Failure::Connect)),
        (
            "discovering",
            |rig| {
                rig.approach(None);
                rig.answer(Answer::Connected(Ok(())));
            },
            Ending::Failed(Failure::Connect),
        ),
        (
            "syncing time",
            |rig| rig.connect(with(&[(Characteristic::DateTime, SETTABLE)])),
            Ending::Failed(Failure::Subscribe),
        ),
        (
            "subscribing",
            |rig| rig.connect(plain()),
            Ending::Failed(Failure::Subscribe),
        ),
        ("collecting", Rig::collect, Ending::Empty),
        (
            "collecting, after a measurement",
            |rig| {
                rig.collect();
                rig.measure(1);
            },
            Ending::Delivered,
        ),
    ];
    for (phase, reach, ending) in phases {
        let mut rig = Rig::new();
        reach(&mut rig);
        rig.tell(Event::LinkDown);
        if rig.under_way == Some(Operation::HangUp) {
            rig.answer(Answer::HungUp);
        }
        rig.wait(milliseconds(300));
        assert_eq!(rig.ending(), Some(ending), "{phase}");
        assert_eq!(rig.names().first(), Some(&"connected"), "{phase}");
    }
}

#[test]
fn a_silent_cuff_is_hung_up_on_after_twenty_seconds_and_later_after_idle_end() {
    let mut rig = Rig::new();
    rig.collect();
    rig.wait(milliseconds(19_999));
    assert_eq!(rig.under_way, None);
    rig.measure(1);
    rig.wait(milliseconds(9_999));
    assert_eq!(rig.under_way, None);
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
}

#[test]
fn a_cuff_that_never_sends_ends_empty() {
    let mut rig = Rig::new();
    rig.collect();
    rig.wait(seconds(20));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.wait(milliseconds(5300));
    assert_eq!(rig.ending(), Some(Ending::Empty), "even if nobody confirms the end");
}

#[test]
fn pressure_while_it_measures_is_no_silence() {
    let mut rig = Rig::new();
    rig.collect();
    for _ in 0..20 {
        rig.wait(seconds(4));
        rig.tell(Event::CuffPressure(vec![0]));
    }
    assert_eq!(rig.under_way, None);
}

#[test]
fn no_connection_outlives_the_cap() {
    for (event, ending) in [
        (Event::Measurement(vec![0]), Ending::Delivered),
        (Event::CuffPressure(vec![0]), Ending::Failed(Failure::Cap)),
    ] {
        let mut rig = Rig::new();
        rig.collect();
        for _ in 0..29 {
            rig.wait(seconds(4));
            rig.tell(event.clone());
        }
        rig.wait(milliseconds(3_999));
        assert_eq!(rig.under_way, None);
        rig.wait(milliseconds(1));
        assert_eq!(rig.under_way, Some(Operation::HangUp));
        rig.answer(Answer::HungUp);
        rig.tell(Event::LinkDown);
        rig.wait(milliseconds(300));
        assert_eq!(rig.ending(), Some(ending), "{event:?}");
    }
}

#[test]
fn a_subscription_that_failed_after_a_measurement_is_not_relied_on_next_time() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.measure(1);
    rig.subscribe(Err(Fault::Other));
    rig.measure(1);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
    rig.wait(seconds(5));
    rig.hear();
    assert_eq!(rig.under_way, Some(Operation::Arm));
}

#[test]
fn five_tries_are_spaced_ever_wider_while_the_cuff_is_heard() {
    let mut rig = Rig::new();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        rig.approach(None);
        rig.answer(Answer::Connected(Err(Fault::NotConnected)));
        rig.answer(Answer::HungUp);
        rig.wait(milliseconds(300));
        let from = rig.now.moment;
        while !rig.goes() {
            rig.wait(milliseconds(50));
            rig.hear();
        }
        pauses.push(rig.now.moment.since(from).as_millis());
        rig.tell(Event::StackGone);
    }
    assert_eq!(pauses, [250, 500, 1000, 2000, 30_000]);
    let unreachable = CuffHealth::Unreachable { tries: 5 };
    assert!(
        rig.told
            .iter()
            .any(|event| matches!(event, source::Event::Cuff { health, .. } if *health == unreachable))
    );
}

#[test]
fn a_lost_bond_ends_the_connection_and_is_not_tried_again_soon() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.subscribe(Err(Fault::Bond));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Bond)));
    rig.wait(seconds(59));
    rig.hear();
    assert_eq!(rig.under_way, None);
    rig.wait(seconds(1));
    rig.hear();
    assert!(rig.goes());
}

#[test]
fn a_lost_bond_told_only_after_the_link_is_down_is_still_the_reason() {
    let mut rig = Rig::new();
    rig.connect(plain());
    rig.tell(Event::LinkDown);
    rig.answer(Answer::Subscribed(Err(Fault::Bond)));
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Bond)));
}

#[test]
fn stopping_gives_a_dump_five_seconds() {
    let mut rig = Rig::new();
    rig.collect();
    rig.measure(1);
    rig.tell(Event::Stop);
    rig.wait(milliseconds(4_000));
    rig.measure(1);
    rig.wait(milliseconds(999));
    assert_eq!(rig.under_way, None);
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Stopped));
    assert!(rig.collector.is_stopped());
}

#[test]
fn stopping_waits_for_nothing_else() {
    let mut idle = Rig::new();
    idle.tell(Event::Stop);
    assert!(idle.collector.is_stopped());
    let mut seen = Rig::new();
    seen.hear();
    seen.tell(Event::Stop);
    assert!(seen.collector.is_stopped());
    let mut connecting = Rig::new();
    connecting.approach(Some(plain()));
    connecting.tell(Event::Stop);
    assert_eq!(connecting.under_way, Some(Operation::HangUp));
}

#[test]
fn a_dump_that_ends_while_stopping_is_delivered() {
    let mut rig = Rig::new();
    rig.collect();
    rig.measure(1);
    rig.tell(Event::Stop);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Delivered));
    assert!(rig.collector.is_stopped());
}

#[test]
fn a_loss_of_the_stack_is_no_failed_try() {
    let mut rig = Rig::new();
    rig.collect();
    rig.measure(1);
    rig.tell(Event::StackGone);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Stack)));
    rig.wait(seconds(5));
    rig.hear();
    assert!(rig.goes());
}

#[test]
fn a_link_that_comes_up_when_it_is_not_wanted_any_more_is_taken_down() {
    let mut rig = Rig::new();
    rig.approach(Some(plain()));
    rig.wait(seconds(12));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkUp);
    rig.wait(milliseconds(300));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
}

#[test]
fn a_refused_key_that_takes_bluetoothd_down_each_time_is_a_lost_bond_all_the_same() {
    let mut rig = Rig::new();
    for _ in 0..5 {
        rig.tell(Event::Bonded(true));
        while !rig.goes() {
            rig.wait(milliseconds(50));
            rig.hear();
        }
        if rig.under_way == Some(Operation::Arm) {
            rig.answer(Answer::Armed(None));
        }
        rig.answer(Answer::RadioTaken);
        rig.tell(Event::LinkUp);
        rig.answer(Answer::Connected(Err(Fault::NotConnected)));
        rig.tell(Event::StackGone);
        rig.wait(milliseconds(300));
    }
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Bond)));
}
