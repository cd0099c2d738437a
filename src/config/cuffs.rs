//! `[[cuffs]]` and `[patients]`: whose measurements come from which cuff (contract 2.1).
//!
//! Cuffs stand in the config, or in `cuffs.toml` in the state directory, where `pair` writes them. Addresses and patient
//! ids are never shown in a mistake.

use std::collections::BTreeMap;

use config::Value;

use super::kind::{Parsed, Refusal, boolean, line, name, private, text, unshown};
use super::nearest::nearest;
use super::reader::{Read, Shown, Table};
use crate::core::cuff::{Address, Cuff, Wearer};
use crate::core::models::{Model, WhileInflating};
use crate::core::name::Name;
use crate::private::Private;

/// The last user id that means a user; 255 means that the cuff does not know (Blood Pressure Service 3.1.1.6).
const LAST_USER: u8 = 254;

/// What cuffs are judged by besides their own table.
#[derive(Debug)]
pub(super) struct Register {
    /// Whether there is a policy, without which no session could name a cuff.
    has_policy: bool,
    ids: BTreeMap<Name, String>,
    addresses: BTreeMap<Address, String>,
}

impl Register {
    /// Nothing registered yet.
    pub(super) fn new(has_policy: bool) -> Self {
        Self {
            has_policy,
            ids: BTreeMap::new(),
            addresses: BTreeMap::new(),
        }
    }
}

/// Reads the cuffs of one file; each is checked against all that were read before.
pub(super) fn read(root: &mut Table, register: &mut Register) -> Read<Vec<Cuff>> {
    root.tables("cuffs", |table| read_cuff(table, register))
}

/// Reads the labels that the page shows for patients.
pub(super) fn read_patients(root: &mut Table) -> Read<BTreeMap<Name, Private<String>>> {
    let patient = |id: &str| name(&Value::new(None, id)).map_err(hide);
    root.map("patients", patient, private(line), Shown::No)
}

fn read_cuff(table: &mut Table, register: &mut Register) -> Read<Cuff> {
    let id = table.required("id", name);
    let id = id.and_then(|id| only_once(table, "id", id, &mut register.ids));
    let address = "an address like \"AA:BB:CC:DD:EE:FF\"";
    let address = table.required("address", unshown(text(address, |text| text.parse::<Address>().ok())));
    let address = address.and_then(|address| only_once(table, "address", address, &mut register.addresses));
    let model = table.or("model", Model::standard(), model);
    if let Ok(model) = model {
        warn_of(model, table);
    }
    let trust_clock = table.or("trust_clock", false, boolean);
    if let (Ok(model), Ok(false)) = (&model, &trust_clock)
        && model.keeps_its_clock_to_itself()
    {
        let why = "the clock of this model can be neither set nor read: none of its readings counts, unless somebody keeps it right \
                   and this is true";
        table.warn("trust_clock", why);
    }
    let wearer = read_wearer(table, register.has_policy);
    let since = "a time like \"2026-11-21T18:00:00Z\"";
    let since = table.optional("since", text(since, |text| text.parse().ok()));
    Ok(Cuff {
        id: id?,
        address: address?,
        model: model?,
        trust_clock: trust_clock?,
        wearer: wearer?,
        since: since?,
    })
}

/// Says what is known against a model.
fn warn_of(model: &Model, table: &mut Table) {
    if let Some(service) = model.proprietary_service {
        let why = format!(
            "many cuffs of this model keep their readings behind a service of their maker's own, {service}: one that has \
             no 0x2A35 beside it brings no reading here"
        );
        table.warn("model", why);
    }
    match model.while_inflating {
        WhileInflating::Nothing => {}
        WhileInflating::PartialValues => {
            let why = "sends values that are not finished, which nothing tells from a result: without a time of their own \
                       none of them counts";
            table.warn("model", why);
        }
    }
}

/// Refuses what another cuff has already, in either file.
fn only_once<T: Ord + Clone>(
    table: &mut Table,
    key: &'static str,
    value: T,
    seen: &mut BTreeMap<T, String>,
) -> Read<T> {
    if let Some(first) = seen.get(&value) {
        let found = format!("the {key} of another cuff ({first})");
        return Err(table.refuse(key, found, format!("each {key} once")));
    }
    seen.insert(value.clone(), table.place(key).unwrap_or_default());
    Ok(value)
}

fn model(value: &Value) -> Parsed<&'static Model> {
    text("", Model::find)(value).map_err(|_| {
        let names = || Model::all().map(|model| model.name.as_str());
        let meant = nearest(&value.to_string(), names());
        let meant = meant.map(|name| format!(" (did you mean {name}?)")).unwrap_or_default();
        Refusal::allowed(format!("one of {}{meant}", names().collect::<Vec<_>>().join(" ")))
    })
}

fn read_wearer(table: &mut Table, has_policy: bool) -> Read<Wearer> {
    let (has_patient, has_users) = (table.has("patient"), table.has("users"));
    let one = table.optional("patient", unshown(wearer));
    let users = table.map("users", user_id, unshown(patient), Shown::Yes);
    let exactly_one = "exactly one of patient, users";
    if has_patient && has_users {
        return Err(table.refuse("users", "both patient and users", exactly_one));
    }
    match (one?, users?) {
        (Some(Wearer::Session), _) if !has_policy => {
            let found = "\"session\" without a [readiness] table, so that there are no sessions";
            Err(table.refuse("patient", found, "a patient's id"))
        }
        (Some(wearer), _) => Ok(wearer),
        (None, users) if !users.is_empty() => Ok(Wearer::Users(users)),
        (None, _) if has_users => Err(table.refuse("users", "no user", "a table like { 1 = \"p-7f3a\" }")),
        (None, _) => Err(table.missing("patient", exactly_one)),
    }
}

fn wearer(value: &Value) -> Parsed<Wearer> {
    text("\"session\"", |text| {
        (text == Wearer::SESSION).then_some(Wearer::Session)
    })(value)
    .or_else(|_| name(value).map(Wearer::Patient))
}

fn patient(value: &Value) -> Parsed<Name> {
    let patient = name(value)?;
    if patient.as_str() == Wearer::SESSION {
        return Err(Refusal::allowed("a patient's id, which \"session\" cannot be"));
    }
    Ok(patient)
}

fn user_id(text: &str) -> Parsed<u8> {
    let number = text.parse::<u8>().ok();
    // "01" and "+1" would be a second way to write 1.
    let number = number.filter(|number| *number <= LAST_USER && number.to_string() == text);
    number.ok_or_else(|| {
        // Whoever writes patient = user may have put a patient's id here.
        let digits = text.bytes().all(|octet| octet.is_ascii_digit());
        let found = if digits {
            format!("user {text}")
        } else {
            "a user that is no number".to_owned()
        };
        Refusal::allowed("users 0 to 254, as the cuff counts them").found(found)
    })
}

fn hide(refusal: Refusal) -> Refusal {
    refusal.found("a patient's id that is not shown here")
}
