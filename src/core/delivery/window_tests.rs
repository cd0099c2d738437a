//! The window, alone and against a store and a broker made of maps.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

const RULES: Rules = Rules {
    window: 3,
    receipt_timeout: None,
    largest_packet: None,
};

fn now(milliseconds: u64) -> Now {
    Now {
        wall: Timestamp::from_second(1_800_000_000).unwrap() + Duration::from_millis(milliseconds),
        moment: Moment::from_boot(Duration::from_millis(milliseconds)),
    }
}

fn schedule() -> Schedule {
    Schedule::starting(now(0))
}

fn length(wait: Wait) -> i64 {
    wait.until.duration_since(wait.since).as_secs()
}

fn row(kind: Kind, seq: u64) -> Due {
    Due {
        id: Uuid::from_u128(u128::from(seq) * 10 + kind as u128),
        kind,
        seq,
        topic: "cuffd/v1/s/g/reading".to_owned(),
        schema: "cuffd.reading/1".to_owned(),
        payload: Arc::from(&b"{}"[..]),
        attempts: 0,
        sends: 0,
    }
}

fn readings(seqs: impl IntoIterator<Item = u64>) -> Vec<Due> {
    seqs.into_iter().map(|seq| row(Kind::Reading, seq)).collect()
}

fn filled(rules: Rules, rows: Vec<Due>) -> Window {
    let mut window = Window::new(rules, schedule());
    window.ask().expect("an empty window wants a page");
    window.offer(rows);
    window
}

fn sent(window: &mut Window) -> Vec<u64> {
    std::iter::from_fn(|| window.next(0, now(0)))
        .map(|row| row.seq)
        .collect()
}

#[test]
fn no_more_than_the_window_is_out() {
    let mut window = filled(RULES, readings(1..=5));
    assert_eq!(sent(&mut window), [1, 2, 3]);
    window.answered(row(Kind::Reading, 2).id, 0, now(1));
    assert_eq!(sent(&mut window), [4]);
}

#[test]
fn other_unanswered_publishes_take_their_part_of_the_window() {
    let mut window = filled(RULES, readings(1..=5));
    let out: Vec<_> = std::iter::from_fn(|| window.next(2, now(0))).collect();
    assert_eq!(out.len(), 1);
}

#[test]
fn replies_get_a_quarter_of_the_window_and_at_least_one_place() {
    for (size, places) in [(1, 1), (3, 1), (8, 2), (20, 5), (100, 25)] {
        let window = Window::new(Rules { window: size, ..RULES }, schedule());
        let taken = (0..).take_while(|others| window.has_room_for_reply(*others)).count();
        assert_eq!(taken, places, "a window of {size}");
    }
}

#[test]
fn refusals_do_not_lengthen_the_wait_for_a_subscriber() {
    let id = row(Kind::Reading, 1).id;
    let mut tries = Tries::default();
    let waits = [0x87, 0x87, 0x10, 0x10, 0x87].map(|code| {
        // The store counts them all.
        let tried = Due {
            attempts: 9,
            ..row(Kind::Reading, 1)
        };
        let mut window = filled(RULES, vec![tried]).after(std::mem::take(&mut tries));
        sent(&mut window);
        window.answered(id, code, now(0));
        let marks = window.take_marks();
        tries = window.into_tries();
        let [Mark::Later { wait, .. }] = marks[..] else {
            panic!("{marks:?}");
        };
        length(wait)
    });
    assert_eq!(waits, [1, 2, 60, 120, 4]);
}

#[test]
fn what_is_urgent_overtakes_what_is_already_in_memory() {
    let mut window = filled(RULES, readings(1..=300));
    assert_eq!(sent(&mut window), [1, 2, 3]);
    window.woken();
    let skip = window.ask().expect("a woken window wants a page");
    assert_eq!(skip.len(), 6, "three out, three kept");
    window.offer(vec![row(Kind::Alert, 7), row(Kind::Reading, 900)]);
    window.answered(row(Kind::Reading, 1).id, 0, now(1));
    let next = window.next(0, now(1)).unwrap();
    assert_eq!((next.kind, next.seq), (Kind::Alert, 7));
}

