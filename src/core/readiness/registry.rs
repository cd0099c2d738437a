//! The registered cuffs.

use std::collections::BTreeMap;

use crate::core::cuff::{Cuff, Wearer};
use crate::core::name::Name;

/// The registered cuffs, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry(BTreeMap<Name, Cuff>);

impl Registry {
    pub(super) fn new(cuffs: impl IntoIterator<Item = Cuff>) -> Self {
        Self(cuffs.into_iter().map(|cuff| (cuff.id.clone(), cuff)).collect())
    }

    pub(super) fn add(&mut self, cuff: Cuff) {
        self.0.insert(cuff.id.clone(), cuff);
    }

    pub(super) fn remove(&mut self, id: &Name) {
        self.0.remove(id);
    }

    pub(super) fn cuff(&self, id: &Name) -> Option<&Cuff> {
        self.0.get(id)
    }

    /// Whether this is a clinic's cuff, used for the session that named it.
    pub(super) fn is_session_cuff(&self, id: &Name) -> bool {
        self.cuff(id).is_some_and(|cuff| cuff.wearer == Wearer::Session)
    }

    /// Whether a cuff takes this patient's measurements.
    pub(super) fn names(&self, patient: &Name) -> bool {
        self.0.values().any(|cuff| match &cuff.wearer {
            Wearer::Users(users) => users.values().any(|user| user == patient),
            Wearer::Patient(own) => own == patient,
            Wearer::Session => false,
        })
    }
}
