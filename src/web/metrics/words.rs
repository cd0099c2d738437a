//! The words of labels: those of `cuffd.state/1`.

use serde::Serialize;
use serde_json::Value;

use crate::core::readiness::answer::State;
use crate::core::state::{CuffHealth, Problem, RadioState};

/// Every answer of the gate.
pub(super) const SESSION_STATES: [State; 7] = [
    State::Waiting,
    State::Ready,
    State::Started,
    State::Blocked,
    State::Referred,
    State::Crisis,
    State::Ended,
];

/// Every way in which a cuff can stand.
pub(super) const HEALTHS: [CuffHealth; 4] = [
    CuffHealth::NotHeard,
    CuffHealth::Ok,
    CuffHealth::Unreachable,
    CuffHealth::BondLost,
];

/// Every state of the radio.
pub(super) const RADIOS: [RadioState; 8] = [
    RadioState::Starting,
    RadioState::Scanning,
    RadioState::NoAdapter,
    RadioState::AdapterOff,
    RadioState::NoStack,
    RadioState::NoBus,
    RadioState::Deaf,
    RadioState::Virtual,
];

/// Every problem.
pub(super) const PROBLEMS: [Problem; 10] = [
    Problem::AdapterLost,
    Problem::BondLost,
    Problem::BrokerUnreachable,
    Problem::ClockUnsynchronized,
    Problem::CommandsRefused,
    Problem::CuffUnreachable,
    Problem::MessageRefused,
    Problem::NoSubscriber,
    Problem::StoreNearlyFull,
    Problem::StoreUnavailable,
];

/// The name that it has in the state, or the name of the state that it is in.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(Value::Object(fields)) => fields
            .get("state")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        Ok(_) | Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What serde says that it knows, when it is asked for what it does not.
    fn known<T: for<'de> serde::Deserialize<'de>>(unknown: Value) -> BTreeSet<String> {
        let Err(error) = serde_json::from_value::<T>(unknown) else {
            panic!("it is not known")
        };
        let error = error.to_string();
        let names = error.split_once("expected ").expect("what is known").1;
        names.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn words(values: &[impl Serialize]) -> BTreeSet<String> {
        values.iter().map(word).collect()
    }

    #[test]
    fn no_word_is_missing() {
        assert_eq!(words(&PROBLEMS), known::<Problem>("?".into()));
        assert_eq!(words(&HEALTHS), known::<CuffHealth>("?".into()));
        assert_eq!(words(&SESSION_STATES), known::<State>("?".into()));
        assert_eq!(words(&RADIOS), known::<RadioState>(serde_json::json!({"state": "?"})));
    }
}
