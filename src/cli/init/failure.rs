//! Why there is no new config, and with which exit code.

use std::io;
use std::path::{Path, PathBuf};

use super::ask::Ended;
use super::csr::RequestError;
use crate::cli::exit;
use crate::config::mistake::Mistakes;
use crate::control::key::Fault;
use crate::proof::KeyringError;
use crate::user;

/// Why there is no new config.
#[derive(Debug, thiserror::Error)]
pub(super) enum InitError {
    /// A config is there already.
    #[error(
        "{} exists; nothing was changed. Move it away, or edit it and run `cuffd check`",
        path.display()
    )]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// There is nobody to ask.
    #[error(
        "there is no terminal to ask on: run this on one, or give a clinic's file with --from FILE, in which at least \
         gateway.site and gateway.id stand"
    )]
    NoTerminal,
    /// The answers ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The clinic's file cannot be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The clinic's file, or the config that is there, has mistakes.
    #[error("nothing was written, because of\n{mistakes}")]
    Mistakes {
        /// Each.
        mistakes: Mistakes,
    },
    /// This user may not.
    #[error("{user} may not write {}: run this as root", path.display())]
    NotPermitted {
        /// Who tried.
        user: String,
        /// What.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The key that signs.
    #[error(transparent)]
    Key(#[from] KeyringError),
    /// The certificate request.
    #[error("{}", path.display())]
    Request {
        /// Of which key.
        path: PathBuf,
        /// What is wrong.
        #[source]
        cause: RequestError,
    },
    /// The key of the request is a credential, which is not here.
    #[error(
        "the key of the certificate is the systemd credential {name}, which systemd gives to the running service only: say \
         where it is, CREDENTIALS_DIRECTORY=DIRECTORY cuffd init --csr, or make key and request where credentials are made, \
         with the name SITE/GATEWAY in it; nothing was written"
    )]
    NoCredential {
        /// Its name.
        name: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for an access code")]
    Random,
}

impl InitError {
    /// A file that cannot be written.
    pub(super) fn write(path: &Path, cause: io::Error) -> Self {
        let path = path.to_path_buf();
        if cause.kind() == io::ErrorKind::PermissionDenied {
            let user = user::describe();
            return Self::NotPermitted { user, path, cause };
        }
        if cause.kind() == io::ErrorKind::AlreadyExists {
            return Self::Exists { path };
        }
        Self::Write { path, cause }
    }

    /// The exit code. Answers that end early are a command that was not given whole, and so are of its usage.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::NoTerminal | Self::Ended(Ended::Input) => exit::USAGE,
            Self::Exists { .. } | Self::Mistakes { .. } | Self::Unreadable { .. } => exit::CONFIG,
            Self::NotPermitted { .. } => exit::NOT_PERMITTED,
            Self::Write { .. } | Self::Ended(Ended::Terminal(_)) => exit::STORE,
            Self::Key(error) => match Fault::of(error) {
                Fault::NotPermitted => exit::NOT_PERMITTED,
                Fault::NotAKey | Fault::NoNext => exit::CONFIG,
                Fault::Disk => exit::STORE,
            },
            Self::Request { .. } | Self::NoCredential { .. } => exit::CONFIG,
            Self::Random => exit::SOFTWARE,
        }
    }
}
