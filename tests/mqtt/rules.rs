//! Who may do what on the broker that is shipped as a recipe, and what it remembers after a power cut.

use std::collections::BTreeSet;
use std::time::Duration;

use cuffd::mqtt::Class;
use cuffd::mqtt::settings::Broker;

use crate::client::Client;
use crate::rig::{Link, readings, settings, within};
use crate::shipped::Shipped;

/// Not authorized.
const REFUSED: u8 = 0x87;
const GATEWAYS_OWN: [&str; 7] = [
    "status",
    "info",
    "reading",
    "session/s1/readiness",
    "alert",
    "fhir",
    "reply",
];

fn of(gateway: &str, leaf: &str) -> String {
    format!("cuffd/v1/north/{gateway}/{leaf}")
}

async fn fault(broker: Broker) -> (Class, String) {
    let mut link = Link::start(settings(vec![broker]), Vec::new());
    let state = link.until_state("a fault", |state| state.last_fault.is_some()).await;
    let seen = state.last_fault.unwrap();
    (seen.class, seen.text)
}

#[tokio::test]
async fn a_gateway_delivers_and_is_commanded_by_certificate_and_by_password() {
    let broker = Shipped::start().await;
    let mut store = Client::connect(&broker.with_certificate(Some("store")), "store-1").await;
    store.subscribe("$share/store/cuffd/v1/+/+/reading").await;
    for way in [broker.with_certificate(Some("gw")), broker.with_password("gw")] {
        let mut link = Link::start(settings(vec![way]), readings(20));
        link.until_empty().await;
        let mut received = BTreeSet::new();
        for _ in 0..20 {
            let (topic, payload) = store.next().await;
            assert_eq!(topic, of("gw", "reading"));
            received.insert(payload);
        }
        assert_eq!(received.len(), 20);
        assert_eq!(store.publish(&of("gw", "command"), "{}").await, 0);
        let command = within("the command", link.commands.recv()).await.unwrap();
        assert_eq!(command.payload, "{}");
        link.stop().await;
    }
}

#[tokio::test]
async fn without_tls_or_a_name_of_its_own_nobody_is_let_in() {
    let broker = Shipped::start().await;
    for plain in broker.plain() {
        let (_, text) = fault(plain).await;
        assert!(text.contains("those have mqtts://"), "{text}");
    }
    let (class, text) = fault(broker.with_certificate(None)).await;
    assert_eq!(class, Class::Tls, "{text}");
    assert!(text.contains("client certificate"), "{text}");
    // The other's name with one's own password, and no name at all.
    let mut stolen = broker.with_password("gw");
    stolen.login.as_mut().unwrap().username = "north/other".to_owned();
    let mut nameless = broker.with_password("gw");
    nameless.login = None;
    for way in [stolen, nameless] {
        let (class, text) = fault(way).await;
        assert_eq!(class, Class::Refused, "{text}");
    }
    // A certificate is no password, and the broker's own is none of a client.
    let (class, text) = fault(broker.with_certificate(Some("server"))).await;
    assert_eq!(class, Class::Tls, "{text}");
}

#[tokio::test]
async fn a_gateway_writes_below_its_own_name_and_reads_its_own_commands_alone() {
    let broker = Shipped::start().await;
    for (way, id) in [
        (broker.with_certificate(Some("gw")), "one"),
        (broker.with_password("gw"), "two"),
    ] {
        let mut gateway = Client::connect(&way, id).await;
        writes_below_its_own_name(&gateway).await;
        // Every subscription is granted; what may not be read does not come.
        gateway.subscribe("#").await;
        let connect = async |user| Client::connect(&broker.with_certificate(Some(user)), &format!("{user}-{id}")).await;
        let (other, sessions) = (connect("other").await, connect("sessions").await);
        for leaf in GATEWAYS_OWN {
            assert_ne!(other.publish(&of("other", leaf), "another's").await, REFUSED, "{leaf}");
        }
        for (gateway, whose) in [("other", "another's"), ("gw", "own")] {
            assert_ne!(sessions.publish(&of(gateway, "command"), whose).await, REFUSED);
        }
        assert_eq!(gateway.all().await, [(of("gw", "command"), "own".to_owned())]);
    }
}

async fn writes_below_its_own_name(gateway: &Client) {
    for leaf in GATEWAYS_OWN {
        assert_ne!(gateway.publish(&of("gw", leaf), "x").await, REFUSED, "{leaf}");
        assert_eq!(gateway.publish(&of("other", leaf), "x").await, REFUSED, "{leaf}");
    }
    for topic in [
        of("gw", "command"),
        of("gw", "session/s1/other"),
        of("gw", "something"),
        of("other", "command"),
        "cuffd/v1/south/gw/reading".to_owned(),
        "cuffd/v1/north/reading".to_owned(),
        "clinic/replies/7".to_owned(),
    ] {
        assert_eq!(gateway.publish(&topic, "x").await, REFUSED, "{topic}");
    }
}

