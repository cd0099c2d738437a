//! Why a cuff was not paired or not let go, in plain words with the next step.

use serde::{Deserialize, Serialize};

/// Why a cuff was not paired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Failure {
    /// There is no Bluetooth to pair by.
    NoRadio,
    /// Another pairing is under way.
    Busy,
    /// Whoever asked for it has gone away.
    Cancelled,
    /// It was not heard.
    NotHeard,
    /// It was heard, and could not be connected.
    NotConnected,
    /// It refused, without asking for a passkey.
    Refused,
    /// The passkey was not the one that it shows.
    WrongPasskey,
    /// Nobody entered the passkey.
    NoPasskey,
    /// It hung up in the middle.
    HungUp,
    /// It offers no Blood Pressure Service.
    NotACuff,
    /// It advertises the Blood Pressure Service, and keeps its readings behind its maker's own.
    Proprietary {
        /// The maker's service, by its number, where it is a known one.
        service: Option<String>,
    },
    /// The bond was made and not kept.
    NotKept,
    /// The id belongs to another cuff.
    IdTaken,
    /// It is not registered, and what it is to be registered as is not told.
    NoRegistration,
    /// It cannot be registered so.
    BadRegistration {
        /// Why.
        message: String,
    },
    /// It could not be written down.
    NotWritten {
        /// What the system said.
        message: String,
    },
    /// bluetoothd failed in another way.
    Bluetoothd {
        /// What it said.
        message: String,
    },
}

impl Failure {
    /// What to do next.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::NoRadio => "run `cuffd doctor`: it says what is missing",
            Self::Busy => "wait until that one is done, then try again",
            Self::Cancelled => "start again when you are ready",
            Self::NotHeard => {
                "put the cuff into pairing mode (its manual says how; often: hold START or the Bluetooth button until a \
                 symbol blinks), bring it within two metres, and try again"
            }
            Self::NotConnected | Self::HungUp => {
                "take the cuff's batteries out and put them back, put it into pairing mode, hold it close to the box, and try \
                 again"
            }
            Self::Refused => {
                "put the cuff into pairing mode (a measurement alone is not enough); if it is bonded with a telephone, remove \
                 it there, or clear the cuff's own list; then try again. If its manual knows no pairing at all: \
                 `cuffd pair --without-bond`"
            }
            Self::WrongPasskey => "start again: the cuff shows six new digits",
            Self::NoPasskey => "start again, and enter the six digits while the cuff shows them (half a minute)",
            Self::NotACuff => "see `cuffd scan` for the cuffs that are there",
            Self::Proprietary { .. } => {
                "nothing that you could do mends this: this cuff can be read only by its maker's own app. docs name cuffs that \
                 work"
            }
            Self::NotKept => "remove the box on the cuff (or in its list), put it into pairing mode, and try again",
            Self::IdTaken => "choose another --id; `cuffd cuffs` lists those that are taken",
            Self::NoRegistration => "say --id, and --patient or --user N=P",
            Self::BadRegistration { .. } => "say it as the config would take it: `cuffd pair --help`",
            Self::NotWritten { .. } => "look at the disk (`cuffd doctor`), then pair again",
            Self::Bluetoothd { .. } => "try again; if it stays so, `systemctl restart bluetooth`",
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoRadio => "there is no Bluetooth to pair by",
            Self::Busy => "another cuff is being paired",
            Self::Cancelled => "nobody waits for it any more",
            Self::NotHeard => "the cuff was not heard",
            Self::NotConnected => "the cuff was heard, but could not be connected",
            Self::Refused => "the cuff refused to pair",
            Self::WrongPasskey => "those were not the digits that the cuff shows",
            Self::NoPasskey => "nobody entered the six digits that the cuff shows",
            Self::HungUp => "the cuff hung up before it was done",
            Self::NotACuff => "this is no blood-pressure cuff: it has no Blood Pressure Service",
            Self::Proprietary { service: Some(service) } => {
                return write!(
                    f,
                    "this cuff only looks like a standard one: it keeps its readings behind its maker's own service ({service})"
                );
            }
            Self::Proprietary { service: None } => {
                "this cuff only looks like a standard one: it has the Blood Pressure Service, but no reading in it"
            }
            Self::NotKept => "the cuff paired, but kept no bond: its readings could come from anybody",
            Self::IdTaken => "another cuff has this id",
            Self::NoRegistration => "this cuff is not registered yet, and what to register it as was not said",
            Self::BadRegistration { message } | Self::NotWritten { message } | Self::Bluetoothd { message } => message,
        })
    }
}

/// Why a cuff was not let go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum NotForgotten {
    /// No cuff has this id.
    Unknown,
    /// It stands in the config, which is never rewritten.
    InConfig,
    /// It is being paired, or another is.
    Busy,
    /// bluetoothd did not remove the bond.
    BondStays {
        /// What it said.
        message: String,
    },
    /// The register could not be written.
    NotWritten {
        /// What the system said.
        message: String,
    },
}

impl std::fmt::Display for NotForgotten {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("no cuff has this id: `cuffd cuffs` lists them"),
            Self::InConfig => f.write_str(
                "this cuff stands in the config, which is never rewritten: remove its [[cuffs]] table there and restart the \
                 daemon",
            ),
            Self::Busy => f.write_str("a cuff is being paired: wait until that is done"),
            Self::BondStays { message } => write!(
                f,
                "its bond could not be removed, and nothing was changed: {message}: see `cuffd doctor`"
            ),
            Self::NotWritten { message } => f.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_says_what_and_what_next() {
        let message = "the disk is full".to_owned();
        for failure in [
            Failure::NoRadio,
            Failure::Busy,
            Failure::Cancelled,
            Failure::NotHeard,
            Failure::NotConnected,
            Failure::Refused,
            Failure::WrongPasskey,
            Failure::NoPasskey,
            Failure::HungUp,
            Failure::NotACuff,
            Failure::Proprietary { service: None },
            Failure::NotKept,
            Failure::IdTaken,
            Failure::NoRegistration,
            Failure::BadRegistration {
                message: message.clone(),
            },
            Failure::NotWritten {
                message: message.clone(),
            },
            Failure::Bluetoothd { message },
        ] {
            let (what, next) = (failure.to_string(), failure.next_step());
            assert!(!what.is_empty() && !next.is_empty());
            for text in [what.as_str(), next] {
                assert!(!text.ends_with('.') && !text.contains("  "), "{text}");
            }
            let read: Failure = serde_json::from_str(&serde_json::to_string(&failure).expect("JSON")).expect("read");
            assert_eq!(read, failure);
        }
    }
}
