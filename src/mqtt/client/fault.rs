//! Why a connection ended, in plain words: what the person who has to mend it needs to know.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what the libraries and the system may say is open-ended"
)]

use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError};

/// The name of 0x9A in CONNACK and DISCONNECT.
const NOT_RETAINED: &str = "RetainNotSupported";

/// What kind of fault it is: who can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A file or value of the config cannot be used.
    Config,
    /// The broker's name is not known.
    Name,
    /// Nothing answers, or the line broke.
    Network,
    /// Certificates.
    Tls,
    /// The broker does not take us.
    Refused,
    /// The broker takes nothing that is to be retained.
    Retain,
    /// The broker ended the connection and said why.
    Kicked,
    /// The broker said something that MQTT does not allow.
    Protocol,
    /// The broker stopped acknowledging.
    Silent,
    /// The connection ended without a reason.
    Lost,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub class: Class,
    /// In plain words.
    pub text: String,
}

impl Fault {
    /// Puts both together.
    #[must_use]
    pub fn new(class: Class, text: impl Into<String>) -> Self {
        Self {
            class,
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the MQTT libraries report, brought to one form.
#[derive(Debug)]
pub(super) enum Cause {
    Io(io::Error),
    Tls(rustls::Error),
    Timeout,
    /// By the CONNACK; the code's name.
    Refused(String),
    /// By a DISCONNECT; its code's name, and perhaps a reason.
    Kicked(String, Option<String>),
    /// The broker does not answer pings.
    NoPing,
    Closed,
    Protocol(String),
}

/// How far the connection had come, and over what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub(super) up: bool,
    pub(super) tls: bool,
}

/// The fault in plain words.
pub(super) fn explain(cause: Cause, stage: Stage) -> Fault {
    match cause {
        Cause::Io(cause) => explain_io(&cause, stage),
        Cause::Tls(cause) => explain_tls(&cause, stage),
        Cause::Timeout => Fault::new(Class::Network, with_hint("no answer in time", stage)),
        Cause::Refused(code) | Cause::Kicked(code, _) if code == NOT_RETAINED => {
            Fault::new(Class::Retain, "the broker takes nothing that is to be retained")
        }
        Cause::Refused(code) => Fault::new(Class::Refused, refusal(&code)),
        Cause::Kicked(code, reason) => Fault::new(Class::Kicked, kick(&code, reason)),
        Cause::NoPing => Fault::new(Class::Silent, "the broker does not answer pings"),
        Cause::Closed => Fault::new(Class::Lost, with_hint("the broker closed the connection", stage)),
        Cause::Protocol(what) => {
            let text = format!("the broker sent something that MQTT does not allow: {what}");
            Fault::new(Class::Protocol, with_hint(&text, stage))
        }
    }
}

fn explain_io(cause: &io::Error, stage: Stage) -> Fault {
    if let Some(inner) = cause.get_ref() {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return explain_tls(tls, stage);
        }
        if let Some(name) = inner.downcast_ref::<UnknownName>() {
            return Fault::new(Class::Name, name.to_string());
        }
    }
    let text = match cause.kind() {
        io::ErrorKind::ConnectionRefused => "nothing listens at this address and port".to_owned(),
        io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "no way to this address".to_owned(),
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => {
            return Fault::new(Class::Lost, with_hint("the broker closed the connection", stage));
        }
        _ => cause.to_string(),
    };
    Fault::new(Class::Network, text)
}

fn explain_tls(cause: &rustls::Error, stage: Stage) -> Fault {
    let text = match cause {
        rustls::Error::InvalidCertificate(fault) => certificate(fault),
        rustls::Error::AlertReceived(alert) => alert_text(*alert),
        rustls::Error::InvalidMessage(_) => with_hint("the answer is not TLS", stage),
        other => format!("TLS: {other}"),
    };
    Fault::new(Class::Tls, text)
}

fn certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer => {
            "nobody who is trusted has signed the broker's certificate: check ca_file".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the broker's certificate has expired, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the broker's certificate is not valid yet, or this machine's clock is wrong".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the broker's certificate bears another name: {fault}")
        }
        other => format!("the broker's certificate is not accepted: {other}"),
    }
}

fn alert_text(alert: AlertDescription) -> String {
    let what = match alert {
        AlertDescription::CertificateRequired => {
            "the broker wants a client certificate: set client_cert and client_key"
        }
        AlertDescription::CertificateExpired => "the broker says that the client certificate has expired",
        AlertDescription::CertificateRevoked => "the broker says that the client certificate is revoked",
        AlertDescription::UnknownCA => "the broker does not know who signed the client certificate",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            "the broker does not accept the client certificate"
        }
        AlertDescription::HandshakeFailure => "the broker ends the TLS handshake; it may want a client certificate",
        AlertDescription::ProtocolVersion => "the broker speaks only TLS versions that are not safe",
        _ => return format!("the broker ends TLS with {alert:?}"),
    };
    what.to_owned()
}

