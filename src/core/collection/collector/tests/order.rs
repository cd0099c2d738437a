//! Whatever happens, in whatever order.

use proptest::prelude::*;

use crate::core::collection::collector::rig::{Rig, SETTABLE, milliseconds, plain, seconds};
use crate::core::collection::{Answer, Catalogue, Characteristic, Event, Fault};

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
        2 => any::<bool>().prop_map(|armed| Event::Answer(Answer::Armed(armed.then(plain)))),
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
            let settled = count("clock settled");
            prop_assert_eq!(count("connected"), 1, "{:?}", connection);
            prop_assert!(settled == 1 || settled + count("measurement") == 0, "{:?}", connection);
        }
    }
}
