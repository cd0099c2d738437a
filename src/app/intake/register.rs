//! The register of cuffs as it changes while the daemon runs: `pair` adds to it, `forget` takes away (contract 1).

use std::sync::Arc;

use tracing::info;

use super::Intake;
use crate::core::cuff::Cuff;
use crate::core::moment::Now;
use crate::core::readiness::record::Record;
use crate::store::{Step, StoreError};

impl Intake {
    /// Takes over a register that has changed. A cuff that is gone from it is let go once its connection is over: what it
    /// brings is judged as what it was.
    pub(super) async fn follow_register(&mut self, now: Now) -> Result<(), StoreError> {
        let listed = Arc::clone(&self.cuffs.borrow_and_update());
        let is_gone = |cuff: &&Cuff| !listed.contains(cuff);
        let brings = |cuff: &Cuff| self.is_connected(&cuff.id);
        let known = Arc::clone(&self.judge.cuffs);
        if known == listed || known.iter().filter(is_gone).any(brings) {
            return Ok(());
        }
        for cuff in known.iter().filter(is_gone) {
            info!(cuff = %cuff.id, "is registered no more");
            self.gatekeeper.gate.forget(&cuff.id);
            self.judge.descriptions.remove(&cuff.id);
        }
        for cuff in listed.iter().filter(|cuff| !known.contains(cuff)) {
            info!(cuff = %cuff.id, model = %cuff.model.name, "is registered");
            self.gatekeeper.gate.register(cuff.clone());
        }
        self.board.register(&listed);
        self.judge.cuffs = Arc::clone(&listed);
        self.gatekeeper.terms.cuffs = Arc::clone(&listed);
        self.settings.terms.cuffs = listed;
        self.change_setting(now).await
    }

    /// Stored sessions are replayed by what was in force.
    async fn change_setting(&mut self, now: Now) -> Result<(), StoreError> {
        let before = self.gatekeeper.setting;
        self.number_the_settings().await?;
        let setting = self.gatekeeper.setting;
        let open = self.gatekeeper.open();
        if setting == before || open.is_empty() {
            return Ok(());
        }
        let mut step = Step::default();
        let record = Record::Setting { setting };
        self.gatekeeper.remember(&record, open, now, &mut step);
        self.commit(step).await
    }
}
