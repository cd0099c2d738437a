//! `decode --stdin`: no text panics, and every line gives exactly one line.
#![no_main]

use std::io;

use clap::Parser;
use cuffd::cli::decode;
use libfuzzer_sys::fuzz_target;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: decode::Args,
}

fuzz_target!(|text: &[u8]| {
    let command = Command::parse_from(["decode", "--stdin"]);
    let mut output = Vec::new();
    decode::run(&command.args, text, &mut output, io::sink());
    let ends = |octets: &[u8]| octets.iter().filter(|octet| **octet == b'\n').count();
    let unfinished = text.last().is_some_and(|last| *last != b'\n');
    assert_eq!(ends(&output), ends(text) + usize::from(unfinished));
});
