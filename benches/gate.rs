//! How fast the gate is: one reading judged, and events through `replay`.
//!
//! `cargo bench --bench gate` prints a table with the goal beside each figure. The best of several rounds counts: what is
//! slower was disturbed by something else on the machine.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "shared/record.rs"]
mod record;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::io;
use std::time::Duration;

use cuffd::cli::replay;
use cuffd::clock;
use cuffd::config::{self, ForReplay};
use cuffd::core::bls::measurement::{CuffTime, Measurement, Status, Unit};
use cuffd::core::bls::sfloat::Sfloat;
use cuffd::core::name::Name;
use cuffd::core::readiness::event::{Arrived, Connection, Event};
use cuffd::core::readiness::gate::Gate;
use cuffd::core::reading::ReadingId;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use record::{Better, Judged, Record};
use rust_decimal::Decimal;

const ROUNDS: u32 = 5;
const READINGS: u32 = 100_000;
const SESSIONS: u32 = 25_000;

/// Events of one session in [`events`].
const EVENTS_A_SESSION: u32 = 9;

const CONFIG: &str = r#"
[gateway]
time_zone = "Europe/Berlin"
[[cuffs]]
id = "living-room"
address = "C0:FF:EE:00:00:01"
patient = "p1"
[readiness]
systolic   = { min = 90, max = 140 }
diastolic  = { min = 50, max = 90 }
crisis     = { systolic = 180, diastolic = 120 }
readings   = 2
valid_for  = "30m"
attestations = ["companion_present", "safe_setting"]
session_limit = "30d"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let config = load()?;
    let start: Timestamp = "2026-01-01T00:00:00Z".parse()?;
    println!("{:<44} {:>10} {:>14} {:>14}", "", "ns each", "a second", "goal");
    let readings = readings(start, &config.time_zone)?;
    let gate = gate(&config, start)?;
    print_row("judge one reading, octets to answer", READINGS, 1e6, || {
        let (mut gate, readings) = (gate.clone(), readings.clone());
        move || {
            for (at, event) in readings {
                let _ = black_box(gate.handle(event, at));
            }
        }
    })?;
    let events = events(start, &config.time_zone)?;
    print_row("replay, whole sessions", SESSIONS * EVENTS_A_SESSION, 300e3, || {
        let (config, events) = (config.clone(), events.as_bytes());
        move || {
            let _ = black_box(replay::replay(config, events, io::sink()));
        }
    })?;
    Ok(())
}

fn load() -> Result<ForReplay, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("cuffd.toml");
    fs::write(&path, CONFIG)?;
    Ok(config::load_for_replay(&path).map_err(|mistakes| mistakes.to_string())?)
}

/// A gate with one session that collects.
fn gate(config: &ForReplay, start: Timestamp) -> Result<Gate, Box<dyn Error>> {
    let policy = config.readiness.clone().map(std::sync::Arc::new);
    let mut gate = Gate::new(policy, config.cuffs.clone(), config.time_zone.clone());
    let opened = Event::SessionOpened {
        session: Name::parse("s1")?,
        patient: Name::parse("p1")?,
        cuff: None,
    };
    let _ = gate.handle(opened, start);
    Ok(gate)
}

/// Connections of one reading each, two minutes apart: rounds pass, hold and end.
fn readings(start: Timestamp, zone: &TimeZone) -> Result<Vec<(Timestamp, Event)>, Box<dyn Error>> {
    let mut readings = Vec::new();
    for number in 0..READINGS {
        let at = start + SignedDuration::from_secs(i64::from(number) * 20);
        let arrived = Arrived {
            id: ReadingId::Numbered(number.into()),
            octets: octets(at, zone)?,
            received_at: at,
            offset_s: Some(0),
            seen_before: false,
            clock_synchronized: true,
        };
        let connection = Connection {
            cuff: Name::parse("living-room")?,
            bonded: true,
            first: false,
            brought: 1,
            arrived: vec![arrived],
        };
        readings.push((at, Event::Measured(connection)));
    }
    Ok(readings)
}

/// 19 octets: 120/80, pulse 72, user 1, taken five seconds before `at`.
fn octets(at: Timestamp, zone: &TimeZone) -> Result<Vec<u8>, Box<dyn Error>> {
    let measurement = Measurement {
        flags: 0,
        unit: Unit::MmHg,
        systolic: Sfloat::Number(Decimal::from(120)),
        diastolic: Sfloat::Number(Decimal::from(80)),
        mean_arterial_pressure: Sfloat::NotANumber,
        timestamp: Some(CuffTime::Valid(zone.to_datetime(at - SignedDuration::from_secs(5)))),
        pulse_rate: Some(Sfloat::Number(Decimal::from(72))),
        user_id: Some(1),
        status: Some(Status(0)),
        trailing: 0,
    };
    Ok(measurement.encode()?)
}

/// Sessions of one patient, one after the other: rest, two attestations, a reading too soon, ready, started, closed.
fn events(start: Timestamp, zone: &TimeZone) -> Result<String, Box<dyn Error>> {
    let mut events = String::new();
    for number in 0..SESSIONS {
        let after = |minutes: i64| start + SignedDuration::from_mins(i64::from(number) * 60 + minutes);
        let of_session = |minutes: i64, event: &str, fields: &str| {
            let at = after(minutes);
            format!(r#"{{"at":"{at}","event":"{event}","session":"s{number}"{fields}}}"#)
        };
        writeln!(events, "{}", of_session(0, "session_opened", r#","patient":"p1""#))?;
        writeln!(
            events,
            "{}",
            of_session(1, "attested", r#","item":"safe_setting","by":"companion""#)
        )?;
        writeln!(
            events,
            "{}",
            of_session(1, "attested", r#","item":"companion_present""#)
        )?;
        for minutes in [3, 6, 7, 7] {
            let at = after(minutes);
            let hex = octets(at - SignedDuration::from_secs(minutes), zone)?
                .iter()
                .fold(String::new(), |hex, octet| hex + &format!("{octet:02x}"));
            writeln!(
                events,
                r#"{{"at":"{at}","event":"measurement","cuff":"living-room","value":"{hex}","cuff_clock_offset_s":0}}"#
            )?;
        }
        writeln!(events, "{}", of_session(8, "session_started", ""))?;
        writeln!(events, "{}", of_session(40, "session_closed", ""))?;
    }
    Ok(events)
}

/// Times what `prepare` prepares, anew for each round.
fn print_row<W: FnOnce()>(what: &str, count: u32, goal: f64, prepare: impl Fn() -> W) -> io::Result<()> {
    let best = (0..ROUNDS).map(|_| time(prepare())).min().unwrap_or_default();
    let seconds = best.as_secs_f64() / f64::from(count);
    let verdict = if 1.0 / seconds >= goal { "met" } else { "MISSED" };
    println!(
        "{what:<44} {:>10.1} {:>14.0} {goal:>14.0} {verdict}",
        seconds * 1e9,
        1.0 / seconds
    );
    let judged = Judged {
        value: 1.0 / seconds,
        better: Better::More,
        goal: Some(goal),
    };
    let record = Record {
        bench: "gate",
        what,
        figure: &format!("{:.0}/s", 1.0 / seconds),
        beside: None,
        judged: Some(judged),
    };
    record.append()
}

fn time(work: impl FnOnce()) -> Duration {
    let start = clock::moment();
    work();
    clock::moment().since(start)
}
