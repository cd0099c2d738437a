//! Sending again what was stored.

use cuffd::core::delivery::{Kind, Mark, NewMessage};
use cuffd::store::{Resend, Resent, Store};
use uuid::Uuid;

use crate::rig::{Rig, close, id, message, time, wait};

const READING: Kind = Kind::Reading;

/// Five readings: local, sent, done, set aside, and one that waits.
async fn one_of_each(store: &Store) {
    let local = NewMessage {
        publish: false,
        ..message(READING, 1)
    };
    let queued = (2..=5).map(|seq| message(READING, seq));
    store
        .queue(std::iter::once(local).chain(queued).collect())
        .await
        .unwrap();
    let marks = vec![
        Mark::Sent {
            id: id(READING, 2),
            at: time(10),
            again: None,
        },
        Mark::SetAside {
            id: id(READING, 4),
            why: "PUBACK 0x95".into(),
        },
        Mark::Later {
            id: id(READING, 5),
            wait: wait(10, 60),
            why: "PUBACK 0x10".into(),
        },
    ];
    store.apply(marks).await.unwrap();
    store.receipt(vec![id(READING, 3)], time(11)).await.unwrap();
    assert_eq!(due(store).await, [0_u64; 0]);
}

async fn due(store: &Store) -> Vec<u64> {
    let due = store.due(time(20), 100, vec![]).await.unwrap();
    for due in &due {
        assert_eq!(&due.payload[..], message(due.kind, due.seq).payload, "octet for octet");
        assert_eq!(due.attempts, 0);
    }
    due.iter().map(|due| due.seq).collect()
}

#[tokio::test]
async fn whatever_became_of_a_message_it_goes_again_by_its_id() {
    let rig = Rig::new();
    let opened = rig.open();
    one_of_each(&opened.0).await;
    let gone = Uuid::from_u128(404);
    let ids = (1..=5).map(|seq| id(READING, seq)).chain([gone]).collect();
    let resent = opened.0.resend(Resend::Ids(ids)).await.unwrap();
    assert_eq!(
        resent,
        Resent {
            queued: 5,
            not_kept: vec![gone],
            not_kept_seqs: vec![]
        }
    );
    assert_eq!(due(&opened.0).await, [1, 2, 3, 4, 5]);
    close(opened).await;
}

#[tokio::test]
async fn a_range_of_seqs_goes_again_and_what_is_not_kept_is_named() {
    let rig = Rig::new();
    let opened = rig.open();
    one_of_each(&opened.0).await;
    opened
        .0
        .queue(vec![message(READING, 8), message(Kind::Alert, 4)])
        .await
        .unwrap();
    opened
        .0
        .apply(vec![Mark::SetAside {
            id: id(Kind::Alert, 4),
            why: "x".into(),
        }])
        .await
        .unwrap();
    let range = Resend::Range {
        kind: READING,
        from_seq: 3,
        to_seq: 900,
    };
    let resent = opened.0.resend(range).await.unwrap();
    assert_eq!(
        resent,
        Resent {
            queued: 3,
            not_kept: vec![],
            not_kept_seqs: vec![6, 7]
        }
    );
    assert_eq!(due(&opened.0).await, [3, 4, 5, 8]);
    close(opened).await;
}

#[tokio::test]
async fn no_range_is_longer_than_a_thousand() {
    let rig = Rig::new();
    let opened = rig.open();
    opened.0.queue(vec![message(READING, 5_000)]).await.unwrap();
    for from_seq in [0, 1] {
        let range = Resend::Range {
            kind: READING,
            from_seq,
            to_seq: u64::MAX,
        };
        let missing = opened.0.resend(range).await.unwrap().not_kept_seqs;
        assert_eq!((missing[0], *missing.last().unwrap()), (1, 999 + from_seq));
    }
    close(opened).await;
}

#[tokio::test]
async fn what_was_made_since_then_goes_again() {
    let rig = Rig::new();
    let opened = rig.open();
    one_of_each(&opened.0).await;
    let resent = opened.0.resend(Resend::Since(time(3))).await.unwrap();
    assert_eq!(
        resent,
        Resent {
            queued: 3,
            ..Resent::default()
        }
    );
    assert_eq!(due(&opened.0).await, [3, 4, 5]);
    let again = opened.0.resend(Resend::Since(time(3))).await.unwrap();
    assert_eq!(again.queued, 0, "they are queued already");
    close(opened).await;
}

#[tokio::test]
async fn a_long_resend_is_done_in_slices_and_misses_none() {
    let rig = Rig::new();
    let opened = rig.open();
    let local = |seq| NewMessage {
        publish: false,
        ..message(READING, seq)
    };
    opened.0.queue((1..=4_500).map(local).collect()).await.unwrap();
    let resent = opened.0.resend(Resend::Since(time(0))).await.unwrap();
    assert_eq!(resent.queued, 4_500);
    assert_eq!(
        opened.0.delivery_summary().await.unwrap().queued,
        [(READING, 4_500)].into()
    );
    close(opened).await;
}
