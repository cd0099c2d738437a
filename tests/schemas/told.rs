//! What `cuffd.state/1` can say.

use cuffd::core::pairing::UnderWay;
use cuffd::core::readiness::answer::State as SessionsState;
use cuffd::core::readiness::progress::Progress;
use cuffd::core::readiness::told::Told;
use cuffd::core::reading::ReadingId;
use cuffd::core::state::session::{Attestation, NotCounted, Notes, Unassigned};
use cuffd::core::state::{
    ClockState, CuffHealth, CuffState, DeliveryState, Queued, RadioState, SCHEMA, Seq, SessionState, State, StoreState,
};
use serde_json::json;
use uuid::Uuid;

use crate::checker::Sample;
use crate::encoded::{answer, attested, name, policy, time};
use crate::every;

/// A daemon with a session in this state, of which `message` is known.
pub(crate) fn state(state: SessionsState) -> State {
    State {
        schema: SCHEMA.to_owned(),
        version: "0.1.0".to_owned(),
        site: name("north"),
        gateway: name("gw-0042"),
        run: Uuid::from_u128(7),
        test: true,
        started_at: time(),
        sessions: vec![session(state)],
        cuffs: every::cuff_healths().into_iter().map(cuff).collect(),
        radio: RadioState::Scanning,
        delivery: delivery(),
        clock: ClockState { synchronized: true },
        store: StoreState {
            available: true,
            nearly_full: false,
            size: 1 << 20,
            free: 1 << 30,
        },
        problems: every::problems(),
        pairing: Some(UnderWay { passkey_wanted: true }),
    }
}

fn session(state: SessionsState) -> SessionState {
    let progress = Progress {
        opened_at: time(),
        started_at: Some(time()),
        cuff: Some(name("clinic")),
        rest_until: Some(time()),
        next_reading_at: Some(time()),
        readings_done: Some(1),
        readings_needed: Some(0),
    };
    let notes = Notes {
        message: None,
        not_counted: Some(NotCounted::new(
            ReadingId::Unique(Uuid::max()),
            time(),
            &every::reading_reasons(),
        )),
        unassigned: Some(Unassigned {
            cuff: name("clinic"),
            received_at: time(),
            crisis: false,
            user_id: Some(255),
            own_user_ids: vec![1],
        }),
    };
    SessionState {
        told: Told::new(&answer(state), &[attested()], &policy()),
        valid_for_s: Some(0),
        progress,
        attestations: vec![Attestation {
            item: name("safe_setting"),
            holds: true,
            by: Some(name("companion")),
            until: Some(time()),
        }],
        notes,
    }
}

fn cuff(health: CuffHealth) -> CuffState {
    CuffState {
        id: name("living-room"),
        model: "standard".to_owned(),
        manufacturer: Some("Maker".to_owned()),
        model_number: Some("1".to_owned()),
        serial: Some("2".to_owned()),
        firmware: Some("3".to_owned()),
        battery: Some(100),
        connected: true,
        cuff_pressure: Some("141 mmHg".to_owned()),
        heard_at: Some(time()),
        rssi: Some(-58),
        measured_at: Some(time()),
        health,
        duplicates: 0,
        unassigned: u64::MAX,
    }
}

fn delivery() -> DeliveryState {
    DeliveryState {
        enabled: true,
        connected: true,
        broker: Some("mqtt.example.org:8883".to_owned()),
        since: Some(time()),
        last_error: Some("the broker closed the connection".to_owned()),
        last_sent_at: Some(time()),
        seq: Seq::default(),
        queued: Queued::default(),
        oldest_queued_at: Some(time()),
        set_aside: vec![Uuid::nil()],
        set_aside_count: 1,
        no_subscriber: false,
        commands_refused: false,
        refused: Some("status: PUBACK 0x87 not authorized".to_owned()),
        awaiting_receipt: Some(3),
        awaiting_receipt_since: Some(time()),
    }
}

/// One state of each kind, and one in which nothing is known.
pub(crate) fn samples() -> Vec<Sample> {
    let mut states: Vec<State> = every::states().into_iter().map(state).collect();
    for (message, state) in every::message_states().into_iter().zip(&mut states) {
        state.sessions[0].notes.message = Some(message);
    }
    for radio in every::radio_states() {
        states.push(State {
            radio,
            sessions: Vec::new(),
            delivery: DeliveryState::default(),
            test: false,
            ..state(SessionsState::Ended)
        });
    }
    states.into_iter().map(|state| ("state", json!(state))).collect()
}
