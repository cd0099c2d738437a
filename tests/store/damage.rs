//! Damaged databases: moved aside, never deleted; what can be read of them goes on in the new one.

use std::fs;
use std::path::Path;

use cuffd::core::delivery::{Kind, Mark, NewMessage};
use cuffd::store::{Aside, Became, NewMeasurement, Resend, Step, StoreError};

use crate::rig::{Rig, at, close, cuff, id, judged, measure, message, name, reading, time};

const READING: Kind = Kind::Reading;
const PAGE: usize = 4_096;

/// A store with 500 sent messages, 300 unsent, a hash, and a measurement that nobody has judged.
async fn filled() -> Rig {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    store.queue((1..=800).map(padded).collect()).await.unwrap();
    let sent = |seq| Mark::Sent {
        id: id(READING, seq),
        at: time(0),
        again: None,
    };
    store.apply((1..=500).map(sent).collect()).await.unwrap();
    let (_, measurement) = measure(store, b"judged").await;
    let mut new = reading(801);
    new.digest = Some([7; 32]);
    store
        .commit(Step {
            judged: vec![judged(measurement, Became::Reading(Box::new(new)))],
            ..Step::default()
        })
        .await
        .unwrap();
    measure(store, b"not judged").await;
    close(opened).await;
    rig
}

/// A message of about a third of a page.
fn padded(seq: u64) -> NewMessage {
    let payload = format!("{{\"seq\":{seq:08},\"pad\":\"{}\"}}", "x".repeat(1_200));
    NewMessage {
        payload: payload.into_bytes(),
        ..message(READING, seq)
    }
}

/// Opens the damaged store, and checks that the damaged file stands aside unchanged.
async fn open_damaged(rig: &Rig) -> ((cuffd::store::Store, cuffd::store::StoreThread), Aside) {
    let damaged = fs::read(rig.path()).unwrap();
    let opened = rig.try_open().unwrap();
    let aside = opened.aside.unwrap();
    assert_eq!(aside.path, rig.beside(".damaged-20261121T180000Z"));
    assert!(fs::read(&aside.path).unwrap() == damaged, "moved aside as it was");
    let opened = (opened.store, opened.thread);
    let next = opened.0.heads().await.unwrap()[&READING] + 1;
    assert!(next > 801, "{next} was given out before");
    opened.0.queue(vec![message(READING, next)]).await.unwrap();
    (opened, aside)
}

fn spoil(path: &Path, spoiler: impl FnOnce(&mut Vec<u8>)) {
    let mut octets = fs::read(path).unwrap();
    spoiler(&mut octets);
    fs::write(path, octets).unwrap();
}

/// The page that holds the octets of the message with this `seq`.
fn page_of(octets: &[u8], seq: u64) -> usize {
    let needle = format!("{{\"seq\":{seq:08},");
    let place = octets
        .windows(needle.len())
        .position(|window| window == needle.as_bytes());
    place.unwrap() / PAGE
}

#[tokio::test]
async fn what_is_no_database_is_moved_aside_and_numbers_go_on_above_all_that_were_given_out() {
    type Spoiler = fn(&mut Vec<u8>);
    let variants: [(&str, Spoiler); 3] = [
        ("garbage", |octets| octets.fill(0xa5)),
        ("header of zeros", |octets| octets[..100].fill(0)),
        ("schema page of zeros", |octets| octets[100..PAGE].fill(0)),
    ];
    for (what, spoiler) in variants {
        let rig = filled().await;
        spoil(rig.path(), spoiler);
        let (opened, aside) = open_damaged(&rig).await;
        assert!(!aside.salvaged.counters, "{what}");
        assert_eq!(
            opened.0.heads().await.unwrap()[&Kind::Alert],
            time(0).as_second().cast_unsigned(),
            "{what}"
        );
        close(opened).await;
        close(rig.open()).await;
        assert_eq!(rig.aside().len(), 1, "{what}: the new one is whole");
    }
}

#[tokio::test]
async fn of_a_database_cut_short_the_first_part_goes_on() {
    let rig = filled().await;
    spoil(rig.path(), |octets| octets.truncate(octets.len() / 2 / PAGE * PAGE));
    let (opened, aside) = open_damaged(&rig).await;
    assert!(aside.salvaged.counters);
    assert_eq!(opened.0.heads().await.unwrap()[&READING], 802);
    close(opened).await;
}

