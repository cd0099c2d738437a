//! What a session waits for: answers of the broker, pages and transactions of the outbox. All of it may end in any order.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use uuid::Uuid;

use crate::core::delivery::window::PAGE;
use crate::core::delivery::{Due, Mark, Page};
use crate::mqtt::client::Outcome;
use crate::mqtt::message::status::Standing;
use crate::mqtt::outbox::{Outbox, OutboxError};

/// What was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A message of the outbox.
    Row(Uuid),
    /// `status`, retained.
    Status,
    /// `info`, retained.
    Info,
    /// An answer to a command.
    Reply,
    /// `status` for the last time: `offline`.
    Goodbye,
}

/// Something that was waited for has happened.
#[derive(Debug)]
pub(super) enum Done {
    Answer(What, Outcome),
    Page(Result<Page, OutboxError>),
    Stored(Vec<Mark>, Result<(), OutboxError>),
    /// In isolation: the attempt is counted, the row may go.
    Counted(Due, Result<(), OutboxError>),
}

/// Everything that is waited for.
pub(super) struct Work<O> {
    outbox: O,
    running: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl<O: Outbox> Work<O> {
    pub(super) fn new(outbox: O) -> Self {
        Self {
            outbox,
            running: FuturesUnordered::new(),
        }
    }

    pub(super) fn answer(&self, what: What, outcome: BoxFuture<'static, Outcome>) {
        let done = outcome.map(move |outcome| Done::Answer(what, outcome));
        self.running.push(done.boxed());
    }

    pub(super) fn fetch(&self, now: Timestamp, skip: Vec<Uuid>) {
        let outbox = self.outbox.clone();
        let page = async move { outbox.page(now, PAGE, skip).await };
        self.running.push(page.map(Done::Page).boxed());
    }

    pub(super) fn store(&self, marks: Vec<Mark>) {
        let outbox = self.outbox.clone();
        let stored = async move {
            let result = outbox.apply(marks.clone()).await;
            Done::Stored(marks, result)
        };
        self.running.push(stored.boxed());
    }

    /// Borrows nothing: what runs here may be awaited by one at a time only.
    pub(super) fn standing(&self) -> impl Future<Output = Result<Standing, OutboxError>> + Send + use<O> {
        let outbox = self.outbox.clone();
        async move { outbox.standing().await }
    }

    pub(super) fn count(&self, row: Due) {
        let outbox = self.outbox.clone();
        let counted = async move {
            let result = outbox.apply(vec![Mark::Attempt { id: row.id }]).await;
            Done::Counted(row, result)
        };
        self.running.push(counted.boxed());
    }

    /// The next thing that has happened; never, if nothing is waited for. May be dropped half-way.
    pub(super) async fn next(&mut self) -> Done {
        match self.running.next().await {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }

    /// What has happened already.
    pub(super) fn ready(&mut self) -> Option<Done> {
        self.running.next().now_or_never().flatten()
    }

    /// What is still waited for, one after the other, to the end.
    pub(super) async fn last(&mut self) -> Option<Done> {
        self.running.next().await
    }
}
