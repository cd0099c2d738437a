//! Whose a measurement is (contract 2.1).

use jiff::Timestamp;

use crate::core::cuff::{Cuff, Wearer};
use crate::core::name::Name;

/// The user id by which a cuff says that it does not know the user.
const UNKNOWN_USER: u8 = 255;

/// What must be known of an open session to tell whose a measurement is.
#[derive(Clone, Copy, Debug)]
pub struct OpenSession<'a> {
    /// Its id.
    pub id: &'a Name,
    /// Its patient.
    pub patient: &'a Name,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// The sessions that are open now. A patient has at most one, and so has a cuff.
pub trait OpenSessions {
    /// The patient's open session.
    fn of_patient(&self, patient: &Name) -> Option<OpenSession<'_>>;
    /// The open session that named this clinic's cuff.
    fn naming_cuff(&self, cuff: &Name) -> Option<OpenSession<'_>>;
}

/// No session is open.
#[derive(Clone, Copy, Debug)]
pub struct NoSessions;

impl OpenSessions for NoSessions {
    fn of_patient(&self, _patient: &Name) -> Option<OpenSession<'_>> {
        None
    }

    fn naming_cuff(&self, _cuff: &Name) -> Option<OpenSession<'_>> {
        None
    }
}

/// Whose a measurement of `cuff` is; `None`: nobody's.
#[must_use]
pub fn patient(
    cuff: &Cuff,
    user_id: Option<u8>,
    taken_at: Option<Timestamp>,
    sessions: &impl OpenSessions,
) -> Option<Name> {
    if cuff.since.is_some_and(|since| is_before(taken_at, since)) {
        return None;
    }
    match &cuff.wearer {
        Wearer::Users(users) => {
            let user_id = user_id.filter(|user_id| *user_id != UNKNOWN_USER)?;
            users.get(&user_id).cloned()
        }
        Wearer::Patient(patient) => Some(patient.clone()),
        Wearer::Session => {
            let session = sessions.naming_cuff(&cuff.id)?;
            (!is_before(taken_at, session.opened_at)).then(|| session.patient.clone())
        }
    }
}

/// An unknown time is before nothing.
fn is_before(taken_at: Option<Timestamp>, limit: Timestamp) -> bool {
    taken_at.is_some_and(|taken_at| taken_at < limit)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::core::reading::tests_common::{cuff, name, time};

    struct One;

    impl OpenSessions for One {
        fn of_patient(&self, _patient: &Name) -> Option<OpenSession<'_>> {
            None
        }

        fn naming_cuff(&self, cuff: &Name) -> Option<OpenSession<'_>> {
            static NAMES: std::sync::LazyLock<(Name, Name)> = std::sync::LazyLock::new(|| (name("s1"), name("p7")));
            (cuff.as_str() == "c1").then(|| OpenSession {
                id: &NAMES.0,
                patient: &NAMES.1,
                opened_at: time("18:00:00"),
            })
        }
    }

    #[test]
    fn a_cuff_with_users_goes_by_the_user_id() {
        let users = BTreeMap::from([(1, name("p1")), (2, name("p2")), (255, name("p3"))]);
        let cuff = cuff(Wearer::Users(users));
        for (user_id, expected) in [
            (Some(1), Some("p1")),
            (Some(2), Some("p2")),
            (Some(0), None),
            (Some(3), None),
            (Some(255), None),
            (None, None),
        ] {
            let patient = patient(&cuff, user_id, None, &NoSessions);
            assert_eq!(patient.as_ref().map(Name::as_str), expected, "user {user_id:?}");
        }
    }

    #[test]
    fn one_persons_cuff_is_theirs_whatever_user_it_says() {
        let cuff = cuff(Wearer::Patient(name("p1")));
        for user_id in [None, Some(0), Some(9), Some(255)] {
            assert_eq!(patient(&cuff, user_id, None, &NoSessions), Some(name("p1")));
        }
    }

    #[test]
    fn what_was_taken_before_since_is_nobodys() {
        let mut cuff = cuff(Wearer::Patient(name("p1")));
        cuff.since = Some(time("18:00:00"));
        for (taken_at, known) in [
            (Some("17:59:59"), false),
            (Some("18:00:00"), true),
            (Some("18:00:01"), true),
            (None, true),
        ] {
            let patient = patient(&cuff, None, taken_at.map(time), &NoSessions);
            assert_eq!(patient.is_some(), known, "{taken_at:?}");
        }
    }

    #[test]
    fn a_clinics_cuff_is_used_for_the_session_that_named_it() {
        let cuff = cuff(Wearer::Session);
        assert_eq!(patient(&cuff, Some(1), None, &NoSessions), None);
        for (taken_at, known) in [
            (Some("17:59:59"), false),
            (Some("18:00:00"), true),
            (Some("18:00:01"), true),
            (None, true),
        ] {
            let patient = patient(&cuff, Some(1), taken_at.map(time), &One);
            assert_eq!(patient, known.then(|| name("p7")), "{taken_at:?}");
        }
    }
}
