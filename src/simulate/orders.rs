//! Registered cuffs that do what they are told to, visit by visit.

use std::collections::{HashMap, VecDeque};

use tokio::sync::mpsc;

use super::cuff::{Surroundings, VirtualCuff};
use super::habits::{HABITS, Habits};
use super::source::{Diary, Source, Then};
use super::visit::Visit;
use crate::core::cuff::Cuff;
use crate::core::name::Name;

/// Visits that wait for a cuff that is still busy with an earlier one.
const ROOM: usize = 256;

/// Where each cuff takes its orders. Once it is dropped the cuffs are silent.
pub type Orders = HashMap<Name, mpsc::Sender<Visit>>;

/// What plays these cuffs, each as its model behaves, its clock right; and where they take their orders.
#[must_use]
pub fn assemble(cuffs: &[Cuff], around: Surroundings) -> (Source, Orders) {
    let mut orders = Orders::new();
    let played = cuffs.iter().map(|cuff| {
        let (sender, ordered) = mpsc::channel(ROOM);
        orders.insert(cuff.id.clone(), sender);
        let diary = Diary {
            written: VecDeque::new(),
            then: Then::Orders(ordered),
        };
        (VirtualCuff::in_use(cuff.id.clone(), habits(cuff)), diary)
    });
    let played = played.collect();
    (Source::new(played, around), orders)
}

/// How the cuff behaves: as its model, or by the standard where nobody taught a virtual cuff to imitate that.
#[must_use]
pub fn habits(cuff: &Cuff) -> &'static Habits {
    let [standard, ..] = &HABITS;
    Habits::find(&cuff.model.name).unwrap_or(standard)
}
