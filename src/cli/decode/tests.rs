mod streams;

use std::cell::RefCell;
use std::collections::VecDeque;

use clap::Parser;
use proptest::prelude::*;

use super::*;

const WHOLE: &str = "1e780050005d00ea070b1512040c4800010400";
const WHOLE_LINE: &[u8] = b"2A35 1e780050005d00ea070b1512040c4800010400";
const WHOLE_AS_JSON: &str = concat!(
    r#"{"characteristic":"2A35","flags":30,"unit":"mmHg","systolic":120,"diastolic":80,"mean_arterial_pressure":93,"#,
    r#""timestamp":"2026-11-21T18:04:12","timestamp_state":"valid","pulse_rate":72,"user_id":1,"#,
    r#""status":["irregular_pulse"],"status_raw":4,"trailing":0}"#
);

#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

fn parse(words: &[&str]) -> Result<Args, clap::Error> {
    let words = std::iter::once("decode").chain(words.iter().copied());
    Command::try_parse_from(words).map(|command| command.args)
}

/// The exit code, standard output and standard error of `decode` with these words and this standard input.
fn run_with(words: &[&str], input: &[u8]) -> (u8, String, String) {
    let args = parse(words).expect("the arguments are good");
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    let code = run(&args, input, &mut output, &mut errors);
    let text = |octets| String::from_utf8(octets).expect("UTF-8");
    (code, text(output), text(errors))
}

/// What `decode --stdin` prints for one line.
fn line(text: &str) -> String {
    let (_, output, errors) = run_with(&["--stdin"], text.as_bytes());
    assert_eq!(errors, "");
    assert_eq!(output.lines().count(), 1, "{text:?}: {output}");
    output.trim_end().to_owned()
}

fn codes(output: &str) -> Vec<Option<String>> {
    let code = |line: &str| {
        let object: serde_json::Value = serde_json::from_str(line).expect("JSON");
        object["error"]["code"].as_str().map(str::to_owned)
    };
    output.lines().map(code).collect()
}

#[test]
fn a_measurement_is_printed_as_the_contract_shows_it() {
    let expected = concat!(
        r#"{"characteristic":"2A35","flags":30,"unit":"mmHg","systolic":120.3,"diastolic":80,"#,
        r#""mean_arterial_pressure":"NaN","timestamp":"2026-11-21T18:04:12","timestamp_state":"valid","pulse_rate":72,"#,
        r#""user_id":1,"status":["irregular_pulse"],"status_raw":4,"trailing":0}"#
    );
    let shown = line("2A35 1e b3f4 5000 ff07 ea070b1512040c 4800 01 0400");
    assert_eq!(shown, expected);
    assert_eq!(
        run_with(&[WHOLE], b""),
        (exit::OK, format!("{WHOLE_AS_JSON}\n"), String::new())
    );
}

#[test]
fn fields_that_the_flags_leave_out_are_absent() {
    let expected = concat!(
        r#"{"characteristic":"2A35","flags":1,"unit":"kPa","systolic":16,"diastolic":10.7,"#,
        r#""mean_arterial_pressure":"NaN","trailing":0}"#
    );
    assert_eq!(line("2A35 01a0f06bf0ff07"), expected);
}

