//! What a proof costs: a reading signed, and checked; and how large messages are with it.
//!
//! `cargo bench --bench proof` prints a table. The best of several rounds counts: what is slower was disturbed by something
//! else on the machine.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "shared/record.rs"]
mod record;

use std::error::Error;
use std::hint::black_box;
use std::io;
use std::time::Duration;

use cuffd::clock;
use cuffd::core::json;
use cuffd::proof::{self, SigningKey};
use record::Record;

const ROUNDS: u32 = 5;
const TIMES: u32 = 20_000;

/// Messages as they are before they are signed, with invented values.
const MESSAGES: [(&str, &str); 3] = [
    ("reading", include_str!("proof/reading.json")),
    ("readiness", include_str!("proof/readiness.json")),
    ("alert", include_str!("proof/alert.json")),
];

fn main() -> Result<(), Box<dyn Error>> {
    let (key, _private) = SigningKey::generate()?;
    let keys = proof::public_keys(key.public().jwk("north", "gw-0042").to_string().as_bytes())?;
    println!(
        "{:<12} {:>10} {:>10} {:>12} {:>12}",
        "", "sign, µs", "verify, µs", "octets", "with proof"
    );
    for (name, text) in MESSAGES {
        let message = text.trim_end().as_bytes();
        let proved = proof::prove(&key, message)?;
        let sign = best(|| {
            let _ = black_box(proof::prove(&key, black_box(message)));
        });
        // What a receiver does: the text is read, strictly, and then checked.
        let verify = best(|| {
            let read = json::read(black_box(&proved)).ok();
            let object = read.as_ref().and_then(serde_json::Value::as_object);
            let _ = black_box(object.map(|object| proof::verify(object, &keys).is_ok()));
        });
        let (plain, whole) = (message.len(), proved.len());
        println!("{name:<12} {sign:>10.1} {verify:>10.1} {plain:>12} {whole:>12}");
        append(&format!("sign a message: {name}"), &format!("{sign:.1} µs"), None)?;
        append(&format!("check its proof: {name}"), &format!("{verify:.1} µs"), None)?;
        let without = format!("{plain} octets without");
        append(
            &format!("signed message: {name}"),
            &format!("{whole} octets"),
            Some(&without),
        )?;
    }
    Ok(())
}

fn append(what: &str, figure: &str, beside: Option<&str>) -> io::Result<()> {
    let record = Record {
        bench: "proof",
        what,
        figure,
        beside,
        judged: None,
    };
    record.append()
}

/// Microseconds each, in the best round.
fn best(mut once: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = clock::moment();
        for _ in 0..TIMES {
            once();
        }
        best = best.min(clock::moment().since(start));
    }
    best.as_secs_f64() * 1e6 / f64::from(TIMES)
}
