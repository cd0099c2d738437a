//! `[mqtt]`: what is published, and by which rules.

use std::collections::BTreeSet;
use std::time::Duration;

use config::Value;

use super::broker::{self, Broker};
use super::command::{self, Command};
use super::duration::SHORTEST;
use super::files::{Guard, Surroundings, existing};
use super::gateway::Gateway;
use super::kind::{Parsed, boolean, choice, duration, integer, text};
use super::reader::{Read, Table};
use crate::core::name::Name;
use crate::core::topics::{self, TEST_PREFIX};
use crate::proof::{Listed, public_keys};

/// The longest keep-alive that MQTT can say: 16 bits of seconds.
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(65_535);

/// The longest will delay that MQTT can say: 32 bits of seconds.
const LONGEST_WILL_DELAY: Duration = Duration::from_secs(4_294_967_295);

/// A receipt is never waited for longer than this (contract 4).
const LONGEST_RECEIPT_TIMEOUT: Duration = Duration::from_secs(3_600);

/// What is published, and by which rules.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// What every topic begins with; `cuffd-test` where `gateway.test` is set.
    pub prefix: String,
    /// Which MQTT is spoken.
    pub version: Version,
    /// Unique over all tenants of a broker.
    pub client_id: String,
    /// Whole seconds, 5 to 65535.
    pub keep_alive: Duration,
    /// Unacknowledged publishes; the broker may want fewer.
    pub window: u16,
    /// Whole seconds; zero on 3.1.1, which has none.
    pub will_delay: Duration,
    /// A message is done only when the platform names its id.
    pub receipts: bool,
    /// After this a message without receipt goes again, at first.
    pub receipt_timeout: Duration,
    /// Accepted without a proof; never `decide`.
    pub unsigned_commands: BTreeSet<Command>,
    /// Response topics must begin with this.
    pub reply_prefix: Option<String>,
    /// Whether FHIR bundles are published too.
    pub fhir: Option<Fhir>,
    /// The namespace of the patient ids, whether or not FHIR bundles are published: `readings` can print them.
    pub fhir_patient_system: Option<String>,
    /// At least one, to be tried in this order.
    pub brokers: Vec<Broker>,
    /// Who may command.
    pub command_keys: Vec<CommandKey>,
}

/// Which MQTT is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// MQTT 5.
    V5,
    /// MQTT 3.1.1, only with receipts: it reports refusals as successes.
    V311,
}

/// How FHIR bundles are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fhir {
    /// The namespace of the patient ids, a URI.
    pub patient_system: String,
}

/// One file of keys and what they are good for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandKey {
    /// At least one.
    pub keys: Vec<Listed>,
    /// At least one.
    pub may: BTreeSet<Command>,
}

/// The names that stand for `{site}` and `{gateway}`; empty while those are mistakes themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) site: &'a str,
    pub(super) gateway: &'a str,
    pub(super) test: bool,
}

impl<'a> Names<'a> {
    pub(super) fn of(gateway: Option<&'a Gateway>) -> Self {
        Self {
            site: gateway.map_or("", |gateway| gateway.site.as_str()),
            gateway: gateway.map_or("", |gateway| gateway.id.as_str()),
            test: gateway.is_some_and(|gateway| gateway.test),
        }
    }

    /// A text into which the names are put.
    pub(super) fn template(self) -> impl Fn(&Value) -> Parsed<String> {
        let allowed = "1 to 256 characters on one line, with {site} and {gateway} for the names";
        text(allowed, move |text| self.put_into(text))
    }

    fn put_into(self, text: &str) -> Option<String> {
        let bare = text.replace("{site}", "").replace("{gateway}", "");
        let odd = bare.contains(['{', '}']) || text.chars().any(char::is_control);
        let fits = !text.is_empty() && text.chars().count() <= 256;
        (fits && !odd).then(|| text.replace("{site}", self.site).replace("{gateway}", self.gateway))
    }
}