fn refusal(code: &str) -> String {
    match code {
        "NotAuthorized" | "BadUserNamePassword" => {
            format!("the broker refuses the login ({code}): check username, password_file, client_cert")
        }
        "BadClientId" | "ClientIdentifierNotValid" => format!("the broker refuses the client id ({code})"),
        "RefusedProtocolVersion" | "UnsupportedProtocolVersion" => {
            format!("the broker does not speak this version of MQTT ({code}): check mqtt.version")
        }
        _ => format!("the broker refuses the connection ({code})"),
    }
}

fn kick(code: &str, reason: Option<String>) -> String {
    let hint = match code {
        "SessionTakenOver" => ": another client uses the same client id",
        _ => "",
    };
    let reason = reason.map(|reason| format!(", \"{reason}\"")).unwrap_or_default();
    format!("the broker ended the connection ({code}{reason}){hint}")
}

/// Before the broker has taken us, a closed connection often means the wrong kind of port.
fn with_hint(text: &str, stage: Stage) -> String {
    match stage {
        Stage { up: true, .. } => text.to_owned(),
        Stage { tls: true, .. } => format!("{text} (is this a port for TLS? plain ones have mqtt:// in the url)"),
        Stage { tls: false, .. } => format!("{text} (is this a port for TLS? those have mqtts:// in the url)"),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the name {host} cannot be found: {cause}")]
struct UnknownName {
    host: String,
    cause: String,
}

pub(super) fn unknown_name(host: &str, cause: &io::Error) -> io::Error {
    io::Error::other(UnknownName {
        host: host.to_owned(),
        cause: cause.to_string(),
    })
}

pub(super) fn no_address(host: &str) -> io::Error {
    io::Error::other(UnknownName {
        host: host.to_owned(),
        cause: "no address".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIALLING: Stage = Stage { up: false, tls: true };

    #[test]
    fn words_say_what_to_look_at() {
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let required = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
        for (cause, class, words) in [
            (Cause::Tls(expired), Class::Tls, "has expired"),
            (Cause::Io(io::Error::other(required)), Class::Tls, "client_cert"),
            (
                Cause::Io(io::ErrorKind::ConnectionRefused.into()),
                Class::Network,
                "nothing listens",
            ),
            (Cause::Io(io::ErrorKind::UnexpectedEof.into()), Class::Lost, "mqtt://"),
            (
                Cause::Io(unknown_name("b", &io::Error::other("x"))),
                Class::Name,
                "the name b",
            ),
            (
                Cause::Refused("NotAuthorized".to_owned()),
                Class::Refused,
                "password_file",
            ),
            (
                Cause::Kicked("SessionTakenOver".to_owned(), None),
                Class::Kicked,
                "same client id",
            ),
            (Cause::Closed, Class::Lost, "mqtt://"),
        ] {
            let fault = explain(cause, DIALLING);
            assert_eq!(fault.class, class, "{fault}");
            assert!(fault.text.contains(words), "{fault}");
        }
    }

    #[test]
    fn a_connection_that_was_up_gets_no_hint_about_ports() {
        let fault = explain(Cause::Closed, Stage { up: true, tls: false });
        assert_eq!(fault.text, "the broker closed the connection");
    }

    /// `doctor` names a step for each; a fault that is told in new words needs one too.
    #[test]
    fn each_fault_has_a_step_that_mends_it() {
        let alert = |alert| Cause::Tls(rustls::Error::AlertReceived(alert));
        let certificate = |fault| Cause::Tls(rustls::Error::InvalidCertificate(fault));
        let io = |kind: io::ErrorKind| Cause::Io(kind.into());
        let refused = |code: &str| Cause::Refused(code.to_owned());
        for cause in [
            Cause::Timeout,
            Cause::NoPing,
            Cause::Closed,
            io(io::ErrorKind::ConnectionRefused),
            io(io::ErrorKind::TimedOut),
            io(io::ErrorKind::HostUnreachable),
            io(io::ErrorKind::UnexpectedEof),
            Cause::Io(no_address("b")),
            certificate(CertificateError::UnknownIssuer),
            certificate(CertificateError::Expired),
            certificate(CertificateError::NotValidYet),
            certificate(CertificateError::NotValidForName),
            certificate(CertificateError::BadSignature),
            alert(AlertDescription::CertificateRequired),
            alert(AlertDescription::CertificateExpired),
            alert(AlertDescription::CertificateRevoked),
            alert(AlertDescription::UnknownCA),
            alert(AlertDescription::BadCertificate),
            alert(AlertDescription::HandshakeFailure),
            alert(AlertDescription::ProtocolVersion),
            refused("NotAuthorized"),
            refused("BadClientId"),
            refused("UnsupportedProtocolVersion"),
            refused("ServerUnavailable"),
            refused(NOT_RETAINED),
            Cause::Kicked("SessionTakenOver".to_owned(), None),
        ] {
            let fault = explain(cause, DIALLING);
            assert!(crate::core::doctor::step_for(&fault.text).is_some(), "{fault}");
        }
    }
}
