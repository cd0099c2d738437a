//! The store as the intake uses it: what it does not take now it is offered again.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tracing::{error, info};
use uuid::Uuid;

use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::reading::cuff_clock::Setting;
use crate::core::source::{ClockNote, Description};
use crate::private::Private;
use crate::store::{
    ConnectionId, MeasurementId, NewMeasurement, OpenAlert, Opening, Step, Store, StoreError, StoredSessions, Unjudged,
};
use crate::systemd::Heart;

/// Between two offers to a store that does not take something: a full disk empties in seconds at best.
const PAUSE: Duration = Duration::from_secs(1);

/// A store that is asked until it answers. Only a damaged or closed one is an error.
#[derive(Clone, Debug)]
pub struct Persist {
    store: Store,
    refused: watch::Sender<bool>,
    heart: Heart,
}

impl Persist {
    /// Asks `store`; says in `refused` whether something waits because the store does not take it, and beats `heart`
    /// meanwhile.
    #[must_use]
    pub const fn new(store: Store, refused: watch::Sender<bool>, heart: Heart) -> Self {
        Self { store, refused, heart }
    }

    /// See [`Store::append`].
    ///
    /// # Errors
    /// As all here: the store is damaged or closed.
    pub async fn append(&self, new: Vec<NewMeasurement>) -> Result<Vec<MeasurementId>, StoreError> {
        let new = Arc::new(new);
        self.ask("measurements", || self.store.append(new.as_ref().clone()))
            .await
    }

    /// See [`Store::commit`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn commit(&self, step: Step) -> Result<(), StoreError> {
        let step = Arc::new(step);
        self.ask("what happened", || self.store.commit(step.as_ref().clone()))
            .await
    }

    /// See [`Store::begin_connection`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn begin_connection(&self, cuff: &Name, bonded: bool, at: Now) -> Result<Opening, StoreError> {
        self.ask("a connection", || self.store.begin_connection(cuff.clone(), bonded, at))
            .await
    }

    /// See [`Store::end_connection`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn end_connection(&self, connection: ConnectionId, at: Timestamp) -> Result<(), StoreError> {
        self.ask("a connection's end", || self.store.end_connection(connection, at))
            .await
    }

    /// See [`Store::end_all_connections`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn end_all_connections(&self, at: Timestamp) -> Result<usize, StoreError> {
        self.ask("the connections' end", || self.store.end_all_connections(at))
            .await
    }

    /// See [`Store::note_clock`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn note_clock(&self, connection: ConnectionId, note: ClockNote) -> Result<(), StoreError> {
        self.ask("a cuff's clock", || self.store.note_clock(connection, note))
            .await
    }

    /// See [`Store::describe`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn describe(&self, cuff: &Name, description: &Description) -> Result<(), StoreError> {
        self.ask("a cuff's description", || {
            self.store.describe(cuff.clone(), description.clone())
        })
        .await
    }

    /// See [`Store::last_setting`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn last_setting(&self, cuff: &Name) -> Result<Option<Setting>, StoreError> {
        self.ask("a cuff's clock", || self.store.last_setting(cuff.clone()))
            .await
    }

    /// See [`Store::knows`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn knows(&self, cuff: &Name, digest: [u8; 32]) -> Result<bool, StoreError> {
        self.ask("what came before", || self.store.knows(cuff.clone(), digest))
            .await
    }

    /// See [`Store::payload`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn payload(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask("a message", || self.store.payload(id)).await
    }

    /// See [`Store::unjudged`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn unjudged(&self) -> Result<Vec<Unjudged>, StoreError> {
        self.ask("what is unjudged", || self.store.unjudged()).await
    }

    /// See [`Store::sessions`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn sessions(&self) -> Result<StoredSessions, StoreError> {
        self.ask("sessions", || self.store.sessions()).await
    }

    /// See [`Store::setting`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn setting(&self, config: Private<String>) -> Result<i64, StoreError> {
        self.ask("the settings", || self.store.setting(config.clone())).await
    }

    /// See [`Store::date_anew`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn date_anew(&self, now: Now) -> Result<(), StoreError> {
        self.ask("the time of what happened", || self.store.date_anew(now))
            .await
    }

    /// See [`Store::setting_of`]; `None`, and that is logged, if there are none of this number.
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn setting_of(&self, number: i64) -> Result<Option<Private<String>>, StoreError> {
        match self.ask("earlier settings", || self.store.setting_of(number)).await {
            Ok(setting) => Ok(Some(setting)),
            Err(error @ (StoreError::Damaged(_) | StoreError::Closed)) => Err(error),
            Err(error) => {
                error!(%error, number, "earlier settings cannot be read");
                Ok(None)
            }
        }
    }

    /// Whether a command with this id was carried out before; see [`Store::command_reply`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn is_command_known(&self, id: &str) -> Result<bool, StoreError> {
        let reply = self
            .ask("a command", || self.store.command_reply(id.to_owned()))
            .await?;
        Ok(reply.is_some())
    }

    /// See [`Store::open_alerts`].
    ///
    /// # Errors
    /// The store is damaged or closed.
    pub async fn open_alerts(&self) -> Result<Vec<OpenAlert>, StoreError> {
        self.ask("open alerts", || self.store.open_alerts()).await
    }

    async fn ask<T, F>(&self, what: &'static str, offer: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        loop {
            match offer().await {
                Ok(answer) => {
                    if self.refused.send_replace(false) {
                        info!(what, "the store answers again");
                    }
                    return Ok(answer);
                }
                Err(error) if !may_pass(&error) => return Err(error),
                Err(error) => {
                    if !self.refused.send_replace(true) {
                        error!(what, %error, "the store does not answer: it is asked again until it does");
                    }
                    self.heart.beat();
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Whether the same may be taken later.
const fn may_pass(error: &StoreError) -> bool {
    match error {
        StoreError::Full(_) | StoreError::Disk(_) => true,
        StoreError::NoDirectory { .. }
        | StoreError::Symlink { .. }
        | StoreError::Missing { .. }
        | StoreError::NotPermitted { .. }
        | StoreError::Open { .. }
        | StoreError::Locked { .. }
        | StoreError::Newer { .. }
        | StoreError::Foreign { .. }
        | StoreError::Damaged(_)
        | StoreError::MoveAside { .. }
        | StoreError::Refused(_)
        | StoreError::Statement(_)
        | StoreError::NotWaiting { .. }
        | StoreError::GatewayChanged { .. }
        | StoreError::NotOfTests { .. }
        | StoreError::OfTests { .. }
        | StoreError::Thread(_)
        | StoreError::Closed => false,
    }
}
