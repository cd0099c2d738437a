//! `[readiness]`: the clinic's policy (contract 2.4). No clinical limit has a default.

use std::time::Duration;

use config::{Value, ValueKind};
use ring::digest::{SHA256, digest};
use rust_decimal::Decimal;

use super::kind::{ANY_TIME, SOME_TIME, boolean, choice, decimal, duration, integer, line, name};
use super::reader::{Read, Table};
use super::source::typed;
use crate::core::jcs;
use crate::core::name::Name;
use crate::core::notation::hex;
use crate::core::readiness::policy::{Approval, Limits, OnIrregularPulse, OnStatus, Policy, Pressures, ReadingRules};

/// Above this no reading is plausible (contract 2.5), so that a greater crisis limit is never reached. In mmHg.
const GREATEST_PLAUSIBLE: Decimal = Decimal::from_parts(400, 0, 0, false, 0);

/// An answer names the readings behind it and the attestations that hold, and a message has at most 16 KiB: one that cannot
/// be told must not be possible.
const MOST_READINGS: u32 = 50;

/// See [`MOST_READINGS`].
const MOST_ATTESTATIONS: usize = 40;

const ON_STATUS: [(&str, OnStatus); 2] = [("count", OnStatus::Count), ("reject", OnStatus::Reject)];

const ON_IRREGULAR_PULSE: [(&str, OnIrregularPulse); 3] = [
    ("count", OnIrregularPulse::Count),
    ("reject", OnIrregularPulse::Reject),
    ("refer", OnIrregularPulse::Refer),
];

const APPROVAL: [(&str, Approval); 2] = [("none", Approval::None), ("clinician", Approval::Clinician)];

pub(super) fn read(table: &mut Table) -> Read<Policy> {
    let written = as_written(table);
    let policy = table.or("policy", "unnamed".to_owned(), line);
    let bounds = read_bounds(table);
    let rounds = read_rounds(table);
    let times = read_times(table);
    let attestations = read_attestations(table);
    let approval = table.or("approval", Approval::None, choice(&APPROVAL));
    let clinician_may_override = table.or("clinician_may_override", false, boolean);
    let reading = read_rules(table);
    let (bounds, rounds, times) = (bounds?, rounds?, times?);
    Ok(Policy {
        name: policy?,
        sha256: sha256(&written),
        written,
        systolic: bounds.systolic,
        diastolic: bounds.diastolic,
        pulse_rate: bounds.pulse_rate,
        crisis: bounds.crisis,
        readings: rounds.readings,
        valid_for: times.valid_for,
        discard_first: rounds.discard_first,
        spacing: times.spacing,
        extra_if_differ: rounds.extra_if_differ,
        rest: times.rest,
        attempts: rounds.attempts,
        retry_after: times.retry_after,
        session_limit: times.session_limit,
        attestations: attestations?,
        attest_for: times.attest_for,
        approval: approval?,
        clinician_may_override: clinician_may_override?,
        reading: ReadingRules {
            require_pulse_rate: bounds.pulse_rate.is_some(),
            ..reading?
        },
    })
}

/// What is permitted, and what is a crisis.
struct Bounds {
    systolic: Limits,
    diastolic: Limits,
    pulse_rate: Option<Limits>,
    crisis: Pressures,
}

fn read_bounds(table: &mut Table) -> Read<Bounds> {
    let systolic = read_limits(table, "systolic");
    let diastolic = read_limits(table, "diastolic");
    let pulse_rate = table.optional_table("pulse_rate", limits);
    let crisis = if table.has("crisis") {
        table.table("crisis", pressures)
    } else {
        Err(table.missing("crisis", "a table like { systolic = …, diastolic = … }, in mmHg"))
    };
    let crisis = crisis?;
    let systolic = systolic.and_then(|limits| below_crisis(table, "systolic", limits, crisis.systolic));
    let diastolic = diastolic.and_then(|limits| below_crisis(table, "diastolic", limits, crisis.diastolic));
    Ok(Bounds {
        systolic: systolic?,
        diastolic: diastolic?,
        pulse_rate: pulse_rate?,
        crisis,
    })
}

fn read_limits(table: &mut Table, key: &'static str) -> Read<Limits> {
    if table.has(key) {
        return table.table(key, limits);
    }
    Err(table.missing(key, "a table like { min = …, max = … }, in mmHg"))
}

fn limits(table: &mut Table) -> Read<Limits> {
    let min = table.required("min", decimal);
    let max = table.required("max", decimal);
    let limits = Limits { min: min?, max: max? };
    if limits.min >= limits.max {
        return Err(table.refuse(
            "min",
            limits.min.to_string(),
            format!("below max, which is {}", limits.max),
        ));
    }
    Ok(limits)
}

fn pressures(table: &mut Table) -> Read<Pressures> {
    let systolic = table.required("systolic", decimal);
    let diastolic = table.required("diastolic", decimal);
    Ok(Pressures {
        systolic: systolic?,
        diastolic: diastolic?,
    })
}

/// The limits, unless they permit what is a crisis.
fn below_crisis(table: &mut Table, pressure: &str, limits: Limits, crisis: Decimal) -> Read<Limits> {
    if crisis <= limits.max {
        let found = format!("{pressure} = {crisis}");
        let allowed = format!("above readiness.{pressure}.max, which is {}", limits.max);
        return Err(table.refuse("crisis", found, allowed));
    }
    if crisis > GREATEST_PLAUSIBLE {
        let why = format!("{pressure} is above {GREATEST_PLAUSIBLE} mmHg, which no plausible reading reaches");
        table.warn("crisis", why);
    }
    Ok(limits)
}

