//! Alerts in tables, and in any order of troubles, sessions, restarts and failures of the store.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::core::name::Name;
use crate::core::trouble::Code;

/// Troubles in short: a letter each.
fn trouble(letter: char) -> Trouble {
    let (code, cuff) = match letter {
        'c' => (Code::ClockUnsynchronized, None),
        'a' => (Code::BondLost, Some("a")),
        'b' => (Code::BondLost, Some("b")),
        other => panic!("no trouble is {other}"),
    };
    let cuff = cuff.map(|cuff| Name::parse(cuff).expect("a name"));
    Trouble { code, cuff }
}

/// Letters are troubles that stand; `S` is an open session.
fn observation(letters: &str) -> Observation {
    Observation {
        standing: letters.chars().filter(|letter| *letter != 'S').map(trouble).collect(),
        session_open: letters.contains('S'),
    }
}

fn moment(seconds: u64) -> Moment {
    Moment::from_boot(Duration::from_secs(seconds))
}

/// Changes in short: `+c1` is raised under id 1, `-c1` cleared.
fn short(changes: &[Change]) -> String {
    let letter = |trouble: &Trouble| match (trouble.code, &trouble.cuff) {
        (Code::BondLost, Some(cuff)) => cuff.to_string(),
        _ => "c".to_owned(),
    };
    let words = changes.iter().map(|change| match change {
        Change::Raised { id, trouble } => format!("+{}{}", letter(trouble), id.as_u128()),
        Change::Cleared { id, trouble } => format!("-{}{}", letter(trouble), id.as_u128()),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Ids 1, 2, 3, …
fn ids() -> impl FnMut() -> Uuid {
    let mut last = 0;
    move || {
        last += 1;
        Uuid::from_u128(last)
    }
}

/// Observes at each second what stands, and expects the changes, which are all applied.
fn expect(what: &str, stored: &str, steps: &[(u64, &str, &str)]) {
    let stored = stored
        .chars()
        .zip(100..)
        .map(|(letter, id)| (Uuid::from_u128(id), trouble(letter)));
    let mut alerts = Alerts::new(stored, moment(0));
    let mut new_id = ids();
    for (second, letters, expected) in steps {
        alerts.observe(&observation(letters), moment(*second));
        let changes = alerts.changes(&mut new_id);
        assert_eq!(short(&changes), *expected, "{what}, at {second}");
        changes.iter().for_each(|change| alerts.apply(change));
    }
}

#[test]
fn trouble_is_raised_with_an_open_session_or_after_ten_minutes_once() {
    expect(
        "nobody waits",
        "",
        &[(0, "c", ""), (599, "c", ""), (600, "c", "+c1"), (9_000, "c", "")],
    );
    expect(
        "a session is open",
        "",
        &[(0, "cS", "+c1"), (1, "cS", ""), (2, "c", ""), (3, "cS", "")],
    );
    expect("a session opens", "", &[(0, "c", ""), (30, "cS", "+c1")]);
    expect(
        "a break begins anew",
        "",
        &[
            (0, "c", ""),
            (599, "", ""),
            (600, "c", ""),
            (1_199, "c", ""),
            (1_200, "c", "+c1"),
        ],
    );
    expect(
        "what went by itself",
        "",
        &[(0, "c", ""), (300, "", ""), (301, "S", "")],
    );
}

#[test]
fn what_has_gone_is_cleared_under_its_id_and_what_comes_again_is_new() {
    let steps = [
        (0, "cS", "+c1"),
        (1, "S", "-c1"),
        (2, "S", ""),
        (3, "cS", "+c2"),
        (4, "", "-c2"),
    ];
    expect("comes and goes", "", &steps);
}

#[test]
fn each_cuffs_trouble_is_its_own() {
    let steps = [
        (0, "aS", "+a1"),
        (1, "abS", "+b2"),
        (2, "bcS", "-a1 +c3"),
        (3, "S", "-c3 -b2"),
    ];
    expect("two cuffs", "", &steps);
}

#[test]
fn what_was_open_before_a_restart_is_cleared_when_things_have_settled() {
    expect("still there", "c", &[(0, "c", ""), (700, "cS", ""), (701, "", "-c100")]);
    expect(
        "gone",
        "c",
        &[(0, "", ""), (59, "S", ""), (60, "", "-c100"), (61, "", "")],
    );
    expect("seen, then gone", "c", &[(0, "", ""), (5, "c", ""), (6, "", "-c100")]);
    expect(
        "one of two",
        "ca",
        &[(0, "a", ""), (60, "a", "-c100"), (61, "", "-a101")],
    );
}

#[test]
fn what_could_not_be_stored_is_told_again() {
    let mut alerts = Alerts::new([], moment(0));
    let mut new_id = ids();
    alerts.observe(&observation("cS"), moment(1));
    assert_eq!(short(&alerts.changes(&mut new_id)), "+c1");
    alerts.observe(&observation("cS"), moment(2));
    let changes = alerts.changes(&mut new_id);
    assert_eq!(short(&changes), "+c2", "id 1 was never in force");
    changes.iter().for_each(|change| alerts.apply(change));
    alerts.observe(&observation(""), moment(3));
    assert_eq!(short(&alerts.changes(&mut new_id)), "-c2");
    alerts.observe(&observation("c"), moment(4));
    assert_eq!(
        short(&alerts.changes(&mut new_id)),
        "",
        "it came back before it was cleared"
    );
}

#[test]
fn the_deadline_is_when_time_alone_changes_something() {
    let mut alerts = Alerts::new([(Uuid::from_u128(9), trouble('a'))], moment(0));
    assert_eq!(alerts.deadline(), Some(moment(60)));
    alerts.observe(&observation("c"), moment(10));
    assert_eq!(alerts.deadline(), Some(moment(60)));
    alerts.observe(&observation("ac"), moment(20));
    assert_eq!(
        alerts.deadline(),
        Some(moment(610)),
        "seen, so there is nothing to settle"
    );
    alerts.observe(&observation("acS"), moment(30));
    let changes = alerts.changes(ids());
    changes.iter().for_each(|change| alerts.apply(change));
    assert_eq!(alerts.deadline(), None);
}

/// One thing that happens.
#[derive(Clone, Debug)]
struct Step {
    seconds: u64,
    letters: String,
    /// Whether the store takes what changes.
    stored: bool,
    /// Whether the daemon starts again before.
    restart: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let letters = prop::sample::subsequence(vec!['a', 'b', 'c', 'S'], 0..=4);
    let seconds = prop_oneof![0..90_u64, 500..700_u64];
    (seconds, letters, prop::bool::weighted(0.8), prop::bool::weighted(0.1)).prop_map(
        |(seconds, letters, stored, restart)| Step {
            seconds,
            letters: letters.into_iter().collect(),
            stored,
            restart,
        },
    )
}

/// What the store knows as open, and what a reader of the alerts saw.
#[derive(Default)]
struct Reader {
    open: BTreeMap<Trouble, Uuid>,
    ids: BTreeSet<Uuid>,
}

impl Reader {
    fn read(&mut self, change: &Change) {
        match change {
            Change::Raised { id, trouble } => {
                assert!(self.ids.insert(*id), "an id twice");
                assert_eq!(
                    self.open.insert(trouble.clone(), *id),
                    None,
                    "two open alerts for one trouble"
                );
            }
            Change::Cleared { id, trouble } => {
                assert_eq!(self.open.remove(trouble), Some(*id), "cleared what was not raised");
            }
        }
    }
}

proptest! {
    #[test]
    fn alerts_are_right_in_any_order(steps in prop::collection::vec(step(), 1..60)) {
        let mut alerts = Alerts::new([], moment(0));
        let mut reader = Reader::default();
        let mut new_id = ids();
        let mut second = 0;
        let mut started = 0;
        // Told by another way than the machine's: since which second each stands without a break.
        let mut since: BTreeMap<Trouble, u64> = BTreeMap::new();
        for step in steps {
            if step.restart {
                let stored = reader.open.iter().map(|(trouble, id)| (*id, trouble.clone()));
                alerts = Alerts::new(stored, moment(second));
                since.clear();
                started = second;
            }
            if let Some(deadline) = alerts.deadline() {
                prop_assert!(deadline > moment(second), "a deadline that has come");
            }
            second += step.seconds;
            let observed = observation(&step.letters);
            since.retain(|trouble, _| observed.standing.contains(trouble));
            for trouble in &observed.standing {
                since.entry(trouble.clone()).or_insert(second);
            }
            alerts.observe(&observed, moment(second));
            let changes = alerts.changes(&mut new_id);
            for change in &changes {
                let (Change::Raised { trouble, .. } | Change::Cleared { trouble, .. }) = change;
                let long = since.get(trouble).is_some_and(|since| second - since >= 600);
                match change {
                    Change::Raised { .. } => prop_assert!(long || (observed.session_open && since.contains_key(trouble))),
                    Change::Cleared { .. } => prop_assert!(!since.contains_key(trouble)),
                }
            }
            if !step.stored {
                continue;
            }
            for change in &changes {
                reader.read(change);
                alerts.apply(change);
            }
            prop_assert_eq!(alerts.changes(&mut new_id), vec![], "nothing is left to tell");
            for (trouble, since) in &since {
                let is_told = reader.open.contains_key(trouble);
                prop_assert!(is_told || (!observed.session_open && second - since < 600), "{:?} is not told", trouble);
            }
            let gone = |(trouble, _): &(&Trouble, &Uuid)| !since.contains_key(*trouble);
            prop_assert!(second - started < 60 || reader.open.iter().filter(gone).count() == 0, "not cleared");
            // Before its deadline time alone changes nothing; at it, it does.
            if let Some(deadline) = alerts.deadline() {
                let mut later = alerts.clone();
                later.observe(&observed, Moment::from_boot(deadline.since_boot() - Duration::from_nanos(1)));
                prop_assert_eq!(later.changes(&mut new_id), vec![]);
                later.observe(&observed, deadline);
                prop_assert_ne!(later.changes(&mut new_id), vec![]);
            }
        }
    }
}
