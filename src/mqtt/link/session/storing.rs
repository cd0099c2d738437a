//! The way to the outbox: one transaction at a time, and what could not be stored is tried again.

use tracing::warn;

use super::super::LinkError;
use super::Session;
use crate::clock;
use crate::core::delivery::Mark;
use crate::core::moment::Moment;
use crate::mqtt::outbox::{Outbox, OutboxError};

/// Whether a transaction runs, and what could not be stored.
#[derive(Debug, Default)]
pub(super) struct Storing {
    busy: bool,
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    marks: Vec<Mark>,
    again_at: Moment,
}

impl Storing {
    /// Whether the outbox is known not to answer. Nothing is sent then.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Whether a transaction runs, or has failed and is to run again.
    pub(super) const fn is_under_way(&self) -> bool {
        self.busy || self.failed.is_some()
    }

    /// When the next transaction is due, if marks made so far are due at `marks`.
    pub(super) fn due(&self, marks: Option<Moment>) -> Option<Moment> {
        let due = self.failed.as_ref().map_or(marks, |failed| Some(failed.again_at));
        due.filter(|_| !self.busy)
    }
}

impl<O: Outbox> Session<'_, O> {
    /// Begins a transaction, if one is due.
    pub(super) fn store(&mut self, now: Moment) {
        let due = self.storing.due(self.window.marks_due());
        if due.is_none_or(|due| due > now) {
            return;
        }
        let failed = self.storing.failed.take();
        let mut marks = failed.map(|failed| failed.marks).unwrap_or_default();
        marks.extend(self.window.take_marks());
        if marks.is_empty() {
            // It was a page that could not be had: it is asked for again.
            return;
        }
        self.storing.busy = true;
        self.work.store(marks);
    }

    pub(super) fn stored(&mut self, marks: Vec<Mark>, result: Result<(), OutboxError>) -> Result<(), LinkError> {
        self.storing.busy = false;
        match result {
            Ok(()) => {
                self.window.settled(&marks);
                self.memory.reporter.stored();
                self.report();
                Ok(())
            }
            Err(cause) => self.store_failed(marks, cause),
        }
    }

    pub(super) fn store_failed(&mut self, mut marks: Vec<Mark>, cause: OutboxError) -> Result<(), LinkError> {
        let OutboxError::Passing(cause) = cause else {
            return Err(LinkError::Outbox(cause));
        };
        if let Some(earlier) = self.storing.failed.take() {
            marks.extend(earlier.marks);
        }
        let now = clock::moment();
        if let Some(times) = self.memory.outbox_failed.happened(now) {
            warn!(times, %cause, unstored = marks.len(), "the outbox does not answer");
        }
        let again_at = now + self.settings.timing.store_pause;
        self.storing.failed = Some(Failed { marks, again_at });
        Ok(())
    }

    /// After the end of the connection: takes the answers that had come, and stores them.
    pub(super) async fn settle(&mut self) -> Result<(), LinkError> {
        self.drain().await?;
        let failed = self.storing.failed.take();
        let mut marks = failed.map(|failed| failed.marks).unwrap_or_default();
        marks.extend(self.window.take_marks());
        if !marks.is_empty() {
            self.work.store(marks);
            // What cannot be stored now will be sent again: a double, no loss.
            self.drain().await?;
        }
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), LinkError> {
        while let Some(done) = self.work.last().await {
            self.happened(done)?;
        }
        Ok(())
    }
}
