//! Measurements, from arrival to what becomes of them.

use cuffd::core::delivery::Kind;
use cuffd::core::reading::cuff_clock::{Outcome, Setting};
use cuffd::core::source::ClockNote;
use cuffd::store::{Became, CuffCounts, NewMeasurement, State, Step, StoreError};
use jiff::civil;

use crate::rig::{Rig, at, close, cuff, judged, measure, message, name, reading, time};

#[tokio::test]
async fn what_was_not_judged_comes_back_after_a_restart_with_the_facts_of_its_connection() {
    let rig = Rig::new();
    let (store, thread) = rig.open();
    let opening = store.begin_connection(cuff(), true, at(0)).await.unwrap();
    let connection = opening.connection;
    let read = ClockNote::Read {
        offset_s: -197,
        at: at(1),
    };
    let to = civil::date(2026, 11, 21).at(19, 0, 2, 0);
    let set = ClockNote::Set { to, at: at(2) };
    store.note_clock(connection, read).await.unwrap();
    store.note_clock(connection, set).await.unwrap();
    let dump = (1..=3).map(|octet| NewMeasurement {
        connection,
        octets: vec![octet; 19],
        at: at(3),
        synchronized: true,
    });
    let stored = store.append(dump.collect()).await.unwrap();
    close((store, thread)).await;

    let (store, thread) = rig.open();
    assert_eq!(store.end_all_connections(time(60)).await.unwrap(), 1);
    let unjudged = store.unjudged().await.unwrap();
    assert_eq!(unjudged.len(), 1);
    let facts = &unjudged[0].connection;
    assert_eq!((&facts.cuff, facts.bonded, facts.first), (&cuff(), true, true));
    assert_eq!((facts.read, facts.set), (Some(read), Some(set)));
    assert_eq!((facts.began, facts.ended_at), (at(0), Some(time(60))));
    assert_eq!(facts.boot, rig.settings.boot);
    let came: Vec<_> = unjudged[0]
        .measurements
        .iter()
        .map(|m| (m.measurement, m.octets[0], m.at))
        .collect();
    assert_eq!(
        came,
        [(stored[0], 1, at(3)), (stored[1], 2, at(3)), (stored[2], 3, at(3))]
    );
    let setting = Setting {
        to,
        at: time(2),
        outcome: Outcome::Taken,
    };
    assert_eq!(store.last_setting(cuff()).await.unwrap(), Some(setting));
    close((store, thread)).await;
}

#[tokio::test]
async fn a_setting_whose_outcome_is_unknown_is_remembered_as_such() {
    let rig = Rig::new();
    let opened = rig.open();
    let (connection, _) = measure(&opened.0, &[1]).await;
    let to = civil::date(2026, 11, 21).at(19, 0, 2, 0);
    let maybe = ClockNote::MaybeSet { to, at: at(2) };
    opened.0.note_clock(connection, maybe).await.unwrap();
    close(opened).await;
    let opened = rig.open();
    let store = &opened.0;
    let setting = Setting {
        to,
        at: time(2),
        outcome: Outcome::Unknown,
    };
    assert_eq!(store.last_setting(cuff()).await.unwrap(), Some(setting));
    measure(store, &[2]).await;
    let unjudged = store.unjudged().await.unwrap();
    assert_eq!(unjudged[0].connection.set, Some(maybe));
    assert_eq!(unjudged[1].connection.set_before, Some(setting));
    close(opened).await;
}

#[tokio::test]
async fn first_is_every_connection_until_one_has_brought_a_measurement() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let empty = store.begin_connection(cuff(), true, at(0)).await.unwrap();
    store.end_connection(empty.connection, time(1)).await.unwrap();
    assert!(empty.first);
    let opening = store.begin_connection(cuff(), true, at(2)).await.unwrap();
    assert!(opening.first, "the one before brought nothing");
    measure(store, &[1]).await;
    assert!(!store.begin_connection(cuff(), true, at(9)).await.unwrap().first);
    assert!(
        store
            .begin_connection(name("bedroom"), true, at(9))
            .await
            .unwrap()
            .first,
        "another cuff"
    );

    store.forget_cuff(cuff()).await.unwrap();
    assert!(
        store.begin_connection(cuff(), true, at(10)).await.unwrap().first,
        "registered anew"
    );
    close(opened).await;
}

