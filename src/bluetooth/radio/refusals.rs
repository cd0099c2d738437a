//! What bluetoothd refuses when it is asked for everything it knows. It is asked again every few seconds, so a refusal is logged when
//! it is another than before, not when it is repeated.

use tracing::warn;

use crate::core::collection::Fault;

/// What was refused the last time; nothing at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusals {
    /// To take our agent.
    pub(super) agent: Option<Fault>,
    /// To tell what it knows.
    pub(super) survey: Option<Fault>,
}

impl Refusals {
    /// Takes in how it was this time, and logs what is new.
    pub(super) fn take(&mut self, now: Self) {
        if let Some(fault) = now.agent.filter(|_| now.agent != self.agent) {
            warn!(
                ?fault,
                "bluetoothd does not take our agent: cuffs that want to pair are not refused in order"
            );
        }
        if let Some(fault) = now.survey.filter(|_| now.survey != self.survey) {
            warn!(?fault, "bluetoothd does not answer");
        }
        *self = now;
    }
}
