//! Finds the message that breaks connections, and sets it aside (seen with brokers that answer a too large message with a
//! PUBACK that MQTT does not allow).
//!
//! Three connections in a row that die with messages in flight and not one of them answered start isolation: one message
//! at a time. A message that alone breaks three connections is set aside. A row is sent in isolation only after the
//! connection has acknowledged something else, so that a line that is simply bad never condemns a message.

use std::collections::BTreeMap;

use uuid::Uuid;

const FRUITLESS_BEFORE: u32 = 3;
const BREAKS_BEFORE: u32 = 3;

/// Remembers how the last connections ended, over all brokers.
#[derive(Clone, Debug)]
pub struct Isolation {
    window: u32,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    Off {
        fruitless: u32,
    },
    On {
        answers_left: u32,
        broke: BTreeMap<Uuid, u32>,
    },
}

/// What an ending changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// Isolation begins.
    Begins,
    /// This message is to be set aside: it alone broke three connections.
    SetAside(Uuid),
}

impl Isolation {
    /// Off. `window` is how many messages may be in flight outside isolation.
    #[must_use]
    pub const fn new(window: u32) -> Self {
        Self {
            window,
            state: State::Off { fruitless: 0 },
        }
    }

    /// Whether messages go one at a time, each only after its attempt is stored.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        matches!(self.state, State::On { .. })
    }

    /// A message was answered, whatever the answer. True if that ends isolation.
    pub fn answered(&mut self, id: Uuid) -> bool {
        match &mut self.state {
            State::Off { fruitless } => {
                *fruitless = 0;
                false
            }
            State::On { answers_left, broke } => {
                broke.remove(&id);
                *answers_left = answers_left.saturating_sub(1);
                let over = *answers_left == 0;
                if over {
                    self.state = State::Off { fruitless: 0 };
                }
                over
            }
        }
    }

    /// A connection is over that answered `answered` messages and had those `in_flight`.
    pub fn over(&mut self, answered: u32, in_flight: &[Uuid]) -> Change {
        match &mut self.state {
            _ if in_flight.is_empty() => Change::Nothing,
            State::Off { .. } if answered > 0 => Change::Nothing,
            State::Off { fruitless } => {
                *fruitless += 1;
                if *fruitless < FRUITLESS_BEFORE {
                    return Change::Nothing;
                }
                self.state = self.begin();
                Change::Begins
            }
            State::On { broke, .. } => blame(broke, in_flight),
        }
    }

    fn begin(&self) -> State {
        State::On {
            answers_left: self.window.saturating_mul(2).max(1),
            broke: BTreeMap::new(),
        }
    }
}

fn blame(broke: &mut BTreeMap<Uuid, u32>, in_flight: &[Uuid]) -> Change {
    let [alone] = in_flight else {
        return Change::Nothing;
    };
    let breaks = broke.entry(*alone).or_insert(0);
    *breaks += 1;
    if *breaks < BREAKS_BEFORE {
        return Change::Nothing;
    }
    broke.remove(alone);
    Change::SetAside(*alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POISON: Uuid = Uuid::from_u128(1);
    const GOOD: Uuid = Uuid::from_u128(2);

    fn isolating() -> Isolation {
        let mut machine = Isolation::new(2);
        for _ in 0..2 {
            assert_eq!(machine.over(0, &[POISON, GOOD]), Change::Nothing);
        }
        assert_eq!(machine.over(0, &[POISON, GOOD]), Change::Begins);
        machine
    }

    #[test]
    fn begins_with_the_third_fruitless_connection_in_a_row() {
        assert!(isolating().is_on());
    }

    #[test]
    fn an_answer_between_starts_the_count_anew() {
        let mut machine = Isolation::new(2);
        machine.over(0, &[POISON]);
        machine.over(0, &[POISON]);
        machine.answered(GOOD);
        assert_eq!(machine.over(1, &[POISON]), Change::Nothing);
        assert_eq!(machine.over(0, &[POISON]), Change::Nothing);
        assert!(!machine.is_on());
    }

    #[test]
    fn connections_with_nothing_in_flight_do_not_count() {
        let mut machine = Isolation::new(2);
        for _ in 0..10 {
            assert_eq!(machine.over(0, &[]), Change::Nothing);
        }
        assert!(!machine.is_on());
    }

    #[test]
    fn the_message_that_alone_breaks_three_connections_is_set_aside() {
        let mut machine = isolating();
        assert_eq!(machine.over(0, &[POISON]), Change::Nothing);
        assert_eq!(machine.over(1, &[POISON]), Change::Nothing);
        assert_eq!(machine.over(0, &[POISON]), Change::SetAside(POISON));
        assert!(machine.is_on());
    }

    #[test]
    fn an_answer_clears_a_suspect() {
        let mut machine = isolating();
        machine.over(0, &[GOOD]);
        machine.over(0, &[GOOD]);
        machine.answered(GOOD);
        assert_eq!(machine.over(0, &[GOOD]), Change::Nothing);
    }

    #[test]
    fn ends_after_twice_the_window_of_answers() {
        let mut machine = isolating();
        let ends: Vec<_> = (10..14).map(|n| machine.answered(Uuid::from_u128(n))).collect();
        assert_eq!(ends, [false, false, false, true]);
        assert!(!machine.is_on());
    }
}
