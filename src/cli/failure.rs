//! Why a subcommand that asks the daemon or the store came to nothing, and with which exit code.

use std::io;

use super::exit;
use crate::app::{AppError, chain};
use crate::config::mistake::Mistakes;
use crate::control::client::ClientError;
use crate::mqtt::message::fhir::FhirError;
use crate::store::StoreError;
use crate::user;

/// Why a subcommand came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The daemon could not be asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The config has mistakes.
    #[error("{0}")]
    Config(Mistakes),
    /// This user may not read the config, or the cuffs beside the store.
    #[error("{user}: {mistakes}: run this as root, or as the user that the daemon runs as")]
    NotPermitted {
        /// Who tried.
        user: String,
        /// What may not be read.
        mistakes: Mistakes,
    },
    /// What the daemon or the store gave is not of this version.
    #[error("an answer is not of this version")]
    NotAReading(#[source] serde_json::Error),
    /// FHIR names no patient without it.
    #[error("mqtt.fhir_patient_system is missing: the namespace of the patient ids, a URI, like \"urn:oid:2.999.1\"")]
    NoPatientSystem,
    /// A stored reading could not be made a Bundle.
    #[error("a reading could not be made a FHIR Bundle")]
    Fhir(#[from] FhirError),
    /// There is no Bluetooth.
    #[error("{0}: `cuffd doctor` says more")]
    NoRadio(&'static str),
    /// The daemon that this command ran for itself.
    #[error(transparent)]
    Daemon(#[from] AppError),
    /// It ended before it was done.
    #[error("interrupted: nothing more was done")]
    Interrupted,
    /// Something was not said, and nobody can be asked.
    #[error("{0}")]
    Usage(&'static str),
    /// Output could not be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        if !mistakes.are_of_permission() {
            return Self::Config(mistakes);
        }
        let user = user::describe();
        Self::NotPermitted { user, mistakes }
    }
}

impl Failure {
    /// Says it on stderr, with every cause, and gives the exit code.
    #[must_use]
    pub(super) fn tell(&self) -> u8 {
        if let Self::Output(cause) = self
            && cause.kind() == io::ErrorKind::BrokenPipe
        {
            // The reader has seen what it wanted.
            return exit::OK;
        }
        eprintln!("cuffd: {}", chain(self));
        match self {
            Self::Client(ClientError::NotRunning { .. }) => exit::UNAVAILABLE,
            Self::Client(ClientError::NotPermitted { .. })
            | Self::Store(StoreError::NotPermitted { .. })
            | Self::NotPermitted { .. } => exit::NOT_PERMITTED,
            Self::Client(ClientError::Cut(_) | ClientError::Socket { .. } | ClientError::Refused { .. }) => {
                exit::TRY_AGAIN
            }
            Self::Store(StoreError::Locked { .. }) => exit::TRY_AGAIN,
            Self::Store(StoreError::GatewayChanged { .. }) => exit::CONFIG,
            Self::Store(_) => exit::STORE,
            Self::Config(_) | Self::NoPatientSystem => exit::CONFIG,
            Self::NotAReading(_) | Self::Fhir(_) => exit::SOFTWARE,
            // Nobody starts a command again: what it needs is not there.
            Self::NoRadio(_) | Self::Daemon(AppError::Bluetooth(_)) => exit::UNAVAILABLE,
            Self::Daemon(error) => exit::of(error.remedy()),
            Self::Interrupted => exit::BAD,
            Self::Usage(_) => exit::USAGE,
            Self::Output(_) => exit::STORE,
        }
    }
}
