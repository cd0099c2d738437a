//! Many virtual cuffs at once, and how they stand in the register.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::cuff::{Surroundings, VirtualCuff};
use super::fault::Faults;
use super::habits::{Habits, Users};
use super::routine::{Pace, Routine};
use super::source::{Diary, Source, Then};
use crate::core::cuff::{Address, Cuff, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;

/// What a fleet is made of.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Whose cuffs: the number of one of many gateways, each with patients and values of its own; 0 where there is one.
    pub gateway: u32,
    /// How many cuffs.
    pub cuffs: u16,
    /// Their models, one after the other and over again; none gives no cuffs.
    pub models: Vec<&'static Habits>,
    /// Decides what is measured and what goes wrong.
    pub seed: u64,
    /// How often they measure.
    pub pace: Pace,
    /// What goes wrong.
    pub faults: Faults,
}

impl Fleet {
    /// The cuffs as they are registered, and the source that plays them, new out of their boxes at `at`.
    #[must_use]
    pub fn assemble(&self, at: Timestamp, around: Surroundings) -> (Vec<Cuff>, Source) {
        let models = self.models.iter().copied().cycle();
        let numbered = (1..=self.cuffs).zip(models);
        let (registered, played) = numbered
            .map(|(number, habits)| {
                let cuff = registered(number, habits, self.patient(number));
                let diary = Diary {
                    written: VecDeque::new(),
                    then: Then::Routine(Box::new(self.routine(number))),
                };
                let played = VirtualCuff::new(cuff.id.clone(), habits, at, &around.time_zone);
                (cuff, (played, diary))
            })
            .unzip();
        (registered, Source::new(played, around))
    }

    #[expect(
        clippy::expect_used,
        reason = "a letter, a dash, and at most fifteen digits are a name"
    )]
    fn patient(&self, number: u16) -> Name {
        match self.gateway {
            0 => name("p", number),
            gateway => Name::parse(&format!("p{gateway}-{number}")).expect("a name of the grammar"),
        }
    }

    fn routine(&self, number: u16) -> Routine {
        let own = u64::from(self.gateway) << 44 | u64::from(number) << 32;
        let own_seed = self.seed.wrapping_add(own);
        Routine::new(own_seed, self.pace, self.faults.clone())
    }
}

/// The virtual cuff of that number as a registered one: `cuff-1` is worn by patient `p1`, and so on. Of a cuff that knows
/// several users, the first is the patient's and the others nobody's.
#[must_use]
pub fn register(number: u16, habits: &Habits) -> Cuff {
    registered(number, habits, name("p", number))
}

fn registered(number: u16, habits: &Habits, patient: Name) -> Cuff {
    let [high, low] = number.to_be_bytes();
    Cuff {
        id: name("cuff-", number),
        address: Address::new([0xC0, 0xFF, 0xEE, 0x00, high, low]),
        // Every model that can be imitated has its row (a test holds that), so this never falls back.
        model: Model::find(habits.model).unwrap_or_else(Model::standard),
        trust_clock: false,
        wearer: match habits.users {
            Users::NotSent => Wearer::Patient(patient),
            Users::Range(first, _) => Wearer::Users(BTreeMap::from([(first, patient)])),
        },
        since: None,
    }
}

#[expect(
    clippy::expect_used,
    reason = "a letter, letters or a dash, and at most five digits are a name"
)]
fn name(prefix: &'static str, number: u16) -> Name {
    Name::parse(&format!("{prefix}{number}")).expect("a name of the grammar")
}
