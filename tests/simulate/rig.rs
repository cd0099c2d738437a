//! A fixed time and place, visits, and what is looked for in the steps of a connection.

use std::time::Duration;

use cuffd::core::bls::measurement::{Measurement, Status};
use cuffd::core::models::Model;
use cuffd::core::moment::{Moment, Now};
use cuffd::core::name::Name;
use cuffd::core::source::Event;
use cuffd::simulate::Step;
use cuffd::simulate::cuff::{Surroundings, VirtualCuff};
use cuffd::simulate::habits::Habits;
use cuffd::simulate::visit::{Taken, Values, Visit};
use jiff::tz::TimeZone;

/// 19:00 in Berlin.
pub(crate) fn start() -> Now {
    Now {
        wall: "2026-11-21T18:00:00Z".parse().expect("a time"),
        moment: Moment::from_boot(Duration::from_secs(1000)),
    }
}

pub(crate) fn around() -> Surroundings {
    Surroundings {
        time_zone: TimeZone::get("Europe/Berlin").expect("a zone"),
        connect_for: Duration::from_secs(12),
        idle_end: Duration::from_secs(10),
        linger: Duration::MAX,
    }
}

pub(crate) fn habits(model: &str) -> &'static Habits {
    Habits::find(model).expect("a model that can be imitated")
}

pub(crate) fn model(name: &str) -> &'static Model {
    Model::find(name).expect("a row of the table")
}

pub(crate) fn cuff(model: &str) -> VirtualCuff {
    let id = Name::parse("cuff-1").expect("a name");
    VirtualCuff::new(id, habits(model), start().wall, &around().time_zone)
}

pub(crate) fn values(systolic: u16) -> Values {
    Values {
        systolic,
        diastolic: 80,
        pulse_rate: 72,
    }
}

/// A faultless measurement, some minutes before the cuff is heard.
pub(crate) fn taken(systolic: u16, minutes: u64) -> Taken {
    Taken::measured(values(systolic), Duration::from_secs(60 * minutes))
}

pub(crate) fn visit(taken: impl IntoIterator<Item = Taken>) -> Visit {
    Visit {
        taken: taken.into_iter().collect(),
        ..Visit::default()
    }
}

/// The measurements that arrive, as the registered model's row decodes them.
pub(crate) fn measurements(name: &str, steps: &[Step]) -> Vec<Measurement> {
    let decode = |octets: &Vec<u8>| model(name).decode(octets).expect("whole octets");
    octets(steps).iter().map(decode).collect()
}

/// The 0x2A35 values that arrive.
pub(crate) fn octets(steps: &[Step]) -> Vec<Vec<u8>> {
    let measurement = |step: &Step| match &step.event {
        Event::Measurement { octets, .. } => Some(octets.clone()),
        _ => None,
    };
    steps.iter().filter_map(measurement).collect()
}

/// The systolic pressures that arrive, in order.
pub(crate) fn systolic(name: &str, steps: &[Step]) -> Vec<String> {
    let number = |measurement: &Measurement| measurement.systolic.number().expect("a number").to_string();
    measurements(name, steps).iter().map(number).collect()
}

pub(crate) fn status_of(bits: u16, taken: Taken) -> Taken {
    Taken {
        status: Status(bits),
        ..taken
    }
}
