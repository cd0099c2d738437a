//! What goes when its time has come, and what never goes.

use std::time::Duration;

use cuffd::core::delivery::{Kind, Mark, NewMessage};
use cuffd::store::{Became, SessionChanges, Step, Store};
use jiff::Timestamp;

use crate::rig::{Rig, close, cuff, id, judged, measure, message, name, reading, time, wait};

const READING: Kind = Kind::Reading;
const MIB: u64 = 1 << 20;

fn sent(seq: u64, at: Timestamp) -> Mark {
    let id = id(READING, seq);
    Mark::Sent { id, at, again: None }
}

/// A message with a payload of 4 KiB.
fn large(seq: u64) -> NewMessage {
    NewMessage {
        payload: vec![b'x'; 4 << 10],
        ..message(READING, seq)
    }
}

/// The `seq`s of what is kept, by trying to send everything again.
async fn kept(store: &Store) -> Vec<u64> {
    let all = cuffd::store::Resend::Since(Timestamp::MIN);
    store.resend(all).await.unwrap();
    let due = store.due(time(0), 100_000, vec![]).await.unwrap();
    due.iter().map(|due| due.seq).collect()
}

async fn prune_all(store: &Store, now: Timestamp) {
    while store.prune(now).await.unwrap().more {}
}

#[tokio::test]
async fn a_sent_message_is_kept_for_exactly_as_long_as_the_config_says() {
    let mut rig = Rig::new();
    rig.settings.keep = Duration::from_secs(100);
    let opened = rig.open();
    opened.0.queue(vec![message(READING, 1)]).await.unwrap();
    opened.0.apply(vec![sent(1, time(50))]).await.unwrap();
    for (now, gone) in [(149, 0), (150, 1), (151, 0)] {
        assert_eq!(opened.0.prune(time(now)).await.unwrap().messages, gone, "after {now} s");
    }
    close(opened).await;
}

#[tokio::test]
async fn what_is_unfinished_never_goes() {
    let mut rig = Rig::new();
    rig.settings.keep = Duration::ZERO;
    rig.settings.max_size = 0;
    let opened = rig.open();
    let local = NewMessage {
        publish: false,
        ..message(READING, 5)
    };
    let messages = (1..=4)
        .map(|seq| message(READING, seq))
        .chain([local, message(READING, 6)]);
    opened.0.queue(messages.collect()).await.unwrap();
    let why = || "because".to_owned();
    let marks = vec![
        Mark::Later {
            id: id(READING, 2),
            wait: wait(0, 60),
            why: why(),
        },
        Mark::SetAside {
            id: id(READING, 3),
            why: why(),
        },
        Mark::Sent {
            id: id(READING, 4),
            at: time(0),
            again: Some(wait(0, 120)),
        },
        sent(6, time(0)),
    ];
    opened.0.apply(marks).await.unwrap();
    prune_all(&opened.0, Timestamp::MAX).await;
    assert!(
        opened.0.health().await.unwrap().nearly_full,
        "and it is said that nothing more can go"
    );
    assert_eq!(kept(&opened.0).await, [1, 2, 3, 4, 5]);
    close(opened).await;
}

#[tokio::test]
async fn a_done_message_goes_with_its_reading_but_its_hash_and_its_seq_stay_taken() {
    let mut rig = Rig::new();
    rig.settings.keep = Duration::ZERO;
    let opened = rig.open();
    let store = &opened.0;
    let (connection, measurement) = measure(store, &[1]).await;
    store.end_connection(connection, time(5)).await.unwrap();
    let mut new = reading(7);
    new.digest = Some([7; 32]);
    store
        .commit(Step {
            judged: vec![judged(measurement, Became::Reading(Box::new(new)))],
            ..Step::default()
        })
        .await
        .unwrap();
    store.receipt(vec![id(READING, 7)], time(9)).await.unwrap();
    prune_all(store, time(9)).await;
    assert_eq!(store.readings(None, None, 10).await.unwrap().readings, []);
    assert_eq!(kept(store).await, [0_u64; 0]);
    assert!(store.knows(cuff(), [7; 32]).await.unwrap());
    assert_eq!(store.heads().await.unwrap()[&READING], 7);
    assert!(
        !store
            .begin_connection(cuff(), true, crate::rig::at(9))
            .await
            .unwrap()
            .first
    );
    close(opened).await;
    let left: i64 = rig
        .look()
        .query_row("SELECT count(*) FROM connection", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 1, "only the one that has just begun");
}

