//! Nothing is lost and nothing is marked that no broker took, whatever the broker does.

use cuffd::core::delivery::Kind;
use cuffd::mqtt::Class;

use crate::fault_broker::{Acks, Behaviour, ConnAck, End, FaultBroker};
use crate::rig::{Link, padded, plain, readings, row, settings, with_window, within};

/// Every row marked sent was acknowledged by the broker first, and nothing was sent that was never queued.
fn assert_true_marks(link: &Link, broker: &FaultBroker) {
    let outbox = link.outbox.lock();
    let book = broker.book();
    for id in outbox.sent.keys() {
        assert!(book.accepted.contains(id), "marked sent without a PUBACK 0x00");
    }
    for (id, payload) in &book.payloads {
        assert_eq!(
            outbox.payloads.get(id).map(|octets| octets.to_vec()).as_ref(),
            Some(payload)
        );
    }
}

/// All rows were delivered, and honestly so.
fn assert_all_sent(link: &Link, broker: &FaultBroker, rows: usize) {
    assert_true_marks(link, broker);
    assert_eq!(link.outbox.lock().sent.len(), rows);
    assert_eq!(link.outbox.waiting(), 0);
}

fn start(broker: &FaultBroker, window: u16, rows: u64) -> Link {
    Link::start(with_window(settings(vec![plain(broker.port)]), window), readings(rows))
}

#[tokio::test]
async fn twelve_cut_connections_lose_nothing() {
    let broker = FaultBroker::start(|number| Behaviour {
        end: (number < 12).then_some((230, End::Cut { unacknowledged: 80 })),
        ..Behaviour::default()
    });
    let link = start(&broker, 100, 3000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 3000);
    let book = broker.book();
    assert_eq!(book.connections, 13);
    assert!(book.doubles() > 0, "the cuts have hit something");
}

#[tokio::test]
async fn refusals_that_may_pass_are_tried_again_and_hold_up_nothing() {
    let broker = FaultBroker::start(|_| Behaviour {
        judge: |seen| {
            if seen.seq % 100 == 0 && seen.times == 1 {
                0x97
            } else {
                0
            }
        },
        ..Behaviour::default()
    });
    let link = start(&broker, 100, 2000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 2000);
    let later = link.outbox.lock().later.clone();
    assert_eq!(later.len(), 20);
    assert_eq!(later[0].1, "PUBACK 0x97 quota exceeded");
    assert_eq!(broker.book().connections, 1);
}

#[tokio::test]
async fn refusals_for_good_are_set_aside_and_hold_up_nothing() {
    let broker = FaultBroker::start(|_| Behaviour {
        judge: |seen| if seen.seq % 100 == 0 { 0x99 } else { 0 },
        ..Behaviour::default()
    });
    let link = start(&broker, 100, 2000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 1980);
    let outbox = link.outbox.lock();
    assert_eq!(outbox.set_aside.len(), 20);
    assert!(
        outbox
            .set_aside
            .values()
            .all(|why| why == "PUBACK 0x99 payload format invalid")
    );
}

#[tokio::test]
async fn shuffled_acknowledgements_find_their_messages() {
    let broker = FaultBroker::start(|_| Behaviour {
        acks: Acks::Shuffled(50),
        ..Behaviour::default()
    });
    let link = start(&broker, 100, 8000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 8000);
    assert_eq!(broker.book().doubles(), 0);
}

#[tokio::test]
async fn shuffled_refusals_in_a_small_window_do_not_stall() {
    let broker = FaultBroker::start(|_| Behaviour {
        acks: Acks::Shuffled(20),
        judge: |seen| if seen.seq % 37 == 0 && seen.times == 1 { 0x87 } else { 0 },
        ..Behaviour::default()
    });
    let link = start(&broker, 20, 3000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 3000);
    assert_eq!(link.outbox.lock().later.len(), 3000 / 37);
    assert_eq!(broker.book().connections, 1);
}

#[tokio::test]
async fn receive_maximum_is_kept_on_every_connection() {
    const MAXIMA: [u16; 5] = [100, 10, 50, 7, 65];
    let broker = FaultBroker::start(|number| Behaviour {
        connack: ConnAck {
            receive_maximum: MAXIMA.get(number).copied(),
            ..ConnAck::default()
        },
        acks: Acks::Shuffled(5),
        end: (number < MAXIMA.len()).then_some((300, End::Cut { unacknowledged: 5 })),
        ..Behaviour::default()
    });
    let link = start(&broker, 100, 3000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 3000);
    let book = broker.book();
    for (most, maximum) in book.most_in_flight.iter().zip(MAXIMA) {
        assert!(*most <= maximum.into(), "{most} in flight, {maximum} allowed");
    }
}

