//! What a cuff does, in words.

use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use super::words::of_code;
use super::{Line, Tone};
use crate::core::bls::cuff_pressure::CuffPressure;
use crate::core::bls::measurement::{Measurement, Unit};
use crate::core::bls::sfloat::Sfloat;
use crate::core::models::Model;
use crate::core::notation;
use crate::core::source::{ClockNote, CuffHealth, Description, Ending, Event, Failure};

/// Something to show of a cuff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A line.
    Line(Line),
    /// The pressure in the cuff at this moment, in its unit.
    Pressure(Decimal),
}

/// What to show of `event` from a cuff of `model`, times in `zone`; `None` if it says nothing to a person.
#[must_use]
pub fn narrate(event: &Event, model: &Model, zone: &TimeZone) -> Option<Shown> {
    let (text, tone) = match event {
        Event::Connected { bonded: true, .. } => ("connects, over its bond".to_owned(), Tone::Plain),
        Event::Connected { bonded: false, .. } => ("connects, without a bond".to_owned(), Tone::Attention),
        Event::Clock { note, .. } => (clock(note), Tone::Plain),
        Event::Measurement { octets, .. } => measurement(octets, model),
        Event::CuffPressure { octets, .. } => return pressure(octets),
        Event::Described { description, .. } => (described(description)?, Tone::Plain),
        Event::Over { ending, .. } => over(*ending),
        Event::Cuff { health, .. } => self::health(*health, zone),
        Event::ClockSettled { .. } | Event::Radio(_) => return None,
    };
    Some(Shown::Line(Line::new("cuff", text, tone)))
}

fn clock(note: &ClockNote) -> String {
    match note {
        ClockNote::Read { offset_s: 0, .. } => "its clock is right".to_owned(),
        ClockNote::Read {
            offset_s: late @ 1.., ..
        } => format!("its clock is {late} s late"),
        ClockNote::Read { offset_s, .. } => format!("its clock is {} s early", offset_s.unsigned_abs()),
        ClockNote::MaybeSet { .. } => "whether its clock was set is not known".to_owned(),
        ClockNote::Set { to, .. } => format!("its clock is set to {}", to.strftime("%Y-%m-%d %H:%M:%S")),
    }
}

fn measurement(octets: &[u8], model: &Model) -> (String, Tone) {
    let hex = notation::hex(octets);
    let Ok(measurement) = model.decode(octets) else {
        return (format!("sends {hex}: cut short"), Tone::Attention);
    };
    (
        format!("sends {hex}: {}", meaning(&measurement).join(", ")),
        Tone::Plain,
    )
}

fn meaning(measurement: &Measurement) -> Vec<String> {
    let (Some(systolic), Some(diastolic)) = (measurement.systolic.number(), measurement.diastolic.number()) else {
        return vec!["it could not measure".to_owned()];
    };
    let unit = match measurement.unit {
        Unit::MmHg => "mmHg",
        Unit::KPa => "kPa",
    };
    let mut facts = vec![format!("{systolic}/{diastolic} {unit}")];
    let pulse_rate = measurement.pulse_rate.and_then(Sfloat::number);
    facts.extend(pulse_rate.map(|rate| format!("pulse {rate}")));
    let time = measurement.timestamp.and_then(|time| time.valid());
    facts.push(match time {
        Some(time) => time.strftime("taken %H:%M:%S").to_string(),
        None => "no time".to_owned(),
    });
    facts.extend(measurement.status.iter().flat_map(|status| status.names()).map(of_code));
    facts
}

fn pressure(octets: &[u8]) -> Option<Shown> {
    let decoded = CuffPressure::decode(octets).ok()?;
    decoded.cuff_pressure.number().map(Shown::Pressure)
}

fn described(description: &Description) -> Option<String> {
    let maker = description.manufacturer.as_deref()?;
    let model = description.model.as_deref()?;
    let battery = description.battery.map(|percent| format!(", battery {percent} %"));
    Some(format!(
        "says what it is: {model} by {maker}{}",
        battery.unwrap_or_default()
    ))
}

fn over(ending: Ending) -> (String, Tone) {
    match ending {
        Ending::Delivered => ("the connection is over, readings were delivered".to_owned(), Tone::Good),
        Ending::Empty => (
            "the connection is over, nothing was delivered".to_owned(),
            Tone::Attention,
        ),
        Ending::Stopped => ("the connection is ended, the gateway stops".to_owned(), Tone::Plain),
        Ending::Failed(failure) => (failed(failure).to_owned(), Tone::Attention),
    }
}

