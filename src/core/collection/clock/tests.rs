//! What is done to a cuff's clock, by what it answers.

use jiff::Timestamp;

use super::super::Access;
use super::*;
use crate::core::models::Model;

const READ: Access = Access {
    read: true,
    write: false,
};
const WRITE: Access = Access {
    read: false,
    write: true,
};
const BOTH: Access = Access {
    read: true,
    write: true,
};

fn now() -> Now {
    Now {
        wall: "2026-11-21T11:00:00.9Z".parse::<Timestamp>().expect("a time"),
        moment: Moment::from_boot(Duration::from_secs(7)),
    }
}

fn plan(model: &str, which: Characteristic, access: Access) -> Option<ClockSync> {
    let habits = Habits::of(Model::find(model).expect("a model"));
    let catalogue = [(which, access)].into_iter().collect();
    let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
    ClockSync::plan(&catalogue, habits, true, &berlin)
}

fn standard(access: Access) -> ClockSync {
    plan("standard", Characteristic::DateTime, access).expect("a clock")
}

/// Local noon and some seconds, as a cuff in Berlin shows it.
fn noon(minute: u8, second: u8) -> [u8; 7] {
    [0xEA, 0x07, 11, 21, 12, minute, second]
}

#[test]
fn a_clock_is_set_when_it_is_off_by_a_minute() {
    for (shown, offset_s, set) in [
        (noon(0, 0), 0, false),
        (noon(0, 59), -59, false),
        (noon(1, 0), -60, true),
        (noon(1, 1), -61, true),
        ([0xEA, 0x07, 11, 21, 11, 59, 1], 59, false),
        ([0xEA, 0x07, 11, 21, 11, 59, 0], 60, true),
    ] {
        let mut clock = standard(BOTH);
        assert_eq!(clock.begin(now()), Next::Read(Characteristic::DateTime));
        let (note, next) = clock.read(Ok(&shown), now());
        assert_eq!(note, Some(ClockNote::Read { offset_s, at: now() }));
        let write = Next::Write(Characteristic::DateTime, noon(0, 0).to_vec());
        assert_eq!(next, if set { write } else { Next::Over }, "{offset_s} s");
    }
}

#[test]
fn a_clock_that_does_not_know_the_time_is_set() {
    let mut clock = standard(BOTH);
    let _ = clock.begin(now());
    let (note, next) = clock.read(Ok(&[0; 7]), now());
    assert_eq!(note, None);
    assert!(matches!(next, Next::Write(..)));
}

#[test]
fn a_clock_that_cannot_be_read_is_set_each_time() {
    let mut clock = standard(WRITE);
    assert!(matches!(clock.begin(now()), Next::Write(..)));
    let (note, next) = clock.written(Ok(()), now());
    let to = civil::date(2026, 11, 21).at(12, 0, 0, 0);
    assert_eq!((note, next), (Some(ClockNote::Set { to, at: now() }), Next::Over));
}

#[test]
fn a_clock_that_cannot_be_set_is_read() {
    let mut clock = standard(READ);
    let _ = clock.begin(now());
    let (note, next) = clock.read(Ok(&[0xEA, 0x07, 11, 20, 12, 0, 0]), now());
    assert!(matches!(note, Some(ClockNote::Read { offset_s: 86_400, .. })));
    assert_eq!(next, Next::Over);
}

#[test]
fn an_ignored_write_counts_if_the_clock_shows_it() {
    for (shown, counts) in [(noon(0, 1), true), (noon(30, 0), false)] {
        let mut clock = standard(BOTH);
        let _ = clock.begin(now());
        let _ = clock.read(Ok(&noon(45, 0)), now());
        let (note, next) = clock.written(Err(Fault::Ignored), now());
        assert_eq!((note, next), (None, Next::Read(Characteristic::DateTime)));
        let (note, next) = clock.read(Ok(&shown), now());
        assert_eq!(matches!(note, Some(ClockNote::Set { .. })), counts);
        assert_eq!(next, Next::Over);
    }
}