#[tokio::test]
async fn an_unsolicited_acknowledgement_costs_the_connection_and_nothing_else() {
    let broker = FaultBroker::start(|number| Behaviour {
        end: (number == 0).then_some((300, End::Unsolicited)),
        ..Behaviour::default()
    });
    let mut link = start(&broker, 50, 1000);
    link.until_empty().await;
    assert_all_sent(&link, &broker, 1000);
    assert_eq!(broker.book().connections, 2);
    link.stop().await;
}

#[tokio::test]
async fn a_broker_that_stops_reading_is_given_up() {
    let broker = FaultBroker::start(|number| Behaviour {
        end: (number == 0).then_some((10, End::StopReading)),
        ..Behaviour::default()
    });
    let rows = (1..=1000).map(|seq| padded(Kind::Reading, seq, uuid::Uuid::new_v4(), 12_000));
    let link = Link::start(with_window(settings(vec![plain(broker.port)]), 800), rows.collect());
    link.until_empty().await;
    assert_all_sent(&link, &broker, 1000);
    assert_eq!(broker.book().connections, 2);
}

#[tokio::test]
async fn a_broker_that_never_acknowledges_is_given_up_and_nothing_is_marked() {
    let broker = FaultBroker::start(|number| Behaviour {
        acks: if number == 0 { Acks::Never } else { Acks::AtOnce },
        ..Behaviour::default()
    });
    let mut link = start(&broker, 20, 100);
    let state = link
        .until_state("a silent broker", |state| state.last_fault.is_some())
        .await;
    assert_eq!(state.last_fault.unwrap().class, Class::Silent);
    assert!(link.outbox.lock().sent.is_empty());
    link.until_empty().await;
    assert_all_sent(&link, &broker, 100);
}

#[tokio::test]
async fn the_brokers_reason_for_ending_the_connection_is_told() {
    let broker = FaultBroker::start(|number| Behaviour {
        end: (number == 0).then_some((5, End::Kick(0x97, "too many messages today"))),
        ..Behaviour::default()
    });
    let mut link = start(&broker, 20, 100);
    let state = link.until_state("a kick", |state| state.last_fault.is_some()).await;
    let fault = state.last_fault.unwrap();
    assert_eq!(fault.class, Class::Kicked);
    assert!(
        fault.text.contains("QuotaExceeded, \"too many messages today\""),
        "{fault}"
    );
    link.until_empty().await;
    assert_all_sent(&link, &broker, 100);
}

#[tokio::test]
async fn a_broker_that_refuses_to_connect_is_tried_again() {
    let codes = [0x87, 0x88, 0x9F];
    let broker = FaultBroker::start(move |number| Behaviour {
        connack: ConnAck {
            code: codes.get(number).copied().unwrap_or(0),
            ..ConnAck::default()
        },
        ..Behaviour::default()
    });
    let mut link = start(&broker, 20, 100);
    for words in ["NotAuthorized", "ServerUnavailable", "ConnectionRateExceeded"] {
        let told = |state: &cuffd::mqtt::link::LinkState| {
            state
                .last_fault
                .as_ref()
                .is_some_and(|fault| fault.text.contains(words))
        };
        let fault = link.until_state(words, told).await.last_fault.unwrap();
        assert_eq!(fault.class, Class::Refused);
    }
    link.until_empty().await;
    assert_all_sent(&link, &broker, 100);
}

#[tokio::test]
async fn messages_too_large_for_the_broker_are_set_aside_unsent() {
    let broker = FaultBroker::start(|_| Behaviour {
        connack: ConnAck {
            largest_packet: Some(2000),
            ..ConnAck::default()
        },
        ..Behaviour::default()
    });
    let rows = (1..=300).map(|seq| {
        let padding = if seq % 100 == 1 { 3000 } else { 10 };
        padded(Kind::Reading, seq, uuid::Uuid::new_v4(), padding)
    });
    let link = Link::start(settings(vec![plain(broker.port)]), rows.collect());
    link.until_empty().await;
    assert_all_sent(&link, &broker, 297);
    assert_eq!(link.outbox.lock().set_aside.len(), 3);
    assert_eq!(broker.book().connections, 1);
}

#[tokio::test]
async fn alerts_overtake_readiness_and_readiness_overtakes_readings() {
    let broker = FaultBroker::start(|_| Behaviour::default());
    let rows = vec![
        row(Kind::Reading, 1),
        row(Kind::Readiness, 1),
        row(Kind::Fhir, 1),
        row(Kind::Alert, 1),
        row(Kind::Reading, 2),
        row(Kind::Alert, 2),
    ];
    let link = Link::start(with_window(settings(vec![plain(broker.port)]), 1), rows);
    link.until_empty().await;
    let order: Vec<_> = broker
        .book()
        .order
        .iter()
        .map(|(kind, seq)| format!("{kind} {seq}"))
        .collect();
    let expected = ["alert 1", "alert 2", "readiness 1", "reading 1", "reading 2", "fhir 1"];
    assert_eq!(order, expected);
}

