//! What the store remembers beside measurements and messages: commands, cuffs, whose it is; and listing.

use cuffd::core::delivery::Kind;
use cuffd::core::source::Description;
use cuffd::store::{Became, LARGEST_PAGE, NewMeasurement, Reply, Step, StoreError};

use crate::rig::{Rig, at, close, cuff, id, judged, message, name, reading, time};

#[tokio::test]
async fn the_same_command_gets_the_first_reply_until_it_expires() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let reply = |json: &str| Reply {
        json: json.into(),
        expires_at: time(60),
    };
    assert_eq!(store.command_reply("c1".into()).await.unwrap(), None);
    store.remember_command("c1".into(), reply("first")).await.unwrap();
    store.remember_command("c1".into(), reply("second")).await.unwrap();
    store.prune(time(59)).await.unwrap();
    assert_eq!(store.command_reply("c1".into()).await.unwrap(), Some(reply("first")));
    store.prune(time(60)).await.unwrap();
    assert_eq!(store.command_reply("c1".into()).await.unwrap(), None);
    close(opened).await;
}

#[tokio::test]
async fn what_a_cuff_did_not_tell_this_time_stays_as_it_was() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let told = Description {
        serial: Some("123".into()),
        battery: Some(80),
        ..Description::default()
    };
    store.describe(cuff(), told).await.unwrap();
    let told = Description {
        battery: Some(79),
        features: Some(4),
        ..Description::default()
    };
    store.describe(cuff(), told).await.unwrap();
    let reserved = Description {
        battery: Some(255),
        ..Description::default()
    };
    store.describe(cuff(), reserved).await.unwrap();
    let known = Description {
        serial: Some("123".into()),
        battery: Some(79),
        features: Some(4),
        ..Description::default()
    };
    assert_eq!(store.descriptions().await.unwrap(), [(cuff(), known)].into());
    store.forget_cuff(cuff()).await.unwrap();
    assert_eq!(store.descriptions().await.unwrap(), [].into());
    close(opened).await;
}

#[tokio::test]
async fn the_gateway_may_change_only_while_nothing_is_unsent() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let (site, old, new) = (name("north"), name("gw-1"), name("gw-2"));
    store.bind(site.clone(), old.clone()).await.unwrap();
    store.queue(vec![message(Kind::Alert, 1)]).await.unwrap();
    store.bind(site.clone(), old.clone()).await.unwrap();
    let refused = store.bind(site.clone(), new.clone()).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::GatewayChanged { bound, unsent: 1 } if bound == "north/gw-1"),
        "{refused:?}"
    );
    store.receipt(vec![id(Kind::Alert, 1)], time(0)).await.unwrap();
    store.bind(site.clone(), new.clone()).await.unwrap();
    store.queue(vec![message(Kind::Alert, 2)]).await.unwrap();
    assert!(store.bind(site, old).await.is_err(), "bound to the new name now");
    close(opened).await;
}

#[tokio::test]
async fn what_tests_invent_and_what_was_measured_never_share_a_store() {
    let (site, gateway) = (name("north"), name("gw"));
    for of_tests in [false, true] {
        let rig = Rig::new();
        for _start in 0..2 {
            let opened = rig.open();
            let care = opened.0.bind(site.clone(), gateway.clone());
            let tests = opened.0.bind_for_tests(site.clone(), gateway.clone());
            if of_tests {
                tests.await.unwrap();
                let refused = care.await.unwrap_err();
                assert!(matches!(&refused, StoreError::OfTests { path } if path == rig.path()));
            } else {
                care.await.unwrap();
                let refused = tests.await.unwrap_err();
                assert!(matches!(&refused, StoreError::NotOfTests { path } if path == rig.path()));
            }
            close(opened).await;
        }
    }
}

#[tokio::test]
async fn readings_are_listed_page_by_page_each_once_by_time_of_receipt() {
    let rig = Rig::new();
    let opened = rig.open();
    let store = &opened.0;
    let connection = store.begin_connection(cuff(), true, at(0)).await.unwrap().connection;
    // Three of them arrive in the same instant; the wall clock steps back before the last.
    let arrivals = [10, 20, 20, 20, 30, 15];
    let new = arrivals.map(|seconds| NewMeasurement {
        connection,
        octets: vec![1],
        at: at(seconds),
        synchronized: true,
    });
    let stored = store.append(new.to_vec()).await.unwrap();
    let as_reading = |(seq, measurement)| judged(measurement, Became::Reading(Box::new(reading(seq))));
    store
        .commit(Step {
            judged: (1..).zip(stored).map(as_reading).collect(),
            ..Step::default()
        })
        .await
        .unwrap();

    for (since, expected) in [(None, vec![1, 6, 2, 3, 4, 5]), (Some(time(20)), vec![2, 3, 4, 5])] {
        for limit in [1, 2, 4, LARGEST_PAGE + 1] {
            let (mut seqs, mut after) = (Vec::new(), None);
            loop {
                let page = store.readings(since, after, limit).await.unwrap();
                assert!(page.readings.len() <= limit);
                seqs.extend(page.readings.iter().map(|reading| reading.seq));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seqs, expected, "in pages of {limit}");
        }
    }
    close(opened).await;
}
