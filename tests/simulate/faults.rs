//! Each fault does what its name says, and none breaks the order that the source promises.

use std::time::Duration;

use cuffd::core::bls::measurement::{CuffTime, Unit};
use cuffd::core::source::{ClockNote, CuffHealth, Ending, Event, Failure};
use cuffd::simulate::Step;
use cuffd::simulate::fault::{Fault, Faults};
use cuffd::simulate::habits::HABITS;
use cuffd::simulate::routine::{Pace, Routine};
use cuffd::simulate::visit::{ClockMishap, Mishap, Taken, User, Visit};
use jiff::civil::date;

use crate::rig::{around, cuff, measurements, model, octets, start, systolic, taken, visit};

fn ending(steps: &[Step]) -> Option<Ending> {
    steps.iter().find_map(|step| match step.event {
        Event::Over { ending, .. } => Some(ending),
        _ => None,
    })
}

#[test]
fn a_lost_link_delivers_the_rest_next_time() {
    let mut cuff = cuff("standard");
    let three = [taken(121, 30), taken(122, 20), taken(123, 10)];
    let broken = Visit {
        mishap: Some(Mishap::LinkLost { after: 2 }),
        ..visit(three)
    };
    let first = cuff.visit(&broken, start(), &around());
    assert_eq!(systolic("standard", &first), ["121", "122"]);
    assert_eq!(ending(&first), Some(Ending::Delivered));
    let second = cuff.visit(&Visit::default(), start(), &around());
    assert_eq!(systolic("standard", &second), ["123"]);
}

#[test]
fn a_link_lost_at_once_delivers_nothing_and_loses_nothing() {
    for habits in &HABITS {
        let mut cuff = cuff(habits.model);
        let broken = Visit {
            mishap: Some(Mishap::LinkLost { after: 0 }),
            ..visit([taken(121, 30)])
        };
        let first = cuff.visit(&broken, start(), &around());
        assert_eq!((octets(&first).len(), ending(&first)), (0, Some(Ending::Empty)));
        let second = cuff.visit(&Visit::default(), start(), &around());
        assert_eq!(systolic(habits.model, &second), ["121"], "{}", habits.model);
    }
}

#[test]
fn a_double_is_the_same_octets_twice() {
    let doubled = Visit {
        doubled: true,
        ..visit([taken(121, 30), taken(122, 20)])
    };
    let sent = octets(&cuff("standard").visit(&doubled, start(), &around()));
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[1], sent[2]);
}

#[test]
fn an_error_frame_has_no_numbers() {
    for habits in &HABITS {
        let failed = Taken {
            values: None,
            ..taken(0, 5)
        };
        let steps = cuff(habits.model).visit(&visit([failed]), start(), &around());
        let decoded = &measurements(habits.model, &steps)[0];
        let numbers = [decoded.systolic, decoded.diastolic, decoded.mean_arterial_pressure];
        assert!(
            numbers.iter().all(|number| number.number().is_none()),
            "{}",
            habits.model
        );
        assert_eq!(
            decoded.status.map(|status| status.0),
            Some(0),
            "status bits do not tell errors"
        );
    }
}

#[test]
fn truncated_octets_do_not_decode() {
    for habits in &HABITS {
        for cut_to in 1..10 {
            let cut = Taken {
                cut_to: Some(cut_to),
                ..taken(121, 5)
            };
            let steps = cuff(habits.model).visit(&visit([cut]), start(), &around());
            let sent = octets(&steps);
            assert_eq!(sent[0].len(), cut_to);
            assert!(
                model(habits.model).decode(&sent[0]).is_err(),
                "{} {cut_to}",
                habits.model
            );
        }
    }
}

#[test]
fn a_wrong_clock_is_read_and_its_stamps_are_wrong_by_as_much() {
    let late = Visit {
        clock: Some(ClockMishap::Ahead(-197)),
        ..visit([taken(121, 5)])
    };
    let steps = cuff("standard").visit(&late, start(), &around());
    let stamp = measurements("standard", &steps)[0].timestamp;
    assert_eq!(stamp, Some(CuffTime::Valid(date(2026, 11, 21).at(18, 51, 43, 0))));
    let offset = steps.iter().find_map(|step| match step.event {
        Event::Clock {
            note: ClockNote::Read { offset_s, .. },
            ..
        } => Some(offset_s),
        _ => None,
    });
    assert_eq!(offset, Some(197));
}

