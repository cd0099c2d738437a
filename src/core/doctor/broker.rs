//! The brokers: whether one takes what is published here, and lets the clinic's commands through.

use super::{About, BrokerFacts, BrokerSeen, Check, DOCS, Facts, Sent, Settings};

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    if facts.brokers.is_empty() {
        return without(facts);
    }
    let in_use = facts.brokers.iter().any(is_in_use);
    facts
        .brokers
        .iter()
        .flat_map(|broker| one(facts, broker, in_use))
        .collect()
}

/// None is known: there is none, or the config could not be read and only the daemon can tell.
fn without(facts: &Facts) -> Vec<Check> {
    if facts.settings().is_some() {
        return vec![Check::warn(
            About::Broker,
            "the config names none: nothing is published, and the clinic sees nothing; page and gate work",
            "write `[[mqtt.brokers]]` into the config, and `sudo cuffd check`",
        )];
    }
    let Some(delivery) = facts
        .state()
        .map(|state| &state.delivery)
        .filter(|delivery| delivery.enabled)
    else {
        return Vec::new();
    };
    let check = if delivery.connected {
        Check::ok(About::Broker, "the daemon is connected")
    } else {
        let said = delivery.last_error.as_deref().unwrap_or("it has not been tried yet");
        Check::bad(About::Broker, format!("the daemon is not connected: {said}"), OTHERWISE)
    };
    vec![match &delivery.broker {
        Some(name) => check.of(name),
        None => check,
    }]
}

const fn is_in_use(broker: &BrokerFacts) -> bool {
    match broker.seen {
        BrokerSeen::Connected { .. } | BrokerSeen::Tried { .. } => true,
        BrokerSeen::Reachable { .. } | BrokerSeen::Fault(_) => false,
    }
}

fn one(facts: &Facts, broker: &BrokerFacts, in_use: bool) -> Vec<Check> {
    let checks = match &broker.seen {
        BrokerSeen::Connected {
            refused,
            commands_refused,
        } => {
            let taken = refused.as_ref().map_or(Sent::Taken, |why| Sent::Refused(why.clone()));
            taking_us(facts, &taken, *commands_refused, "connected")
        }
        BrokerSeen::Tried { sent, commands_refused } => taking_us(facts, sent, *commands_refused, "takes our login"),
        BrokerSeen::Reachable { last_error: None } if in_use => {
            vec![Check::ok(
                About::Broker,
                "name, port and certificate are well; not in use now",
            )]
        }
        BrokerSeen::Reachable { last_error } => {
            let said = last_error.as_deref().unwrap_or("it has not been tried yet");
            let message = format!("name, port and certificate are well, and the daemon is not connected: {said}");
            vec![fault(broker, in_use, message, said)]
        }
        BrokerSeen::Fault(text) => vec![fault(broker, in_use, text.clone(), text)],
    };
    checks.into_iter().map(|check| check.of(&broker.name)).collect()
}

/// One that is not needed now is only to be looked at.
fn fault(broker: &BrokerFacts, in_use: bool, message: String, text: &str) -> Check {
    let step = step_for(text).unwrap_or(OTHERWISE).replace("{host}", &broker.host);
    let port = broker.name.rsplit(':').next().unwrap_or_default();
    let step = step.replace("{port}", port);
    if in_use {
        Check::warn(About::Broker, message, step)
    } else {
        Check::bad(About::Broker, message, step)
    }
}

fn taking_us(facts: &Facts, sent: &Sent, commands_refused: bool, how: &str) -> Vec<Check> {
    let topics = facts
        .settings()
        .map_or("its topics", |settings| settings.topics.as_str());
    let mut checks = vec![match sent {
        Sent::Taken => Check::ok(About::Broker, format!("{how}, and it takes what is published here")),
        Sent::Unsure => Check::ok(
            About::Broker,
            format!("{how}; MQTT 3.1.1 reports refusals as successes, so only receipts tell whether it takes anything"),
        ),
        Sent::Refused(why) => Check::bad(
            About::Broker,
            format!("{how}, but it does not take what is published here ({why})"),
            format!(
                "the broker's access rules must let this gateway's user write below `{topics}/`, and read `{topics}/command`: \
                 {DOCS}/examples/broker/acl has them; nothing is to be restarted here"
            ),
        ),
        Sent::Nothing => Check::warn(
            About::Broker,
            "name, port and certificate are well; more was not tried, because the store cannot be read",
            "mend the store first, and ask again",
        ),
    }];
    if commands_refused {
        checks.push(no_commands(facts.settings(), topics));
    }
    checks
}

