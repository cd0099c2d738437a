//! The open sessions: found by id, patient and cuff, in order of opening and by deadline.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use jiff::Timestamp;

use super::answer::Answer;
use super::session::Session;
use crate::core::name::Name;
use crate::core::reading::whose::{OpenSession, OpenSessions};

/// A session's place in the order of opening.
pub(super) type Place = u64;

/// A session with what was last said about it.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) session: Session,
    /// `None` until the first answer.
    pub(super) last: Option<Answer>,
    /// When time alone changes its answer, as it stands in the order of deadlines.
    deadline: Option<Timestamp>,
}

/// All open sessions, and every id that was ever used.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    next: Place,
    open: BTreeMap<Place, Open>,
    by_id: BTreeMap<Name, Place>,
    by_patient: BTreeMap<Name, Place>,
    by_cuff: BTreeMap<Name, Place>,
    deadlines: BTreeSet<(Timestamp, Place)>,
    used: HashSet<Name>,
}

impl Sessions {
    /// Adds a session whose id, patient and cuff are free.
    pub(super) fn add(&mut self, session: Session) -> Place {
        let place = self.next;
        self.next += 1;
        self.use_id(session.id.clone());
        self.by_id.insert(session.id.clone(), place);
        self.by_patient.insert(session.patient.clone(), place);
        if let Some(cuff) = &session.cuff {
            self.by_cuff.insert(cuff.clone(), place);
        }
        let open = Open {
            session,
            last: None,
            deadline: None,
        };
        self.open.insert(place, open);
        place
    }

    /// Forgets a session, but not its id.
    pub(super) fn remove(&mut self, place: Place) {
        let Some(Open { session, deadline, .. }) = self.open.remove(&place) else {
            return;
        };
        self.by_id.remove(&session.id);
        self.by_patient.remove(&session.patient);
        if let Some(cuff) = &session.cuff {
            self.by_cuff.remove(cuff);
        }
        if let Some(deadline) = deadline {
            self.deadlines.remove(&(deadline, place));
        }
    }

    pub(super) fn use_id(&mut self, id: Name) {
        self.used.insert(id);
    }

    pub(super) fn was_used(&self, id: &Name) -> bool {
        self.used.contains(id)
    }

    pub(super) fn has_patient(&self, patient: &Name) -> bool {
        self.by_patient.contains_key(patient)
    }

    pub(super) fn has_cuff(&self, cuff: &Name) -> bool {
        self.by_cuff.contains_key(cuff)
    }

    pub(super) fn place_of(&self, id: &Name) -> Option<Place> {
        self.by_id.get(id).copied()
    }

    /// All, in order of opening.
    pub(super) fn places(&self) -> Vec<Place> {
        self.open.keys().copied().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// All, in order of opening.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Session> {
        self.open.values().map(|open| &open.session)
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Open> {
        self.open.get_mut(&place)
    }

    /// The first deadline of all.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Those with a deadline at or before `at`, in order of opening.
    pub(super) fn due(&self, at: Timestamp) -> Vec<Place> {
        let mut places: Vec<Place> = self
            .deadlines
            .range(..=(at, Place::MAX))
            .map(|(_, place)| *place)
            .collect();
        places.sort_unstable();
        places
    }

    /// Files a session under its next deadline.
    pub(super) fn set_deadline(&mut self, place: Place, deadline: Option<Timestamp>) {
        let Some(open) = self.open.get_mut(&place) else {
            return;
        };
        if open.deadline == deadline {
            return;
        }
        if let Some(old) = std::mem::replace(&mut open.deadline, deadline) {
            self.deadlines.remove(&(old, place));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, place));
        }
    }

    fn at_place(&self, place: Option<&Place>) -> Option<OpenSession<'_>> {
        let session = &self.open.get(place?)?.session;
        Some(OpenSession {
            id: &session.id,
            patient: &session.patient,
            opened_at: session.opened_at,
        })
    }
}

impl OpenSessions for Sessions {
    fn of_patient(&self, patient: &Name) -> Option<OpenSession<'_>> {
        self.at_place(self.by_patient.get(patient))
    }

    fn naming_cuff(&self, cuff: &Name) -> Option<OpenSession<'_>> {
        self.at_place(self.by_cuff.get(cuff))
    }
}