#[tokio::test]
async fn a_measurement_becomes_a_reading_and_a_queued_message_at_once() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let (_, measurement) = measure(store, b"\x1e measured").await;
    let mut new = reading(1);
    new.digest = Some([7; 32]);
    let alert = message(Kind::Alert, 1);
    let became = Became::Reading(Box::new(new.clone()));
    store
        .commit(Step {
            judged: vec![judged(measurement, became)],
            messages: vec![alert.clone()],
            ..Step::default()
        })
        .await
        .unwrap();

    assert_eq!(store.unjudged().await.unwrap(), []);
    assert!(store.knows(cuff(), [7; 32]).await.unwrap());
    assert!(
        !store.knows(name("bedroom"), [7; 32]).await.unwrap(),
        "a hash is one cuff's"
    );
    let due = store.due(time(0), 10, vec![]).await.unwrap();
    let due: Vec<_> = due.iter().map(|due| (due.id, &due.payload[..])).collect();
    assert_eq!(
        due,
        [
            (alert.id, &alert.payload[..]),
            (new.message.id, &new.message.payload[..])
        ]
    );

    let page = store.readings(None, None, 10).await.unwrap();
    let row = &page.readings[0];
    assert_eq!(
        (row.id, row.seq, row.state, &row.cuff),
        (new.message.id, 1, State::Queued, &cuff())
    );
    assert_eq!(
        (row.systolic, row.diastolic, row.pulse_rate),
        (new.systolic, new.diastolic, None)
    );
    assert_eq!(
        (row.octets.as_slice(), row.received_at),
        (b"\x1e measured".as_slice(), time(1))
    );
    assert_eq!(
        (&row.patient, &row.session, row.taken_at),
        (&new.patient, &None, new.taken_at)
    );
    assert_eq!(
        (row.counted, row.reasons.as_str(), &row.payload),
        (true, "[]", &new.message.payload)
    );
    close(opened).await;
}

#[tokio::test]
async fn a_judgement_that_is_refused_changes_nothing() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let (_, first) = measure(store, &[1]).await;
    let (_, second) = measure(store, &[2]).await;
    let as_reading = |seq| Became::Reading(Box::new(reading(seq)));
    let same_seq = vec![judged(first, as_reading(1)), judged(second, as_reading(1))];
    let refused = store
        .commit(Step {
            judged: same_seq,
            ..Step::default()
        })
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused:?}");
    assert_eq!(store.unjudged().await.unwrap().len(), 2);
    assert_eq!(store.heads().await.unwrap()[&Kind::Reading], 0);

    store
        .commit(Step {
            judged: vec![judged(first, as_reading(1))],
            ..Step::default()
        })
        .await
        .unwrap();
    let again = vec![judged(second, as_reading(2)), judged(first, as_reading(3))];
    let refused = store
        .commit(Step {
            judged: again,
            ..Step::default()
        })
        .await
        .unwrap_err();
    assert!(matches!(refused, StoreError::NotWaiting { .. }), "{refused:?}");
    assert_eq!(store.unjudged().await.unwrap().len(), 1);
    close(opened).await;
}

#[tokio::test]
async fn doubles_are_counted_and_not_stored() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    for _ in 0..2 {
        let (connection, measurement) = measure(store, &[1]).await;
        store
            .commit(Step {
                judged: vec![judged(measurement, Became::Duplicate)],
                ..Step::default()
            })
            .await
            .unwrap();
        store.end_connection(connection, time(5)).await.unwrap();
    }
    assert_eq!(store.unjudged().await.unwrap(), []);
    assert_eq!(store.readings(None, None, 10).await.unwrap().readings, []);
    let counts = CuffCounts {
        duplicates: 2,
        unassigned: 0,
    };
    assert_eq!(store.counts().await.unwrap()[&cuff()], counts);
    close(opened).await;
    let left: i64 = rig
        .look()
        .query_row("SELECT count(*) FROM connection", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0, "connections that nothing refers to");
}

#[tokio::test]
async fn values_of_nobodys_leave_no_trace_in_the_files() {
    const VALUE: &[u8] = b"nobody's values, findable";
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let (_, measurement) = measure(store, VALUE).await;
    assert!(holds(&rig, VALUE), "it was stored before it was judged");
    let became = Became::Nobody { digest: Some([9; 32]) };
    store
        .commit(Step {
            judged: vec![judged(measurement, became)],
            ..Step::default()
        })
        .await
        .unwrap();
    assert!(!holds(&rig, VALUE), "while the store is open");
    assert!(store.knows(cuff(), [9; 32]).await.unwrap());
    let counts = CuffCounts {
        duplicates: 0,
        unassigned: 1,
    };
    assert_eq!(store.counts().await.unwrap()[&cuff()], counts);
    close(opened).await;
    assert!(!holds(&rig, VALUE), "after it was closed");
}

#[tokio::test]
async fn values_of_nobodys_are_kept_only_while_the_config_says_so() {
    const VALUE: &[u8] = b"nobody's values, findable";
    let mut rig = Rig::new();
    rig.settings.keep_unassigned = true;
    let opened = rig.open();
    let (_, measurement) = measure(&opened.0, VALUE).await;
    let became = Became::Nobody { digest: None };
    opened
        .0
        .commit(Step {
            judged: vec![judged(measurement, became)],
            ..Step::default()
        })
        .await
        .unwrap();
    close(opened).await;
    assert!(holds(&rig, VALUE));

    rig.settings.keep_unassigned = false;
    close(rig.open()).await;
    assert!(!holds(&rig, VALUE));
}

/// Whether the database or its log holds these octets anywhere.
fn holds(rig: &Rig, octets: &[u8]) -> bool {
    ["", "-wal"].iter().any(|suffix| {
        let file = std::fs::read(rig.beside(suffix)).unwrap_or_default();
        file.windows(octets.len()).any(|window| window == octets)
    })
}