#[tokio::test]
async fn the_replacement_of_a_store_of_tests_is_one_of_tests() {
    let rig = filled().await;
    let opened = rig.open();
    opened.0.bind_for_tests(name("north"), name("gw")).await.unwrap();
    close(opened).await;
    spoil(rig.path(), |octets| octets.truncate(octets.len() / 2 / PAGE * PAGE));
    let (opened, _) = open_damaged(&rig).await;
    let refused = opened.0.bind(name("north"), name("gw")).await.unwrap_err();
    assert!(matches!(refused, StoreError::OfTests { .. }), "{refused:?}");
    close(opened).await;
}

#[tokio::test]
async fn an_empty_file_beside_a_log_is_damage() {
    let rig = filled().await;
    fs::write(rig.path(), "").unwrap();
    fs::write(rig.beside("-wal"), "what was not yet in the database").unwrap();
    let (opened, aside) = open_damaged(&rig).await;
    let log = format!("{}-wal", aside.path.display());
    assert_eq!(fs::read(log).unwrap(), b"what was not yet in the database");
    close(opened).await;
}

#[tokio::test]
async fn damage_seen_in_use_is_told_and_the_next_start_goes_on_without_it() {
    let rig = filled().await;
    let mut hit = 0;
    spoil(rig.path(), |octets| {
        hit = page_of(octets, 650);
        octets[hit * PAGE..(hit + 1) * PAGE].fill(0xff);
    });
    let opened = rig.open();
    let told = opened.0.due(time(0), 800, vec![]).await.unwrap_err();
    assert!(matches!(told, StoreError::Damaged(_)), "{told:?}");
    let (connection, _) = measure(&opened.0, b"measured in spite of it").await;
    opened.0.end_connection(connection, time(2)).await.unwrap();
    close(opened).await;

    let (opened, aside) = open_damaged(&rig).await;
    let store = &opened.0;
    // 300 and the reading were unsent; at most four share the page.
    assert!(
        aside.salvaged.counters && (297..=300).contains(&aside.salvaged.messages),
        "{aside:?}"
    );
    assert_eq!(aside.salvaged.measurements, 2);
    let unjudged = store.unjudged().await.unwrap();
    let octets: Vec<_> = unjudged
        .iter()
        .map(|unjudged| &unjudged.measurements[0].octets[..])
        .collect();
    assert_eq!(octets, [b"not judged".as_slice(), b"measured in spite of it"]);
    assert!(store.knows(cuff(), [7; 32]).await.unwrap());
    assert_eq!(store.readings(None, None, 10).await.unwrap().readings[0].seq, 801);
    let due = store.due(time(0), 1_000, vec![]).await.unwrap();
    for due in due.iter().filter(|due| due.seq <= 800) {
        assert_eq!(&due.payload[..], padded(due.seq).payload);
    }
    assert_eq!(
        due.len() as u64,
        aside.salvaged.messages + 1,
        "with the one queued since"
    );
    let gone = store.resend(Resend::Ids(vec![id(READING, 1)])).await.unwrap();
    assert_eq!(gone.not_kept.len(), 1, "history is left behind");
    close(opened).await;
}

#[tokio::test]
async fn what_stands_only_in_the_log_is_salvaged_too() {
    let rig = filled().await;
    let opened = rig.open();
    let connection = opened.0.begin_connection(cuff(), true, at(0)).await.unwrap().connection;
    let new = NewMeasurement {
        connection,
        octets: b"in the log".to_vec(),
        at: at(1),
        synchronized: true,
    };
    opened.0.append(vec![new]).await.unwrap();
    // As a crash would leave it.
    let [database, log] = ["", "-wal"].map(|suffix| fs::read(rig.beside(suffix)).unwrap());
    close(opened).await;
    fs::write(rig.path(), database).unwrap();
    fs::write(rig.beside("-wal"), log).unwrap();
    fs::write(rig.beside(".suspect"), "").unwrap();
    spoil(rig.path(), |octets| {
        let hit = page_of(octets, 650);
        octets[hit * PAGE..(hit + 1) * PAGE].fill(0xff);
    });
    let (opened, aside) = open_damaged(&rig).await;
    assert_eq!(aside.salvaged.measurements, 2);
    close(opened).await;
}

#[tokio::test]
async fn a_suspicion_that_proves_wrong_changes_nothing() {
    let rig = filled().await;
    fs::write(rig.beside(".suspect"), "").unwrap();
    let opened = rig.open();
    assert_eq!(opened.0.heads().await.unwrap()[&READING], 801);
    assert!(!rig.beside(".suspect").exists());
    close(opened).await;
}

/// How far the replacement of a damaged database had come when the power went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    WhileItWasBuilt,
    BeforeAnythingMoved,
    AfterTheLogMoved,
    BeforeItTookItsPlace,
    BeforeTheMarkWent,
}