fn no_commands(settings: Option<&Settings>, topics: &str) -> Check {
    let message = "it does not let this gateway listen for commands: none arrives";
    let step = format!(
        "the broker's access rules must let this gateway's user read `{topics}/command`: {DOCS}/examples/broker/acl"
    );
    if settings.is_some_and(|settings| settings.openers.page && settings.openers.has_patient) {
        Check::warn(About::Broker, message, step)
    } else {
        Check::bad(About::Broker, message, step)
    }
}

const OTHERWISE: &str = "the broker's own log says more; here `journalctl -u cuffd -n 50`";

/// What mends each fault of a connection, by the words in which the link tells it; the first that is found decides.
const STEPS: &[(&str, &str)] = &[
    (
        "cannot be found",
        "check the name in `url` of the config; `getent hosts {host}` must answer, else mend the network or its DNS",
    ),
    (
        "nothing listens",
        "start the broker, or put its right port into `url` of the config",
    ),
    (
        "no answer in time",
        "the broker is down, or a firewall stands between: `nc -vz {host} {port}` must succeed from here",
    ),
    (
        "no way to this address",
        "this machine has no network, or no way there: see `ip addr` and `ip route`",
    ),
    (
        "nobody who is trusted has signed",
        "set `ca_file` of this broker to the certificate of the authority that signed the broker's",
    ),
    (
        "broker's certificate has expired",
        "see whether this machine's clock is right with `timedatectl`; if it is, the broker's certificate must be renewed",
    ),
    (
        "broker's certificate is not valid yet",
        "see whether this machine's clock is right with `timedatectl`; if it is, the broker's certificate is of tomorrow",
    ),
    (
        "bears another name",
        "write into `url` the name that the certificate bears, or have one issued for {host}",
    ),
    (
        "broker's certificate is not accepted",
        "have the broker's certificate issued anew",
    ),
    (
        "client certificate has expired",
        "have this gateway's certificate renewed, and put it where `client_cert` says; it is read anew for each connection",
    ),
    (
        "client certificate is revoked",
        "ask the clinic whether this gateway was shut out; if not, it needs a new certificate at `client_cert`",
    ),
    (
        "who signed the client certificate",
        "`client_cert` must be signed by the authority that the broker asks for: have one issued by that",
    ),
    (
        "client certificate",
        "have a certificate issued for this gateway by the broker's authority, and set `client_cert` and `client_key`",
    ),
    (
        "TLS versions that are not safe",
        "the broker must be set to speak TLS 1.2 or 1.3",
    ),
    (
        "refuses the login",
        "compare `username` and the file of `password_file` (or `client_cert`) with what the broker has for this gateway",
    ),
    (
        "same client id",
        "find the other one: a copy of this machine, or a second gateway of the same `gateway.id`; end one of them",
    ),
    (
        "refuses the client id",
        "set `mqtt.client_id` to one that the broker takes; some take 23 characters at most",
    ),
    (
        "version of MQTT",
        "set `mqtt.version = \"3.1.1\"` with `receipts = true`, or use a broker that speaks MQTT 5",
    ),
    (
        "is this a port for TLS",
        "compare scheme and port in `url`: `mqtts://` and mostly 8883 with TLS, `mqtt://` and mostly 1883 without",
    ),
    (
        "cannot read",
        "put the file there, and let the daemon's user read it: `sudo chown cuffd: FILE`",
    ),
    (
        "holds no certificate",
        "put the right file there: certificates in PEM form",
    ),
    (
        "is no certificate",
        "put the right file there: certificates in PEM form",
    ),
    (
        "holds no private key",
        "put the right file there: a private key in PEM form",
    ),
    ("is not in PEM form", "put the right file there, whole and in PEM form"),
    (
        "do not go together",
        "put the key there that belongs to the certificate",
    ),
    (
        "no trusted certificates",
        "`sudo apt install ca-certificates`, or set `ca_file`",
    ),
    (
        "at QoS 1",
        "the broker must be set to take messages at QoS 1, or another one used",
    ),
    (
        "to be retained",
        "nothing here: the gateway does without retained messages on this broker",
    ),
    (
        "does not answer pings",
        "the broker hangs, or the line is dead: look at the broker and its log",
    ),
    (
        "stopped acknowledging",
        "the broker hangs, or its disk is full: look at the broker and its log",
    ),
    (
        "the broker refuses the connection",
        "the broker's log says why: often it is full, or this gateway is shut out",
    ),
];

/// What mends this fault, where its words are known; `{host}` and `{port}` stand for the broker's.
#[must_use]
pub fn step_for(text: &str) -> Option<&'static str> {
    STEPS
        .iter()
        .find(|(words, _)| text.contains(words))
        .map(|(_, step)| *step)
}
