//! The outbox: what is due, in which order, and what each mark does.

use cuffd::core::delivery::{Kind, Mark, NewMessage, Wait};
use cuffd::store::{DeliverySummary, State, Store, StoreError};
use jiff::Timestamp;
use uuid::Uuid;

use crate::rig::{Rig, close, id, message, time, wait};

const READING: Kind = Kind::Reading;
const HOUR: i64 = 3_600;

async fn due(store: &Store, now: Timestamp) -> Vec<(Kind, u64)> {
    let due = store.due(now, 100, vec![]).await.unwrap();
    due.iter().map(|due| (due.kind, due.seq)).collect()
}

fn sent(seq: u64, at: Timestamp, again_at: Option<Timestamp>) -> Mark {
    let id = id(READING, seq);
    let again = again_at.map(|until| Wait { since: at, until });
    Mark::Sent { id, at, again }
}

fn later(seq: u64, wait: Wait) -> Mark {
    let (id, why) = (id(READING, seq), "PUBACK 0x10".into());
    Mark::Later { id, wait, why }
}

fn set_aside(seq: u64) -> Mark {
    let (id, why) = (id(READING, seq), "PUBACK 0x95".into());
    Mark::SetAside { id, why }
}

fn readings(seqs: impl IntoIterator<Item = u64>) -> Vec<NewMessage> {
    seqs.into_iter().map(|seq| message(READING, seq)).collect()
}

#[tokio::test]
async fn alerts_go_before_readiness_before_readings_before_fhir_and_within_a_kind_by_seq() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let mixed = [
        (Kind::Fhir, 1),
        (READING, 2),
        (READING, 1),
        (Kind::Readiness, 1),
        (Kind::Alert, 2),
        (Kind::Alert, 1),
    ];
    let messages = mixed.map(|(kind, seq)| message(kind, seq)).to_vec();
    store.queue(messages).await.unwrap();
    let order = [
        (Kind::Alert, 1),
        (Kind::Alert, 2),
        (Kind::Readiness, 1),
        (READING, 1),
        (READING, 2),
        (Kind::Fhir, 1),
    ];
    assert_eq!(due(store, time(0)).await, order);
    for limit in 0..=order.len() {
        let first = store.due(time(0), limit, vec![]).await.unwrap();
        let first: Vec<_> = first.iter().map(|due| (due.kind, due.seq)).collect();
        assert_eq!(first, order[..limit]);
    }
    let in_flight = vec![id(Kind::Alert, 1), id(READING, 1)];
    let rest = store.due(time(0), 3, in_flight).await.unwrap();
    let rest: Vec<_> = rest.iter().map(|due| (due.kind, due.seq)).collect();
    assert_eq!(rest, [(Kind::Alert, 2), (Kind::Readiness, 1), (READING, 2)]);
    close(opened).await;
}

#[tokio::test]
async fn what_is_due_is_what_was_queued() {
    let rig = Rig::new();
    let opened = rig.open();
    let new = message(Kind::Alert, 1);
    opened.0.queue(vec![new.clone()]).await.unwrap();
    let due = opened.0.due(time(0), 1, vec![]).await.unwrap();
    assert_eq!(
        (due[0].id, &due[0].topic, &*due[0].schema),
        (new.id, &new.topic, new.schema)
    );
    assert_eq!((&due[0].payload[..], due[0].attempts), (&new.payload[..], 0));
    close(opened).await;
}

#[tokio::test]
async fn a_refused_message_waits_for_its_time_and_does_not_hold_up_the_others() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=2)).await.unwrap();
    store.apply(vec![later(1, wait(0, 60))]).await.unwrap();
    let next_due = async |now| store.page(now, 100, vec![]).await.unwrap().next_due;
    assert_eq!(next_due(time(0)).await, Some(time(60)));
    for (now, expected) in [(59, vec![2]), (60, vec![1, 2]), (61, vec![1, 2])] {
        let seqs: Vec<_> = due(store, time(now)).await.into_iter().map(|(_, seq)| seq).collect();
        assert_eq!(seqs, expected, "after {now} s");
    }
    assert_eq!(next_due(time(60)).await, None, "what is due is waited for no more");
    let full = store.page(time(0), 1, vec![]).await.unwrap();
    assert_eq!((full.rows.len(), full.next_due), (1, None), "more may be due now");
    assert_eq!(store.due(time(60), 1, vec![]).await.unwrap()[0].attempts, 1);
    close(opened).await;
}

