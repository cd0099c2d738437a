//! Whether a command is to be carried out, judged in the contract's order.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use super::authority::Authority;
use super::form::{Parsed, parse};
use super::{Code, Refusal};
use crate::core::name::Name;

/// A command may be valid for at most this long.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What arrived on `command`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The octets.
    pub payload: Bytes,
    /// Whether the broker had kept it.
    pub retained: bool,
    /// Where the sender wants the reply.
    pub response_topic: Option<String>,
    /// What the sender wants along with the reply.
    pub correlation: Option<Bytes>,
}

/// Whom commands must name.
#[derive(Clone, Debug)]
pub struct Addressee {
    /// The clinic.
    pub site: Name,
    /// This machine.
    pub gateway: Name,
}

/// What the clock says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// This, and it can be believed.
    Synchronized(Timestamp),
    /// It cannot be believed.
    Unsynchronized,
}

/// A command that is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its id as it was written, where that much could be read.
    pub id_text: Option<String>,
    /// Why.
    pub refusal: Refusal,
}

/// Judges what arrived. Whether the id is known is for the caller to ask, after this.
///
/// # Errors
/// The first thing that is wrong, in the contract's order.
pub fn check(
    incoming: &Incoming,
    addressee: &Addressee,
    authority: &Authority,
    clock: Clock,
) -> Result<Parsed, Refused> {
    let parsed = parse(&incoming.payload).map_err(|(id_text, refusal)| Refused { id_text, refusal })?;
    match judge(&parsed, incoming, addressee, authority, clock) {
        Ok(()) => Ok(parsed),
        Err(refusal) => Err(Refused {
            id_text: Some(parsed.id_text),
            refusal,
        }),
    }
}

fn judge(
    parsed: &Parsed,
    incoming: &Incoming,
    addressee: &Addressee,
    authority: &Authority,
    clock: Clock,
) -> Result<(), Refusal> {
    if incoming.retained {
        return Err(Refusal::new(
            Code::Retained,
            "commands are not taken from the broker's memory",
        ));
    }
    if parsed.site != addressee.site.as_str() || parsed.gateway != addressee.gateway.as_str() {
        return Err(Refusal::new(Code::WrongGateway, "meant for another gateway"));
    }
    authority.permits(parsed)?;
    still_valid(parsed.expires_at, clock)
}

fn still_valid(expires_at: Timestamp, clock: Clock) -> Result<(), Refusal> {
    let now = match clock {
        Clock::Synchronized(now) => now,
        Clock::Unsynchronized => {
            let why = "the gateway's clock cannot be believed, so expiry cannot be judged";
            return Err(Refusal::new(Code::ClockUnsynchronized, why));
        }
    };
    if expires_at <= now {
        return Err(Refusal::new(Code::Expired, "expires_at is over"));
    }
    if now.checked_add(LONGEST_LIFE).is_ok_and(|latest| expires_at > latest) {
        return Err(Refusal::new(Code::Expired, "expires_at is more than 24 h ahead"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::form::CommandName;
    use super::*;

    const NOW: &str = "2026-11-21T18:00:00Z";

    fn command() -> Value {
        json!({
            "schema": "cuffd.command/1", "id": "6b0c5a5e-5f0a-4d0e-8a49-0c8b4f6a2a01", "site": "north",
            "gateway": "gw", "expires_at": "2026-11-21T18:05:00Z", "command": "report",
        })
    }

    fn with(changes: &[(&str, Value)]) -> Incoming {
        let mut value = command();
        for (name, change) in changes {
            value[name] = change.clone();
        }
        Incoming {
            payload: Bytes::from(value.to_string()),
            retained: false,
            response_topic: None,
            correlation: None,
        }
    }

    fn answer_at(incoming: &Incoming, clock: Clock) -> Result<Parsed, Refused> {
        let addressee = Addressee {
            site: Name::parse("north").unwrap(),
            gateway: Name::parse("gw").unwrap(),
        };
        let authority = Authority::new([CommandName::Report, CommandName::Receipt], Vec::new()).unwrap();
        check(incoming, &addressee, &authority, clock)
    }

    fn answer(incoming: &Incoming) -> Result<Parsed, Code> {
        let clock = Clock::Synchronized(NOW.parse().unwrap());
        answer_at(incoming, clock).map_err(|refused| refused.refusal.code)
    }

    #[test]
    fn a_good_command_is_accepted() {
        assert!(answer(&with(&[])).is_ok());
    }

    #[test]
    fn the_first_thing_wrong_in_the_order_of_the_contract_is_named() {
        let wrong = [
            ("expires_at", json!("2026-11-21T17:00:00Z"), Code::Expired),
            ("command", json!("start"), Code::NotAuthorized),
            ("gateway", json!("other"), Code::WrongGateway),
            ("site", json!(7), Code::Malformed),
        ];
        let mut changes = Vec::new();
        for (name, value, code) in wrong {
            changes.push((name, value));
            changes.push(("session", json!("s1")));
            let mut incoming = with(&changes);
            assert_eq!(answer(&incoming).unwrap_err(), code, "{name}");
            if code == Code::WrongGateway {
                incoming.retained = true;
                assert_eq!(answer(&incoming).unwrap_err(), Code::Retained);
            }
        }
    }

    #[test]
    fn expiry_is_at_most_a_day_ahead_and_not_now() {
        for (expires_at, good) in [
            ("2026-11-21T17:59:59Z", false),
            ("2026-11-21T18:00:00Z", false),
            ("2026-11-21T18:00:01Z", true),
            ("2026-11-22T18:00:00Z", true),
            ("2026-11-22T18:00:01Z", false),
            ("9999-12-30T00:00:00Z", false),
            ("9999-12-31T23:59:59Z", false),
        ] {
            let incoming = with(&[("expires_at", json!(expires_at))]);
            let answer = answer(&incoming).map(|_| ());
            let expected = if good { Ok(()) } else { Err(Code::Expired) };
            assert_eq!(answer, expected, "{expires_at}");
        }
    }

    #[test]
    fn without_a_clock_nothing_is_carried_out() {
        let refused = answer_at(&with(&[]), Clock::Unsynchronized).unwrap_err();
        assert_eq!(refused.refusal.code, Code::ClockUnsynchronized);
        assert_eq!(refused.id_text.as_deref(), command()["id"].as_str());
    }

    #[test]
    fn a_proof_convinces_nobody_where_no_key_is_listed() {
        let signed = [
            ("command", json!("start")),
            ("session", json!("s1")),
            ("proof", json!("a..b")),
        ];
        assert_eq!(answer(&with(&signed)).unwrap_err(), Code::NotAuthorized);
    }
}
