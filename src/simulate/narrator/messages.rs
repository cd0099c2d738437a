//! What a published message says, in words. Any octets on any topic give a line: a platform is told strange things too.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::words::{count, of_code, of_reason, of_reasons};
use super::{Line, Tone};

/// The words for `payload` published on `topic`, times in `zone`.
#[must_use]
pub fn narrate(topic: &str, payload: &[u8], zone: &TimeZone) -> Line {
    let tag = short(topic);
    if payload.is_empty() {
        return Line::new(tag, "cleared at the broker", Tone::Plain);
    }
    let Ok(message) = serde_json::from_slice::<Value>(payload) else {
        let text = format!("{} octets that are no JSON", payload.len());
        return Line::new(tag, text, Tone::Attention);
    };
    let message = Message { fields: &message, zone };
    let (text, tone) = match tag {
        "reading" => message.reading(),
        "readiness" => message.readiness(),
        "alert" => message.alert(),
        "status" => message.status(),
        "info" => message.info(),
        "command" => message.command(),
        "reply" => message.reply(),
        "fhir" => message.fhir(),
        _ => (
            message.text("schema").unwrap_or("something else").to_owned(),
            Tone::Plain,
        ),
    };
    Line::new(tag, text, tone)
}

/// What it means that a claim of 3.1 does not hold.
fn missing(claim: &str) -> String {
    match claim {
        "registered" => "cuff not registered".to_owned(),
        "bonded" => "no bond".to_owned(),
        "clock_synchronized" => "time uncertain".to_owned(),
        "user_matched" => "user unknown".to_owned(),
        other => format!("not {}", other.replace('_', " ")),
    }
}

/// The last level of a topic: what kind of message it is.
fn short(topic: &str) -> &str {
    topic.rsplit('/').next().unwrap_or(topic)
}

struct Message<'a> {
    fields: &'a Value,
    zone: &'a TimeZone,
}

impl<'a> Message<'a> {
    fn field(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.field(name).and_then(Value::as_str)
    }

    fn says(&self, name: &str) -> bool {
        self.field(name).and_then(Value::as_bool) == Some(true)
    }

