//! Leads through the scenes of a script: each begins when the one before has shown what it is there to show.
//!
//! No clock: whoever plays the scenes waits as long as they say.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use serde_json::Value;

use super::visit::Visit;

/// Something to see.
#[derive(Clone, Debug)]
pub struct Scene {
    /// What is told before it.
    pub says: &'static str,
    /// How long after the end of the one before it begins.
    pub after: Duration,
    /// What happens, in order.
    pub does: Vec<Deed>,
    /// What ends it.
    pub until: Until,
}

/// Something that happens in a scene.
#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    /// The cuff is used.
    Measure(Visit),
    /// The platform sends a command: its name, and its fields.
    Ask(&'static str, Value),
}

/// What ends a scene.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// The gateway is online.
    Online,
    /// So many different readings were published, in all.
    Readings(usize),
    /// The session's last answer is like this.
    Answer(fn(&Value) -> bool),
}

/// Leads through scenes.
#[derive(Debug)]
pub struct Director {
    scenes: VecDeque<Scene>,
    /// What ends the scene that is played; `None` between two scenes.
    until: Option<Until>,
    is_online: bool,
    readings: BTreeSet<String>,
    answer: Option<Value>,
}

impl Director {
    /// Begins once the gateway is online.
    #[must_use]
    pub fn new(scenes: impl IntoIterator<Item = Scene>) -> Self {
        Self {
            scenes: scenes.into_iter().collect(),
            until: Some(Until::Online),
            is_online: false,
            readings: BTreeSet::new(),
            answer: None,
        }
    }

    /// Takes note of a message that was published, and gives the next scene if that ends the one that is played.
    pub fn hear(&mut self, message: &Value) -> Option<Scene> {
        let text = |name: &str| message.get(name).and_then(Value::as_str);
        match text("schema") {
            Some("cuffd.status/1") => self.is_online = text("state") == Some("online"),
            Some("cuffd.reading/1") => self.readings.extend(text("id").map(str::to_owned)),
            Some("cuffd.readiness/1") => self.answer = Some(message.clone()),
            _ => {}
        }
        self.next()
    }

    /// Begins a scene. Gives the next one, if what ends this one has been seen already.
    pub fn play(&mut self, until: Until) -> Option<Scene> {
        self.until = Some(until);
        self.next()
    }

    /// Whether the last scene has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.scenes.is_empty() && self.until.is_none()
    }

    fn next(&mut self) -> Option<Scene> {
        let is_seen = match self.until? {
            Until::Online => self.is_online,
            Until::Readings(count) => self.readings.len() >= count,
            Until::Answer(wanted) => self.answer.as_ref().is_some_and(wanted),
        };
        if !is_seen {
            return None;
        }
        self.until = None;
        self.scenes.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scene(says: &'static str) -> Scene {
        Scene {
            says,
            after: Duration::ZERO,
            does: Vec::new(),
            until: Until::Readings(1),
        }
    }

    fn status(state: &str) -> Value {
        json!({"schema": "cuffd.status/1", "state": state})
    }

    fn reading(id: &str) -> Value {
        json!({"schema": "cuffd.reading/1", "id": id})
    }

    #[test]
    fn a_scene_follows_when_the_one_before_has_shown_what_it_is_for() {
        let mut director = Director::new([scene("one"), scene("two")]);
        assert!(director.hear(&reading("a")).is_none(), "nobody is online");
        assert!(director.hear(&status("lost")).is_none());
        let one = director.hear(&status("online")).expect("it begins");
        assert_eq!(one.says, "one");
        assert!(director.hear(&reading("b")).is_none(), "it is not played yet");
        assert!(director.play(Until::Readings(3)).is_none());
        assert!(director.hear(&reading("b")).is_none(), "a double is no other");
        assert_eq!(director.hear(&reading("c")).expect("three").says, "two");
        assert!(!director.is_over() || director.scenes.is_empty());
        assert!(
            director
                .play(Until::Answer(|answer| answer["state"] == "ended"))
                .is_none()
        );
        assert!(!director.is_over());
        let ended = json!({"schema": "cuffd.readiness/1", "state": "ended"});
        assert!(director.hear(&ended).is_none(), "there is no other");
        assert!(director.is_over());
    }

    #[test]
    fn what_has_been_seen_before_a_scene_begins_ends_it_at_once() {
        let mut director = Director::new([scene("one"), scene("two")]);
        director.hear(&status("online")).expect("it begins");
        assert!(director.hear(&reading("a")).is_none());
        assert_eq!(director.play(Until::Readings(1)).expect("seen").says, "two");
    }
}