#[tokio::test]
async fn a_wait_that_is_longer_than_any_wait_was_reckoned_by_a_wrong_clock_and_is_over() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=1)).await.unwrap();
    store.apply(vec![later(1, wait(9 * HOUR, 10 * HOUR))]).await.unwrap();
    let longest = 65 * 60;
    for (before_end, is_due) in [(HOUR, false), (longest, false), (longest + 1, true), (9 * HOUR, true)] {
        let found = !due(store, time(10 * HOUR - before_end)).await.is_empty();
        assert_eq!(found, is_due, "{before_end} s before its time");
    }
    close(opened).await;
}

#[tokio::test]
async fn a_sent_message_is_not_due_again() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=2)).await.unwrap();
    store.apply(vec![sent(1, time(5), None)]).await.unwrap();
    assert_eq!(due(store, time(9 * HOUR)).await, [(READING, 2)]);
    store
        .apply(vec![
            later(1, wait(0, 6)),
            set_aside(1),
            Mark::Attempt { id: id(READING, 1) },
        ])
        .await
        .unwrap();
    assert_eq!(
        due(store, time(9 * HOUR)).await,
        [(READING, 2)],
        "marks that come too late change nothing"
    );
    let summary = store.delivery_summary().await.unwrap();
    assert_eq!((summary.last_sent_at, summary.set_aside_count), (Some(time(5)), 0));
    close(opened).await;
}

#[tokio::test]
async fn without_its_receipt_a_sent_message_comes_again_until_the_receipt_comes() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=1)).await.unwrap();
    store.apply(vec![sent(1, time(0), Some(time(120)))]).await.unwrap();
    assert_eq!(due(store, time(119)).await, []);
    assert_eq!(due(store, time(120)).await, [(READING, 1)]);
    assert_eq!(store.delivery_summary().await.unwrap().awaiting_receipt, 1);
    store.apply(vec![sent(1, time(121), Some(time(361)))]).await.unwrap();
    assert_eq!(due(store, time(360)).await, []);
    assert_eq!(
        store.due(time(361), 1, vec![]).await.unwrap()[0].sends,
        2,
        "tells how long to wait next"
    );

    let ids = vec![Uuid::from_u128(404), id(READING, 1)];
    assert_eq!(store.receipt(ids.clone(), time(400)).await.unwrap(), 1);
    assert_eq!(store.receipt(ids, time(401)).await.unwrap(), 0, "known already");
    assert_eq!(due(store, time(500)).await, []);
    close(opened).await;
}

#[tokio::test]
async fn a_start_with_a_clock_that_was_set_back_ends_the_waits_that_begin_later() {
    let rig = Rig::new();
    let opened = rig.open();
    opened.0.queue(readings(1..=4)).await.unwrap();
    let taken = |seq, at| sent(seq, time(at), Some(time(at + 900)));
    let marks = vec![
        taken(1, -30),
        taken(2, 600),
        later(3, wait(-30, 870)),
        later(4, wait(600, 1500)),
    ];
    opened.0.apply(marks).await.unwrap();
    close(opened).await;
    // It begins at 0: two of the waits begin in ten minutes' time.
    let opened = rig.open();
    assert_eq!(due(&opened.0, time(0)).await, [(READING, 2), (READING, 4)]);
    assert_eq!(
        due(&opened.0, time(870)).await,
        readings(1..=4).iter().map(|row| (READING, row.seq)).collect::<Vec<_>>()
    );
    close(opened).await;
}

/// The clock was set back by 40 minutes, 20 s before the gateway was killed; in between a broker took a message (chaos, seed 82).
#[tokio::test]
async fn a_wait_that_began_after_the_clock_was_set_back_is_over_at_a_start_on_that_clock() {
    let rig = Rig::new();
    let opened = rig.open();
    opened.0.queue(readings(1..=1)).await.unwrap();
    let mark = Mark::Sent {
        id: id(READING, 1),
        at: time(-20),
        again: Some(wait(2380, 2395)),
    };
    opened.0.apply(vec![mark]).await.unwrap();
    let summary = opened.0.delivery_summary().await.unwrap();
    assert_eq!(
        summary.last_sent_at,
        Some(time(-20)),
        "what is told is by the wall clock"
    );
    close(opened).await;
    let opened = rig.open();
    assert_eq!(due(&opened.0, time(0)).await, [(READING, 1)]);
    close(opened).await;
}

#[tokio::test]
async fn a_receipt_that_overtakes_the_mark_of_its_message_finishes_it() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=1)).await.unwrap();
    assert_eq!(store.receipt(vec![id(READING, 1)], time(1)).await.unwrap(), 1);
    store.apply(vec![sent(1, time(1), Some(time(121)))]).await.unwrap();
    assert_eq!(due(store, time(200)).await, []);
    assert_eq!(store.delivery_summary().await.unwrap().awaiting_receipt, 0);
    close(opened).await;
}