/// A damaged database of which the whole content stands in a replacement that had come so far. The damaged one is `damaged`
/// with the log `log`.
async fn cut_short(cut: Cut) -> Rig {
    let rig = filled().await;
    let [aside, its_log] = ["", "-wal"].map(|suffix| rig.beside(&format!(".damaged-20261121T175959Z{suffix}")));
    let replacement = match cut {
        Cut::WhileItWasBuilt => ".unfinished",
        Cut::BeforeTheMarkWent => "",
        Cut::BeforeAnythingMoved | Cut::AfterTheLogMoved | Cut::BeforeItTookItsPlace => ".new",
    };
    fs::rename(rig.path(), rig.beside(replacement)).unwrap();
    fs::write(rig.beside(".suspect"), "").unwrap();
    let (database, log) = match cut {
        Cut::WhileItWasBuilt | Cut::BeforeAnythingMoved => (rig.beside(""), rig.beside("-wal")),
        Cut::AfterTheLogMoved => (rig.beside(""), its_log),
        Cut::BeforeItTookItsPlace | Cut::BeforeTheMarkWent => (aside, its_log),
    };
    fs::write(database, "damaged").unwrap();
    fs::write(log, "log").unwrap();
    rig
}

#[tokio::test]
async fn a_replacement_cut_short_by_a_crash_is_finished_and_the_damaged_one_stays_with_its_log() {
    for cut in [
        Cut::BeforeAnythingMoved,
        Cut::AfterTheLogMoved,
        Cut::BeforeItTookItsPlace,
        Cut::BeforeTheMarkWent,
    ] {
        let rig = cut_short(cut).await;
        let opened = rig.open();
        assert_eq!(opened.0.heads().await.unwrap()[&READING], 801, "{cut:?}");
        assert_eq!(opened.0.unjudged().await.unwrap().len(), 1, "{cut:?}");
        close(opened).await;
        let [aside] = &rig.aside()[..] else {
            panic!("{cut:?}: {:?}", rig.aside())
        };
        let directory = rig.path().parent().unwrap();
        assert_eq!(fs::read(directory.join(aside)).unwrap(), b"damaged", "{cut:?}");
        let log = fs::read(directory.join(format!("{aside}-wal"))).unwrap();
        assert_eq!(log, b"log", "{cut:?}");
        assert!(
            !rig.beside(".new").exists() && !rig.beside(".suspect").exists(),
            "{cut:?}"
        );
    }
}

#[tokio::test]
async fn a_replacement_that_was_being_built_is_built_anew() {
    let rig = cut_short(Cut::WhileItWasBuilt).await;
    let (opened, aside) = open_damaged(&rig).await;
    assert!(!aside.salvaged.counters, "nothing is to be had of a few words");
    assert!(!rig.beside(".unfinished").exists());
    close(opened).await;
}

#[tokio::test]
async fn what_was_measured_outlives_the_connection_it_came_in() {
    for (cuffs, expected) in [(1, "living-room"), (2, "unknown-after-damage")] {
        let rig = Rig::new();
        let opened = rig.open();
        let store = &opened.0;
        let (first, _) = measure(store, b"first of all").await;
        store.end_connection(first, time(2)).await.unwrap();
        let (second, _) = measure(store, b"measured").await;
        store.end_connection(second, time(2)).await.unwrap();
        if cuffs == 2 {
            store.begin_connection(name("bedroom"), true, at(3)).await.unwrap();
        }
        close(opened).await;
        // What the damage has taken: these rows, and a table that nothing else hangs on, by which it is seen.
        let spoiled = rig.look();
        let damage = "PRAGMA foreign_keys = OFF; DELETE FROM connection WHERE cuff = 'living-room'; DROP TABLE command";
        spoiled.execute_batch(damage).unwrap();
        spoiled.close().unwrap();
        let opened = rig.try_open().unwrap();
        let aside = opened.aside.unwrap();
        let opened = (opened.store, opened.thread);
        assert_eq!(
            (aside.salvaged.measurements, aside.salvaged.connections_lost),
            (2, 2),
            "{aside:?}"
        );
        let unjudged = opened.0.unjudged().await.unwrap();
        let cuffs: Vec<&str> = unjudged.iter().map(|one| one.connection.cuff.as_str()).collect();
        assert_eq!(
            cuffs,
            ["living-room", expected],
            "the first connection of a cuff is known"
        );
        for one in &unjudged {
            assert!(!one.connection.bonded && !one.measurements[0].synchronized);
            assert_eq!(one.connection.ended_at, Some(time(1)));
        }
        assert_eq!(unjudged[1].measurements[0].octets, b"measured");
        close(opened).await;
        close(rig.open()).await;
    }
}