    fn items(&self, name: &str) -> &'a [Value] {
        self.field(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The time of day in field `name`, `hh:mm:ss`.
    fn time(&self, name: &str) -> Option<String> {
        let at: Timestamp = self.text(name)?.parse().ok()?;
        Some(self.zone.to_datetime(at).strftime("%H:%M:%S").to_string())
    }

    fn reading(&self) -> (String, Tone) {
        let mut facts = vec![self.values().unwrap_or_else(|| "no values".to_owned())];
        facts.push(match self.time("taken_at") {
            Some(time) => format!("taken {time}"),
            None => "time taken unknown".to_owned(),
        });
        facts.extend(self.noticed());
        facts.extend(self.text("patient").map(|patient| format!("patient {patient}")));
        let mut text = facts.join(", ");
        text.push_str(". ");
        text.push_str(&match (self.says("counted"), of_reasons(self.field("reasons"))) {
            (true, _) => "Counted".to_owned(),
            (false, reasons) if reasons.is_empty() => "Not counted".to_owned(),
            (false, reasons) => format!("Not counted: {reasons}"),
        });
        text.push_str(&format!("; {}.", self.verified()));
        (text, if self.says("counted") { Tone::Good } else { Tone::Plain })
    }

    /// "121/78 mmHg, pulse 72", as far as there are numbers.
    fn values(&self) -> Option<String> {
        let pressures = format!("{}/{} mmHg", self.field("systolic")?, self.field("diastolic")?);
        Some(match self.field("pulse_rate") {
            Some(pulse_rate) => format!("{pressures}, pulse {pulse_rate}"),
            None => pressures,
        })
    }

    /// What the cuff found besides.
    fn noticed(&self) -> impl Iterator<Item = String> {
        self.items("status").iter().filter_map(Value::as_str).map(of_code)
    }

    fn verified(&self) -> String {
        if self.says("verified") {
            return "verified".to_owned();
        }
        let claims = self.field("verification").and_then(Value::as_object);
        let open = claims
            .into_iter()
            .flatten()
            .filter(|(_, holds)| holds.as_bool() != Some(true));
        let open: Vec<_> = open.map(|(claim, _)| missing(claim)).collect();
        if open.is_empty() {
            return "not verified".to_owned();
        }
        format!("not verified: {}", open.join(", "))
    }

    fn readiness(&self) -> (String, Tone) {
        let session = self.text("session").unwrap_or("?");
        let state = self.text("state").unwrap_or("?");
        let mut text = format!("session {session}: ");
        let ready = self.says("ready");
        text.push_str(match state {
            "ready" if ready => "within the clinic's limits",
            "waiting" => "not yet",
            "blocked" => "not now",
            "referred" => "the clinic decides",
            "crisis" => "very high: do not start",
            "started" => "under way",
            "ended" => "over",
            _ => "not ready",
        });
        text.extend(self.time("valid_until").map(|time| format!(" until {time}")));
        text.extend(self.values().map(|values| format!(" ({values})")));
        let reasons = of_reasons(self.field("reasons"));
        if !reasons.is_empty() {
            text.push_str(&format!(": {reasons}"));
        }
        text.extend(self.time("next_at").map(|time| format!("; next try from {time}")));
        (text, if ready { Tone::Good } else { Tone::Plain })
    }

    fn alert(&self) -> (String, Tone) {
        let what = of_code(self.text("code").unwrap_or("?"));
        match self.text("state") {
            Some("cleared") => (format!("over: {what}"), Tone::Good),
            _ => (format!("raised: {what}"), Tone::Attention),
        }
    }

    fn status(&self) -> (String, Tone) {
        let state = self.text("state").unwrap_or("?");
        let mut text = match state {
            "online" => "the gateway is online".to_owned(),
            "offline" => "the gateway went offline, as it was asked to".to_owned(),
            "lost" => "the gateway was lost: the broker says so in its name".to_owned(),
            "retired" => "the gateway was retired".to_owned(),
            other => format!("the gateway is {other}"),
        };
        let queued = self.field("queued").and_then(Value::as_u64);
        text.extend(queued.map(|queued| format!("; {} waiting", count(queued, "message"))));
        let problems = self.items("problems");
        let words: Vec<_> = problems.iter().map(of_reason).collect();
        if !words.is_empty() {
            text.push_str(&format!("; to mend: {}", words.join(", ")));
        }
        let fine = problems.is_empty() && state != "lost";
        (text, if fine { Tone::Good } else { Tone::Attention })
    }

    fn info(&self) -> (String, Tone) {
        let name = |cuff: &Value| {
            let text = |name: &str| cuff.get(name).and_then(Value::as_str).map(str::to_owned);
            Some(format!(
                "{} ({})",
                text("id")?,
                text("model").unwrap_or_else(|| "model unknown".to_owned())
            ))
        };
        let cuffs: Vec<_> = self.items("cuffs").iter().filter_map(name).collect();
        let version = self.text("version").unwrap_or("?");
        let cuffs = if cuffs.is_empty() {
            "none".to_owned()
        } else {
            cuffs.join(", ")
        };
        (format!("cuffd {version}; cuffs: {cuffs}"), Tone::Plain)
    }

    fn command(&self) -> (String, Tone) {
        let command = self.text("command").unwrap_or("?");
        let text = match (command, self.items("ids").len()) {
            ("receipt", ids) => format!("the platform has received {}", count(ids as u64, "message")),
            (other, _) => {
                let session = self.text("session").map(|session| format!(" {session}"));
                let item = self.text("item").map(|item| format!(", {}", item.replace('_', " ")));
                format!(
                    "the platform asks: {}{}{}",
                    other.replace('_', " "),
                    session.unwrap_or_default(),
                    item.unwrap_or_default()
                )
            }
        };
        (text, Tone::Plain)
    }

    fn reply(&self) -> (String, Tone) {
        if self.says("ok") {
            return ("done".to_owned(), Tone::Good);
        }
        let error = self.field("error");
        let part = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str);
        let (code, message) = (part("code").unwrap_or("?"), part("message").unwrap_or_default());
        (format!("refused, {}: {message}", of_code(code)), Tone::Attention)
    }