#[tokio::test]
async fn what_was_set_aside_is_listed_and_not_due() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=25)).await.unwrap();
    store.apply((1..=24).map(set_aside).collect()).await.unwrap();
    assert_eq!(due(store, time(0)).await, [(READING, 25)]);
    let summary = store.delivery_summary().await.unwrap();
    let newest: Vec<_> = (5..=24).rev().map(|seq| id(READING, seq)).collect();
    assert_eq!((summary.set_aside_count, summary.set_aside), (24, newest));
    close(opened).await;
}

#[tokio::test]
async fn a_try_in_isolation_is_counted_before_it_is_made() {
    let rig = Rig::new();
    let opened = rig.open();
    opened.0.queue(readings(1..=1)).await.unwrap();
    opened
        .0
        .apply(vec![Mark::Attempt { id: id(READING, 1) }])
        .await
        .unwrap();
    close(opened).await;
    let opened = rig.open();
    assert_eq!(opened.0.due(time(0), 1, vec![]).await.unwrap()[0].attempts, 1);
    close(opened).await;
}

#[tokio::test]
async fn summary_counts_what_is_queued_ready_or_waiting() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    assert_eq!(store.delivery_summary().await.unwrap(), DeliverySummary::default());
    let mut messages = readings(3..=5);
    messages.push(message(Kind::Alert, 7));
    store.queue(messages).await.unwrap();
    store
        .apply(vec![later(3, wait(0, 60)), sent(5, time(9), None)])
        .await
        .unwrap();
    let summary = store.delivery_summary().await.unwrap();
    assert_eq!(summary.queued, [(Kind::Alert, 1), (READING, 2)].into());
    assert_eq!(
        summary.oldest_queued_at,
        Some(time(3)),
        "the one that waits is the oldest"
    );
    close(opened).await;
}

#[tokio::test]
async fn a_seq_or_an_id_is_taken_once() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue(readings(1..=1)).await.unwrap();
    let same_seq = NewMessage {
        id: Uuid::from_u128(99),
        ..message(READING, 1)
    };
    let same_id = NewMessage {
        id: id(READING, 1),
        ..message(READING, 2)
    };
    for double in [same_seq, same_id] {
        let refused = store.queue(vec![message(READING, 9), double]).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
        assert_eq!(store.heads().await.unwrap()[&READING], 1, "none of the batch is stored");
    }
    store.queue(vec![message(Kind::Alert, 1)]).await.unwrap();
    let heads = [(Kind::Alert, 1), (Kind::Readiness, 0), (READING, 1), (Kind::Fhir, 0)];
    assert_eq!(store.heads().await.unwrap(), heads.into());
    close(opened).await;
}

#[tokio::test]
async fn whoever_sends_is_told_that_something_was_queued() {
    let rig = Rig::new();
    let opened = rig.open();
    let mut queued = opened.0.queued();
    assert!(!queued.has_changed().unwrap());
    opened.0.queue(readings(1..=1)).await.unwrap();
    assert!(queued.has_changed().unwrap());
    queued.mark_unchanged();
    opened.0.apply(vec![sent(1, time(5), None)]).await.unwrap();
    assert!(!queued.has_changed().unwrap(), "marks make nothing due at once");
    close(opened).await;
}

#[tokio::test]
async fn connections_are_numbered_over_restarts() {
    let rig = Rig::new();
    let opened = rig.open();
    for number in 1..=3 {
        assert_eq!(opened.0.next_connection().await.unwrap(), number);
    }
    close(opened).await;
    assert_eq!(rig.open().0.next_connection().await.unwrap(), 4);
}

#[tokio::test]
async fn how_a_message_stands_is_told_by_its_id() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let mut local = message(READING, 4);
    local.publish = false;
    let new = vec![message(READING, 1), message(READING, 2), message(READING, 3), local];
    store.queue(new).await.unwrap();
    store.apply(vec![sent(2, time(1), None), set_aside(3)]).await.unwrap();
    store.receipt(vec![id(READING, 2)], time(2)).await.unwrap();
    let ids = [1, 2, 3, 4, 9].map(|seq| id(READING, seq));
    let expected = [
        Some(State::Queued),
        Some(State::Done),
        Some(State::SetAside),
        Some(State::Local),
        None,
    ];
    let standing = store.standing_of(ids.to_vec()).await.unwrap();
    assert_eq!(standing, ids.into_iter().zip(expected).collect::<Vec<_>>());
    close(opened).await;
}
