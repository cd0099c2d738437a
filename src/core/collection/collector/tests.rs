//! Every phase, limit and retry of a connection, in virtual time.

use proptest::prelude::*;

use super::rig::{READABLE, Rig, SETTABLE, milliseconds, plain, seconds, with};
use crate::core::collection::{Action, Answer, Catalogue, Characteristic, Event, Fault, Operation};
use crate::core::source::{self, ClockNote, CuffHealth, Ending, Failure};

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
        let went = rig.under_way == Some(Operation::TakeRadio);
        assert_eq!(went, goes, "heard {heard_before_ms} ms before");
    }
}

#[test]
fn a_radio_that_cannot_be_had_is_waited_for_five_seconds() {
    let mut rig = Rig::new();
    rig.hear();
    rig.wait(milliseconds(4999));
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, None);
    assert_eq!(rig.actions.last(), Some(&Action::Leave));
    rig.hear();
    assert_eq!(rig.under_way, Some(Operation::TakeRadio), "and asked for again");
}

#[test]
fn a_cuff_that_fell_silent_while_the_radio_was_waited_for_is_not_waited_for_again() {
    let mut rig = Rig::new();
    rig.hear();
    rig.wait(seconds(60));
    assert_eq!(rig.under_way, None);
    assert_eq!(rig.actions.len(), 2, "asked for once, and left");
    assert_eq!(rig.collector.deadline(), None);
}

#[test]
fn a_stuck_connection_is_given_up_at_its_limit() {
    let mut rig = Rig::new();
    rig.approach(true);
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
fn a_link_lost_in_any_phase_ends_the_connection_by_name() {
    type Reach = fn(&mut Rig);
    let phases: [(&str, Reach, Ending); 6] = [
        (
            "connecting",
            |rig| rig.approach(false),
            Ending::Failed(Failure::Connect),
        ),
        (
            "discovering",
            |rig| {
                rig.approach(false);
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
    rig.approach(true);
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
    rig.approach(true);
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
    rig.approach(true);
    rig.tell(Event::Bonded(false));
    rig.tell(Event::Bonded(true));
    rig.tell(Event::LinkUp);
    assert!(matches!(
        rig.told.last(),
        Some(source::Event::Connected { bonded: false, .. })
    ));
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
    let mut rig = Rig::new();
    rig.collect();
    for _ in 0..29 {
        rig.wait(seconds(4));
        rig.measure(1);
    }
    rig.wait(milliseconds(3_999));
    assert_eq!(rig.under_way, None);
    rig.wait(milliseconds(1));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkDown);
    rig.wait(milliseconds(300));
    assert_eq!(rig.ending(), Some(Ending::Failed(Failure::Cap)));
}

#[test]
fn five_tries_are_spaced_ever_wider_while_the_cuff_is_heard() {
    let mut rig = Rig::new();
    let mut pauses = Vec::new();
    for _ in 0..5 {
        rig.approach(false);
        rig.answer(Answer::Connected(Err(Fault::NotConnected)));
        rig.answer(Answer::HungUp);
        rig.wait(milliseconds(300));
        let from = rig.now.moment;
        while rig.under_way != Some(Operation::TakeRadio) {
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
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
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
fn attributes_are_looked_for_five_times() {
    for (listed, failure) in [
        (Catalogue::default(), Failure::Connect),
        (
            [(Characteristic::Feature, READABLE)].into_iter().collect(),
            Failure::NoMeasurementCharacteristic,
        ),
    ] {
        let mut rig = Rig::new();
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
fn a_refused_clock_is_left_as_it_is() {
    for fault in [Fault::Ignored, Fault::Other, Fault::Timeout] {
        let mut rig = Rig::new();
        let writable = crate::core::collection::Access {
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
        assert_eq!(rig.names(), ["connected", "clock settled"], "{fault:?}");
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
    connecting.approach(true);
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
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
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
fn a_link_that_comes_up_when_it_is_not_wanted_any_more_is_taken_down() {
    let mut rig = Rig::new();
    rig.approach(true);
    rig.wait(seconds(12));
    rig.answer(Answer::HungUp);
    rig.tell(Event::LinkUp);
    rig.wait(milliseconds(300));
    assert_eq!(rig.under_way, Some(Operation::HangUp));
}

#[test]
fn a_cuff_that_bluetoothd_knows_is_made_ready_before_it_is_heard() {
    let mut rig = Rig::new();
    rig.tell(Event::Known);
    assert_eq!(rig.under_way, Some(Operation::Arm));
    rig.answer(Answer::Armed(true));
    rig.hear();
    assert_eq!(rig.under_way, Some(Operation::TakeRadio));
}

fn any_result() -> impl Strategy<Value = Result<(), Fault>> {
    prop_oneof![
        3 => Just(Ok(())),
        1 => prop_oneof![
            Just(Err(Fault::Bond)),
            Just(Err(Fault::InProgress)),
            Just(Err(Fault::UnknownObject)),
            Just(Err(Fault::Ignored)),
            Just(Err(Fault::Other)),
        ],
    ]
}

fn any_event() -> impl Strategy<Value = Event> {
    let everything = || Characteristic::ALL.into_iter().map(|which| (which, SETTABLE)).collect();
    let catalogue = prop_oneof![Just(plain()), Just(Catalogue::default()), Just(everything())];
    prop_oneof![
        3 => Just(Event::Heard { rssi: None }),
        3 => Just(Event::Measurement(vec![1])),
        1 => Just(Event::CuffPressure(vec![2])),
        2 => Just(Event::LinkUp),
        1 => Just(Event::LinkDown),
        1 => Just(Event::StackGone),
        1 => any::<bool>().prop_map(Event::Bonded),
        2 => Just(Event::Answer(Answer::RadioTaken)),
        2 => any::<bool>().prop_map(|armed| Event::Answer(Answer::Armed(armed))),
        3 => any_result().prop_map(|result| Event::Answer(Answer::Connected(result))),
        3 => catalogue.prop_map(|catalogue| Event::Answer(Answer::Discovered(Ok(catalogue)))),
        3 => any_result().prop_map(|result| Event::Answer(Answer::Subscribed(result))),
        2 => any_result().prop_map(|result| Event::Answer(Answer::Read(result.map(|()| vec![0; 10])))),
        2 => any_result().prop_map(|result| Event::Answer(Answer::Written(result))),
        1 => Just(Event::Answer(Answer::HungUp)),
    ]
}

proptest! {
    /// Whatever happens in whatever order: told in order, once, and no measurement is lost.
    #[test]
    fn no_order_of_events_loses_a_measurement_or_tells_a_connection_wrongly(
        events in proptest::collection::vec((any_event(), 0_u64..3000), 0..80)
    ) {
        let mut rig = Rig::new();
        let sent = events.iter().filter(|(event, _)| matches!(event, Event::Measurement(_))).count();
        for (event, pause_ms) in events {
            rig.tell(event);
            rig.wait(milliseconds(pause_ms));
        }
        rig.tell(Event::LinkDown);
        rig.wait(seconds(200));
        let names = rig.names();
        prop_assert_eq!(names.iter().filter(|name| **name == "measurement").count(), sent);
        for connection in names.split_inclusive(|name| *name == "over") {
            let count = |wanted: &str| connection.iter().filter(|name| **name == wanted).count();
            prop_assert_eq!(connection.first(), Some(&"connected"), "{:?}", connection);
            prop_assert_eq!(connection.last(), Some(&"over"), "{:?}", connection);
            prop_assert_eq!((count("connected"), count("clock settled")), (1, 1), "{:?}", connection);
        }
    }
}
