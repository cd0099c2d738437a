//! Nothing in a config or in the environment can panic, and no mistake goes unsaid.

use proptest::prelude::*;

use super::rig::{load, load_under};

const SHIPPED: &str = include_str!("../../config/cuffd.toml");
const DEMO: &str = include_str!("../../config/demo.toml");

/// Loads, and if the config is refused, expects a reason.
fn is_said(text: &str, environment: &[(&str, &str)]) {
    if let Err(mistakes) = load_under(text, environment) {
        assert!(
            mistakes.iter().count() > 0 && !mistakes.to_string().is_empty(),
            "{text}"
        );
    }
}

#[test]
fn a_file_cut_off_anywhere_is_taken_or_refused() {
    for (end, _) in DEMO.char_indices().step_by(7) {
        is_said(&DEMO[..end], &[]);
    }
}

#[test]
fn every_value_of_the_demo_may_be_of_any_type() {
    let lines: Vec<&str> = DEMO.lines().collect();
    for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")) {
        let key = line.split('=').next().unwrap_or_default();
        for odd in [
            "true",
            "-9223372036854775808",
            "nan",
            "1e308",
            "''",
            "[]",
            "[[]]",
            "{}",
            "{ a = { b = [1] } }",
            "1979-05-27",
        ] {
            let odd = format!("{key}= {odd}");
            let mut changed = lines.clone();
            changed[place] = &odd;
            is_said(&changed.join("\n"), &[]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        is_said(&text, &[]);
    }

    #[test]
    fn no_damage_panics(place in 0..SHIPPED.len(), octet in 0x20_u8..0x7f) {
        let mut octets = SHIPPED.as_bytes().to_vec();
        octets[place] = octet;
        if let Ok(text) = String::from_utf8(octets) {
            prop_assert!(load(&text).is_err(), "site and id are blank");
        }
    }

    #[test]
    fn no_variable_panics(
        table in prop::sample::select(vec!["GATEWAY__SITE", "MQTT", "MQTT__BROKERS", "CUFFS", "CUFFS__0__USERS", "READINESS__CRISIS", "WEB__LISTEN", "X"]),
        rest in "(__[A-Za-z0-9_.]{0,8})?",
        value in ".{0,40}",
    ) {
        is_said(DEMO, &[(&format!("CUFFD__{table}{rest}"), &value)]);
    }
}
