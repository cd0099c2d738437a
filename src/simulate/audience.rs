//! What the demo waits for: that every reading was published, and that the platform has said so.

use std::collections::BTreeSet;

use serde_json::Value;

use super::platform::Published;

/// What was published so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    readings: BTreeSet<String>,
    confirmed: BTreeSet<String>,
}

impl Audience {
    /// Takes note of one message. A double counts once.
    pub fn hear(&mut self, message: &Published) {
        let Ok(fields) = serde_json::from_slice::<Value>(&message.payload) else {
            return;
        };
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        if text("schema").is_some_and(|schema| schema.starts_with("cuffd.reading/")) {
            self.readings.extend(text("id").map(str::to_owned));
        }
        if text("command") == Some("receipt") {
            let ids = fields.get("ids").and_then(Value::as_array).into_iter().flatten();
            self.confirmed.extend(ids.filter_map(Value::as_str).map(str::to_owned));
        }
    }

    /// How many readings were published.
    #[must_use]
    pub fn readings(&self) -> usize {
        self.readings.len()
    }

    /// How many of them the platform has confirmed.
    #[must_use]
    pub fn confirmed(&self) -> usize {
        self.readings.intersection(&self.confirmed).count()
    }

    /// Whether `expected` readings were published and confirmed.
    #[must_use]
    pub fn has_seen(&self, expected: usize) -> bool {
        self.confirmed() >= expected
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn heard(messages: &[Value]) -> Audience {
        let mut audience = Audience::default();
        for message in messages {
            let (topic, payload) = (String::new(), message.to_string().into());
            audience.hear(&Published { topic, payload });
        }
        audience
    }

    #[test]
    fn only_confirmed_readings_are_seen_and_doubles_count_once() {
        let reading = |id: &str| json!({"schema": "cuffd.reading/1", "id": id});
        let receipt = |ids: &[&str]| json!({"schema": "cuffd.command/1", "command": "receipt", "ids": ids});
        let status = json!({"schema": "cuffd.status/1", "id": "c"});
        for (messages, readings, confirmed) in [
            (vec![], 0, 0),
            (vec![reading("a"), reading("a"), status], 1, 0),
            (vec![reading("a"), receipt(&["b"])], 1, 0),
            (vec![reading("a"), reading("b"), receipt(&["b"])], 2, 1),
            (vec![receipt(&["a"]), reading("a"), json!([])], 1, 1),
        ] {
            let audience = heard(&messages);
            assert_eq!(
                (audience.readings(), audience.confirmed()),
                (readings, confirmed),
                "{messages:?}"
            );
            assert!(audience.has_seen(confirmed) && !audience.has_seen(confirmed + 1));
        }
    }
}
