//! Codes of messages in a person's words.

use serde_json::Value;

/// The words for a reason's or problem's code; a code that nobody knows speaks for itself.
pub(super) fn of_code(code: &str) -> String {
    let words = match code {
        "unregistered_cuff" => "the cuff is not registered",
        "duplicate" => "it came before",
        "measurement_error" => "the cuff could not measure",
        "implausible" => "no person has such values",
        "unexpected_length" => "octets left over",
        "not_bonded" => "the cuff is not bonded",
        "clock_unsynchronized" => "the box does not know the time",
        "store_unavailable" => "the box cannot store",
        "first_session_history" => "history from before the pairing",
        "undated" => "nobody knows when it was taken",
        "future_dated" => "dated in the future",
        "stale" => "an older one",
        "other_user" => "somebody else's",
        "no_session" => "no session open",
        "pulse_rate_missing" => "no pulse rate",
        "body_movement" => "the person moved",
        "cuff_too_loose" => "the cuff was loose",
        "improper_position" => "the arm was not at heart height",
        "pulse_rate_range" => "the pulse was out of the cuff's range",
        "rest_incomplete" => "the rest was not over",
        "too_soon" => "too soon after the one before",
        "round_over" => "no round was collecting",
        "discarded_first" => "the first of a round is left out",
        "readings_needed" => "readings are still to come",
        "validity_over" => "the last round is too long ago",
        "attempts_used" => "no rounds are left",
        "approval_needed" => "the clinic must approve",
        "session_started" => "the session is under way",
        "session_over" => "the session is over",
        "denied" => "the clinic said no",
        "no_subscriber" => "nobody at the broker took it",
        other => return other.replace('_', " "),
    };
    words.to_owned()
}

/// The words for one reason, which is `{"code": …}` with what decided it.
pub(super) fn of_reason(reason: &Value) -> String {
    let code = reason
        .get("code")
        .unwrap_or(reason)
        .as_str()
        .unwrap_or("no reason given");
    let number = |name: &str| reason.get(name).filter(|value| value.is_number());
    if let (Some(measured), Some(limit)) = (number("measured"), number("limit")) {
        let of = reason.get("of").and_then(Value::as_str).unwrap_or(code);
        return format!("{}: {measured}, limit {limit}", of_code(of));
    }
    if let Some(needed) = number("needed") {
        return format!("{needed} more to measure");
    }
    match reason.get("item").and_then(Value::as_str) {
        Some(item) => format!("still to confirm: {}", item.replace('_', " ")),
        None => of_code(code),
    }
}

/// The words for a list of reasons, or of codes.
pub(super) fn of_reasons(reasons: Option<&Value>) -> String {
    let reasons = reasons.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    reasons.iter().map(of_reason).collect::<Vec<_>>().join(", ")
}

/// `count` things: "no readings", "1 reading", "2 readings".
pub(super) fn count(count: u64, one: &str) -> String {
    match count {
        0 => format!("no {one}s"),
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_says_what_decided_it() {
        for (reason, words) in [
            (json!({"code": "no_session"}), "no session open"),
            (json!("undated"), "nobody knows when it was taken"),
            (
                json!({"code": "systolic_above_limit", "measured": 146, "limit": 140}),
                "systolic above limit: 146, limit 140",
            ),
            (
                json!({"code": "crisis", "of": "systolic", "measured": 190, "limit": 180}),
                "systolic: 190, limit 180",
            ),
            (json!({"code": "readings_needed", "needed": 2}), "2 more to measure"),
            (
                json!({"code": "attestation_missing", "item": "safe_setting"}),
                "still to confirm: safe setting",
            ),
            (json!({"code": "something_new"}), "something new"),
            (json!(7), "no reason given"),
        ] {
            assert_eq!(of_reason(&reason), words);
        }
    }
}