#[tokio::test]
async fn each_service_reads_what_it_needs_and_commands_if_it_may() {
    let broker = Shipped::start().await;
    let gateway = Client::connect(&broker.with_certificate(Some("gw")), "north:gw").await;
    for (user, reads, commands) in [
        (
            "store",
            &["status", "reading", "session/s1/readiness", "alert", "fhir", "reply"][..],
            true,
        ),
        (
            "sessions",
            &["status", "info", "session/s1/readiness", "alert", "reply"],
            true,
        ),
        ("pager", &["alert"], false),
        ("operator", &["status", "info"], false),
    ] {
        let mut service = Client::connect(&broker.with_certificate(Some(user)), user).await;
        service.subscribe("cuffd/#").await;
        for leaf in GATEWAYS_OWN {
            gateway.publish(&of("gw", leaf), "x").await;
        }
        let commanded = service.publish(&of("gw", "command"), "{}").await;
        assert_eq!(commanded == REFUSED, !commands, "{user}: {commanded:#x}");
        let heard: BTreeSet<String> = service.all().await.into_iter().map(|(topic, _)| topic).collect();
        let expected: BTreeSet<String> = reads.iter().map(|leaf| of("gw", leaf)).collect();
        assert_eq!(heard, expected, "{user}");
        for leaf in GATEWAYS_OWN {
            assert_eq!(
                service.publish(&of("gw", leaf), "forged").await,
                REFUSED,
                "{user}, {leaf}"
            );
        }
    }
}

/// What is queued for a store that is away, when the broker's machine loses its power.
#[tokio::test]
async fn what_waits_for_the_store_survives_a_kill_of_the_broker() {
    const MESSAGES: usize = 300;
    let mut broker = Shipped::start().await;
    let way = broker.with_certificate(Some("store"));
    let filter = "$share/store/cuffd/v1/+/+/reading";
    let mut store = Client::connect(&way, "store-1").await;
    store.subscribe(filter).await;
    drop(store);
    let mut link = Link::start(
        settings(vec![broker.with_certificate(Some("gw"))]),
        readings(MESSAGES as u64),
    );
    link.until_empty().await;
    // It acknowledges first and writes then: what it took in the last moment is what receipts are for.
    tokio::time::sleep(Duration::from_millis(200)).await;
    broker.kill();
    broker.begin().await;
    let mut store = Client::connect(&way, "store-1").await;
    let mut received = BTreeSet::new();
    while received.len() < MESSAGES {
        received.insert(store.next().await.1);
    }
    let sent: BTreeSet<String> = link
        .outbox
        .lock()
        .payloads
        .values()
        .map(|octets| String::from_utf8(octets.to_vec()).unwrap())
        .collect();
    assert_eq!(received, sent);
    link.until_state("the broker again", |state| state.last_puback.is_some())
        .await;
}

#[tokio::test]
async fn more_than_a_thousand_messages_wait_for_a_store_that_is_away() {
    let broker = Shipped::start().await;
    let way = broker.with_certificate(Some("store"));
    let mut store = Client::connect(&way, "store-1").await;
    store.subscribe("cuffd/v1/+/+/reading").await;
    drop(store);
    let link = Link::start(settings(vec![broker.with_certificate(Some("gw"))]), readings(1500));
    link.until_empty().await;
    let mut store = Client::connect(&way, "store-1").await;
    for _ in 0..1500 {
        store.next().await;
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_not_sent_and_the_rest_is() {
    let broker = Shipped::start().await;
    let mut store = Client::connect(&broker.with_certificate(Some("store")), "store-1").await;
    store.subscribe("cuffd/v1/+/+/reading").await;
    let large = crate::rig::padded(cuffd::core::delivery::Kind::Reading, 1, uuid::Uuid::nil(), 70_000);
    let whole = crate::rig::padded(cuffd::core::delivery::Kind::Reading, 2, uuid::Uuid::max(), 60_000);
    let link = Link::start(settings(vec![broker.with_certificate(Some("gw"))]), vec![large, whole]);
    link.until_empty().await;
    assert!(link.outbox.lock().set_aside.contains_key(&uuid::Uuid::nil()));
    assert!(store.next().await.1.contains(&uuid::Uuid::max().to_string()));
}

#[tokio::test]
async fn a_gateway_that_was_lost_is_shut_out() {
    let broker = Shipped::start().await;
    let ways = |gateway| [broker.with_certificate(Some(gateway)), broker.with_password(gateway)];
    for (number, way) in ways("gw").iter().enumerate() {
        Client::connect(way, &format!("before-{number}")).await;
    }
    broker.follow("A gateway that was lost", &[]);
    broker.reload();
    let [by_certificate, by_password] = ways("gw");
    let (_, text) = fault(by_certificate).await;
    assert!(text.contains("the client certificate is revoked"), "{text}");
    let (class, text) = fault(by_password).await;
    assert_eq!(class, Class::Refused, "{text}");
    for (number, way) in ways("other").iter().enumerate() {
        Client::connect(way, &format!("after-{number}")).await;
    }
}
