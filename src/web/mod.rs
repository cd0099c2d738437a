//! The page for the people in the room, the local API, and metrics (contract 5).
//!
//! Nothing here decides anything: it shows `cuffd.state/1`, and passes on to the gate what is pressed.

mod actions;
pub mod asked;
mod assets;
mod certificate;
pub mod entry;
mod events;
pub mod guard;
mod html;
mod language;
mod listen;
mod metrics;
mod page;
mod recent;
mod router;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use self::asked::{Asked, PasskeyGiven};
use self::entry::{Code, Cookies};
use crate::core::cuff::Cuff;
use crate::core::name::Name;
use crate::core::state::State;
use crate::private::Private;
use crate::store::Store;
use crate::text::Texts;

pub use self::listen::{Listener, WebError, serve};
pub use self::router::{api, page};

/// So many browsers may follow at once.
pub const STREAMS: usize = 256;

/// Everything that the page is made of.
#[derive(Debug)]
pub struct Site {
    /// What the daemon knows now.
    pub state: watch::Receiver<Arc<State>>,
    /// What is stored: the last readings are shown.
    pub store: Option<Store>,
    /// To the gate.
    pub asks: mpsc::Sender<Asked>,
    /// To whoever pairs a cuff.
    pub passkeys: mpsc::Sender<PasskeyGiven>,
    /// Ends the streams of events.
    pub stop: CancellationToken,
    /// Names of this machine beside localhost and its addresses, in small letters.
    pub hosts: BTreeSet<String>,
    /// Who may come in; `None`: everyone who can reach it.
    pub door: Option<Door>,
    /// Asked for what a companion attests.
    pub companion_code: Option<Code>,
    /// Whether the page may open a session.
    pub opens_sessions: bool,
    /// For whom it then can: those whom one of these names.
    pub cuffs: watch::Receiver<Arc<[Cuff]>>,
    /// What the page calls them.
    pub labels: BTreeMap<Name, Private<String>>,
    /// The clinic's first language.
    pub language: (String, Texts),
    /// The others, in the order of preference.
    pub more_languages: Vec<(String, Texts)>,
    /// Whom to call; `None`: no session can be.
    pub contacts: Option<Contacts>,
    /// Of the times that are shown.
    pub zone: TimeZone,
    /// Whether numbers are shown.
    pub show_values: bool,
    /// Whether `/metrics` is there.
    pub metrics: bool,
    /// Those of the config, whose ends are told.
    pub certificates: Vec<Certificate>,
    /// How many more browsers may follow: [`STREAMS`] at the start.
    pub streams: Arc<Semaphore>,
}

impl Site {
    /// Whether sessions can be at all: with a policy there is always somebody to call, and without one never.
    fn has_policy(&self) -> bool {
        self.contacts.is_some()
    }

    /// Every language with its texts, the clinic's first one first.
    fn languages(&self) -> impl Iterator<Item = &(String, Texts)> {
        std::iter::once(&self.language).chain(&self.more_languages)
    }
}

/// A certificate of the config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// What it is for.
    pub kind: CertificateUse,
    /// A PEM file.
    pub path: PathBuf,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateUse {
    /// Vouches for a broker.
    BrokerAuthority,
    /// A broker knows the gateway by it.
    BrokerClient,
    /// The page's own.
    Page,
}

impl CertificateUse {
    /// As metrics say it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BrokerAuthority => "broker_authority",
            Self::BrokerClient => "broker_client",
            Self::Page => "page",
        }
    }
}

/// The access code, and what is kept in its place.
#[derive(Debug)]
pub struct Door {
    /// The code.
    pub code: Code,
    /// The cookies.
    pub cookies: Cookies,
}

/// Whom to call.
#[derive(Clone, Debug)]
pub struct Contacts {
    /// In an emergency.
    pub emergency_number: String,
    /// With questions.
    pub clinic_contact: String,
    /// The clinic's own words at a crisis reading, by language.
    pub crisis_text: BTreeMap<String, String>,
}
