//! Where queued messages come from and where their marks go: the link's view of the store.

use std::future::Future;

use jiff::Timestamp;
use uuid::Uuid;

use crate::core::delivery::{Mark, Page};
use crate::mqtt::message::status::Standing;
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
    /// If they are fewer than `limit`, also when the next one will be due.
    fn page(
        &self,
        now: Timestamp,
        limit: usize,
        skip: Vec<Uuid>,
    ) -> impl Future<Output = Result<Page, OutboxError>> + Send;

    /// Writes down what became of messages, in one transaction.
    fn apply(&self, marks: Vec<Mark>) -> impl Future<Output = Result<(), OutboxError>> + Send;

    /// How far the numbers went, and what waits.
    fn standing(&self) -> impl Future<Output = Result<Standing, OutboxError>> + Send;

    /// The number of the connection that begins now: greater than any before, over restarts.
    fn next_connection(&self) -> impl Future<Output = Result<u64, OutboxError>> + Send;
}

impl Outbox for Store {
    async fn page(&self, now: Timestamp, limit: usize, skip: Vec<Uuid>) -> Result<Page, OutboxError> {
        Ok(Store::page(self, now, limit, skip).await?)
    }

    async fn apply(&self, marks: Vec<Mark>) -> Result<(), OutboxError> {
        Ok(Store::apply(self, marks).await?)
    }

    async fn standing(&self) -> Result<Standing, OutboxError> {
        let (summary, heads) = (self.delivery_summary().await?, self.heads().await?);
        Ok(Standing::new(&summary, &heads))
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
