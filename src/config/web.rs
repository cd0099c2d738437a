//! `[web]`: the page for the people in the room.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use super::broker::is_host;
use super::certificate::{Identity, identity};
use super::files::{SecretFile, Surroundings, secret};
use super::kind::{Refusal, boolean, choice, line, text};
use super::reader::{Read, Shown, Table};
use crate::text::{SHIPPED, Texts};

/// The fewest digits of a code (contract 4).
const FEWEST_DIGITS: usize = 6;

/// The page for the people in the room.
#[derive(Clone, Debug)]
pub struct Web {
    /// Whether there is one.
    pub enabled: bool,
    /// Where it listens. Beyond loopback there is an access code.
    pub listen: SocketAddr,
    /// Asked once of each browser beyond loopback; 6 digits or more.
    pub access_code_file: Option<SecretFile>,
    /// Asked for what a companion attests; 6 digits or more.
    pub companion_code_file: Option<SecretFile>,
    /// With it the page is served over TLS.
    pub identity: Option<Identity>,
    /// More Host names that are allowed.
    pub hosts: Vec<String>,
    /// Whether the page may open a session.
    pub open_sessions: OpenSessions,
    /// What the page says, by language. At least one; the first is the fallback.
    pub texts: Vec<(String, Texts)>,
    /// Whether the page shows numbers.
    pub show_values: bool,
    /// What the page says in every state; always there if there is a policy.
    pub contacts: Option<Contacts>,
}

/// Whom to call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacts {
    /// In an emergency.
    pub emergency_number: String,
    /// With questions: the clinic's telephone number, and hours.
    pub clinic_contact: String,
    /// The clinic's own words at a crisis reading, by language; one for each of `languages`.
    pub crisis_text: BTreeMap<String, String>,
}

/// Whether the page may open a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenSessions {
    /// Only if nobody else can: there are no command keys.
    IfNoCommands,
    /// It may.
    Always,
    /// It may not.
    Never,
}

const OPEN_SESSIONS: [(&str, OpenSessions); 3] = [
    ("if_no_commands", OpenSessions::IfNoCommands),
    ("always", OpenSessions::Always),
    ("never", OpenSessions::Never),
];

/// Whether there is a policy, and so sessions in which someone may need to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sessions {
    /// There is.
    Possible,
    /// Transport only.
    Never,
}

pub(super) fn read(table: &mut Table, sessions: Sessions, around: &Surroundings) -> Read<Web> {
    let enabled = table.or("enabled", true, boolean);
    let listen = read_listen(table, enabled.as_ref().is_ok_and(|enabled| *enabled));
    let access_code_file = table.optional("access_code_file", secret(around, CODE, code));
    let companion_code_file = table.optional("companion_code_file", secret(around, CODE, code));
    let identity = identity(table, ("tls_cert", "tls_key"), around);
    let hosts = table.list("hosts", text("a host name without a port", host));
    let open_sessions = table.or("open_sessions", OpenSessions::IfNoCommands, choice(&OPEN_SESSIONS));
    let text_dir = table.or("text_dir", "/etc/cuffd/text".into(), text("a directory", directory));
    let languages = read_languages(table, text_dir.as_ref().ok());
    let show_values = table.or("show_values", true, boolean);
    let contacts = read_contacts(table, sessions, languages.as_deref().unwrap_or_default());
    let texts = read_texts(table, languages?, &text_dir?);
    Ok(Web {
        enabled: enabled?,
        listen: listen?,
        access_code_file: access_code_file?,
        companion_code_file: companion_code_file?,
        identity: identity?,
        hosts: hosts?.unwrap_or_default(),
        open_sessions: open_sessions?,
        texts: texts?,
        show_values: show_values?,
        contacts: contacts?,
    })
}

/// Where the page listens. Beyond loopback everyone on the network can ask for it, so that it must ask for a code.
fn read_listen(table: &mut Table, enabled: bool) -> Read<SocketAddr> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 8377));
    let allowed = "an address and a port, like \"127.0.0.1:8377\"";
    let listen = table.or("listen", loopback, text(allowed, |text| text.parse().ok()))?;
    if !enabled || listen.ip().is_loopback() {
        return Ok(listen);
    }
    if !table.has("tls_cert") {
        table.warn(
            "tls_cert",
            "is not set: the access code and readings cross the network readable",
        );
    }
    if !table.has("access_code_file") {
        let why = "a file with the access code, because web.listen is beyond loopback";
        return Err(table.missing("access_code_file", why));
    }
    Ok(listen)
}

const CODE: &str =
    "the path of a file with 6 digits or more that only its owner may read, or cred:NAME; never the code itself";