    fn fhir(&self) -> (String, Tone) {
        let entries = self.items("entry").len() as u64;
        let entries = if entries == 1 {
            "1 entry".to_owned()
        } else {
            format!("{entries} entries")
        };
        (format!("a FHIR bundle of {entries}"), Tone::Plain)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(topic: &str, message: &Value) -> String {
        let zone = TimeZone::get("Europe/Berlin").expect("a zone");
        narrate(topic, message.to_string().as_bytes(), &zone).text
    }

    fn reading() -> Value {
        json!({
            "schema": "cuffd.reading/1", "patient": "p1", "unit": "mmHg", "systolic": 121, "diastolic": 78,
            "mean_arterial_pressure": 92, "pulse_rate": 72, "status": [], "taken_at": "2026-11-21T18:04:12Z",
            "counted": false, "reasons": [{"code": "no_session"}], "verified": true,
        })
    }

    #[test]
    fn a_reading_is_told_with_its_values_time_and_why_it_does_not_count() {
        let text = told("cuffd-test/v1/north/gw-1/reading", &reading());
        assert_eq!(
            text,
            "121/78 mmHg, pulse 72, taken 19:04:12, patient p1. Not counted: no session open; verified."
        );
    }

    #[test]
    fn a_reading_without_values_or_time_says_so() {
        let mut message = reading();
        for name in ["systolic", "diastolic", "pulse_rate", "taken_at"] {
            message[name] = Value::Null;
        }
        message["status"] = json!(["cuff_too_loose"]);
        message["verified"] = json!(false);
        message["verification"] = json!({"bonded": false, "fresh": true, "registered": true});
        let text = told("x/reading", &message);
        assert_eq!(
            text,
            "no values, time taken unknown, the cuff was loose, patient p1. Not counted: no session open; not verified: \
             no bond."
        );
    }

    #[test]
    fn an_attestation_names_its_item() {
        let attest = json!({"command": "attest", "session": "s1", "item": "safe_setting"});
        assert_eq!(told("x/command", &attest), "the platform asks: attest s1, safe setting");
    }

    #[test]
    fn each_kind_of_message_has_its_words() {
        for (topic, message, words) in [
            (
                "x/status",
                json!({"state": "online", "queued": 1, "problems": ["clock_unsynchronized"]}),
                "the gateway is online; 1 message waiting; to mend: the box does not know the time",
            ),
            (
                "x/status",
                json!({"state": "lost"}),
                "the gateway was lost: the broker says so in its name",
            ),
            (
                "x/info",
                json!({"version": "0.1.0", "cuffs": [{"id": "cuff-1", "model": "standard"}]}),
                "cuffd 0.1.0; cuffs: cuff-1 (standard)",
            ),
            (
                "x/session/s1/readiness",
                json!({"session": "s1", "state": "ready", "ready": true, "reasons": [],
                       "valid_until": "2026-11-21T18:37:20Z", "systolic": 121.5, "diastolic": 78}),
                "session s1: within the clinic's limits until 19:37:20 (121.5/78 mmHg)",
            ),
            (
                "x/session/s1/readiness",
                json!({"session": "s1", "state": "blocked", "ready": false, "next_at": "2026-11-21T18:22:20Z",
                       "reasons": [{"code": "systolic_above_limit", "measured": 146, "limit": 140}]}),
                "session s1: not now: systolic above limit: 146, limit 140; next try from 19:22:20",
            ),
            (
                "x/alert",
                json!({"code": "cuff_unreachable", "state": "raised"}),
                "raised: cuff unreachable",
            ),
            (
                "x/alert",
                json!({"code": "cuff_unreachable", "state": "cleared"}),
                "over: cuff unreachable",
            ),
            (
                "x/command",
                json!({"command": "receipt", "ids": ["a", "b"]}),
                "the platform has received 2 messages",
            ),
            (
                "x/command",
                json!({"command": "open_session", "session": "s1"}),
                "the platform asks: open session s1",
            ),
            ("x/reply", json!({"ok": true}), "done"),
            (
                "x/reply",
                json!({"ok": false, "error": {"code": "not_now", "message": "rest first"}}),
                "refused, not now: rest first",
            ),
            ("x/fhir", json!({"entry": [1, 2]}), "a FHIR bundle of 2 entries"),
            ("x/later", json!({"schema": "cuffd.later/1"}), "cuffd.later/1"),
        ] {
            assert_eq!(told(topic, &message), words, "{message}");
        }
    }

    #[test]
    fn a_ready_that_does_not_say_so_twice_is_not_ready() {
        let message = json!({"session": "s1", "state": "ready", "ready": false});
        let line = narrate("x/readiness", message.to_string().as_bytes(), &TimeZone::UTC);
        assert_eq!((line.text.as_str(), line.tone), ("session s1: not ready", Tone::Plain));
    }

    #[test]
    fn strange_octets_are_told_too() {
        for payload in [
            &b""[..],
            b"{",
            b"\xff\x00",
            b"[]",
            b"7",
            b"null",
            b"{\"reasons\":7,\"status\":{}}",
        ] {
            for topic in [
                "",
                "/",
                "x/reading",
                "x/status",
                "x/readiness",
                "x/alert",
                "x/command",
                "x/reply",
            ] {
                let line = narrate(topic, payload, &TimeZone::UTC);
                assert!(!line.text.is_empty(), "{topic} {payload:?}");
            }
        }
    }
}