#[test]
fn numbers_are_exact_and_short_and_without_exponent() {
    for (word, shown) in [
        ("b2f2", "69"),
        ("0180", "0.00000001"),
        ("ff7f", "-10000000"),
        ("ff77", "20470000000"),
        ("00f0", "0"),
        ("14f0", "2"),
        ("b3f4", "120.3"),
        ("00f8", "-204.8"),
        ("ff07", "\"NaN\""),
        ("0008", "\"NRes\""),
        ("fe07", "\"+INF\""),
        ("0208", "\"-INF\""),
        ("0108", "\"Reserved\""),
    ] {
        let json = line(&format!("2A36 00 {word} ff07 ff07"));
        let expected =
            format!(r#"{{"characteristic":"2A36","flags":0,"unit":"mmHg","cuff_pressure":{shown},"trailing":0}}"#);
        assert_eq!(json, expected);
    }
}

#[test]
fn a_time_that_is_none_is_null_and_says_why() {
    for (time, state) in [
        ("00000b1512040c", "unknown"),
        ("ea07001512040c", "unknown"),
        ("ea070b0012040c", "unknown"),
        ("ea07021e12040c", "invalid"),
        ("ea070b1518040c", "invalid"),
        ("ea070b1512043c", "invalid"),
        ("2d060b1512040c", "invalid"),
    ] {
        let expected = format!(r#"{{"characteristic":"2A08","timestamp":null,"timestamp_state":"{state}"}}"#);
        assert_eq!(line(&format!("2A08 {time}")), expected);
        let measurement = line(&format!("2A35 1e 7800 5000 5d00 {time} 4800 ff 0400"));
        let told = format!(r#""timestamp":null,"timestamp_state":"{state}","pulse_rate":72,"user_id":255,"#);
        assert!(measurement.contains(&told), "{measurement}");
    }
}

#[test]
fn status_names_what_is_set_and_keeps_the_rest_raw() {
    let json = line("2A35 f0 7800 5000 5d00 ffff");
    let expected = concat!(
        r#""status":["body_movement","cuff_too_loose","irregular_pulse","pulse_rate_range_reserved","#,
        r#""improper_position"],"status_raw":65535,"trailing":0}"#
    );
    assert!(json.contains(r#""flags":240,"#) && json.ends_with(expected), "{json}");
}

#[test]
fn every_other_characteristic_has_its_form() {
    for (text, expected) in [
        (
            "2a36 008700ff07ff07",
            r#"{"characteristic":"2A36","flags":0,"unit":"mmHg","cuff_pressure":135,"trailing":0}"#,
        ),
        (
            "2A49 4400",
            r#"{"characteristic":"2A49","features":["irregular_pulse_detection","e2e_crc"],"features_raw":68}"#,
        ),
        (
            "2A08 ea070b1512040c",
            r#"{"characteristic":"2A08","timestamp":"2026-11-21T18:04:12","timestamp_state":"valid"}"#,
        ),
        (
            "2A2B ea070b1512040c060000",
            concat!(
                r#"{"characteristic":"2A2B","timestamp":"2026-11-21T18:04:12","timestamp_state":"valid","#,
                r#""day_of_week":6,"fractions256":0,"adjust_reason":0}"#
            ),
        ),
        (
            "2B34 7e780050005d00ecdf943248000100009c999432",
            concat!(
                r#"{"characteristic":"2B34","flags":126,"unit":"mmHg","systolic":120,"diastolic":80,"#,
                r#""mean_arterial_pressure":93,"epoch":2000,"timestamp_s":848617452,"pulse_rate":72,"user_id":1,"#,
                r#""status":[],"status_raw":0,"user_facing_s":848599452,"trailing":0}"#
            ),
        ),
        (
            "2B35 00 8700",
            r#"{"characteristic":"2B35","flags":0,"unit":"mmHg","cuff_pressure":135,"epoch":1900,"trailing":0}"#,
        ),
        (
            "2B36 030700342b7e9c",
            concat!(
                r#"{"characteristic":"2B36","first_segment":true,"last_segment":true,"segment_counter":0,"#,
                r#""sequence":7,"inner_uuid":"2B34","payload":"7e9c"}"#
            ),
        ),
    ] {
        assert_eq!(line(text), expected);
    }
}

#[test]
fn octets_left_over_are_told_for_every_characteristic() {
    for value in [
        "2A35 007800500000005a",
        "2A36 00780050000000 5a",
        "2A49 ffff5a",
        "2A08 ea070b1512040c5a",
    ] {
        assert!(line(value).ends_with(r#","trailing":1}"#), "{value}");
    }
    for value in ["2A2B ea070b1512040c0600005a", "2B34 007800500000005a", "2B35 0078005a"] {
        assert!(line(value).ends_with(r#","trailing":1}"#), "{value}");
    }
}

#[test]
fn a_bad_line_prints_its_error_and_reading_goes_on() {
    let lines = [
        WHOLE_LINE,
        b"2A35 1e78",
        b"zz",
        b"",
        b"2A35 1e7",
        b"2A37 00",
        b"2A35\r",
        b"\xff 00",
        b" 2a35\t1e78 0050005d00ea070b1512040c4800010400 \r",
        b"2A08",
    ]
    .join(&b'\n');
    let (code, output, errors) = run_with(&["--stdin"], &lines);
    let expected = [
        None,
        Some("truncated"),
        Some("uuid"),
        Some("uuid"),
        Some("hex"),
        Some("uuid"),
    ]
    .into_iter()
    .chain([Some("truncated"), Some("uuid"), None, Some("truncated")])
    .map(|code| code.map(str::to_owned));
    assert_eq!(codes(&output), expected.collect::<Vec<_>>());
    assert_eq!((code, errors.as_str()), (exit::BAD, ""));
}

#[test]
fn errors_have_the_contracts_form() {
    for (text, expected) in [
        (
            "2a35 1e78",
            r#"{"characteristic":"2A35","error":{"code":"truncated","message":"has 2 octets, needs at least 3"}}"#,
        ),
        (
            "2A49 4x",
            r#"{"characteristic":"2A49","error":{"code":"hex","message":"character 2 is no hexadecimal digit"}}"#,
        ),
    ] {
        assert_eq!(line(text), expected);
    }
    let unknown = line("a\"\\\u{7}é 00");
    let object: serde_json::Value = serde_json::from_str(&unknown).expect("JSON");
    assert_eq!(object["characteristic"], "a\"\\\u{7}é");
}

#[test]
fn an_empty_input_prints_nothing_and_is_good() {
    assert_eq!(run_with(&["--stdin"], b""), (exit::OK, String::new(), String::new()));
}

#[test]
fn a_line_is_taken_up_to_its_limit() {
    for (over, expected) in [(0, None), (1, Some("hex")), (BUFFER, Some("hex"))] {
        let mut text = b"2A08 ea070b1512040c".to_vec();
        text.resize(LONGEST_LINE + over, b' ');
        text.extend(format!("\n2A35 {WHOLE}").into_bytes());
        let (_, output, _) = run_with(&["--stdin"], &text);
        assert_eq!(
            codes(&output),
            [expected.map(str::to_owned), None],
            "{over} octets over"
        );
    }
    let long_uuid = line(&"é".repeat(LONGEST_LINE));
    assert!(
        long_uuid.len() < 300 && codes(&long_uuid) == [Some("uuid".to_owned())],
        "{long_uuid}"
    );
}

#[test]
fn each_argument_is_a_value_unless_none_could_be_one() {
    for (words, expected) in [
        (&["0078005000", "00"][..], vec![Some("truncated")]),
        (
            &[
                "16", "7C00", "5600", "6100", "EA07", "06", "0F", "11", "11", "1B", "3300", "0000",
            ],
            vec![None],
        ),
        (&[WHOLE, WHOLE, "00"], vec![None, None, Some("truncated")]),
        (&["00 7800 5000 0000"], vec![None]),
        (&["--characteristic", "2A49", "4400", "0100"], vec![None, None]),
        (&["--characteristic", "2a49", "44", "00"], vec![None]),
        (
            &["--characteristic", "00002a49-0000-1000-8000-00805F9B34FB", "4400"],
            vec![None],
        ),
        (&["--characteristic", "2A37", "44", "00"], vec![Some("uuid")]),
        (&["1e", "zz"], vec![Some("hex")]),
        (&[""], vec![Some("truncated")]),
    ] {
        let (code, output, errors) = run_with(words, b"");
        let good = expected.iter().all(Option::is_none);
        let expected: Vec<_> = expected.into_iter().map(|code| code.map(str::to_owned)).collect();
        assert_eq!(codes(&output), expected, "{words:?}");
        assert_eq!((code, errors.as_str()), (u8::from(!good), ""), "{words:?}");
    }
}

#[test]
fn a_model_applies_only_when_named() {
    let value = "56 7E00 5E00 0000 DE07 01 01 03 16 00 0035 01 0004";
    let (_, plain, _) = run_with(&[value], b"");
    assert!(
        plain.ends_with("\"pulse_rate\":1280000,\"status\":[\"body_movement\"],\"status_raw\":1,\"trailing\":1}\n"),
        "{plain}"
    );
    let named = r#""pulse_rate":53,"user_id":1,"status":["irregular_pulse"],"status_raw":4,"trailing":0}"#;
    for (words, input) in [
        (&["--model", "beurer-bm85", value][..], String::new()),
        (&["--stdin", "--model", "beurer-bm85"], format!("2A35 {value}")),
    ] {
        let (code, output, _) = run_with(words, input.as_bytes());
        assert!(code == exit::OK && output.trim_end().ends_with(named), "{output}");
    }
}

#[test]
fn an_unknown_model_is_a_usage_error_that_names_the_known_ones() {
    let (code, output, errors) = run_with(&["--model", "beurer-bm99", WHOLE], b"");
    assert_eq!((code, output.as_str()), (exit::USAGE, ""));
    assert!(
        errors.contains("\"beurer-bm99\"") && errors.contains("beurer-bm85"),
        "{errors}"
    );
}

#[test]
fn contradicting_or_missing_arguments_are_refused() {
    for words in [
        &[][..],
        &["--stdin", WHOLE],
        &["--stdin", "--characteristic", "2A36"],
        &["--model"],
        &["--quick", WHOLE],
    ] {
        assert!(parse(words).is_err(), "{words:?}");
    }
}
