//! How `scan`, `pair` and `forget` are carried out: by the running daemon or, without one, by one that this command runs for
//! itself, under the store's lock. That one sends nothing to a broker and shows no page; what it stores the next daemon sends.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use super::{Failure, Global, run};
use crate::app::{self, Scope, Source};
use crate::config::log::Format;
use crate::control::client::{self, Answer, ClientError};
use crate::control::socket_path;
use crate::core::state::{RadioState, State};
use crate::{config, log};

/// Between two looks whether our own daemon is there.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Between two looks at its radio.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// For bluetoothd to come, and an adapter: what is not there by then will not come by itself.
const RADIO_WITHIN: Duration = Duration::from_secs(5);

/// For our own daemon to have looked at all: on a slow machine that takes a while.
const STARTED_WITHIN: Duration = Duration::from_secs(30);

/// Where the daemon is asked.
#[derive(Clone, Debug)]
pub(super) struct Daemon {
    socket: PathBuf,
}

impl Daemon {
    /// Reads one answer.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let body = client::get(&self.socket, path).await?.whole().await?;
        serde_json::from_slice(&body).map_err(Failure::NotAReading)
    }

    /// An answer whose lines come one by one.
    pub(super) async fn follow(&self, path: &str) -> Result<Lines, Failure> {
        Ok(Lines::new(client::get(&self.socket, path).await?))
    }

    /// Asks for something, and reads the lines that come of it.
    pub(super) async fn ask(&self, path: &str, body: &impl Serialize) -> Result<Lines, Failure> {
        let body = serde_json::to_vec(body).map_err(Failure::NotAReading)?;
        Ok(Lines::new(client::post(&self.socket, path, body).await?))
    }

    /// Why there is no radio, in words, and how long that may change by itself; `None` if there is one.
    async fn why_deaf(&self) -> Result<Option<(&'static str, Duration)>, Failure> {
        let state: State = self.get("/api/v1/status").await?;
        Ok(match state.radio {
            RadioState::Scanning | RadioState::Deaf => None,
            RadioState::Starting => Some(("the radio is still starting", STARTED_WITHIN)),
            RadioState::NoAdapter => Some(("there is no Bluetooth adapter", RADIO_WITHIN)),
            RadioState::AdapterOff => Some(("the Bluetooth adapter is switched off", RADIO_WITHIN)),
            RadioState::NoStack => Some(("bluetoothd does not run", RADIO_WITHIN)),
            RadioState::NoBus => Some(("there is no D-Bus", RADIO_WITHIN)),
            RadioState::Virtual => Some(("this daemon plays virtual cuffs and has no radio", Duration::ZERO)),
        })
    }

    /// Waits a little for a radio.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn radio(&self) -> Result<(), Failure> {
        let mut waited = Duration::ZERO;
        while let Some((why, patience)) = self.why_deaf().await? {
            if waited >= patience {
                return Err(Failure::NoRadio(why));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            waited += LOOK_AGAIN;
        }
        Ok(())
    }
}

/// Lines of JSON as they come.
pub(super) struct Lines {
    answer: Answer,
    rest: Vec<u8>,
}

impl Lines {
    fn new(answer: Answer) -> Self {
        let rest = Vec::new();
        Self { answer, rest }
    }

    /// The next one; `None` at the end. May be dropped half-way.
    pub(super) async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, Failure> {
        loop {
            if let Some(end) = self.rest.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return serde_json::from_slice(&line).map(Some).map_err(Failure::NotAReading);
            }
            match self.answer.piece().await? {
                Some(piece) => self.rest.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}

/// Does `work` by the running daemon or, without one, by one of our own.
pub(super) fn with_daemon<T>(
    global: &Global,
    work: impl AsyncFnOnce(Daemon) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let done = run::on_runtime(async {
        let socket = socket_path();
        match client::get(&socket, "/healthz").await {
            Ok(_) => work(Daemon { socket }).await,
            Err(ClientError::NotRunning { .. }) => Box::pin(alone(global, work)).await,
            Err(error) => Err(error.into()),
        }
    });
    done.unwrap_or_else(|| Err(Failure::Output(std::io::Error::other("the system gives no threads"))))
}

async fn alone<T>(global: &Global, work: impl AsyncFnOnce(Daemon) -> Result<T, Failure>) -> Result<T, Failure> {
    let loaded = config::load(&global.config, config::environment())?;
    if let Some(level) = global.log_level {
        log::start(level.into(), Format::Text);
    }
    // Only root and whoever runs this can enter it.
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("cuffd.sock");
    let stop = CancellationToken::new();
    let scope = Scope::Operator { socket: socket.clone() };
    let mut daemon = pin!(app::run(loaded.config, Source::Bluetooth, scope, stop.clone()));
    let working = async {
        wait_for(&socket).await;
        let done = work(Daemon { socket }).await;
        stop.cancel();
        done
    };
    let mut working = pin!(working);
    let done = tokio::select! {
        ended = &mut daemon => {
            ended?;
            return Err(Failure::Interrupted);
        }
        done = &mut working => done,
    };
    // What it has stored is whole only when it has ended in order.
    daemon.await?;
    done
}

async fn wait_for(socket: &Path) {
    while client::get(socket, "/healthz").await.is_err() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
