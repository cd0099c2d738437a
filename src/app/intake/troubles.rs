//! Alerts of the gateway's own trouble: raised and cleared once, over restarts (contract 3.3).

use tracing::{error, info, warn};
use uuid::Uuid;

use super::maker::Maker;
use crate::core::moment::Moment;
use crate::core::trouble::alerts::{Alerts, Change};
use crate::core::trouble::{Code, Observation, Trouble};
use crate::mqtt::message::alert::{About, AlertState};
use crate::store::{AlertChange, OpenAlert, Step};

/// The alerts of this run; none before it is told what is open.
#[derive(Debug, Default)]
pub(super) struct Troubles(Option<Alerts>);

impl Troubles {
    /// Goes on with what is stored as open.
    pub(super) fn resume(&mut self, stored: Vec<OpenAlert>, now: Moment) {
        let known = stored.into_iter().filter_map(|OpenAlert { id, code, cuff }| {
            let code = Code::parse(&code)?;
            Some((id, Trouble { code, cuff }))
        });
        self.0 = Some(Alerts::new(known, now));
    }

    /// What is to be told of what stands now. It must be stored before anything else is observed.
    pub(super) fn observe(&mut self, observed: &Observation, now: Moment, maker: &mut Maker) -> Step {
        let mut step = Step::default();
        let Some(alerts) = &mut self.0 else { return step };
        alerts.observe(observed, now);
        for change in alerts.changes(Uuid::new_v4) {
            alerts.apply(&change);
            let (id, trouble, state) = match &change {
                Change::Raised { id, trouble } => {
                    warn!(code = trouble.code.as_str(), "alert raised");
                    (*id, trouble, AlertState::Raised)
                }
                Change::Cleared { id, trouble } => {
                    info!(code = trouble.code.as_str(), "alert cleared");
                    (*id, trouble, AlertState::Cleared)
                }
            };
            match maker.alert(id, About::Trouble { trouble, state }) {
                Ok(message) => step.messages.push(message),
                Err(error) => error!(%error, "an alert could not be made a message"),
            }
            step.alerts.push(match state {
                AlertState::Raised => AlertChange::Raised(OpenAlert {
                    id,
                    code: trouble.code.as_str().to_owned(),
                    cuff: trouble.cuff.clone(),
                }),
                AlertState::Cleared => AlertChange::Cleared(id),
            });
        }
        step
    }
}