#[test]
fn a_clock_out_of_reach_is_not_set_and_one_that_refuses_to_be_read_is() {
    for (fault, is_set) in [
        (Fault::NotConnected, false),
        (Fault::NotReady, false),
        (Fault::UnknownObject, false),
        (Fault::Stack, false),
        (Fault::Bus, false),
        (Fault::Other, true),
        (Fault::Ignored, true),
        (Fault::Timeout, true),
    ] {
        let mut clock = standard(BOTH);
        let _ = clock.begin(now());
        let (note, next) = clock.read(Err(fault), now());
        assert_eq!(note, None, "{fault:?}");
        assert_eq!(matches!(next, Next::Write(..)), is_set, "{fault:?}");
        assert_eq!(clock.given_up().is_some(), is_set, "{fault:?}");
    }
}

#[test]
fn after_a_write_whose_outcome_is_unknown_nothing_is_known_of_the_clock() {
    let to = civil::date(2026, 11, 21).at(12, 0, 0, 0);
    let unknown = Some(ClockNote::MaybeSet { to, at: now() });
    for fault in [
        Fault::Ignored,
        Fault::Timeout,
        Fault::NotConnected,
        Fault::Stack,
        Fault::Other,
    ] {
        let mut clock = standard(WRITE);
        assert_eq!(clock.given_up(), None);
        let _ = clock.begin(now());
        assert_eq!(clock.given_up(), unknown, "the link may be lost now");
        assert_eq!(clock.written(Err(fault), now()), (unknown, Next::Over), "{fault:?}");
        assert_eq!(clock.given_up(), None, "it is told once");
    }
    for fault in [Fault::Bond, Fault::UnknownObject, Fault::NotReady] {
        let mut clock = standard(WRITE);
        let _ = clock.begin(now());
        assert_eq!(clock.written(Err(fault), now()), (None, Next::Over), "{fault:?}");
    }
}

#[test]
fn a_clock_that_can_be_read_tells_what_became_of_a_write() {
    let a_quarter_late = noon(45, 0);
    for (shown, note) in [
        (Ok(&noon(0, 1)[..]), "set"),
        (Ok(&noon(45, 1)[..]), "as it was"),
        (Ok(&noon(30, 0)[..]), "unknown"),
        (Ok(&[0; 7][..]), "unknown"),
        (Err(Fault::NotConnected), "unknown"),
    ] {
        let mut clock = standard(BOTH);
        let _ = clock.begin(now());
        let _ = clock.read(Ok(&a_quarter_late), now());
        let (first, next) = clock.written(Err(Fault::Other), now());
        assert_eq!((first, next), (None, Next::Read(Characteristic::DateTime)));
        assert!(clock.given_up().is_some(), "it has not been looked at again");
        let told = match clock.read(shown, now()).0 {
            Some(ClockNote::Set { .. }) => "set",
            Some(ClockNote::MaybeSet { .. }) => "unknown",
            Some(ClockNote::Read { .. }) => "read",
            None => "as it was",
        };
        assert_eq!(told, note, "{shown:?}");
    }
}

#[test]
fn current_time_is_written_whole() {
    let mut clock = plan("standard", Characteristic::CurrentTime, WRITE).expect("a clock");
    let Next::Write(Characteristic::CurrentTime, octets) = clock.begin(now()) else {
        panic!("it is written");
    };
    assert_eq!(octets[..7], noon(0, 0));
    assert_eq!(octets[7..], [6, 0, 1], "a Saturday, no fraction, set by hand");
}

#[test]
fn a_model_says_how_its_clock_is_reached() {
    assert!(
        plan("beurer-bm54", Characteristic::DateTime, BOTH).is_none(),
        "none over Bluetooth"
    );
    assert!(plan("and-ua-651ble", Characteristic::CurrentTime, BOTH).is_none());
    let expects = plan("and-ua-651ble", Characteristic::DateTime, WRITE).expect("a clock");
    assert!(expects.is_expected());
    assert!(plan("standard", Characteristic::DateTime, Access::default()).is_none());
    assert!(plan("standard", Characteristic::Battery, READ).is_none());
}
