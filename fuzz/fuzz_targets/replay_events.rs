//! The lines that `replay` reads: none panics the gate, every answer is a line of JSON, and a line that is no event of ours
//! gets an answer that says so.
#![no_main]

use std::sync::LazyLock;

use cuffd::cli::replay::replay;
use cuffd::config::{ForReplay, load_text_for_replay};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

static CONFIG: LazyLock<ForReplay> = LazyLock::new(|| {
    load_text_for_replay(include_str!("../../config/demo.toml"), "demo.toml").expect("the demo's config is good")
});

fuzz_target!(|lines: &[u8]| {
    let mut output = Vec::new();
    let all_were_events = replay(CONFIG.clone(), lines, &mut output).expect("memory can be written");
    let answers = output.split_inclusive(|octet| *octet == b'\n').map(|line| {
        assert!(line.ends_with(b"\n"), "a whole line");
        serde_json::from_slice::<Map<String, Value>>(line).expect("an object")
    });
    let errors = answers.filter(|answer| answer.contains_key("error")).count();
    assert_eq!(errors == 0, all_were_events);
    let not_json = |line: &[u8]| serde_json::from_slice::<Value>(line).is_err() && !line.trim_ascii().is_empty();
    let refused = lines.split(|octet| *octet == b'\n').filter(|line| not_json(line)).count();
    assert!(errors >= refused, "{refused} lines are no JSON, and {errors} were refused");
});
