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
        let news = self.news(now);
        if let Some(fault) = news.agent {
            warn!(
                ?fault,
                "bluetoothd does not take our agent: cuffs that want to pair are not refused in order"
            );
        }
        if let Some(fault) = news.survey {
            warn!(?fault, "bluetoothd does not answer");
        }
    }

    /// Takes in how it was this time; what of it is new.
    fn news(&mut self, now: Self) -> Self {
        let before = std::mem::replace(self, now);
        Self {
            agent: now.agent.filter(|_| now.agent != before.agent),
            survey: now.survey.filter(|_| now.survey != before.survey),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_news_when_it_begins_when_it_changes_and_after_it_was_gone() {
        let mut refusals = Refusals::default();
        let of = |survey| Refusals { agent: None, survey };
        let (stack, other) = (Some(Fault::Stack), Some(Fault::Other));
        for (now, news) in [
            (stack, stack),
            (stack, None),
            (other, other),
            (None, None),
            (other, other),
            (other, None),
        ] {
            assert_eq!(refusals.news(of(now)), of(news), "{now:?}");
        }
    }
}
