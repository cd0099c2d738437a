//! A store full of messages that wait, as a long time without a broker leaves it.

use std::collections::HashMap;
use std::time::Duration;

use cuffd::clock;
use cuffd::core::delivery::{Kind, NewMessage};
use cuffd::core::name::Name;
use cuffd::core::topics::Topics;
use cuffd::store::{Became, Judged, NewMeasurement, Opened, Settings, Step, Store};
use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::Gateway;

/// Messages stored in one transaction.
const BATCH: usize = 1000;

impl Gateway {
    /// Queues so many readings in the store. Their octets by id.
    pub(crate) async fn queue(&self, count: u64) -> HashMap<Uuid, Vec<u8>> {
        self.queue_all((1..=count).map(message).collect()).await
    }

    /// Queues these in the store. Their octets by id.
    pub(crate) async fn queue_all(&self, messages: Vec<NewMessage>) -> HashMap<Uuid, Vec<u8>> {
        let mut opened = self.open();
        opened.store.bind_for_tests(name("north"), name("gw")).await.unwrap();
        let queued = messages.iter().map(|message| (message.id, message.payload.clone()));
        let queued = queued.collect();
        for batch in messages.chunks(BATCH) {
            opened.store.queue(batch.to_vec()).await.unwrap();
        }
        opened.store.close().await;
        opened.thread.ended().await.unwrap();
        queued
    }

    /// Makes the store know that these cuffs have brought measurements before.
    pub(crate) async fn know_cuffs(&self, cuffs: impl IntoIterator<Item = &str>) {
        let mut opened = self.open();
        let store = &opened.store;
        for cuff in cuffs {
            let at = clock::now();
            let connection = store.begin_connection(name(cuff), true, at).await.unwrap().connection;
            let new = NewMeasurement {
                connection,
                octets: vec![0],
                at,
                synchronized: true,
            };
            let judged = store
                .append(vec![new])
                .await
                .unwrap()
                .into_iter()
                .map(|measurement| Judged {
                    measurement,
                    became: Became::Nobody { digest: None },
                });
            let step = Step {
                judged: judged.collect(),
                ..Step::default()
            };
            store.commit(step).await.unwrap();
            store.end_connection(connection, at.wall).await.unwrap();
        }
        opened.store.close().await;
        opened.thread.ended().await.unwrap();
    }

    /// Makes the store that of a gateway that is no test.
    pub(crate) async fn bind_for_care(&self) {
        let mut opened = self.open();
        opened.store.bind(name("north"), name("gw")).await.unwrap();
        opened.store.close().await;
        opened.thread.ended().await.unwrap();
    }

    fn open(&self) -> Opened {
        let settings = Settings {
            path: self.store(),
            keep: Duration::from_secs(30 * 24 * 3600),
            keep_in_session: false,
            max_size: 256 << 20,
            reserve: 0,
            keep_ended: Duration::from_secs(60),
            keep_unassigned: false,
            boot: clock::boot_id(),
        };
        Store::open(settings, clock::now()).unwrap()
    }
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn message(seq: u64) -> NewMessage {
    let id = Uuid::new_v4();
    let created_at = clock::wall();
    let payload = json!({
        "schema": "cuffd.reading/1", "id": id, "site": "north", "gateway": "gw", "seq": seq, "test": true,
        "created_at": created_at, "patient": "p1", "systolic": 120.5, "diastolic": 80, "pulse_rate": 72,
    });
    queued(id, seq, created_at, payload.to_string().into_bytes())
}

/// A reading's message with these octets.
pub(crate) fn queued(id: Uuid, seq: u64, created_at: Timestamp, payload: Vec<u8>) -> NewMessage {
    NewMessage {
        id,
        kind: Kind::Reading,
        seq,
        topic: Topics::new("cuffd-test", &name("north"), &name("gw")).reading(),
        schema: "cuffd.reading/1",
        payload,
        created_at,
        publish: true,
    }
}
