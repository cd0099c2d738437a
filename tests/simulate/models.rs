//! Every model that is imitated speaks so that its row in the table understands it.

use cuffd::core::bls::cuff_pressure::CuffPressure;
use cuffd::core::bls::measurement::{CuffTime, Status};
use cuffd::core::cuff::Wearer;
use cuffd::core::models::Model;
use cuffd::core::source::{ClockNote, Ending, Event};
use cuffd::simulate::fleet::register;
use cuffd::simulate::habits::{HABITS, Users};
use cuffd::simulate::visit::{Taken, User, Visit};
use jiff::civil::date;

use crate::rig::{around, cuff, habits, measurements, octets, start, status_of, systolic, taken, visit};

#[test]
fn every_imitated_model_has_its_row_in_the_table() {
    for habits in &HABITS {
        assert_eq!(register(1, habits).model.name, habits.model);
        assert!(Model::find(habits.model).is_some(), "{}", habits.model);
    }
}

#[test]
fn what_was_measured_is_what_is_decoded() {
    for habits in &HABITS {
        let name = habits.model;
        let planned = [taken(128, 30), status_of(0b101, taken(141, 20)), taken(119, 10)];
        let steps = cuff(name).visit(&visit(planned), start(), &around());
        let decoded = measurements(name, &steps);
        assert_eq!(decoded.len(), planned.len(), "{name}");
        for (planned, decoded) in planned.iter().zip(&decoded) {
            let values = planned.values.expect("values");
            assert_eq!(decoded.systolic.number(), Some(values.systolic.into()), "{name}");
            assert_eq!(decoded.diastolic.number(), Some(values.diastolic.into()), "{name}");
            let pulse_rate = decoded.pulse_rate.expect("a pulse rate");
            assert_eq!(pulse_rate.number(), Some(values.pulse_rate.into()), "{name}");
            assert_eq!(decoded.status, Some(planned.status), "{name}");
            assert_eq!(decoded.trailing, 0, "{name}: the model explains every octet");
        }
    }
}