#[tokio::test]
async fn any_mixture_of_cuts_shuffles_and_refusals_loses_nothing() {
    for seed in 1..=4 {
        let broker = FaultBroker::start_seeded(seed, move |number| Behaviour {
            acks: Acks::Shuffled(7 + number % 30),
            judge: |seen| {
                if seen.seq % 211 == 0 && seen.times == 1 {
                    0x97
                } else {
                    0
                }
            },
            end: (number < 15).then_some((
                100 + number * 7,
                End::Cut {
                    unacknowledged: number * 3,
                },
            )),
            ..Behaviour::default()
        });
        let link = start(&broker, 60, 3000);
        link.until_empty().await;
        assert_all_sent(&link, &broker, 3000);
    }
}

#[tokio::test]
async fn a_store_that_fails_stops_the_sending_and_delays_the_marks() {
    let broker = FaultBroker::start(|_| Behaviour::default());
    let link = Link::start(settings(vec![plain(broker.port)]), Vec::new());
    link.outbox.lock().broken = true;
    link.outbox.queue(readings(3000));
    within("the first messages", async {
        while broker.book().accepted.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(link.outbox.lock().sent.is_empty());
    link.outbox.lock().broken = false;
    link.until_empty().await;
    assert_all_sent(&link, &broker, 3000);
    assert_eq!(
        broker.book().doubles(),
        0,
        "what was acknowledged is marked later, not sent again"
    );
}

#[tokio::test]
async fn without_a_receipt_a_message_comes_again_and_with_one_it_is_done() {
    let broker = FaultBroker::start(|_| Behaviour::default());
    let mut with_receipts = settings(vec![plain(broker.port)]);
    with_receipts.receipt_timeout = Some(std::time::Duration::from_millis(200));
    let rows = readings(2);
    let (acknowledged, forgotten) = (rows[0].id, rows[1].id);
    let link = Link::start(with_receipts, rows);
    link.until_outbox("the first send", |outbox| outbox.lock().sent.len() == 2)
        .await;
    link.outbox.receipt(acknowledged);
    let again = |outbox: &crate::outbox::Memory| outbox.lock().sent.get(&forgotten) >= Some(&3);
    link.until_outbox("two more sends", again).await;
    assert_eq!(broker.book().times[&acknowledged], 1);
    assert_eq!(link.outbox.waiting(), 1);
}

#[tokio::test]
async fn a_session_that_opens_cuts_a_long_wait_short() {
    let broker = FaultBroker::start(|number| Behaviour {
        connack: ConnAck {
            code: if number == 0 { 0x88 } else { 0 },
            ..ConnAck::default()
        },
        ..Behaviour::default()
    });
    let mut patient = settings(vec![plain(broker.port)]);
    patient.timing.reconnect.first = std::time::Duration::from_secs(3600);
    patient.timing.reconnect.longest = std::time::Duration::from_secs(3600);
    let mut link = Link::start(patient, readings(1));
    link.until_state("the refusal", |state| state.last_fault.is_some())
        .await;
    link.session_open.send_replace(true);
    link.until_empty().await;
}

#[tokio::test]
async fn a_broker_without_qos_1_is_not_used() {
    let broker = FaultBroker::start(|_| Behaviour {
        connack: ConnAck {
            maximum_qos: Some(0),
            ..ConnAck::default()
        },
        ..Behaviour::default()
    });
    let mut link = start(&broker, 20, 10);
    let state = link.until_state("a refusal", |state| state.last_fault.is_some()).await;
    assert!(state.last_fault.unwrap().text.contains("QoS 1"));
    assert!(broker.book().payloads.is_empty());
}

#[tokio::test]
async fn a_status_too_large_for_the_broker_does_not_end_the_connection() {
    let broker = FaultBroker::start(|_| Behaviour {
        connack: ConnAck {
            largest_packet: Some(350),
            ..ConnAck::default()
        },
        ..Behaviour::default()
    });
    let mut link = start(&broker, 20, 100);
    link.until_empty().await;
    link.stop().await;
    assert_all_sent(&link, &broker, 100);
    within("the goodbye", async {
        while broker.book().goodbyes == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let book = broker.book();
    assert_eq!(book.connections, 1);
    assert!(book.retained.iter().all(|(topic, _)| !topic.ends_with("/status")));
}
