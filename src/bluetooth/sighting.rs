//! What the radio's task lets a cuff's task know: always the latest, with counters so that nothing in between is missed.

use super::facts::Change;
use crate::core::collection::Event;

/// What is known of one cuff now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sighting {
    /// The adapter to use, if there is one.
    pub(super) adapter: Option<String>,
    /// How often bluetoothd or the adapter went away.
    pub(super) losses: u64,
    /// bluetoothd has it in its list.
    pub(super) known: bool,
    /// How many advertisements were heard.
    pub(super) advertisements: u64,
    /// Strength of the last, in dBm.
    pub(super) rssi: Option<i16>,
    /// Bonded, as far as bluetoothd says.
    pub(super) bonded: bool,
    /// The link is up.
    pub(super) connected: bool,
    /// How often it came up.
    pub(super) ups: u64,
    /// How often it went down.
    pub(super) downs: u64,
}

impl Sighting {
    /// Takes in what bluetoothd says of the cuff.
    pub(super) fn apply(&mut self, change: &Change, bonded: bool) {
        // A cuff that was not there was not connected either: that it is not is no news.
        let is_news = self.known || change.connected == Some(true);
        self.known = true;
        self.bonded = bonded;
        if let Some(connected) = change.connected.filter(|_| is_news) {
            self.set_connected(connected);
        }
        if change.advertised {
            self.advertisements += 1;
            self.rssi = change.rssi;
        }
    }

    /// bluetoothd dropped it from its list.
    pub(super) fn forget(&mut self) {
        self.known = false;
        if self.connected {
            self.set_connected(false);
        }
    }

    /// Takes in what bluetoothd says of the link.
    pub(super) fn set_connected(&mut self, connected: bool) {
        // A link that came up and dropped in one turn of bluetoothd's loop is told as a drop only.
        if connected {
            self.ups += u64::from(!self.connected);
        } else {
            self.downs += 1;
        }
        self.connected = connected;
    }

    /// bluetoothd or the adapter went away, and all that was up with it.
    pub(super) fn lose(&mut self) {
        self.losses += 1;
        self.known = false;
        self.connected = false;
    }

    /// What happened since `before`, in an order in which it can have happened.
    pub(super) fn since(&self, before: &Self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.losses != before.losses {
            let was_up = self.ups != before.ups && self.downs == before.downs && !self.connected;
            events.extend(was_up.then_some(Event::LinkUp));
            events.push(Event::StackGone);
        }
        if self.bonded != before.bonded {
            events.push(Event::Bonded(self.bonded));
        }
        if self.known && !before.known {
            events.push(Event::Known);
        }
        if self.downs != before.downs {
            events.push(Event::LinkDown);
        }
        if self.connected && self.ups != before.ups {
            events.push(Event::LinkUp);
        }
        if self.advertisements != before.advertisements {
            events.push(Event::Heard { rssi: self.rssi });
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_link_that_came_and_went_unseen_only_the_end_is_told() {
        let before = Sighting::default();
        let mut now = before.clone();
        now.set_connected(true);
        now.set_connected(false);
        assert_eq!(now.since(&before), [Event::LinkDown]);
    }

    #[test]
    fn a_link_that_went_and_came_back_unseen_is_told_in_that_order() {
        let mut before = Sighting::default();
        before.set_connected(true);
        let mut now = before.clone();
        now.set_connected(false);
        now.set_connected(true);
        assert_eq!(now.since(&before), [Event::LinkDown, Event::LinkUp]);
    }

    #[test]
    fn a_drop_without_a_rise_is_told() {
        let before = Sighting::default();
        let mut now = before.clone();
        now.set_connected(false);
        assert_eq!(now.since(&before), [Event::LinkDown]);
    }

    #[test]
    fn a_loss_of_the_stack_comes_first_and_what_is_known_again_after_it() {
        let mut before = Sighting {
            known: true,
            ..Sighting::default()
        };
        before.set_connected(true);
        let mut now = before.clone();
        now.lose();
        let gone = now.clone();
        assert_eq!(gone.since(&before), [Event::StackGone]);
        now.known = true;
        assert_eq!(now.since(&gone), [Event::Known]);
    }

    #[test]
    fn a_link_that_came_up_unseen_before_the_stack_was_lost_is_told() {
        let before = Sighting::default();
        let mut now = before.clone();
        now.set_connected(true);
        now.lose();
        assert_eq!(now.since(&before), [Event::LinkUp, Event::StackGone]);
    }

    #[test]
    fn nothing_new_is_nothing_told() {
        let sighting = Sighting::default();
        assert_eq!(sighting.since(&sighting), []);
    }
}