fn code(text: &str) -> Result<(), &'static str> {
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    if digits && text.len() >= FEWEST_DIGITS {
        Ok(())
    } else {
        Err("which does not hold 6 digits or more")
    }
}

fn host(text: &str) -> Option<String> {
    is_host(text).then(|| text.to_ascii_lowercase())
}

fn directory(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| text.into())
}

fn read_languages(table: &mut Table, folder: Option<&PathBuf>) -> Read<Vec<String>> {
    let allowed = "a language tag like \"en\", that is shipped (en es de) or has its file in web.text_dir";
    let has_file = |tag: &str| folder.is_some_and(|folder| folder.join(format!("{tag}.toml")).is_file());
    let language = |tag: &str| {
        let known = SHIPPED.contains(&tag) || (is_language(tag) && has_file(tag));
        known.then(|| tag.to_owned())
    };
    let languages = table.list("languages", text(allowed, language))?;
    let languages = languages.unwrap_or_else(|| vec!["en".to_owned()]);
    if languages.is_empty() {
        return Err(table.refuse("languages", "an empty list", "one language or more"));
    }
    Ok(languages)
}

/// The shipped texts, with the lines of the clinic's own files in their place.
fn read_texts(table: &mut Table, languages: Vec<String>, folder: &Path) -> Read<Vec<(String, Texts)>> {
    let mut texts = Vec::new();
    for language in languages {
        let file = folder.join(format!("{language}.toml"));
        let read = own_lines(&file)
            .and_then(|own| crate::text::read(&language, own.as_deref()).map_err(|why| why.to_string()));
        match read {
            Ok(said) => texts.push((language, said)),
            Err(why) => {
                let found = format!("{}, which {why}", file.display());
                return Err(table.refuse("text_dir", found, "files of lines like those of the shipped texts"));
            }
        }
    }
    Ok(texts)
}

/// A file that is not there changes nothing.
fn own_lines(file: &Path) -> Result<Option<String>, String> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(format!("cannot be read: {cause}")),
    }
}

/// Whether this is a plain language tag: `en`, `pt-BR`. It becomes part of a file's name, so nothing else may pass.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    (2..=3).contains(&primary.len())
        && primary.bytes().all(|octet| octet.is_ascii_lowercase())
        && parts.all(|part| (2..=8).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_alphanumeric()))
}

fn read_contacts(table: &mut Table, sessions: Sessions, languages: &[String]) -> Read<Option<Contacts>> {
    let emergency_number = table.optional("emergency_number", text(NUMBER, number));
    let clinic_contact = table.optional("clinic_contact", line);
    let crisis_text = table.map("crisis_text", language, line, Shown::Yes);
    let emergency_number = emergency_number.and_then(|text| needed(table, "emergency_number", text, sessions));
    let clinic_contact = clinic_contact.and_then(|text| needed(table, "clinic_contact", text, sessions));
    let crisis_text = crisis_text.and_then(|texts| {
        let written = (!texts.is_empty()).then_some(texts);
        needed(table, "crisis_text", written, sessions)
    });
    if let (Sessions::Possible, Ok(Some(texts))) = (sessions, &crisis_text) {
        in_each_language(table, texts, languages)?;
    }
    Ok(match (emergency_number?, clinic_contact?, crisis_text?) {
        (Some(emergency_number), Some(clinic_contact), Some(crisis_text)) => Some(Contacts {
            emergency_number,
            clinic_contact,
            crisis_text,
        }),
        _ => None,
    })
}

/// What people need to find on the page as soon as there can be a session.
fn needed<T>(table: &mut Table, key: &'static str, value: Option<T>, sessions: Sessions) -> Read<Option<T>> {
    if value.is_none() && sessions == Sessions::Possible {
        return Err(table.missing(key, "a text: with [readiness] the page shows it in every state"));
    }
    Ok(value)
}

const NUMBER: &str = "a telephone number of 2 digits or more, of at most 40 characters";

fn number(text: &str) -> Option<String> {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let fits = digits >= 2 && text.chars().count() <= 40 && !text.chars().any(char::is_control);
    fits.then(|| text.trim().to_owned())
}

fn language(text: &str) -> Result<String, Refusal> {
    let found = format!("language {text:?}");
    let refusal = || Refusal::allowed("language tags like \"en\"").found(found);
    is_language(text).then(|| text.to_owned()).ok_or_else(refusal)
}

fn in_each_language(table: &mut Table, texts: &BTreeMap<String, String>, languages: &[String]) -> Read<()> {
    let Some(language) = languages.iter().find(|language| !texts.contains_key(*language)) else {
        return Ok(());
    };
    let found = format!("none for language {language:?}");
    Err(table.refuse(
        "crisis_text",
        found,
        "the clinic's own words, one for each of web.languages",
    ))
}