#[tokio::test]
async fn readings_that_an_average_is_made_of_stay_until_their_session_is_over() {
    let mut rig = Rig::new();
    rig.settings.keep = Duration::ZERO;
    rig.settings.max_size = 1;
    rig.settings.keep_in_session = true;
    let opened = rig.open();
    let store = &opened.0;
    let (_, measurement) = measure(store, &[1]).await;
    let mut new = reading(7);
    new.session = Some(name("s1"));
    let sessions = SessionChanges {
        opened: Some((name("s1"), time(1))),
        ..SessionChanges::default()
    };
    let judged = vec![judged(measurement, Became::Reading(Box::new(new)))];
    let step = Step {
        judged,
        sessions,
        messages: vec![message(Kind::Readiness, 1)],
        ..Step::default()
    };
    store.commit(step).await.unwrap();
    store
        .receipt(vec![id(READING, 7), id(Kind::Readiness, 1)], time(9))
        .await
        .unwrap();
    prune_all(store, time(9)).await;
    let stays = store.payload(id(READING, 7)).await.unwrap().is_some();
    let goes = store.payload(id(Kind::Readiness, 1)).await.unwrap().is_none();
    assert!(stays && goes);
    let sessions = SessionChanges {
        ended: vec![(name("s1"), time(10))],
        ..SessionChanges::default()
    };
    let step = Step {
        sessions,
        ..Step::default()
    };
    store.commit(step).await.unwrap();
    prune_all(store, time(11)).await;
    assert!(store.payload(id(READING, 7)).await.unwrap().is_none());
    close(opened).await;
}

#[tokio::test]
async fn what_need_not_be_kept_at_all_goes_as_soon_as_it_is_finished() {
    for (keep, left) in [(0, vec![3]), (1, vec![1, 2, 3])] {
        let mut rig = Rig::new();
        rig.settings.keep = Duration::from_secs(keep);
        let opened = rig.open();
        let store = &opened.0;
        store
            .queue((1..=3).map(|seq| message(READING, seq)).collect())
            .await
            .unwrap();
        store.apply(vec![sent(1, time(5))]).await.unwrap();
        store.receipt(vec![id(READING, 2)], time(5)).await.unwrap();
        assert_eq!(kept(store).await, left, "kept for {keep} s");
        close(opened).await;
    }
}

#[tokio::test]
async fn the_store_is_nearly_full_when_most_of_it_is_unsent() {
    let mut rig = Rig::new();
    rig.settings.max_size = 4 * MIB;
    let opened = rig.open();
    let store = &opened.0;
    // Some 4 MiB, which is one page of 4 KiB and a little for each.
    store.queue((1..=900).map(large).collect()).await.unwrap();
    for (sent_up_to, full) in [(0, true), (100, true), (600, false)] {
        store
            .apply((1..=sent_up_to).map(|seq| sent(seq, time(0))).collect())
            .await
            .unwrap();
        assert_eq!(store.health().await.unwrap().nearly_full, full, "{sent_up_to} are sent");
    }
    close(opened).await;
}

#[tokio::test]
async fn above_max_size_the_oldest_sent_go_first_and_the_file_shrinks() {
    let mut rig = Rig::new();
    rig.settings.max_size = 2 * MIB;
    let opened = rig.open();
    opened.0.queue((1..=2_000).map(large).collect()).await.unwrap();
    opened
        .0
        .apply((101..=2_000).map(|seq| sent(seq, time(seq.cast_signed()))).collect())
        .await
        .unwrap();
    let before = opened.0.health().await.unwrap();
    assert!(
        before.size > 8 * MIB && !before.nearly_full,
        "most of it can go: {before:?}"
    );

    let first = opened.0.prune(time(0)).await.unwrap();
    assert!(first.more && first.messages < 1_000, "bounded: {first:?}");
    prune_all(&opened.0, time(0)).await;
    let after = opened.0.health().await.unwrap();
    assert!(!after.nearly_full && after.size < 3 * MIB, "{after:?}");
    let kept = kept(&opened.0).await;
    assert_eq!(kept[..100], (1..=100).collect::<Vec<_>>(), "what is queued stays");
    let newest: Vec<_> = (2_001 - (kept.len() as u64 - 100)..=2_000).collect();
    assert!(
        kept.len() > 100 && kept[100..] == newest,
        "of what was sent the newest stay"
    );
    close(opened).await;
}

#[tokio::test]
async fn too_little_free_disk_is_told() {
    let mut rig = Rig::new();
    for (reserve, ok) in [(0, true), (u64::MAX, false)] {
        rig.settings.reserve = reserve;
        let opened = rig.open();
        let health = opened.0.health().await.unwrap();
        assert_eq!(health.reserve_ok, ok);
        assert!(health.free_bytes > 0 && health.size > 0, "{health:?}");
        close(opened).await;
    }
}

#[tokio::test]
async fn the_log_is_taken_in_once_that_is_worth_while_and_not_within_a_commit() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let length = |suffix: &str| std::fs::metadata(rig.beside(suffix)).unwrap().len();
    measure(store, &[1]).await;
    let before = length("");
    assert!(!store.take_in_log().await.unwrap(), "a few frames stay in the log");
    // Each brings about a dozen frames; SQLite by itself would take 1,000 in.
    for seq in 0..250_u64 {
        measure(store, &seq.to_le_bytes()).await;
    }
    assert_eq!(length(""), before);
    assert!(length("-wal") > 1000 * 4096);
    assert!(store.take_in_log().await.unwrap());
    assert!(length("") > before);
    assert!(!store.take_in_log().await.unwrap(), "nothing is left to take in");
    close(opened).await;
    assert_eq!(
        rig.look()
            .query_row("SELECT count(*) FROM measurement", [], |row| row.get::<_, i64>(0)),
        Ok(251)
    );
}
