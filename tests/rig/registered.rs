//! A register of one cuff.

use std::sync::Arc;

use cuffd::core::cuff::{Address, Cuff, Wearer};
use cuffd::core::models::Model;
use cuffd::core::name::Name;
use tokio::sync::watch;

/// One person's cuff, and nobody who registers another.
pub(crate) fn one_cuff(patient: Name) -> watch::Receiver<Arc<[Cuff]>> {
    let cuff = Cuff {
        id: Name::parse("cuff").expect("a name"),
        address: Address::new([1; 6]),
        model: Model::standard(),
        trust_clock: false,
        wearer: Wearer::Patient(patient),
        since: None,
    };
    watch::channel(Arc::from([cuff])).1
}
