//! A message that breaks connections is found and set aside; a bad line condemns no message.

use crate::fault_broker::{Acks, Behaviour, End, FaultBroker};
use crate::rig::{Link, plain, readings, settings};

/// Not allowed in a PUBACK; the client's library drops the connection when it comes.
const ILLEGAL: u8 = 0x95;

#[tokio::test]
async fn exactly_the_messages_that_break_connections_are_set_aside() {
    let broker = FaultBroker::start(|_| Behaviour {
        judge: |seen| match seen.seq {
            7 | 8 | 150 => ILLEGAL,
            _ => 0,
        },
        ..Behaviour::default()
    });
    let rows = readings(300);
    let poison: Vec<_> = [7, 8, 150].map(|seq: usize| rows[seq - 1].id).to_vec();
    let link = Link::start(settings(vec![plain(broker.port)]), rows);
    link.until_empty().await;
    let outbox = link.outbox.lock();
    assert_eq!(outbox.sent.len(), 297);
    assert_eq!(outbox.set_aside.len(), 3);
    for id in &poison {
        let why = outbox.set_aside.get(id).expect("the poison is set aside");
        assert!(why.starts_with("broke three connections: "), "{why}");
        assert!(
            outbox.attempts.contains(id),
            "its attempts were counted before the tries"
        );
    }
}

#[tokio::test]
async fn a_line_that_breaks_before_any_acknowledgement_condemns_no_message() {
    let broker = FaultBroker::start(|number| {
        let bad = number < 15;
        Behaviour {
            acks: if bad { Acks::Never } else { Acks::AtOnce },
            end: bad.then_some((1, End::Cut { unacknowledged: 1 })),
            ..Behaviour::default()
        }
    });
    let mut settings = settings(vec![plain(broker.port)]);
    settings.timing.patience = std::time::Duration::from_millis(100);
    let mut link = Link::start(settings, readings(100));
    link.until_state("isolation", |state| state.isolating).await;
    link.until_empty().await;
    assert!(link.outbox.lock().set_aside.is_empty());
    assert_eq!(link.outbox.lock().sent.len(), 100);
    link.until_state("the end of isolation", |state| !state.isolating).await;
}
