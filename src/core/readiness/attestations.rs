//! What somebody attested, and until when it holds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::answer::Attested;
use super::policy::Policy;
use super::timeline;
use crate::core::name::Name;

/// The attestations of one session that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Attestations(BTreeMap<Name, Attested>);

impl Attestations {
    /// Holds from `at` for the policy's `attest_for`, also if it held already.
    pub(super) fn give(&mut self, item: Name, by: Option<Name>, at: Timestamp, policy: &Policy) {
        let attested = Attested {
            item: item.clone(),
            by,
            at,
            until: timeline::after(at, policy.attest_for),
        };
        self.0.insert(item, attested);
    }

    pub(super) fn take_back(&mut self, item: &Name) {
        self.0.remove(item);
    }

    /// Forgets what does not hold any more.
    pub(super) fn lapse(&mut self, now: Timestamp) {
        if self.first_end().is_some_and(|end| end <= now) {
            self.0.retain(|_, attested| attested.until > now);
        }
    }

    /// Those that hold, in the policy's order.
    pub(super) fn holding<'a>(&'a self, policy: &'a Policy, now: Timestamp) -> impl Iterator<Item = &'a Attested> {
        let given = policy.attestations.iter().filter_map(|item| self.0.get(item));
        given.filter(move |attested| attested.until > now)
    }

    /// The policy's items that do not hold, in its order.
    pub(super) fn missing<'a>(&'a self, policy: &'a Policy, now: Timestamp) -> impl Iterator<Item = &'a Name> {
        policy
            .attestations
            .iter()
            .filter(move |item| self.0.get(*item).is_none_or(|attested| attested.until <= now))
    }

    /// When the first of them lapses.
    pub(super) fn first_end(&self) -> Option<Timestamp> {
        self.0.values().map(|attested| attested.until).min()
    }
}
