//! Cuffs that do what they are told: each in its own time, and silent once nobody tells them anything.

use std::sync::Arc;
use std::time::Duration;

use cuffd::config;
use cuffd::core::bls::measurement::CuffTime;
use cuffd::core::source::{Ending, Event};
use cuffd::simulate::Step;
use cuffd::simulate::cuff::{Surroundings, VirtualCuff};
use cuffd::simulate::habits::{Bond, HABITS};
use cuffd::simulate::orders::{assemble, habits};
use cuffd::simulate::visit::{Taken, User, Visit};
use jiff::civil::date;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::playing::clock;
use crate::rig::{around, cuff, measurements, start, taken, visit};

const CUFFS: &str = r#"
    [gateway]
    site = "north"
    id = "gw"
    [[cuffs]]
    id = "one"
    address = "C0:FF:EE:00:00:01"
    patient = "p1"
    [[cuffs]]
    id = "two"
    address = "C0:FF:EE:00:00:02"
    model = "qardioarm"
    patient = "p2"
"#;

/// The cuffs whose connections are over, one after the other.
async fn over(events: &mut mpsc::Receiver<Event>) -> String {
    loop {
        match events.recv().await.expect("the source goes on") {
            Event::Over { cuff, ending, .. } => {
                assert_eq!(ending, Ending::Delivered);
                return cuff.to_string();
            }
            _ => continue,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn orders_are_carried_out_one_after_the_other_and_cuffs_beside_each_other() {
    let cuffs = config::load_text(CUFFS, "test", [])
        .expect("a good config")
        .config
        .cuffs;
    assert_eq!(habits(&cuffs[1]), &HABITS[0], "nobody taught one to imitate it");
    let (source, orders) = assemble(&cuffs, around());
    let (sender, mut events) = mpsc::channel(100);
    let cancel = CancellationToken::new();
    let run = source.run(clock(), sender, Arc::default(), cancel.clone());
    let told = async move {
        for (cuff, systolic) in [(0, 121), (0, 122), (1, 123)] {
            let order = visit([taken(systolic, 0)]);
            orders[&cuffs[cuff].id].try_send(order).expect("room");
        }
        let mut ended = Vec::new();
        for _ in 0..3 {
            ended.push(over(&mut events).await);
        }
        assert_eq!(ended, ["one", "two", "one"]);
        drop(orders);
        let silent = tokio::time::timeout(Duration::from_secs(600), events.recv()).await;
        assert!(silent.is_err(), "{silent:?}");
        cancel.cancel();
    };
    tokio::join!(run, told);
}

fn in_use(model: &str) -> VirtualCuff {
    VirtualCuff::in_use(cuff(model).id().clone(), crate::rig::habits(model))
}

#[test]
fn a_cuff_in_use_has_a_clock_that_is_right() {
    for habits in &HABITS {
        let steps = in_use(habits.model).visit(&visit([taken(121, 5)]), start(), &around());
        let stamp = measurements(habits.model, &steps)[0].timestamp;
        assert_eq!(
            stamp,
            Some(CuffTime::Valid(date(2026, 11, 21).at(18, 55, 0, 0))),
            "{}",
            habits.model
        );
    }
}

#[test]
fn a_user_who_is_named_is_sent_by_every_model() {
    for habits in &HABITS {
        let numbered = Taken {
            user: User::Numbered(7),
            ..taken(121, 5)
        };
        let steps = in_use(habits.model).visit(&visit([numbered]), start(), &around());
        assert_eq!(
            measurements(habits.model, &steps)[0].user_id,
            Some(7),
            "{}",
            habits.model
        );
    }
}

#[test]
fn a_visit_says_whether_the_link_has_a_bond() {
    for (bond, bonded) in [(None, true), (Some(Bond::Kept), true), (Some(Bond::Never), false)] {
        let visit = Visit {
            bond,
            ..visit([taken(121, 5)])
        };
        let steps = in_use("standard").visit(&visit, start(), &around());
        let connected = steps.iter().find_map(|step| match step.event {
            Event::Connected { bonded, .. } => Some(bonded),
            _ => None,
        });
        assert_eq!(connected, Some(bonded), "{bond:?}");
    }
}

#[test]
fn only_a_cuff_that_hangs_up_by_itself_does_so_sooner() {
    let lasts = |model, linger| -> Duration {
        let around = Surroundings { linger, ..around() };
        let steps = in_use(model).visit(&visit([taken(121, 5)]), start(), &around);
        steps.iter().map(|step: &Step| step.wait).sum()
    };
    let short = Duration::from_millis(300);
    let sooner = lasts("standard", Duration::MAX) - lasts("standard", short);
    assert_eq!(sooner, Duration::from_millis(1700));
    assert_eq!(lasts("boso-medicus", Duration::MAX), lasts("boso-medicus", short));
}
