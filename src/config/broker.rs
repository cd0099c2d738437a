//! `[[mqtt.brokers]]`: where messages go, and how the way there is guarded.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use config::Value;

use super::certificate::{Identity, authorities, identity};
use super::files::{SecretFile, Surroundings, secret};
use super::kind::{Parsed, boolean, text, unshown};
use super::mqtt::Names;
use super::reader::{Read, Table};

/// One broker.
#[derive(Clone, Debug)]
pub struct Broker {
    /// Where it is.
    pub url: Url,
    /// The authorities that are trusted; the system's where there is none.
    pub ca_file: Option<PathBuf>,
    /// What the gateway shows of itself (mTLS).
    pub identity: Option<Identity>,
    /// The user name; set where there is a password.
    pub username: Option<String>,
    /// The password.
    pub password_file: Option<SecretFile>,
}

/// Where a broker is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// How the way there is guarded.
    pub transport: Transport,
    /// A host name, or an address without brackets.
    pub host: String,
    /// Its port, never 0.
    pub port: u16,
}

/// How the way to a broker is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// `mqtts://`.
    Tls,
    /// `mqtt://`: readable to everyone on the way.
    Plain,
}

impl Url {
    /// Parses `mqtts://HOST[:PORT]` or `mqtt://HOST[:PORT]`; `None` for anything else, also with a path or a user name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (transport, usual_port) = match scheme {
            "mqtts" => (Transport::Tls, 8883),
            "mqtt" => (Transport::Plain, 1883),
            _ => return None,
        };
        let (host, port) = split_port(rest.strip_suffix('/').unwrap_or(rest))?;
        let port = match port {
            Some(port) if port.bytes().all(|octet| octet.is_ascii_digit()) => port.parse().ok()?,
            Some(_) => return None,
            None => usual_port,
        };
        (port > 0).then(|| Self {
            transport,
            host: host.to_owned(),
            port,
        })
    }

    /// Whether what is sent there never leaves the machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
    }
}

/// A host, and the port behind its last colon if there is one.
fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match after {
            "" => Some((host, None)),
            _ => Some((host, Some(after.strip_prefix(':')?))),
        };
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    is_host(host).then_some((host, port))
}

/// Whether this is an IPv4 address or a host name by its letters (RFC 1123; an underscore is taken too).
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        let inside = label
            .bytes()
            .all(|o| o.is_ascii_alphanumeric() || o == b'-' || o == b'_');
        inside && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = text.rsplit('.').next().unwrap_or(text);
    let numeric = last.bytes().all(|octet| octet.is_ascii_digit());
    text.len() <= 253 && text.split('.').all(label) && (!numeric || text.parse::<Ipv4Addr>().is_ok())
}

pub(super) fn read(table: &mut Table, names: Names, around: &Surroundings) -> Read<Broker> {
    let url = table.required("url", url);
    let allow_plaintext = table.or("allow_plaintext", false, boolean);
    let url = url.and_then(|url| guard(table, url, allow_plaintext?));
    let ca_file = authorities(table, "ca_file", around);
    let identity = identity(table, ("client_cert", "client_key"), around);
    let password_file = table.optional("password_file", secret(around, PASSWORD, some_text));
    let username = table.optional("username", names.template());
    let (url, password_file) = (url?, password_file?);
    if url.transport == Transport::Plain {
        warn_of_idle_keys(table);
    }
    let usual = password_file
        .as_ref()
        .map(|_| format!("{}/{}", names.site, names.gateway));
    Ok(Broker {
        url,
        ca_file: ca_file?,
        identity: identity?,
        username: username?.or(usual),
        password_file,
    })
}

const PASSWORD: &str = "the path of a file that only its owner may read, or cred:NAME; never the password itself";

fn some_text(text: &str) -> Result<(), &'static str> {
    if text.is_empty() { Err("which is empty") } else { Ok(()) }
}

fn url(value: &Value) -> Parsed<Url> {
    let allowed = "mqtts://HOST[:PORT] or mqtt://HOST[:PORT], without a user name, password or path";
    let has_more = value.to_string().contains(['@', '?']);
    let parsed = text(allowed, Url::parse);
    // A password in a URL is a secret written inline, which is not shown again.
    if has_more {
        unshown(parsed)(value)
    } else {
        parsed(value)
    }
}

fn guard(table: &mut Table, url: Url, allow_plaintext: bool) -> Read<Url> {
    if url.transport == Transport::Tls || url.is_loopback() {
        return Ok(url);
    }
    if !allow_plaintext {
        let found = "mqtt:// to another machine";
        return Err(table.refuse("url", found, "mqtts://; or mqtt:// with allow_plaintext = true"));
    }
    table.warn(
        "allow_plaintext",
        "is true: passwords and readings cross the network readable",
    );
    Ok(url)
}

fn warn_of_idle_keys(table: &mut Table) {
    for key in ["ca_file", "client_cert"] {
        if table.has(key) {
            table.warn(key, "is not used with mqtt://");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_perhaps_a_port() {
        use Transport::{Plain, Tls};
        for (text, transport, host, port, loopback) in [
            ("mqtts://mqtt.example.org", Tls, "mqtt.example.org", 8883, false),
            ("mqtts://mqtt.example.org:443/", Tls, "mqtt.example.org", 443, false),
            ("mqtt://localhost", Plain, "localhost", 1883, true),
            ("mqtt://127.9.9.9:1884", Plain, "127.9.9.9", 1884, true),
            ("mqtt://[::1]:1884", Plain, "::1", 1884, true),
            ("mqtts://[2001:db8::1]", Tls, "2001:db8::1", 8883, false),
            ("mqtt://10.0.0.1", Plain, "10.0.0.1", 1883, false),
            (
                "mqtt://localhost.example.org",
                Plain,
                "localhost.example.org",
                1883,
                false,
            ),
        ] {
            let url = Url::parse(text).expect(text);
            assert_eq!(
                (url.transport, url.host.as_str(), url.port),
                (transport, host, port),
                "{text}"
            );
            assert_eq!(url.is_loopback(), loopback, "{text}");
        }
    }

    #[test]
    fn anything_else_is_no_url() {
        for text in [
            "",
            "mqtt.example.org",
            "mqtts:/mqtt.example.org",
            "https://mqtt.example.org",
            "MQTTS://mqtt.example.org",
            "mqtts://",
            "mqtts://:8883",
            "mqtts://host:0",
            "mqtts://host:65536",
            "mqtts://host:+1",
            "mqtts://host:",
            "mqtts://host/path",
            "mqtts://user:secret@host",
            "mqtts://ho st",
            "mqtts://-host",
            "mqtts://host..org",
            "mqtts://300.1.1.1",
            "mqtts://1.2.3",
            "mqtts://[::1",
            "mqtts://[::1]x",
            "mqtts://[host]",
            "mqtts://::1",
        ] {
            assert_eq!(Url::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(mqtts?://)?.*") {
            let _ = Url::parse(&text);
        }
    }
}