const fn failed(failure: Failure) -> &'static str {
    match failure {
        Failure::Connect => "it was heard, and did not answer",
        Failure::NoMeasurementCharacteristic => "it has no blood pressure measurement to give",
        Failure::OnlyBehindServiceOfItsMaker(_) => "it gives its readings to its maker's own program only",
        Failure::Bond => "it does not know the bond any more",
        Failure::Subscribe => "it would not send its readings",
        Failure::Stack => "Bluetooth went away",
        Failure::Cap => "the connection took too long",
    }
}

fn health(health: CuffHealth, zone: &TimeZone) -> (String, Tone) {
    match health {
        CuffHealth::Heard { rssi, at } => {
            let time = zone.to_datetime(at.wall).strftime("%H:%M:%S");
            let rssi = rssi.map(|rssi| format!(", {rssi} dBm"));
            (format!("is heard at {time}{}", rssi.unwrap_or_default()), Tone::Plain)
        }
        CuffHealth::Unreachable { tries } => (format!("cannot be reached: {tries} tries"), Tone::Attention),
        CuffHealth::Reachable => ("can be reached again".to_owned(), Tone::Good),
        CuffHealth::BondLost => ("must be paired again".to_owned(), Tone::Attention),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::moment::{Moment, Now};
    use crate::core::name::Name;

    fn cuff() -> Name {
        Name::parse("cuff-1").expect("a name")
    }

    fn now() -> Now {
        let wall = "2026-11-21T18:00:00Z".parse().expect("a time");
        Now {
            wall,
            moment: Moment::from_boot(std::time::Duration::ZERO),
        }
    }

    fn told(event: &Event) -> Option<String> {
        match narrate(event, Model::standard(), &TimeZone::UTC)? {
            Shown::Line(line) => Some(line.text),
            Shown::Pressure(pressure) => Some(pressure.to_string()),
        }
    }

    fn measured(octets: &[u8]) -> Option<String> {
        told(&Event::Measurement {
            cuff: cuff(),
            octets: octets.to_vec(),
            at: now(),
        })
    }

    #[test]
    fn a_measurement_is_told_as_octets_and_in_words() {
        let octets = [
            0x1e, 0x78, 0x00, 0x50, 0x00, 0x5d, 0x00, 0xea, 0x07, 0x0b, 0x15, 0x12, 0x04, 0x0c, 0x48, 0x00, 0x01, 0x02,
            0x00,
        ];
        let words =
            "sends 1e780050005d00ea070b1512040c4800010200: 120/80 mmHg, pulse 72, taken 18:04:12, the cuff was loose";
        assert_eq!(measured(&octets).as_deref(), Some(words));
    }

    #[test]
    fn a_failed_and_a_short_measurement_have_no_numbers() {
        let failed = measured(&[0x00, 0xff, 0x07, 0xff, 0x07, 0xff, 0x07]);
        assert_eq!(failed.as_deref(), Some("sends 00ff07ff07ff07: it could not measure"));
        assert_eq!(measured(&[0x1e, 0x78]).as_deref(), Some("sends 1e78: cut short"));
    }

    #[test]
    fn the_clock_is_late_or_early_from_the_gateways_side() {
        for (offset_s, words) in [
            (0, "its clock is right"),
            (197, "its clock is 197 s late"),
            (-5, "its clock is 5 s early"),
        ] {
            let note = ClockNote::Read { offset_s, at: now() };
            assert_eq!(told(&Event::Clock { cuff: cuff(), note }).as_deref(), Some(words));
        }
    }

    #[test]
    fn cuff_pressure_is_a_number_to_draw() {
        let octets = vec![0x00, 0x87, 0x00, 0xff, 0x07, 0xff, 0x07];
        assert_eq!(
            told(&Event::CuffPressure {
                cuff: cuff(),
                octets,
                at: now()
            })
            .as_deref(),
            Some("135")
        );
        let nothing = Event::CuffPressure {
            cuff: cuff(),
            octets: vec![0x00],
            at: now(),
        };
        assert_eq!(told(&nothing), None);
    }
}
