//! How often a message was refused in this run, and how often nobody took it: each has waits of its own (contract 3.4).
//!
//! The store counts all tries together, those in isolation too. By that count a message that was refused a few times
//! would wait an hour for its first subscriber.

use std::collections::HashMap;

use uuid::Uuid;

/// For more messages than this the store's count has to do.
const MOST: usize = 10_000;

/// The counts of those messages that were tried in vain.
#[derive(Debug, Default)]
pub struct Tries {
    counts: HashMap<Uuid, Counts>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    refused: u32,
    untaken: u32,
}

impl Tries {
    /// It was refused. How often before; `attempts` if that is not known.
    pub fn refused(&mut self, id: Uuid, attempts: u32) -> u32 {
        self.counts(id).map_or(attempts, |counts| one_more(&mut counts.refused))
    }

    /// Nobody took it. How often before; `attempts` if that is not known.
    pub fn untaken(&mut self, id: Uuid, attempts: u32) -> u32 {
        self.counts(id).map_or(attempts, |counts| one_more(&mut counts.untaken))
    }

    /// It is not tried again, or its tries begin anew.
    pub fn forget(&mut self, id: Uuid) {
        self.counts.remove(&id);
    }

    fn counts(&mut self, id: Uuid) -> Option<&mut Counts> {
        let known = self.counts.len() < MOST || self.counts.contains_key(&id);
        known.then(|| self.counts.entry(id).or_default())
    }
}

fn one_more(count: &mut u32) -> u32 {
    let before = *count;
    *count = before.saturating_add(1);
    before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_most_the_count_of_the_store_is_used() {
        let mut tries = Tries::default();
        for number in 0..10_000 {
            assert_eq!(tries.refused(Uuid::from_u128(number), 7), 0);
        }
        assert_eq!(tries.refused(Uuid::from_u128(10_000), 7), 7);
        assert_eq!(tries.refused(Uuid::from_u128(9_999), 7), 1);
        tries.forget(Uuid::from_u128(9_999));
        assert_eq!(tries.untaken(Uuid::from_u128(10_000), 7), 0);
    }
}