#[test]
fn a_lost_battery_sets_a_bm54_back_to_its_factory_date() {
    let unset = Visit {
        clock: Some(ClockMishap::Unset),
        ..visit([taken(121, 0)])
    };
    let steps = cuff("beurer-bm54").visit(&unset, start(), &around());
    let stamp = measurements("beurer-bm54", &steps)[0].timestamp;
    assert_eq!(stamp, Some(CuffTime::Valid(date(2022, 1, 1).at(0, 0, 0, 0))));
}

#[test]
fn another_user_has_another_id_where_the_model_sends_one() {
    for (name, user_id) in [
        ("beurer-bm54", Some(1)),
        ("beurer-bm85", Some(1)),
        ("omron-bls", Some(4)),
        ("standard", None),
    ] {
        let other = Taken {
            user: User::Other,
            ..taken(121, 5)
        };
        let steps = cuff(name).visit(&visit([other]), start(), &around());
        assert_eq!(measurements(name, &steps)[0].user_id, user_id, "{name}");
    }
}

#[test]
fn kilopascal_are_the_same_pressure_in_another_unit() {
    let kpa = Taken {
        unit: Unit::KPa,
        ..taken(120, 5)
    };
    let steps = cuff("standard").visit(&visit([kpa]), start(), &around());
    let decoded = &measurements("standard", &steps)[0];
    assert_eq!(decoded.unit, Unit::KPa);
    assert_eq!(decoded.systolic.number().expect("a number").to_string(), "16.0");
    assert_eq!(decoded.diastolic.number().expect("a number").to_string(), "10.7");
}

#[test]
fn an_unreachable_cuff_is_heard_and_never_connected() {
    let mut cuff = cuff("standard");
    let unreachable = Visit {
        mishap: Some(Mishap::Unreachable { tries: 5 }),
        ..visit([taken(121, 5)])
    };
    let steps = cuff.visit(&unreachable, start(), &around());
    let (last, before) = steps.split_last().expect("steps");
    let heard = |step: &Step| {
        matches!(
            step.event,
            Event::Cuff {
                health: CuffHealth::Heard { .. },
                ..
            }
        )
    };
    assert!(before.len() == 5 && before.iter().all(heard));
    assert!(matches!(
        last.event,
        Event::Cuff {
            health: CuffHealth::Unreachable { tries: 5 },
            ..
        }
    ));
    let again = cuff.visit(&Visit::default(), start(), &around());
    assert_eq!(systolic("standard", &again), ["121"], "nothing measured is lost");
    let last = &again.last().expect("steps").event;
    assert!(matches!(
        last,
        Event::Cuff {
            health: CuffHealth::Reachable,
            ..
        }
    ));
}

#[test]
fn a_lost_bond_ends_the_connection_before_anything_is_sent() {
    let lost = Visit {
        mishap: Some(Mishap::BondLost),
        ..visit([taken(121, 5)])
    };
    let steps = cuff("standard").visit(&lost, start(), &around());
    assert_eq!(octets(&steps).len(), 0);
    assert_eq!(ending(&steps), Some(Ending::Failed(Failure::Bond)));
    let last = &steps.last().expect("steps").event;
    assert!(matches!(
        last,
        Event::Cuff {
            health: CuffHealth::BondLost,
            ..
        }
    ));
}

/// Whether the steps keep what `core::source` promises: begin, clock settled once where it came to anything, over once, values only
/// between.
fn keeps_the_order(steps: &[Step]) -> bool {
    let word = |step: &Step| match step.event {
        Event::Connected { .. } => "c",
        Event::ClockSettled { .. } => "s",
        Event::Measurement { .. } | Event::CuffPressure { .. } | Event::Described { .. } => "v",
        Event::Clock { .. } => "k",
        Event::Over { .. } => "o",
        Event::Cuff { .. } | Event::Radio(_) => "",
    };
    let words: String = steps.iter().map(word).collect();
    let inside = words.strip_prefix('c').and_then(|rest| rest.strip_suffix('o'));
    let settled = inside.map(|inside| inside.replace(['k', 'v'], ""));
    words.is_empty() || inside == Some("") || settled.as_deref() == Some("s")
}

#[test]
fn no_fault_breaks_the_order_of_a_connection() {
    let all = Fault::ALL.map(|(_, name)| format!("{name}=0.3").parse().expect("a fault"));
    let pace = Pace {
        readings: 3,
        every: Duration::from_secs(600),
    };
    for (seed, habits) in (0..).zip(HABITS.iter().cycle().take(60)) {
        let mut routine = Routine::new(seed, pace, Faults::new(all));
        let mut cuff = cuff(habits.model);
        for _ in 0..20 {
            let (_, visit) = routine.next_visit();
            let steps = cuff.visit(&visit, start(), &around());
            assert!(keeps_the_order(&steps), "{}: {steps:#?}", habits.model);
        }
    }
}
