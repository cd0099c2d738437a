//! Sessions as the daemon runs: how they go on after a restart, what time does to them, what is asked of them.

use std::sync::Arc;

use jiff::SignedDuration;
use tracing::{error, info, warn};

use super::Intake;
use super::ask::Ask;
use super::resume::{Elapsed, Gone, clock_after, elapsed, last_setting};
use crate::config;
use crate::core::gate_clock::GateClock;
use crate::core::moment::Now;
use crate::core::readiness::event::Event;
use crate::core::readiness::policy::Policy;
use crate::private::Private;
use crate::store::{Step, StoreError, StoredSessions};
use crate::{clock, core};

impl Intake {
    /// Tells the gate again what it was told, judges what was not judged, and says where every open session stands.
    pub(super) async fn resume(&mut self) -> Result<(), StoreError> {
        let now = clock::now();
        let synchronized = *self.clock.borrow_and_update();
        self.number_the_settings().await?;
        let mut stored = self.store.sessions().await?;
        let elapsed = elapsed(&stored.events, self.settings.boot, synchronized, now);
        if elapsed == (Elapsed::ByWallClock { date_anew: true }) {
            self.store.date_anew(now).await?;
            stored = self.store.sessions().await?;
        }
        let clock = clock_after(&stored.events, elapsed, now);
        self.tell_again(&stored, clock, now).await?;
        self.troubles.resume(self.store.open_alerts().await?, now.moment);
        self.let_time_pass(now).await?;
        self.judge_leftovers().await?;
        let now = clock::now();
        let mut step = self.gatekeeper.tick(now);
        self.gatekeeper.is_resuming = false;
        self.gatekeeper.say_again(None, None, now, &mut step);
        self.commit(step).await?;
        self.show();
        Ok(())
    }

    pub(super) async fn number_the_settings(&mut self) -> Result<(), StoreError> {
        let terms = &self.settings.terms;
        if let Some(policy) = &terms.policy
            && let Some(setting) = config::setting(&terms.zone, &terms.cuffs, Some(policy))
        {
            self.gatekeeper.setting = self.store.setting(Private::new(setting)).await?;
        }
        Ok(())
    }

    /// What changes by itself: deadlines, both clocks, the store's room, troubles.
    pub(super) async fn let_time_pass(&mut self, now: Now) -> Result<(), StoreError> {
        let synchronized = *self.clock.borrow_and_update();
        let step = self.gatekeeper.synchronized(synchronized, now);
        self.commit(step).await?;
        let jump = SignedDuration::try_from(self.settings.jump).unwrap_or(SignedDuration::MAX);
        let stands_still = self.gatekeeper.clock.stands_still();
        if !self.gatekeeper.gate.has_open_session() && (stands_still || !self.gatekeeper.gate.is_elapsed_known()) {
            // Nothing goes by an earlier boot's time any more. (Where sessions could not go on, ending them has set the clock.)
            self.gatekeeper.clock.set(now);
            let step = self.gatekeeper.tell(Event::Elapsed { known: true }, now);
            self.commit(step).await?;
        } else if stands_still {
            if synchronized && self.gatekeeper.clock.latest() <= now.wall {
                info!("the time that has passed since the reboot is known");
                self.date_anew(now).await?;
            } else if self.gatekeeper.gate.is_elapsed_known() {
                let step = self.gatekeeper.tell(Event::Elapsed { known: false }, now);
                self.commit(step).await?;
            }
        } else if self.gatekeeper.has_stepped(now, jump) {
            let by_s = self.gatekeeper.clock.drift(now).as_secs();
            warn!(by_s, "the wall clock has stepped: every session is judged again");
            let step = self.gatekeeper.tell(Event::Elapsed { known: false }, now);
            self.commit(step).await?;
            self.date_anew(now).await?;
        }
        let available = self.disk.borrow_and_update().available;
        if self.gatekeeper.gate.is_store_available() != available {
            let step = self.gatekeeper.tell(Event::Store { available }, now);
            self.commit(step).await?;
        }
        let step = self.gatekeeper.tick(now);
        self.commit(step).await?;
        self.alert_troubles(now).await
    }

    /// Goes by the wall clock from now on: all that was told in this boot is dated anew, and told again.
    async fn date_anew(&mut self, now: Now) -> Result<(), StoreError> {
        self.store.date_anew(now).await?;
        let stored = self.store.sessions().await?;
        let latest = stored.events.last().map_or(now.wall, |last| last.at);
        let clock = if latest <= now.wall {
            GateClock::running(now).not_before(latest)
        } else {
            // The wall clock is behind what an earlier boot told: how much time has passed since is not known.
            GateClock::standing_still(latest, now.moment)
        };
        self.tell_again(&stored, clock, now).await?;
        let mut step = self.gatekeeper.tick(now);
        self.gatekeeper.say_changed(now, &mut step);
        self.commit(step).await
    }

    /// Tells the gate again what is stored, and ends what is not open by that.
    async fn tell_again(&mut self, stored: &StoredSessions, clock: GateClock, now: Now) -> Result<(), StoreError> {
        let gone = self.gatekeeper.tell_again(stored, clock);
        let policy = self.policy_to_name(&gone, stored).await?;
        let step = self.gatekeeper.settle(stored, gone, policy.as_deref(), now);
        self.commit(step).await
    }

    /// The policy in force. Where there is none any more, what sessions that end by that were judged by.
    async fn policy_to_name(&self, gone: &Gone, stored: &StoredSessions) -> Result<Option<Arc<Policy>>, StoreError> {
        let in_force = self.gatekeeper.gate.policy();
        let (None, Some(setting), false) = (in_force, last_setting(&stored.events), gone.is_empty()) else {
            return Ok(in_force.cloned());
        };
        let setting = self.store.setting_of(setting).await?;
        let told = setting.map(|setting| config::load_text_for_replay(setting.expose(), "stored settings"));
        match told {
            Some(Ok(config)) => Ok(config.readiness.map(Arc::new)),
            Some(Err(error)) => {
                error!(%error, "stored settings cannot be read");
                Ok(None)
            }
            None => Ok(None),
        }
    }

    async fn alert_troubles(&mut self, now: Now) -> Result<(), StoreError> {
        let observed = core::trouble::Observation::of(&self.state.borrow_and_update());
        let step = self.troubles.observe(&observed, now.moment, &mut self.gatekeeper.maker);
        self.commit(step).await
    }

    pub(super) async fn answer(&mut self, ask: Ask) -> Result<(), StoreError> {
        let Ask { want, reply, answer } = ask;
        if let Some((id, _)) = &reply
            && self.store.is_command_known(id).await?
        {
            // It was sent again while the first waited for the store.
            let _unheard = answer.send(Ok(()));
            return Ok(());
        }
        let (mut step, done) = self.gatekeeper.ask(want, clock::now());
        if done.is_ok() {
            step.reply = reply;
        }
        self.commit(step).await?;
        // Who asks next how it stands is to be told so already.
        self.show();
        // Whoever asked may have stopped waiting; the same command again gets the stored reply.
        let _unheard = answer.send(done);
        Ok(())
    }

    pub(super) async fn commit(&self, step: Step) -> Result<(), StoreError> {
        if step.is_empty() {
            return Ok(());
        }
        self.store.commit(step).await
    }
}
