//! What keeps the gateway from doing its work, and when somebody is told of it (contract 3.3).

use std::collections::BTreeSet;

use super::name::Name;
use super::state::{CuffHealth, Problem, State};

pub mod alerts;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The wall clock cannot be believed.
    ClockUnsynchronized,
    /// A cuff is heard but cannot be connected.
    CuffUnreachable,
    /// A cuff's bond is gone on one side.
    BondLost,
    /// No adapter, switched off, deaf, or no bluetoothd.
    AdapterLost,
    /// The store takes no measurements, or has too little room.
    StoreUnavailable,
    /// The store is near its largest size with messages that nobody took.
    StoreNearlyFull,
    /// A broker refused a message for good.
    MessageRefused,
}

impl Code {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 7] = [
        Self::ClockUnsynchronized,
        Self::CuffUnreachable,
        Self::BondLost,
        Self::AdapterLost,
        Self::StoreUnavailable,
        Self::StoreNearlyFull,
        Self::MessageRefused,
    ];

    /// The contract's code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockUnsynchronized => "clock_unsynchronized",
            Self::CuffUnreachable => "cuff_unreachable",
            Self::BondLost => "bond_lost",
            Self::AdapterLost => "adapter_lost",
            Self::StoreUnavailable => "store_unavailable",
            Self::StoreNearlyFull => "store_nearly_full",
            Self::MessageRefused => "message_refused",
        }
    }

    /// The kind of this code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// One trouble. Equal ones are the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trouble {
    /// What kind it is.
    pub code: Code,
    /// Which cuff it is about, if it is about one.
    pub cuff: Option<Name>,
}

/// What stands now, and whether somebody waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observation {
    /// The troubles that stand.
    pub standing: BTreeSet<Trouble>,
    /// A session is open.
    pub session_open: bool,
}

impl Observation {
    /// What the daemon's state says. Each cuff has its own troubles; the others are the gateway's.
    #[must_use]
    pub fn of(state: &State) -> Self {
        let gateways = state.problems.iter().filter_map(|problem| of_gateway(*problem));
        let gateways = gateways.map(|code| Trouble { code, cuff: None });
        let cuffs = state.cuffs.iter().filter_map(|cuff| {
            Some(Trouble {
                code: of_cuff(cuff.health)?,
                cuff: Some(cuff.id.clone()),
            })
        });
        Self {
            standing: gateways.chain(cuffs).collect(),
            session_open: state.has_open_session(),
        }
    }
}

/// `None` for what is a cuff's, and for what no alert could get through.
const fn of_gateway(problem: Problem) -> Option<Code> {
    match problem {
        Problem::AdapterLost => Some(Code::AdapterLost),
        Problem::ClockUnsynchronized => Some(Code::ClockUnsynchronized),
        Problem::MessageRefused => Some(Code::MessageRefused),
        Problem::StoreNearlyFull => Some(Code::StoreNearlyFull),
        Problem::StoreUnavailable => Some(Code::StoreUnavailable),
        Problem::BondLost
        | Problem::CuffUnreachable
        | Problem::BrokerUnreachable
        | Problem::CommandsRefused
        | Problem::NoSubscriber => None,
    }
}

const fn of_cuff(health: CuffHealth) -> Option<Code> {
    match health {
        CuffHealth::Unreachable => Some(Code::CuffUnreachable),
        CuffHealth::BondLost => Some(Code::BondLost),
        CuffHealth::NotHeard | CuffHealth::Ok => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn state(problems: &Value, cuffs: &[(&str, &str)], sessions: &Value) -> State {
        let cuff = |(id, health): &(&str, &str)| json!({"id": id, "model": "standard", "connected": false, "health": health, "duplicates": 0, "unassigned": 0});
        let state = json!({
            "schema": "cuffd.state/1", "version": "1", "site": "north", "gateway": "gw", "run": uuid::Uuid::nil(),
            "started_at": "2026-11-21T18:00:00Z", "sessions": sessions,
            "cuffs": cuffs.iter().map(cuff).collect::<Vec<_>>(), "radio": {"state": "scanning"},
            "delivery": crate::core::state::DeliveryState::default(),
            "clock": {"synchronized": true}, "store": crate::core::state::StoreState::default(), "problems": problems,
        });
        serde_json::from_value(state).expect("a state")
    }

    fn standing(problems: &Value, cuffs: &[(&str, &str)]) -> Vec<(&'static str, Option<String>)> {
        let standing = Observation::of(&state(problems, cuffs, &json!([])))
            .standing
            .into_iter();
        standing
            .map(|trouble| (trouble.code.as_str(), trouble.cuff.map(|cuff| cuff.to_string())))
            .collect()
    }

    #[test]
    fn each_problem_of_the_gateway_is_a_trouble_but_those_of_the_link() {
        assert_eq!(standing(&json!([]), &[("a", "ok"), ("b", "not_heard")]), []);
        for problem in [
            "adapter_lost",
            "clock_unsynchronized",
            "message_refused",
            "store_nearly_full",
            "store_unavailable",
        ] {
            assert_eq!(standing(&json!([problem]), &[]), [(problem, None)]);
        }
        assert_eq!(standing(&json!(["broker_unreachable", "no_subscriber"]), &[]), []);
    }

    #[test]
    fn each_cuff_has_its_own_troubles() {
        let cuffs = [("a", "bond_lost"), ("b", "unreachable"), ("c", "bond_lost")];
        let own = |code, cuff: &str| (code, Some(cuff.to_owned()));
        let expected = [
            own("cuff_unreachable", "b"),
            own("bond_lost", "a"),
            own("bond_lost", "c"),
        ];
        assert_eq!(standing(&json!(["bond_lost", "cuff_unreachable"]), &cuffs), expected);
    }

    #[test]
    fn a_session_is_open_until_it_has_ended() {
        let session = |state| {
            json!([{
                "session": "s1", "patient": "p1", "state": state, "ready": false, "reasons": [], "counted": [],
                "attested": [], "policy": {"name": "a", "sha256": "b"}, "opened_at": "2026-11-21T18:00:00Z",
                "attestations": [],
            }])
        };
        for (sessions, open) in [
            (json!([]), false),
            (session("waiting"), true),
            (session("ended"), false),
        ] {
            assert_eq!(Observation::of(&state(&json!([]), &[], &sessions)).session_open, open);
        }
    }

    #[test]
    fn a_code_reads_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("crisis"), None);
    }
}
