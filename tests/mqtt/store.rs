//! The link on the real store: what is on the disk in the end is what the broker has said.

use std::time::Duration;

use cuffd::clock;
use cuffd::core::delivery::{Kind, NewMessage};
use cuffd::store::{Resend, Settings, Store};
use tempfile::TempDir;
use uuid::Uuid;

use crate::fault_broker::{Acks, Behaviour, End, FaultBroker};
use crate::mosquitto::Mosquitto;
use crate::outbox::Memory;
use crate::rig::{Link, plain, row, settings, with_window, within};
use crate::subscriber::Subscriber;

fn open(folder: &TempDir) -> Store {
    let settings = Settings {
        path: folder.path().join("cuffd.db"),
        keep: Duration::from_secs(3600),
        keep_in_session: false,
        max_size: 1 << 30,
        reserve: 0,
        keep_ended: Duration::from_secs(60),
        keep_unassigned: false,
        boot: Uuid::from_u128(1),
    };
    Store::open(settings, clock::now()).unwrap().store
}

fn messages(count: u64) -> Vec<NewMessage> {
    let message = |seq| {
        let row = row(Kind::Reading, seq);
        NewMessage {
            id: row.id,
            kind: row.kind,
            seq,
            topic: row.topic,
            schema: "cuffd.reading/1",
            payload: row.payload.to_vec(),
            created_at: clock::wall(),
            publish: true,
        }
    };
    (1..=count).map(message).collect()
}

fn start(port: u16, store: &Store) -> Link {
    let settings = with_window(settings(vec![plain(port)]), 50);
    Link::start_with(settings, Memory::new(), store.clone(), store.queued())
}

async fn until_sent(store: &Store) {
    within("an empty store", async {
        while !store.delivery_summary().await.unwrap().queued.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_store_is_drained_through_cuts_and_everything_is_marked_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    store.queue(messages(2000)).await.unwrap();
    let broker = FaultBroker::start(|number| Behaviour {
        acks: Acks::Shuffled(10),
        end: (number < 6).then_some((200, End::Cut { unacknowledged: 30 })),
        ..Behaviour::default()
    });
    let mut link = start(broker.port, &store);
    until_sent(&store).await;
    link.stop().await;
    assert_eq!(broker.book().accepted.len(), 2000);
    assert_eq!(store.delivery_summary().await.unwrap().set_aside_count, 0);
}

#[tokio::test]
async fn what_is_queued_while_the_link_idles_goes_at_once_and_again_on_resend() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    let broker = Mosquitto::open().await;
    let mut subscriber = Subscriber::start(broker.port, "cuffd/v1/+/+/reading").await;
    let mut link = start(broker.port, &store);
    link.until_state("an acknowledgement", |state| state.last_puback.is_some())
        .await;
    store.queue(messages(3)).await.unwrap();
    let first = subscriber.collect(3).await;
    until_sent(&store).await;
    store
        .resend(Resend::Ids(first.keys().copied().collect()))
        .await
        .unwrap();
    assert_eq!(subscriber.collect(3).await, first, "a resend is the same octets");
}
