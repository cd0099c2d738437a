//! What a virtual cuff remembers, and what of it the next connection sends.

use super::habits::{First, Habits, Memory};

/// A cuff's memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Kept {
    measurements: Vec<Measurement>,
    last_sent: Option<Vec<u8>>,
    /// How many measurements were ever kept: their numbers.
    count: u64,
}

#[derive(Clone, Debug)]
struct Measurement {
    number: u64,
    user_id: Option<u8>,
    octets: Vec<u8>,
    sent: bool,
}

/// One indication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Indication {
    /// What is sent.
    pub(super) octets: Vec<u8>,
    /// The number of the measurement that it confirms.
    number: Option<u64>,
}

impl Measurement {
    fn indication(&self) -> Indication {
        Indication {
            octets: self.octets.clone(),
            number: Some(self.number),
        }
    }
}

impl Kept {
    /// Keeps one more; a full memory loses its user's oldest.
    pub(super) fn keep(&mut self, habits: &Habits, user_id: Option<u8>, octets: Vec<u8>) {
        self.count += 1;
        self.measurements.push(Measurement {
            number: self.count,
            user_id,
            octets,
            sent: false,
        });
        if let Memory::SendsAll(capacity) = habits.memory {
            self.lose_beyond(capacity, user_id);
        }
    }

    fn lose_beyond(&mut self, capacity: usize, user_id: Option<u8>) {
        let of_user = |kept: &Measurement| kept.user_id == user_id;
        let full = self.measurements.iter().filter(|kept| of_user(kept)).count() > capacity;
        let oldest = self.measurements.iter().position(of_user);
        if let Some(oldest) = oldest.filter(|_| full) {
            self.measurements.remove(oldest);
        }
    }

    /// What is sent when indications are switched on, in the model's order.
    pub(super) fn dump(&self, habits: &Habits) -> Vec<Indication> {
        let old = match habits.first {
            First::New => None,
            First::Old => self.last_sent.clone(),
        };
        let old = old.map(|octets| Indication { octets, number: None });
        let kept = match habits.memory {
            Memory::Forgets => self.unsent(),
            Memory::SendsAll(_) => self.all(),
        };
        old.into_iter().chain(kept).collect()
    }

    /// What was never sent, oldest first.
    pub(super) fn unsent(&self) -> Vec<Indication> {
        let unsent = self.measurements.iter().filter(|kept| !kept.sent);
        unsent.map(Measurement::indication).collect()
    }

    /// Everything, user by user, oldest first.
    fn all(&self) -> Vec<Indication> {
        let mut all: Vec<_> = self.measurements.iter().collect();
        all.sort_by_key(|kept| (kept.user_id, kept.number));
        all.into_iter().map(Measurement::indication).collect()
    }

    /// Takes note that the collector confirmed `indication`.
    pub(super) fn confirmed(&mut self, indication: &Indication) {
        self.last_sent = Some(indication.octets.clone());
        let one = |kept: &&mut Measurement| Some(kept.number) == indication.number;
        if let Some(kept) = self.measurements.iter_mut().find(one) {
            kept.sent = true;
        }
    }

    /// The end of a connection: what was confirmed may be forgotten.
    pub(super) fn parted(&mut self, habits: &Habits) {
        match habits.memory {
            Memory::Forgets => self.measurements.retain(|kept| !kept.sent),
            Memory::SendsAll(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habits(model: &str) -> &'static Habits {
        Habits::find(model).expect("a model")
    }

    fn octets(indications: &[Indication]) -> Vec<u8> {
        indications.iter().flat_map(|one| one.octets.clone()).collect()
    }

    fn confirm(memory: &mut Kept, habits: &Habits, count: usize) {
        for indication in memory.dump(habits).iter().take(count) {
            memory.confirmed(indication);
        }
        memory.parted(habits);
    }

    #[test]
    fn a_forgetful_cuff_sends_again_only_what_was_not_confirmed() {
        let (mut memory, standard) = (Kept::default(), habits("standard"));
        for number in 1..=3 {
            memory.keep(standard, None, vec![number]);
        }
        confirm(&mut memory, standard, 2);
        assert_eq!(octets(&memory.dump(standard)), [3]);
    }

    #[test]
    fn a_cuff_that_sends_all_goes_user_by_user_and_oldest_first() {
        let (mut memory, bm85) = (Kept::default(), habits("beurer-bm85"));
        for (user, number) in [(1, 1), (0, 2), (1, 3), (0, 4)] {
            memory.keep(bm85, Some(user), vec![number]);
        }
        confirm(&mut memory, bm85, 4);
        assert_eq!(octets(&memory.dump(bm85)), [2, 4, 1, 3]);
    }

    #[test]
    fn a_full_memory_loses_the_oldest_of_that_user() {
        let (mut memory, bm85) = (Kept::default(), habits("beurer-bm85"));
        memory.keep(bm85, Some(1), vec![100]);
        for number in 0..61 {
            memory.keep(bm85, Some(0), vec![number]);
        }
        let kept = octets(&memory.dump(bm85));
        assert_eq!((kept.len(), kept.first(), kept.last()), (61, Some(&1), Some(&100)));
    }

    #[test]
    fn an_omron_begins_with_the_last_one_it_sent() {
        let (mut memory, omron) = (Kept::default(), habits("omron-bls"));
        memory.keep(omron, Some(1), vec![1]);
        assert_eq!(octets(&memory.dump(omron)), [1], "nothing was sent before");
        confirm(&mut memory, omron, 1);
        memory.keep(omron, Some(1), vec![2]);
        assert_eq!(octets(&memory.dump(omron)), [1, 2]);
    }
}
