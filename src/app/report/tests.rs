//! What is told of the daemon, and when the store is asked for it.

use super::*;

fn board(radio: RadioState) -> Board {
    Board::new(&[], radio)
}

const ROOM: StoreState = StoreState {
    available: true,
    nearly_full: false,
    size: 0,
    free: 1,
};

#[test]
fn the_store_is_asked_once_a_second_while_it_changes_and_else_every_ten() {
    for (changes_every, times) in [(None, 6), (Some(1), 60), (Some(200), 60), (Some(5_000), 12)] {
        let at = |milliseconds| Moment::from_boot(Duration::from_millis(milliseconds));
        let mut asking = Asking::new(at(0));
        let mut asked = 0;
        for now in 0..60_000 {
            if changes_every.is_some_and(|every| now % every == 0) {
                asking.changed();
            }
            if asking.due() <= at(now) {
                asking.asked(at(now));
                asked += 1;
            }
        }
        assert_eq!(asked, times, "changed every {changes_every:?} ms");
    }
}

#[test]
fn what_awaits_a_receipt_is_told_where_receipts_are() {
    let waits = Waits {
        summary: DeliverySummary {
            awaiting_receipt: 3,
            ..DeliverySummary::default()
        },
        ..Waits::default()
    };
    for (receipts, told) in [(true, Some(3)), (false, None)] {
        let name = |text| Name::parse(text).unwrap();
        let identity = Identity {
            site: name("north"),
            gateway: name("gw"),
            run: Uuid::nil(),
            test: false,
            started_at: Timestamp::UNIX_EPOCH,
            brokers: Vec::new(),
            receipts,
        };
        assert_eq!(
            delivery(&identity, &LinkState::default(), &waits).awaiting_receipt,
            told
        );
    }
}

#[test]
fn what_became_of_an_answers_message_is_told_and_never_more_than_is_known() {
    for (standing, receipts, told) in [
        (Some(store::State::Queued), true, MessageState::NotSent),
        (Some(store::State::SetAside), true, MessageState::NotSent),
        (Some(store::State::Local), false, MessageState::NotSent),
        (Some(store::State::Sent), true, MessageState::Sent),
        (Some(store::State::Done), true, MessageState::Received),
        (None, true, MessageState::Received),
        (None, false, MessageState::Sent),
    ] {
        assert_eq!(became(standing, receipts), told, "{standing:?} {receipts}");
    }
}

#[test]
fn nothing_wrong_is_no_problem() {
    let told = problems(&board(RadioState::Scanning), &DeliveryState::default(), true, ROOM);
    assert_eq!(told, []);
}

#[test]
fn each_fault_has_its_problem() {
    let off = DeliveryState {
        enabled: true,
        ..DeliveryState::default()
    };
    let on = DeliveryState {
        connected: true,
        ..off.clone()
    };
    let refused = DeliveryState {
        set_aside_count: 1,
        ..on.clone()
    };
    let unheard = DeliveryState {
        no_subscriber: true,
        ..on.clone()
    };
    let deaf = DeliveryState {
        commands_refused: true,
        ..on.clone()
    };
    let full = StoreState {
        nearly_full: true,
        ..ROOM
    };
    let none = StoreState {
        available: false,
        ..ROOM
    };
    let up = RadioState::Scanning;
    for (radio, delivery, synchronized, store, told) in [
        (RadioState::NoAdapter, &on, true, ROOM, Problem::AdapterLost),
        (RadioState::AdapterOff, &on, true, ROOM, Problem::AdapterLost),
        (RadioState::NoStack, &on, true, ROOM, Problem::AdapterLost),
        (RadioState::Deaf, &on, true, ROOM, Problem::AdapterLost),
        (up, &off, true, ROOM, Problem::BrokerUnreachable),
        (up, &on, false, ROOM, Problem::ClockUnsynchronized),
        (up, &deaf, true, ROOM, Problem::CommandsRefused),
        (up, &refused, true, ROOM, Problem::MessageRefused),
        (up, &unheard, true, ROOM, Problem::NoSubscriber),
        (up, &on, true, full, Problem::StoreNearlyFull),
        (up, &on, true, none, Problem::StoreUnavailable),
    ] {
        assert_eq!(problems(&board(radio), delivery, synchronized, store), [told]);
    }
}