#[test]
fn only_cuffs_with_users_send_a_user_and_it_is_the_registered_one() {
    for habits in &HABITS {
        let name = habits.model;
        let steps = cuff(name).visit(&visit([taken(128, 5)]), start(), &around());
        let user_id = measurements(name, &steps)[0].user_id;
        match (register(1, habits).wearer, habits.users) {
            (Wearer::Users(users), Users::Range(first, _)) => {
                assert_eq!(user_id, Some(first), "{name}");
                assert!(users.contains_key(&first), "{name}");
            }
            (Wearer::Patient(_), Users::NotSent) => assert_eq!(user_id, None, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn a_right_clock_stamps_local_time() {
    for name in ["standard", "beurer-bm54", "omron-bls", "boso-medicus"] {
        let steps = cuff(name).visit(&visit([taken(128, 5)]), start(), &around());
        let stamp = measurements(name, &steps)[0].timestamp;
        let berlin = date(2026, 11, 21).at(18, 55, 0, 0);
        assert_eq!(stamp, Some(CuffTime::Valid(berlin)), "{name}");
    }
}

#[test]
fn an_and_cuff_has_no_time_until_its_clock_is_set() {
    let mut cuff = cuff("and-ua-651ble");
    let first = cuff.visit(&visit([taken(128, 5)]), start(), &around());
    assert_eq!(octets(&first)[0][0], 0x14);
    let to = date(2026, 11, 21).at(19, 0, 0, 0);
    let set = first.iter().find_map(|step| match &step.event {
        Event::Clock {
            note: ClockNote::Set { to, .. },
            ..
        } => Some(*to),
        _ => None,
    });
    assert_eq!(set, Some(to));
    let second = cuff.visit(&visit([taken(121, 5)]), start(), &around());
    assert_eq!(octets(&second)[0][0], 0x16);
    let sets = |step: &&cuffd::simulate::Step| {
        matches!(
            step.event,
            Event::Clock {
                note: ClockNote::Set { .. },
                ..
            }
        )
    };
    assert_eq!(second.iter().filter(sets).count(), 1, "at every connection");
}

#[test]
fn a_bm85_bends_its_octets_and_sends_everything_every_time() {
    let mut cuff = cuff("beurer-bm85");
    let first = cuff.visit(&visit([taken(126, 0)]), start(), &around());
    // 126/80, mean 0, 2014-01-01 00:00:00 (never set), pulse 72 big-endian, user 0, status big-endian.
    let frame = [
        0x56, 0x7e, 0, 0x50, 0, 0, 0, 0xde, 0x07, 1, 1, 0, 0, 0, 0, 0x48, 0, 0, 0,
    ];
    assert_eq!(octets(&first), [frame]);
    let bonded = first
        .iter()
        .any(|step| matches!(step.event, Event::Connected { bonded: true, .. }));
    assert!(!bonded);

    let other = Taken {
        user: User::Other,
        ..taken(135, 2)
    };
    let second = cuff.visit(&visit([other, taken(131, 1)]), start(), &around());
    assert_eq!(
        systolic("beurer-bm85", &second),
        ["126", "131", "135"],
        "user 0's first"
    );
    let years = |measurement: &cuffd::core::bls::measurement::Measurement| {
        let time = measurement.timestamp.and_then(CuffTime::valid).expect("a time");
        (time.year(), time.second())
    };
    let years: Vec<_> = measurements("beurer-bm85", &second).iter().map(years).collect();
    assert_eq!(
        years,
        [(2014, 0), (2026, 0), (2026, 0)],
        "one memory holds both kinds of date"
    );
}

#[test]
fn an_omron_may_begin_with_an_old_one() {
    let mut cuff = cuff("omron-bls");
    let first = cuff.visit(&visit([taken(128, 5)]), start(), &around());
    assert_eq!(systolic("omron-bls", &first), ["128"]);
    let second = cuff.visit(&visit([taken(121, 5)]), start(), &around());
    assert_eq!(systolic("omron-bls", &second), ["128", "121"]);
    assert_eq!(octets(&first)[0], octets(&second)[0]);
}

#[test]
fn a_boso_means_its_mean_and_does_not_hang_up() {
    let steps = cuff("boso-medicus").visit(&visit([taken(128, 5)]), start(), &around());
    let mean = measurements("boso-medicus", &steps)[0].mean_arterial_pressure;
    assert_eq!(mean.number(), Some(96.into()), "80 and a third of 48");
    let last = steps.last().expect("steps");
    assert_eq!(last.wait, around().idle_end);
    assert!(matches!(
        last.event,
        Event::Over {
            ending: Ending::Delivered,
            ..
        }
    ));
}

#[test]
fn a_live_measurement_shows_its_pressure_first() {
    let visit = Visit {
        live: Some(taken(121, 0)),
        ..Visit::default()
    };
    let steps = cuff("standard").visit(&visit, start(), &around());
    let pressures: Vec<_> = steps
        .iter()
        .filter_map(|step| match &step.event {
            Event::CuffPressure { octets, .. } => CuffPressure::decode(octets)
                .expect("whole octets")
                .cuff_pressure
                .number(),
            _ => None,
        })
        .collect();
    let highest = pressures.iter().max().expect("pressures");
    assert!(*highest > 121.into(), "past the systolic pressure");
    assert!(pressures.last() < Some(&80.into()), "below the diastolic pressure");
    let kind = |step: &cuffd::simulate::Step| match step.event {
        Event::CuffPressure { .. } => 'p',
        Event::Measurement { .. } => 'm',
        _ => ' ',
    };
    let order: String = steps.iter().map(kind).collect();
    assert!(order.trim().starts_with('p') && order.trim().ends_with("pm"), "{order}");
    assert_eq!(systolic("standard", &steps), ["121"]);
}

#[test]
fn a_model_that_shows_no_pressure_measures_before_it_is_heard() {
    let visit = Visit {
        live: Some(taken(121, 0)),
        ..Visit::default()
    };
    let steps = cuff("beurer-bm54").visit(&visit, start(), &around());
    assert_eq!(systolic("beurer-bm54", &steps), ["121"]);
    assert!(
        !steps
            .iter()
            .any(|step| matches!(step.event, Event::CuffPressure { .. }))
    );
}

#[test]
fn what_a_cuff_can_find_stands_in_its_features() {
    for habits in &HABITS {
        let steps = cuff(habits.model).visit(&visit([status_of(0b111, taken(128, 1))]), start(), &around());
        let features = steps.iter().find_map(|step| match &step.event {
            Event::Described { description, .. } => description.features,
            _ => None,
        });
        assert_eq!(
            features.map(|features| features & 0b111),
            Some(0b111),
            "{}",
            habits.model
        );
        assert_eq!(measurements(habits.model, &steps)[0].status, Some(Status(0b111)));
    }
    assert_eq!(habits("standard").features, 0b1_1111);
}
