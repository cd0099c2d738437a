//! `status`: what the running daemon knows now.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Failure, block_on, out};
use crate::control::{client, socket_path};
use crate::core::readiness::told::Told;
use crate::core::state::{CuffHealth, CuffState, DeliveryState, RadioState, SessionState, State};

/// Options of `status`.
#[derive(Debug, Args)]
pub struct Options {
    /// As JSON, `cuffd.state/1`.
    #[arg(long)]
    json: bool,
}

/// Asks the running daemon and prints its answer.
#[must_use]
pub fn run(options: &Options) -> u8 {
    match block_on(ask(options.json)) {
        Ok(text) => out(&text),
        Err(failure) => failure.tell(),
    }
}

async fn ask(json: bool) -> Result<String, Failure> {
    let body = client::get(&socket_path(), "/api/v1/status").await?.whole().await?;
    if json {
        return Ok(String::from_utf8_lossy(&body).into_owned() + "\n");
    }
    let state: State = serde_json::from_slice(&body).map_err(Failure::NotAReading)?;
    Ok(describe(&state, &TimeZone::system()))
}

/// The state in words, a line each.
fn describe(state: &State, zone: &TimeZone) -> String {
    let time = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%F %T").to_string();
    let mut lines = vec![format!(
        "cuffd {} as {}/{}, since {}{}",
        state.version,
        state.site,
        state.gateway,
        time(state.started_at),
        if state.test { " (TEST)" } else { "" }
    )];
    lines.push(format!("radio     {}", radio(state.radio)));
    lines.extend(state.cuffs.iter().map(|one| cuff(one, &time)));
    lines.extend(sessions(&state.sessions, &time));
    lines.push(format!("clinic    {}", delivery(&state.delivery, &time)));
    lines.push(format!(
        "clock     {}",
        if state.clock.synchronized {
            "synchronized"
        } else {
            "not synchronized"
        }
    ));
    let mebibytes = |octets: u64| octets / (1 << 20);
    lines.push(format!(
        "store     {}, {} MiB used, {} MiB free",
        if state.store.available {
            "takes measurements"
        } else {
            "TAKES NO MEASUREMENTS"
        },
        mebibytes(state.store.size),
        mebibytes(state.store.free)
    ));
    let problems = state
        .problems
        .iter()
        .filter_map(|problem| serde_json::to_value(problem).ok());
    let problems: Vec<String> = problems.filter_map(|code| code.as_str().map(str::to_owned)).collect();
    lines.push(format!(
        "problems  {}",
        if problems.is_empty() {
            "none".to_owned()
        } else {
            problems.join(", ")
        }
    ));
    lines.join("\n") + "\n"
}

fn radio(radio: RadioState) -> &'static str {
    match radio {
        RadioState::Starting => "starting",
        RadioState::Scanning => "listening for cuffs",
        RadioState::NoAdapter => "no Bluetooth adapter (plug one in, or see [bluetooth] adapter)",
        RadioState::AdapterOff => "the Bluetooth adapter is switched off (bluetoothctl power on)",
        RadioState::NoStack => "bluetoothd does not run (systemctl start bluetooth)",
        RadioState::NoBus => "D-Bus is gone",
        RadioState::Deaf => "the adapter hears nothing",
        RadioState::Virtual => "virtual cuffs",
    }
}

fn cuff(cuff: &CuffState, time: &impl Fn(Timestamp) -> String) -> String {
    let health = match cuff.health {
        CuffHealth::NotHeard => "not heard yet",
        CuffHealth::Ok => "ok",
        CuffHealth::Unreachable => "heard, but connections fail",
        CuffHealth::BondLost => "the bond is lost: pair it again",
    };
    let mut line = format!("cuff      {} ({}): {health}", cuff.id, cuff.model);
    if cuff.connected {
        line.push_str(", connected now");
    }
    if let Some(at) = cuff.measured_at {
        line.push_str(&format!(", last measurement {}", time(at)));
    }
    if let Some(battery) = cuff.battery {
        line.push_str(&format!(", battery {battery} %"));
    }
    line
}

/// A line for each session; one that says so where there is none.
fn sessions(sessions: &[SessionState], time: &impl Fn(Timestamp) -> String) -> Vec<String> {
    if sessions.is_empty() {
        return vec!["session   none is open".to_owned()];
    }
    sessions.iter().map(|one| session(&one.told, time)).collect()
}

