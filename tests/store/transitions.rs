//! Every situation of a message, and what each event makes of it.

use cuffd::core::delivery::{Kind, Mark, NewMessage, Wait};
use cuffd::store::{Resend, Store};

use crate::rig::{Rig, close, id, message, time, wait};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Situation {
    Local,
    Queued,
    /// Queued, but not to be tried yet.
    Waiting,
    /// Sent, and a receipt is awaited.
    Awaiting,
    Sent,
    Done,
    SetAside,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// Taken by the broker, and no receipt is awaited.
    Taken,
    /// Taken by the broker; goes again without a receipt.
    TakenForNow,
    Refused,
    Attempted,
    RefusedForGood,
    Receipt,
    Again,
}

use Event::{Again, Attempted, Receipt, Refused, RefusedForGood, Taken, TakenForNow};
use Situation::{Awaiting, Done, Local, Queued, Sent, SetAside, Waiting};

const EVENTS: [Event; 7] = [Taken, TakenForNow, Refused, Attempted, RefusedForGood, Receipt, Again];

/// From each situation, what the events make of it, in the order above.
const TABLE: [(Situation, [Situation; 7]); 7] = [
    (Local, [Local, Local, Local, Local, Local, Local, Queued]),
    (Queued, [Sent, Awaiting, Waiting, Queued, SetAside, Done, Queued]),
    (Waiting, [Sent, Awaiting, Waiting, Waiting, SetAside, Done, Queued]),
    (Awaiting, [Sent, Awaiting, Waiting, Awaiting, SetAside, Done, Queued]),
    (Sent, [Sent, Sent, Sent, Sent, Sent, Done, Queued]),
    (Done, [Done, Done, Done, Done, Done, Done, Queued]),
    (
        SetAside,
        [SetAside, SetAside, SetAside, SetAside, SetAside, Done, Queued],
    ),
];

#[tokio::test]
async fn every_event_takes_every_situation_where_the_table_says() {
    let rig = Rig::new();
    let opened = rig.open();
    let database = rig.look();
    let mut seq = 0;
    for (from, row) in TABLE {
        for (event, to) in EVENTS.into_iter().zip(row) {
            seq += 1;
            bring_to(&opened.0, seq, from).await;
            assert_eq!(situation(&database, seq), from);
            happen(&opened.0, seq, event).await;
            assert_eq!(situation(&database, seq), to, "{event:?} while {from:?}");
        }
    }
    drop(database);
    close(opened).await;
}

async fn bring_to(store: &Store, seq: u64, situation: Situation) {
    let publish = situation != Local;
    let new = NewMessage {
        publish,
        ..message(Kind::Reading, seq)
    };
    store.queue(vec![new]).await.unwrap();
    let by = match situation {
        Local | Queued => return,
        Waiting => Refused,
        Awaiting => TakenForNow,
        Sent => Taken,
        Done => Receipt,
        SetAside => RefusedForGood,
    };
    happen(store, seq, by).await;
}

async fn happen(store: &Store, seq: u64, event: Event) {
    let id = id(Kind::Reading, seq);
    let sent = |again: Option<Wait>| Mark::Sent { id, at: time(1), again };
    let why = "refused".to_owned();
    let mark = match event {
        Taken => sent(None),
        TakenForNow => sent(Some(wait(1, 120))),
        Refused => Mark::Later {
            id,
            wait: wait(1, 60),
            why,
        },
        Attempted => Mark::Attempt { id },
        RefusedForGood => Mark::SetAside { id, why },
        Receipt => {
            store.receipt(vec![id], time(2)).await.unwrap();
            return;
        }
        Again => {
            store.resend(Resend::Ids(vec![id])).await.unwrap();
            return;
        }
    };
    store.apply(vec![mark]).await.unwrap();
}

fn situation(database: &rusqlite::Connection, seq: u64) -> Situation {
    let sql = "SELECT state, not_before IS NOT NULL FROM message WHERE seq = ?1";
    let (state, waits): (String, bool) = database
        .query_row(sql, [seq.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    match (state.as_str(), waits) {
        ("local", false) => Local,
        ("queued", false) => Queued,
        ("queued", true) => Waiting,
        ("sent", true) => Awaiting,
        ("sent", false) => Sent,
        ("done", false) => Done,
        ("set_aside", false) => SetAside,
        other => panic!("{other:?}"),
    }
}
