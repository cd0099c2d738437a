//! Connections to cuffs as they begin, go on and end.
//!
//! One is stored when there is something to keep of it: a cuff that refuses each connection, for months perhaps, costs no
//! write.

use tracing::{debug, info, warn};

use super::Intake;
use super::connection::{Connected, Facts, OpenConnection, Waiting};
use super::judge::{Judging, Which};
use crate::clock;
use crate::core::moment::Now;
use crate::core::name::Name;
use crate::core::reading::cuff_clock::CuffClock;
use crate::core::source::{ClockNote, Description, Ending, Failure};
use crate::store::StoreError;

impl Intake {
    pub(super) async fn begin(&mut self, cuff: Name, bonded: bool, at: Now) -> Result<(), StoreError> {
        if let Some(left_open) = self.open.remove(&cuff) {
            self.end(left_open, at).await?;
        }
        debug!(%cuff, bonded, "connected");
        self.connected.insert(cuff, Connected { bonded, at });
        Ok(())
    }

    /// The cuff's connection as it is stored; `None` if it has none.
    pub(super) async fn stored(&mut self, cuff: &Name) -> Result<Option<&mut OpenConnection>, StoreError> {
        if let Some(&Connected { bonded, at }) = self.connected.get(cuff) {
            let set_before = self.store.last_setting(cuff).await?;
            let opening = self.store.begin_connection(cuff, bonded, at).await?;
            self.connected.remove(cuff);
            let open = OpenConnection::new(cuff.clone(), bonded, opening, set_before);
            self.open.insert(cuff.clone(), open);
        }
        Ok(self.open.get_mut(cuff))
    }

    pub(super) fn is_connected(&self, cuff: &Name) -> bool {
        self.connected.contains_key(cuff) || self.open.contains_key(cuff)
    }

    pub(super) fn is_bonded(&self, cuff: &Name) -> bool {
        let open = self.open.get(cuff).map(|open| open.facts.bonded);
        open.or_else(|| Some(self.connected.get(cuff)?.bonded)).unwrap_or(false)
    }

    pub(super) async fn note_clock(&mut self, cuff: &Name, note: ClockNote) -> Result<(), StoreError> {
        let Some(open) = self.stored(cuff).await? else {
            return Ok(());
        };
        open.facts.note(note);
        let connection = open.facts.connection;
        self.store.note_clock(connection, note).await
    }

    /// The cuff's clock is known as well as it will be: what waited for that is judged.
    pub(super) async fn settle(&mut self, cuff: &Name) -> Result<(), StoreError> {
        // Before the first measurement, which is not to wait for this.
        if let Some(open) = self.stored(cuff).await? {
            open.settled = true;
            let CuffClock { read, set_now, .. } = open.facts.clock;
            debug!(%cuff, read = read.is_some(), set = set_now.is_some(), "the cuff's clock is settled");
        }
        self.judge_ready().await
    }

    pub(super) async fn describe(&mut self, cuff: Name, description: Description) -> Result<(), StoreError> {
        self.judge.learn(&cuff, &description);
        self.store.describe(&cuff, &description).await
    }

    pub(super) async fn over(&mut self, cuff: &Name, ending: Ending, at: Now) -> Result<(), StoreError> {
        let nothing_stored = self.connected.remove(cuff).is_some();
        let open = self.open.remove(cuff);
        if open.is_some() || nothing_stored {
            self.tell_ending(cuff, ending, open.as_ref().map_or(0, |open| open.facts.brought));
        }
        match open {
            Some(open) => self.end(open, at).await,
            None => Ok(()),
        }
    }

    fn tell_ending(&mut self, cuff: &Name, ending: Ending, measurements: usize) {
        match ending {
            Ending::Delivered | Ending::Stopped | Ending::Empty => {
                self.failed.remove(cuff);
                info!(%cuff, measurements, ?ending, "connection is over");
            }
            // A cuff that is tried again and again fails in the same way again and again.
            Ending::Failed(failure) if self.has_failed_so(cuff, failure) && measurements == 0 => {
                debug!(%cuff, ?failure, "connection came to nothing again");
            }
            Ending::Failed(failure) => {
                warn!(%cuff, measurements, ?failure, "connection came to nothing");
            }
        }
    }

    /// Notes a failure; whether the cuff's last connection failed in the same way.
    pub(super) fn has_failed_so(&mut self, cuff: &Name, failure: Failure) -> bool {
        self.failed.insert(cuff.clone(), failure) == Some(failure)
    }

    pub(super) async fn end(&mut self, mut open: OpenConnection, at: Now) -> Result<(), StoreError> {
        let rest = open.take_all();
        self.judge_all(&open.facts, rest).await?;
        self.store.end_connection(open.facts.connection, at.wall).await
    }

    /// Judges what need not wait until its connection is over.
    pub(super) async fn judge_ready(&mut self) -> Result<(), StoreError> {
        for open in self.open.values_mut() {
            let ready = open.take_ready(self.judge.waits_for_company);
            let judging = Judging {
                store: &self.store,
                gatekeeper: &mut self.gatekeeper,
                board: &mut self.board,
                now: clock::now(),
            };
            let waiting = self
                .judge
                .judge(judging, &open.facts, ready, Which::WithoutSession)
                .await?;
            open.put_back(waiting);
        }
        Ok(())
    }

    /// Judges what a connection that is over brought.
    pub(super) async fn judge_all(&mut self, facts: &Facts, waiting: Vec<Waiting>) -> Result<(), StoreError> {
        let judging = Judging {
            store: &self.store,
            gatekeeper: &mut self.gatekeeper,
            board: &mut self.board,
            now: clock::now(),
        };
        self.judge.judge(judging, facts, waiting, Which::All).await?;
        Ok(())
    }
}