#[test]
fn a_dry_window_asks_again_only_when_woken() {
    let mut window = filled(RULES, readings(1..=1));
    assert_eq!(window.ask(), None);
    window.woken();
    assert!(window.ask().is_some());
}

#[test]
fn what_is_queued_while_a_page_is_on_its_way_is_not_forgotten() {
    let mut window = Window::new(RULES, schedule());
    window.ask().unwrap();
    window.woken();
    window.offer(Vec::new());
    assert!(window.ask().is_some());
}

#[test]
fn answers_become_marks() {
    let id = |seq| row(Kind::Reading, seq).id;
    let mut window = filled(Rules { window: 9, ..RULES }, readings(1..=4));
    sent(&mut window);
    for (seq, code) in [(1, 0x00), (2, 0x10), (3, 0x87), (4, 0x95)] {
        window.answered(id(seq), code, now(0));
    }
    let wall = now(0).wall;
    let later = |seq, seconds, why: &str| Mark::Later {
        id: id(seq),
        wait: schedule().wait(now(0).moment, Duration::from_secs(seconds)),
        why: why.to_owned(),
    };
    let expected = [
        Mark::Sent {
            id: id(1),
            at: wall,
            again: None,
        },
        later(2, 60, "PUBACK 0x10 no matching subscribers"),
        later(3, 1, "PUBACK 0x87 not authorized"),
        Mark::SetAside {
            id: id(4),
            why: "PUBACK 0x95 packet too large".to_owned(),
        },
    ];
    assert_eq!(window.take_marks(), expected);
}

#[test]
fn with_receipts_a_sent_message_comes_back_later_each_time() {
    let rules = Rules {
        receipt_timeout: Some(Duration::from_secs(120)),
        ..RULES
    };
    let second = Due {
        sends: 2,
        ..row(Kind::Reading, 2)
    };
    let mut window = filled(rules, vec![row(Kind::Reading, 1), second, row(Kind::Fhir, 3)]);
    let out: Vec<_> = std::iter::from_fn(|| window.next(0, now(0))).collect();
    for row in out {
        window.answered(row.id, 0, now(0));
    }
    let again: Vec<_> = window
        .take_marks()
        .into_iter()
        .map(|mark| {
            let Mark::Sent { again, .. } = mark else {
                panic!("{mark:?}");
            };
            again.map(length)
        })
        .collect();
    assert_eq!(again, [Some(120), Some(480), None]);
}

#[test]
fn a_wait_is_of_one_clock_though_the_wall_clock_is_set_back() {
    let rules = Rules {
        receipt_timeout: Some(Duration::from_secs(120)),
        ..RULES
    };
    let set_back = Now {
        wall: now(0).wall - Duration::from_secs(2413),
        ..now(5_000)
    };
    let mut window = filled(rules, readings(1..=2));
    for code in [0x00, 0x97] {
        let row = window.next(0, set_back).expect("room");
        window.answered(row.id, code, set_back);
    }
    let [
        Mark::Sent {
            at, again: Some(again), ..
        },
        Mark::Later { wait, .. },
    ] = window.take_marks()[..]
    else {
        panic!("one was taken, one refused");
    };
    assert_eq!(at, set_back.wall, "what people are told");
    assert_eq!((again.since, wait.since), (now(5_000).wall, now(5_000).wall));
    assert_eq!((again.until, wait.until), (now(125_000).wall, now(6_000).wall));
}

#[test]
fn too_large_messages_are_set_aside_before_sending() {
    let size = u32::try_from(packet_of(&row(Kind::Reading, 1)).size()).unwrap();
    for (largest, goes) in [(size - 1, false), (size, true), (size + 1, true)] {
        let rules = Rules {
            largest_packet: Some(largest),
            ..RULES
        };
        let mut window = filled(rules, readings(1..=1));
        assert_eq!(window.next(0, now(0)).is_some(), goes, "limit {largest}");
        let aside = matches!(window.take_marks().as_slice(), [Mark::SetAside { .. }]);
        assert_eq!(aside, !goes, "limit {largest}");
    }
}

