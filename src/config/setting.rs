//! What sessions are judged by, as a config of its own: time zone, cuffs and policy (contract 2).

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use crate::core::cuff::{Cuff, Wearer};
use crate::core::readiness::policy::Policy;

/// The part of the config that `replay` needs, as TOML, so that a stored session can be replayed by what was in force.
/// `None` if it has no form in TOML.
#[must_use]
pub fn setting(time_zone: &TimeZone, cuffs: &[Cuff], policy: Option<&Policy>) -> Option<String> {
    let mut root = Map::new();
    if let Some(name) = time_zone.iana_name() {
        root.insert("gateway".to_owned(), json!({ "time_zone": name }));
    }
    root.insert("cuffs".to_owned(), cuffs.iter().map(cuff_table).collect());
    if let Some(policy) = policy {
        root.insert("readiness".to_owned(), serde_json::from_str(&policy.written).ok()?);
    }
    toml::to_string(&Value::Object(root)).ok()
}

/// The text of `cuffs.toml`, in which `pair` keeps what it has registered. `None` if it has no form in TOML.
#[must_use]
pub fn paired(cuffs: &[Cuff]) -> Option<String> {
    let head = "# Cuffs that were paired here. Written by `cuffd pair` and `cuffd forget`, which keep no comments.\n\n";
    let tables: Vec<Value> = cuffs.iter().map(cuff_table).collect();
    let text = toml::to_string(&json!({ "cuffs": tables })).ok()?;
    Some(format!("{head}{text}"))
}

fn cuff_table(cuff: &Cuff) -> Value {
    let mut table = Map::from_iter([
        ("id".to_owned(), json!(cuff.id)),
        ("address".to_owned(), json!(cuff.address.expose())),
        ("model".to_owned(), json!(cuff.model.name)),
        ("trust_clock".to_owned(), json!(cuff.trust_clock)),
    ]);
    if let Some(since) = cuff.since {
        table.insert("since".to_owned(), json!(since));
    }
    let (key, wearer) = match &cuff.wearer {
        Wearer::Users(users) => {
            let users = users.iter().map(|(user, patient)| (user.to_string(), json!(patient)));
            ("users", Value::Object(users.collect()))
        }
        Wearer::Patient(patient) => ("patient", json!(patient)),
        Wearer::Session => ("patient", json!(Wearer::SESSION)),
    };
    table.insert(key.to_owned(), wearer);
    Value::Object(table)
}
