//! Whether what a fleet made is what the platform has: nothing lost, nothing made up, nothing under two ids.

use std::collections::HashMap;

use uuid::Uuid;

use crate::fleet::Account;

/// One place in the numbers of a gateway: its name, the kind of message, and its `seq`.
pub(crate) type Place = (String, String, u64);

/// What the platform has.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    messages: HashMap<Place, (Uuid, Uuid)>,
    /// Deliveries, doubles too.
    pub(crate) deliveries: u64,
}

impl Ledger {
    /// Takes note of a message.
    pub(crate) fn note(&mut self, place: Place, id: Uuid, run: Uuid) {
        self.deliveries += 1;
        let earlier = self.messages.insert(place.clone(), (id, run));
        assert!(
            earlier.is_none_or(|earlier| earlier == (id, run)),
            "{place:?} is two messages"
        );
    }

    /// How many different messages it has.
    pub(crate) fn messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// Adds what another member of the same consumer has.
    pub(crate) fn add(&mut self, other: Self) {
        self.deliveries += other.deliveries;
        for (place, (id, run)) in other.messages {
            self.note(place, id, run);
            self.deliveries -= 1;
        }
    }
}

/// Panics unless every number that a gateway gave out has arrived, and nothing else.
pub(crate) fn nothing_is_lost(accounts: &[Account], ledger: &Ledger) -> u64 {
    let mut made = 0;
    for account in accounts {
        for (kind, last) in &account.made {
            for seq in 1..=*last {
                let place = (account.gateway.clone(), kind.clone(), seq);
                let (_, run) = ledger.messages.get(&place).unwrap_or_else(|| panic!("lost: {place:?}"));
                assert_eq!(*run, account.run, "{place:?}");
                made += 1;
            }
        }
    }
    assert_eq!(made, ledger.messages(), "the platform has what nobody made");
    made
}

/// Panics unless every gateway says that all it made has arrived.
pub(crate) fn all_is_confirmed(accounts: &[Account]) {
    for account in accounts {
        let left = (account.queued, account.unconfirmed, account.set_aside);
        assert_eq!(left, (0, 0, 0), "{account:?}");
    }
}