fn session(told: &Told, time: &impl Fn(Timestamp) -> String) -> String {
    let mut line = format!(
        "session   {} of {}: {}",
        told.session,
        told.patient,
        told.state.as_str()
    );
    if let Some(until) = told.valid_until.or(told.next_at) {
        line.push_str(&format!(" until {}", time(until)));
    }
    if let (Some(systolic), Some(diastolic)) = (&told.systolic, &told.diastolic) {
        line.push_str(&format!(", {systolic}/{diastolic} mmHg"));
    }
    if let Some(pulse_rate) = &told.pulse_rate {
        line.push_str(&format!(", pulse {pulse_rate}"));
    }
    let reasons: Vec<String> = told.reasons.iter().map(reason).collect();
    if !reasons.is_empty() {
        line.push_str(&format!(" ({})", reasons.join(", ")));
    }
    line
}

/// A reason's code, and which item it is about.
fn reason(reason: &Value) -> String {
    let text = |name| reason.get(name).and_then(Value::as_str);
    let code = text("code").unwrap_or("no code");
    text("item").map_or_else(|| code.to_owned(), |item| format!("{code} {item}"))
}

fn delivery(delivery: &DeliveryState, time: &impl Fn(Timestamp) -> String) -> String {
    if !delivery.enabled {
        return "no [mqtt] in the config: nothing is published".to_owned();
    }
    let broker = delivery.broker.as_deref().unwrap_or("no broker");
    let mut line = match (delivery.connected, delivery.since) {
        (true, Some(since)) => format!("connected to {broker} since {}", time(since)),
        (true, None) => format!("connected to {broker}"),
        (false, _) => format!("NOT connected ({broker})"),
    };
    line.push_str(&format!(", {} waiting", delivery.queued.total()));
    if let Some(sent) = delivery.awaiting_receipt {
        line.push_str(&format!(", {sent} sent and not yet confirmed by the clinic's system"));
    }
    if delivery.set_aside_count > 0 {
        line.push_str(&format!(", {} refused for good", delivery.set_aside_count));
    }
    if delivery.no_subscriber {
        line.push_str(", nobody subscribes there");
    }
    if let Some(refused) = &delivery.refused {
        line.push_str(&format!("\n          the broker refuses {refused}: its access rules"));
    }
    if delivery.commands_refused {
        line.push_str(
            "\n          NO COMMANDS: the broker's access rules do not let this gateway read its topic `command`",
        );
    }
    if let (false, Some(error)) = (delivery.connected, &delivery.last_error) {
        line.push_str(&format!("\n          {error}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(with: &Value) -> Told {
        let mut told = json!({
            "session": "s1", "patient": "p1", "state": "ready", "ready": true, "reasons": [], "counted": [],
            "attested": [], "policy": {"name": "a", "sha256": "b"},
        });
        for (name, value) in with.as_object().expect("an object") {
            told[name] = value.clone();
        }
        serde_json::from_value(told).expect("an answer")
    }

    #[test]
    fn a_session_is_told_with_its_state_its_numbers_and_why() {
        let time = |at: Timestamp| at.strftime("%R").to_string();
        for (with, line) in [
            (
                json!({"valid_until": "2026-11-21T18:37:20Z", "systolic": 121.5, "diastolic": 78, "pulse_rate": 72}),
                "session   s1 of p1: ready until 18:37, 121.5/78 mmHg, pulse 72",
            ),
            (
                json!({"state": "waiting", "reasons": [
                    {"code": "readings_needed", "needed": 2}, {"code": "attestation_missing", "item": "safe"},
                ]}),
                "session   s1 of p1: waiting (readings_needed, attestation_missing safe)",
            ),
            (
                json!({"state": "blocked", "next_at": "2026-11-21T18:22:20Z", "systolic": 146, "diastolic": 82,
                    "reasons": [{"code": "systolic_above_limit", "measured": 146, "limit": 140}]}),
                "session   s1 of p1: blocked until 18:22, 146/82 mmHg (systolic_above_limit)",
            ),
        ] {
            assert_eq!(session(&told(&with), &time), line);
        }
        assert_eq!(sessions(&[], &time), ["session   none is open"]);
    }

    fn clinic(state: &DeliveryState) -> String {
        delivery(state, &|at| at.to_string())
    }

    #[test]
    fn delivery_is_told_in_plain_words() {
        let connected = DeliveryState {
            enabled: true,
            connected: true,
            broker: Some("mqtt.example.org:8883".to_owned()),
            ..DeliveryState::default()
        };
        assert_eq!(clinic(&connected), "connected to mqtt.example.org:8883, 0 waiting");
        let with_receipts = DeliveryState {
            awaiting_receipt: Some(3),
            ..connected.clone()
        };
        assert_eq!(
            clinic(&with_receipts),
            "connected to mqtt.example.org:8883, 0 waiting, 3 sent and not yet confirmed by the clinic's system"
        );
        let deaf = DeliveryState {
            commands_refused: true,
            ..connected
        };
        let told = clinic(&deaf);
        assert!(told.contains("NO COMMANDS") && told.contains("access rules"), "{told}");
    }
}
