//! `key`: the key that messages are signed with, the next one, and the change to that.

use clap::{Args as ClapArgs, Subcommand};

use super::{Failure, Global, block_on, exit, out};
use crate::app::chain;
use crate::config;
use crate::control::client::{self, ClientError};
use crate::control::key::{Fault, Shown};
use crate::control::socket_path;
use crate::proof::{Keyring, KeyringError, PublicKey};
use crate::store::{Lock, StoreError};

/// Prints the public key that messages are signed with, as a JWK, and its fingerprint.
///
/// The clinic enrols the JWK; its fingerprint is compared over the telephone. A key is made where there is none yet.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Makes the next key and prints it, for the clinic to enrol. Nothing is signed with it yet.
    New,
    /// Signs with the next key from now on, once the clinic has enrolled it. What is stored keeps its proof.
    Use,
}

/// Why a key is not shown.
enum NoKey {
    /// The daemon, the config or the output.
    Failure(Failure),
    /// The file, where no daemon runs.
    File(KeyringError),
}

/// Asks the running daemon or, without one, does it itself.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    let asked = match block_on(in_daemon(args.action)) {
        Err(ClientError::NotRunning { .. }) => alone(global, args.action),
        other => other.map_err(|error| NoKey::Failure(error.into())),
    };
    match asked {
        Ok(shown) => {
            eprintln!("fingerprint: {}", shown.fingerprint);
            out(&format!("{}\n", shown.jwk))
        }
        Err(NoKey::Failure(Failure::Client(ClientError::Refused { status, text }))) => {
            eprintln!("cuffd: {text}");
            Fault::told_by(status).map_or(exit::TRY_AGAIN, code)
        }
        Err(NoKey::Failure(failure)) => failure.tell(),
        Err(NoKey::File(error)) => {
            eprintln!("cuffd: {}", chain(&error));
            code(Fault::of(&error))
        }
    }
}

async fn in_daemon(action: Option<Action>) -> Result<Shown, ClientError> {
    let socket = socket_path();
    let answer = match action {
        None => client::get(&socket, "/control/v1/key").await?,
        Some(Action::New) => client::post(&socket, "/control/v1/key/new", Vec::new()).await?,
        Some(Action::Use) => client::post(&socket, "/control/v1/key/use", Vec::new()).await?,
    };
    let body = answer.whole().await?;
    serde_json::from_slice(&body).map_err(|cause| ClientError::Socket {
        path: socket,
        cause: cause.into(),
    })
}

fn alone(global: &Global, action: Option<Action>) -> Result<Shown, NoKey> {
    let loaded = config::load(&global.config, config::environment());
    let config = loaded.map_err(|mistakes| NoKey::Failure(mistakes.into()))?.config;
    // A daemon that is about to listen, or cannot, must not sign on with a key that is gone.
    let _lock = match (action, Lock::hold(&config.store.path)) {
        (None, _) | (Some(_), Err(StoreError::NoDirectory { .. })) => None,
        (Some(_), lock) => Some(lock.map_err(|error| NoKey::Failure(error.into()))?),
    };
    let gateway = config.gateway;
    let key = of_file(&gateway.key_file, action).map_err(NoKey::File)?;
    Ok(Shown::of(key, &gateway.site, &gateway.id))
}

fn of_file(file: &config::files::SecretFile, action: Option<Action>) -> Result<PublicKey, KeyringError> {
    let keys = Keyring::open(file.path(), file.is_credential())?;
    match action {
        None => Ok(keys.public()),
        Some(Action::New) => keys.make_next(),
        Some(Action::Use) => keys.use_next(),
    }
}

fn code(fault: Fault) -> u8 {
    match fault {
        Fault::NoNext => exit::BAD,
        Fault::NotPermitted => exit::NOT_PERMITTED,
        Fault::NotAKey => exit::CONFIG,
        Fault::Disk => exit::STORE,
    }
}
