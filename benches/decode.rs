//! How fast octets decode: one measurement of 19 octets, and lines through `decode --stdin`.
//!
//! `cargo bench --bench decode` prints a table with the goal beside each figure. The best of several rounds counts: what is
//! slower was disturbed by something else on the machine.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "shared/record.rs"]
mod record;

use std::hint::black_box;
use std::io;
use std::time::Duration;

use clap::Parser;
use cuffd::cli::decode;
use cuffd::clock;
use cuffd::core::bls::measurement::Measurement;
use record::{Better, Judged, Record};

const ROUNDS: u32 = 7;
const MEASUREMENTS: u32 = 2_000_000;
const LINES: u32 = 200_000;

/// Every field, 120.3/80, MAP 93.
const OCTETS: [u8; 19] = [
    0x1e, 0xb3, 0xf4, 0x50, 0x00, 0x5d, 0x00, 0xea, 0x07, 0x0b, 0x15, 0x12, 0x04, 0x0c, 0x48, 0x00, 0x01, 0x04, 0x00,
];
/// The same without decimals, which every peer of `benches/peers` takes: 118/76, MAP 90.
const WHOLE_NUMBERS: [u8; 19] = [
    0x1e, 0x76, 0x00, 0x4c, 0x00, 0x5a, 0x00, 0xea, 0x07, 0x0a, 0x03, 0x08, 0x0f, 0x2a, 0x40, 0x00, 0x01, 0x00, 0x00,
];
const LINE: &str = "2A35 1eb3f450005d00ea070b1512040c4800010400\n";

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: decode::Args,
}

fn main() -> io::Result<()> {
    println!("{:<34} {:>10} {:>14} {:>14}", "", "ns each", "a second", "goal");
    for (what, octets) in [
        ("decode 0x2A35, 19 octets", OCTETS),
        ("the same in whole numbers", WHOLE_NUMBERS),
    ] {
        print_row(what, MEASUREMENTS, 20e6, || {
            for _ in 0..MEASUREMENTS {
                let _ = black_box(Measurement::decode(black_box(&octets)));
            }
        })?;
    }
    let command = Command::parse_from(["decode", "--stdin"]);
    let lines = LINE.repeat(LINES as usize);
    print_row("decode --stdin, lines of 0x2A35", LINES, 600e3, || {
        let code = decode::run(&command.args, lines.as_bytes(), io::sink(), io::sink());
        assert_eq!(code, 0, "every line decodes");
    })
}

fn print_row(what: &str, count: u32, goal: f64, work: impl Fn()) -> io::Result<()> {
    let best = (0..ROUNDS).map(|_| time(&work)).min().unwrap_or_default();
    let seconds = best.as_secs_f64() / f64::from(count);
    let verdict = if 1.0 / seconds >= goal { "met" } else { "MISSED" };
    println!(
        "{what:<34} {:>10.1} {:>14.0} {goal:>14.0} {verdict}",
        seconds * 1e9,
        1.0 / seconds
    );
    let judged = Judged {
        value: 1.0 / seconds,
        better: Better::More,
        goal: Some(goal),
    };
    let record = Record {
        bench: "decode",
        what,
        figure: &format!("{:.0}/s", 1.0 / seconds),
        beside: None,
        judged: Some(judged),
    };
    record.append()
}

fn time(work: impl Fn()) -> Duration {
    let start = clock::moment();
    work();
    clock::moment().since(start)
}