pub(super) fn read(table: &mut Table, gateway: Option<&Gateway>, around: &Surroundings) -> Read<Mqtt> {
    let names = Names::of(gateway);
    let prefix = read_prefix(table, names);
    let protocol = read_protocol(table);
    let client_id = table.or(
        "client_id",
        format!("{}:{}", names.site, names.gateway),
        names.template(),
    );
    let keep_alive = table.or("keep_alive", seconds(60), duration(seconds(5)..=LONGEST_KEEP_ALIVE));
    let window = table.or("window", 20, integer(1..=u32::from(u16::MAX)));
    let will_delay = table.or("will_delay", seconds(60), duration(Duration::ZERO..=LONGEST_WILL_DELAY));
    let receipt_timeout = table.or(
        "receipt_timeout",
        seconds(120),
        duration(SHORTEST..=LONGEST_RECEIPT_TIMEOUT),
    );
    let unsigned_commands = command::read_unsigned(table);
    let reply_prefix = table.optional(
        "reply_prefix",
        text("the beginning of a topic, without + # $", start_of_topic),
    );
    let fhir = read_fhir(table);
    let brokers = read_brokers(table, names, around);
    let command_keys = table.tables("command_keys", |table| read_command_key(table, around));
    let (version, receipts) = protocol?;
    let (fhir, fhir_patient_system) = fhir?;
    Ok(Mqtt {
        prefix: prefix?,
        version,
        client_id: client_id?,
        keep_alive: keep_alive?,
        window: u16::try_from(window?).unwrap_or(u16::MAX),
        will_delay: will_delay.map(|delay| {
            if version == Version::V311 {
                Duration::ZERO
            } else {
                delay
            }
        })?,
        receipts,
        receipt_timeout: receipt_timeout?,
        unsigned_commands: unsigned_commands?,
        reply_prefix: reply_prefix?,
        fhir,
        fhir_patient_system,
        brokers: brokers?,
        command_keys: command_keys?,
    })
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn read_prefix(table: &mut Table, names: Names) -> Read<String> {
    let allowed = "one or two levels, each of 1 to 24 characters A-Z a-z 0-9 _ -, the first a letter or digit";
    let written = table.or("prefix", "cuffd".to_owned(), text(allowed, levels))?;
    let prefix = if names.test { TEST_PREFIX.to_owned() } else { written };
    let length = topics::longest(&prefix, names.site, names.gateway);
    if length > topics::LONGEST {
        let found = format!("{prefix:?}, with which the longest topic has {length} octets");
        return Err(table.refuse(
            "prefix",
            found,
            format!("a longest topic of {} octets", topics::LONGEST),
        ));
    }
    Ok(prefix)
}

fn levels(text: &str) -> Option<String> {
    let levels: Vec<&str> = text.split('/').collect();
    let good = levels.iter().all(|level| Name::parse_gateway(level).is_ok());
    (good && levels.len() <= 2).then(|| text.to_owned())
}

fn read_protocol(table: &mut Table) -> Read<(Version, bool)> {
    let version = table.or(
        "version",
        Version::V5,
        choice(&[("5", Version::V5), ("3.1.1", Version::V311)]),
    );
    let receipts = table.or("receipts", false, boolean);
    let (version, receipts) = (version?, receipts?);
    match (version, receipts) {
        (Version::V311, false) => {
            let found = "\"3.1.1\" without receipts";
            return Err(table.refuse("version", found, "\"5\", or \"3.1.1\" with receipts = true"));
        }
        (Version::V5, false) => table.warn(
            "receipts",
            "is false: that the broker took a message does not mean that anyone has it",
        ),
        (Version::V5 | Version::V311, true) => {}
    }
    Ok((version, receipts))
}

fn start_of_topic(text: &str) -> Option<String> {
    let bad = text.is_empty() || text.starts_with('$') || text.len() > topics::LONGEST;
    let odd = text.contains(['+', '#']) || text.chars().any(char::is_control);
    (!bad && !odd).then(|| text.to_owned())
}

fn read_fhir(table: &mut Table) -> Read<(Option<Fhir>, Option<String>)> {
    let allowed = "a URI, like \"urn:oid:2.999.1\"";
    let wanted = table.or("fhir", false, boolean);
    let patient_system = table.optional("fhir_patient_system", text(allowed, uri));
    let (wanted, patient_system) = (wanted?, patient_system?);
    if wanted && patient_system.is_none() {
        return Err(table.missing("fhir_patient_system", allowed));
    }
    let fhir = patient_system.clone().filter(|_| wanted);
    Ok((fhir.map(|patient_system| Fhir { patient_system }), patient_system))
}

fn uri(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once(':')?;
    let scheme_fits = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    let rest_fits = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_graphic());
    (scheme_fits && rest_fits).then(|| text.to_owned())
}

fn read_brokers(table: &mut Table, names: Names, around: &Surroundings) -> Read<Vec<Broker>> {
    let written = table.has("brokers");
    let brokers = table.tables("brokers", |table| broker::read(table, names, around))?;
    if brokers.is_empty() {
        let found = if written { "an empty list" } else { "none" };
        return Err(table.refuse("brokers", found, "one [[mqtt.brokers]] or more; or no [mqtt] at all"));
    }
    Ok(brokers)
}

fn read_command_key(table: &mut Table, around: &Surroundings) -> Read<CommandKey> {
    let allowed = "the path of an Ed25519 public JWK or of a JWKS";
    let file = table.required("file", existing(around, Guard::Public, allowed, public_keys));
    let may = command::read_may(table);
    let (_path, keys) = file?;
    Ok(CommandKey { keys, may: may? })
}
