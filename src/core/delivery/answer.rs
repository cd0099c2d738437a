//! What a broker's answer to a publish means for the message (contract 3.4; codes: MQTT 5.0, 3.4.2.1).

/// What a PUBACK means for a message that is not retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The broker took it.
    Taken,
    /// The broker took it and threw it away, because nobody subscribes: no better than not sent.
    NobodySubscribes,
    /// Refused for now: a right or a quota that may come back.
    Refused,
    /// Refused for good: the same octets will never be taken.
    RefusedForGood,
}

/// What the reason code of a PUBACK means. MQTT 3.1.1 has none: its PUBACK counts as 0x00.
#[must_use]
pub const fn judge(code: u8) -> Answer {
    match code {
        0x00 => Answer::Taken,
        0x10 => Answer::NobodySubscribes,
        // 0x95 is not allowed in a PUBACK, and some brokers send it all the same.
        0x90 | 0x95 | 0x99 => Answer::RefusedForGood,
        _ => Answer::Refused,
    }
}

/// The code as an operator reads it, e.g. `PUBACK 0x87 not authorized`.
#[must_use]
pub fn describe(code: u8) -> String {
    let name = name(code);
    let space = if name.is_empty() { "" } else { " " };
    format!("PUBACK 0x{code:02X}{space}{name}")
}

const fn name(code: u8) -> &'static str {
    match code {
        0x00 => "success",
        0x10 => "no matching subscribers",
        0x80 => "unspecified error",
        0x83 => "implementation specific error",
        0x87 => "not authorized",
        0x90 => "topic name invalid",
        0x91 => "packet identifier in use",
        0x95 => "packet too large",
        0x97 => "quota exceeded",
        0x99 => "payload format invalid",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_is_taken() {
        for code in 1..=u8::MAX {
            assert_ne!(judge(code), Answer::Taken, "0x{code:02X}");
        }
        assert_eq!(judge(0), Answer::Taken);
    }

    #[test]
    fn what_cannot_change_is_refused_for_good_and_all_else_may_be_tried_again() {
        for code in [0x90, 0x95, 0x99] {
            assert_eq!(judge(code), Answer::RefusedForGood, "0x{code:02X}");
        }
        for code in [0x80, 0x83, 0x87, 0x91, 0x97, 0x01, 0xFF] {
            assert_eq!(judge(code), Answer::Refused, "0x{code:02X}");
        }
        assert_eq!(judge(0x10), Answer::NobodySubscribes);
    }

    #[test]
    fn description_has_code_and_name() {
        assert_eq!(describe(0x87), "PUBACK 0x87 not authorized");
        assert_eq!(describe(0xAB), "PUBACK 0xAB");
    }
}
