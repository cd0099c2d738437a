//! `[gateway]`: who this machine is.

use jiff::tz::TimeZone;

use super::files::{SecretFile, Surroundings, own_secret};
use super::kind::{boolean, gateway_name, text};
use super::reader::{Read, Table};
use crate::core::name::Name;
use crate::proof::SigningKey;

/// Where the key is unless told otherwise.
const KEY_FILE: &str = "/var/lib/cuffd/key.jwk";

/// Who this machine is.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The clinic.
    pub site: Name,
    /// This machine; never given out twice.
    pub id: Name,
    /// The key that signs messages; made at first start.
    pub key_file: SecretFile,
    /// Of the cuffs' own clocks.
    pub time_zone: TimeZone,
    /// Every message says `"test":true`, and topics begin with `cuffd-test`.
    pub test: bool,
}

pub(super) fn read(table: &mut Table, around: &Surroundings) -> Read<Gateway> {
    let site = table.required("site", gateway_name);
    let id = table.required("id", gateway_name);
    let key_file = table.or(
        "key_file",
        SecretFile::unchecked(KEY_FILE),
        own_secret(around, SigningKey::read),
    );
    let time_zone = read_time_zone(table);
    let test = table.or("test", false, boolean);
    Ok(Gateway {
        site: site?,
        id: id?,
        key_file: key_file?,
        time_zone: time_zone?,
        test: test?,
    })
}

/// The zone of the cuffs' own clocks; the system's by default.
pub(super) fn read_time_zone(table: &mut Table) -> Read<TimeZone> {
    let allowed = "a zone of the IANA time zone database, like \"Europe/Berlin\"";
    let written = table.optional("time_zone", text(allowed, |name| TimeZone::get(name).ok()))?;
    Ok(written.unwrap_or_else(|| of_the_system(table)))
}

fn of_the_system(table: &mut Table) -> TimeZone {
    TimeZone::try_system().unwrap_or_else(|_unknown| {
        table.warn(
            "time_zone",
            "the system's zone is not known, so the cuffs' clocks are taken as UTC",
        );
        TimeZone::UTC
    })
}