/// What makes a round.
struct Rounds {
    readings: u32,
    attempts: u32,
    discard_first: bool,
    extra_if_differ: Option<Pressures>,
}

fn read_rounds(table: &mut Table) -> Read<Rounds> {
    let readings = table.required("readings", integer(1..=MOST_READINGS));
    let attempts = table.or("attempts", 3, integer(1..=u32::MAX));
    let discard_first = table.or("discard_first", false, boolean);
    let extra_if_differ = table.optional_table("extra_if_differ", pressures);
    Ok(Rounds {
        readings: readings?,
        attempts: attempts?,
        discard_first: discard_first?,
        extra_if_differ: extra_if_differ?,
    })
}

/// How long things take and hold.
struct Times {
    valid_for: Duration,
    spacing: Duration,
    rest: Duration,
    retry_after: Duration,
    session_limit: Duration,
    attest_for: Duration,
}

fn read_times(table: &mut Table) -> Read<Times> {
    let valid_for = table.required("valid_for", duration(SOME_TIME));
    let spacing = table.or("spacing", minutes(1), duration(ANY_TIME));
    let rest = table.or("rest", minutes(5), duration(ANY_TIME));
    let retry_after = table.or("retry_after", minutes(15), duration(SOME_TIME));
    let session_limit = table.or("session_limit", minutes(240), duration(SOME_TIME));
    let attest_for = table.or("attest_for", minutes(30), duration(SOME_TIME));
    if let Ok(Duration::ZERO) = rest {
        table.warn("rest", "is 0: a reading straight after walking in counts");
    }
    Ok(Times {
        valid_for: valid_for?,
        spacing: spacing?,
        rest: rest?,
        retry_after: retry_after?,
        session_limit: session_limit?,
        attest_for: attest_for?,
    })
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn read_attestations(table: &mut Table) -> Read<Vec<Name>> {
    let items = table.list("attestations", name)?.unwrap_or_default();
    if items.len() > MOST_ATTESTATIONS {
        let allowed = format!("at most {MOST_ATTESTATIONS} items");
        return Err(table.refuse("attestations", format!("{} items", items.len()), allowed));
    }
    let doubled = items
        .iter()
        .enumerate()
        .find(|(place, item)| items.iter().take(*place).any(|earlier| earlier == *item));
    if let Some((_, item)) = doubled {
        return Err(table.refuse("attestations", format!("\"{item}\" twice"), "each item once"));
    }
    Ok(items)
}

fn read_rules(table: &mut Table) -> Read<ReadingRules> {
    let usual = ReadingRules::default();
    let max_reading_age = table.or("max_reading_age", usual.max_reading_age, duration(ANY_TIME));
    let count_undated = table.or("count_undated", usual.count_undated, boolean);
    let require_bond = table.or("require_bond", usual.require_bond, boolean);
    let require_clock = table.or("require_clock", usual.require_clock, boolean);
    let on_irregular_pulse = table.or(
        "on_irregular_pulse",
        usual.on_irregular_pulse,
        choice(&ON_IRREGULAR_PULSE),
    );
    let on_body_movement = table.or("on_body_movement", usual.on_body_movement, choice(&ON_STATUS));
    let on_cuff_too_loose = table.or("on_cuff_too_loose", usual.on_cuff_too_loose, choice(&ON_STATUS));
    let on_improper_position = table.or("on_improper_position", usual.on_improper_position, choice(&ON_STATUS));
    let on_pulse_rate_range = table.or("on_pulse_rate_range", usual.on_pulse_rate_range, choice(&ON_STATUS));
    if let Ok(false) = require_bond {
        table.warn(
            "require_bond",
            "is false: readings over an open link count, and no reading is \"verified\"",
        );
    }
    Ok(ReadingRules {
        max_reading_age: max_reading_age?,
        count_undated: count_undated?,
        require_bond: require_bond?,
        require_clock: require_clock?,
        require_pulse_rate: usual.require_pulse_rate,
        on_irregular_pulse: on_irregular_pulse?,
        on_body_movement: on_body_movement?,
        on_cuff_too_loose: on_cuff_too_loose?,
        on_improper_position: on_improper_position?,
        on_pulse_rate_range: on_pulse_rate_range?,
    })
}

/// The RFC 8785 form of the table as written, variables of the environment included, nothing defaulted.
fn as_written(table: &Table) -> String {
    let members = table.as_written().iter().map(|(key, value)| {
        // The name is the one key whose text could be taken for a number where a variable gives it.
        let value = if key == "policy" {
            untyped_json(value)
        } else {
            json(&typed(value))
        };
        (key.clone(), value)
    });
    jcs::canonical(&serde_json::Value::Object(members.collect()))
}

fn sha256(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

fn json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Table(table) => table
            .iter()
            .map(|(key, value)| (key.clone(), json(&typed(value))))
            .collect(),
        ValueKind::Array(items) => items.iter().map(|item| json(&typed(item))).collect(),
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_)
        | ValueKind::String(_) => untyped_json(value),
    }
}

/// What is no table and no list. Numbers that no key takes become null: their table is refused anyway.
fn untyped_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Boolean(truth) => (*truth).into(),
        ValueKind::I64(number) => (*number).into(),
        ValueKind::Float(number) => (*number).into(),
        ValueKind::String(text) => text.as_str().into(),
        ValueKind::Nil
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Table(_)
        | ValueKind::Array(_) => serde_json::Value::Null,
    }
}