#[test]
fn marks_wait_for_a_batch_but_not_long() {
    let rules = Rules { window: 500, ..RULES };
    let mut window = filled(rules, readings(1..=250));
    sent(&mut window);
    assert_eq!(window.marks_due(), None);
    for seq in 1..=199 {
        window.answered(row(Kind::Reading, seq).id, 0, now(50));
    }
    assert_eq!(window.marks_due(), Some(now(150).moment));
    window.answered(row(Kind::Reading, 200).id, 0, now(60));
    assert_eq!(window.marks_due(), Some(now(50).moment));
}

#[test]
fn what_could_not_be_handed_over_is_the_next_again() {
    let mut window = filled(RULES, readings(1..=2));
    let first = window.next(0, now(0)).unwrap();
    window.unsent(first.clone());
    assert_eq!(window.next(0, now(0)), Some(first));
    assert!(window.take_marks().is_empty());
}

/// One step of a random life.
#[derive(Clone, Debug)]
enum Step {
    Queue,
    Fetch,
    Send,
    Answer(usize, u8),
    Store,
    Lose,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Queue),
        2 => Just(Step::Fetch),
        5 => Just(Step::Send),
        5 => (any::<usize>(), prop_oneof![8 => Just(0_u8), 1 => Just(0x87), 1 => Just(0x95)])
            .prop_map(|(which, code)| Step::Answer(which, code)),
        2 => Just(Step::Store),
        1 => Just(Step::Lose),
    ]
}

/// A store and a broker: what is queued, and what each side has seen.
#[derive(Default)]
struct World {
    queued: BTreeMap<u64, Due>,
    accepted: HashSet<Uuid>,
    sent_marks: HashSet<Uuid>,
    next_seq: u64,
}

impl World {
    fn store(&mut self, marks: &[Mark]) {
        for mark in marks {
            match mark {
                Mark::Sent { id, .. } => {
                    self.sent_marks.insert(*id);
                    self.queued.retain(|_, row| row.id != *id);
                }
                Mark::SetAside { id, .. } => self.queued.retain(|_, row| row.id != *id),
                Mark::Later { .. } | Mark::Attempt { .. } => {}
            }
        }
    }

    fn page(&self, skip: &[Uuid]) -> Vec<Due> {
        let rows = self.queued.values().filter(|row| !skip.contains(&row.id));
        rows.take(PAGE).cloned().collect()
    }
}

proptest! {
    #[test]
    fn nothing_is_marked_sent_that_was_not_acknowledged_and_nothing_goes_out_twice_in_one_connection(
        steps in prop::collection::vec(step(), 1..400),
    ) {
        let mut world = World::default();
        let mut window = Window::new(RULES, schedule());
        let mut out: Vec<Uuid> = Vec::new();
        for (time, step) in (0..).zip(steps) {
            match step {
                Step::Queue => {
                    world.next_seq += 1;
                    world.queued.insert(world.next_seq, row(Kind::Reading, world.next_seq));
                    window.woken();
                }
                Step::Fetch => {
                    if let Some(skip) = window.ask() {
                        window.offer(world.page(&skip));
                    }
                }
                Step::Send => {
                    if let Some(row) = window.next(0, now(time)) {
                        prop_assert!(!out.contains(&row.id));
                        prop_assert!(!world.sent_marks.contains(&row.id));
                        out.push(row.id);
                    }
                }
                Step::Answer(which, code) if !out.is_empty() => {
                    let id = out.swap_remove(which % out.len());
                    if code == 0 {
                        world.accepted.insert(id);
                    }
                    prop_assert!(window.answered(id, code, now(time)).is_some());
                }
                Step::Answer(..) => {}
                Step::Store => {
                    let marks = window.take_marks();
                    world.store(&marks);
                    window.settled(&marks);
                }
                Step::Lose => {
                    let marks = window.take_marks();
                    world.store(&marks);
                    window = Window::new(RULES, schedule());
                    out.clear();
                }
            }
            prop_assert!(out.len() <= RULES.window);
            prop_assert!(world.sent_marks.is_subset(&world.accepted));
        }
    }
}
