//! Where queued messages come from and where their marks go: the link's view of the store.

use std::future::Future;

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::delivery::{Due, Mark};
use crate::store::{Store, StoreError};

/// Why the outbox did not answer.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// It may answer later: a full disk, a locked file.
    #[error("outbox does not answer")]
    Passing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is gone for this run.
    #[error("outbox is gone")]
    Gone(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Messages that wait for a broker.
///
/// Marks given to [`Outbox::apply`] are durable when it returns; the link may give the same marks twice.
pub trait Outbox: Clone + Send + Sync + 'static {
    /// The first `limit` messages that are due at `now`, leaving out `skip`: alerts, readiness, readings, FHIR; each by `seq`.
    fn due(
        &self,
        now: Timestamp,
        limit: usize,
        skip: Vec<Uuid>,
    ) -> impl Future<Output = Result<Vec<Due>, OutboxError>> + Send;

    /// When the next message will be due that is not due at `now`.
    fn next_due(&self, now: Timestamp) -> impl Future<Output = Result<Option<Timestamp>, OutboxError>> + Send;

    /// Writes down what became of messages, in one transaction.
    fn apply(&self, marks: Vec<Mark>) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// The number of the connection that begins now: greater than any before, over restarts.
    fn next_connection(&self) -> impl Future<Output = Result<u64, OutboxError>> + Send;
}

impl Outbox for Store {
    async fn due(&self, now: Timestamp, limit: usize, skip: Vec<Uuid>) -> Result<Vec<Due>, OutboxError> {
        Ok(Store::due(self, now, limit, skip).await?)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, OutboxError> {
        Ok(Store::next_due(self, now).await?)
    }

    async fn apply(&self, marks: Vec<Mark>) -> Result<(), OutboxError> {
        Ok(Store::apply(self, marks).await?)
    }

    async fn next_connection(&self) -> Result<u64, OutboxError> {
        Ok(Store::next_connection(self).await?)
    }
}

impl From<StoreError> for OutboxError {
    /// A full or failing disk may recover; a damaged or closed store does so only at the next start.
    fn from(cause: StoreError) -> Self {
        if matches!(cause, StoreError::Closed | StoreError::Damaged(_)) {
            Self::Gone(Box::new(cause))
        } else {
            Self::Passing(Box::new(cause))
        }
    }
}
