//! The one way to write a JSON value as octets, so that it can be hashed and signed (RFC 8785, JCS).

use std::cmp::Ordering;
use std::fmt::{self, Write};

use serde_json::{Number, Value};

/// The RFC 8785 form of `value`.
///
/// Every number is taken as an IEEE 754 double, as the RFC demands: 90 and 90.0 are the same, and so are two integers
/// beyond 2^53 that round to the same double.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_value(&mut out, value);
    out
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            write_sequence(out, ('[', ']'), items, write_value);
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| by_utf16(one, other));
            write_sequence(out, ('{', '}'), members, |out, (name, value)| {
                write_text(out, name);
                out.push(':');
                write_value(out, value);
            });
        }
    }
}

fn write_sequence<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    write_item: impl Fn(&mut String, T),
) {
    out.push(open);
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_item(out, item);
    }
    out.push(close);
}

/// Names are sorted by their UTF-16 code units, which is not the order of UTF-8 octets beyond the basic plane.
fn by_utf16(one: &str, other: &str) -> Ordering {
    one.encode_utf16().cmp(other.encode_utf16())
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control @ '\0'..='\u{1f}' => {
                infallible(write!(out, "\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    // Without serde_json's "arbitrary_precision" every number is a finite double, or an integer that becomes one.
    write_double(out, number.as_f64().unwrap_or(0.0));
}

/// ECMAScript's `Number::toString`: the shortest digits that read back as the same double, laid out by their exponent.
///
/// The digits are serde_json's and not those of `{:e}`: where two shortest forms are equally near, ECMAScript takes the
/// even digit, and std does not (1424953923781206.25, RFC 8785 appendix B).
fn write_double(out: &mut String, number: f64) {
    if number < 0.0 {
        out.push('-');
    }
    let shortest = Number::from_f64(number.abs()).map_or_else(|| "0".to_owned(), |number| number.to_string());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let zeros = all.len() - digits.len();
    // Where the first digit stands that is not zero. No double has more than some hundred digits.
    let first = i32::try_from(whole.len()).unwrap_or(0) - i32::try_from(zeros).unwrap_or(0) - 1;
    let exponent = exponent.parse::<i32>().unwrap_or(0) + first;
    match digits.trim_end_matches('0') {
        "" => out.push('0'),
        digits => lay_out(out, digits, exponent),
    }
}

/// Writes `digits`, of which the first stands at 10^`exponent`.
fn lay_out(out: &mut String, digits: &str, exponent: i32) {
    // "n" of ECMA-262: the place of the decimal point, counted from the first digit.
    let point = exponent + 1;
    let inside = usize::try_from(point).ok();
    match inside {
        Some(point) if digits.len() <= point && point <= 21 => {
            out.push_str(digits);
            out.extend(std::iter::repeat_n('0', point - digits.len()));
        }
        Some(point @ 1..=21) => {
            let (whole, fraction) = digits.split_at_checked(point).unwrap_or((digits, ""));
            infallible(write!(out, "{whole}.{fraction}"));
        }
        _ if (-5..=0).contains(&point) => {
            out.push_str("0.");
            out.extend(std::iter::repeat_n('0', usize::try_from(-point).unwrap_or(0)));
            out.push_str(digits);
        }
        _ => {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
            let dot = if rest.is_empty() { "" } else { "." };
            infallible(write!(out, "{first}{dot}{rest}e{exponent:+}"));
        }
    }
}

/// Writing to a `String` cannot fail.
fn infallible(_: fmt::Result) {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn double(bits: u64) -> String {
        let mut out = String::new();
        write_double(&mut out, f64::from_bits(bits));
        out
    }

    /// RFC 8785, appendix B.
    #[test]
    fn numbers_of_the_rfc() {
        for (bits, expected) in [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] {
            assert_eq!(double(bits), expected, "{bits:#x}");
        }
    }

    /// RFC 8785, section 3.2.2 and 3.2.3.
    #[test]
    fn example_of_the_rfc() {
        let value = serde_json::from_str(
            r#"{
                "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]
            }"#,
        )
        .expect("JSON");
        assert_eq!(
            canonical(&value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    /// RFC 8785, section 3.2.3: sorted by UTF-16 code units, so that the smiley stands before the ligature.
    #[test]
    fn names_are_sorted_as_the_rfc_does() {
        let value = json!({
            "\u{20ac}": "Euro Sign",
            "\r": "Carriage Return",
            "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One",
            "\u{1f600}": "Emoji: Grinning Face",
            "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis"
        });
        let text = canonical(&value);
        let places: Vec<_> = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"]
            .iter()
            .map(|word| text.find(word).expect("each is there"))
            .collect();
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn an_integer_and_a_whole_float_are_the_same() {
        assert_eq!(canonical(&json!(90)), canonical(&json!(90.0)));
        assert_eq!(canonical(&json!([-1, 1.25, 100_000])), "[-1,1.25,100000]");
    }

    #[test]
    fn short_escapes_are_used_where_there_are_some() {
        assert_eq!(
            canonical(&json!("\u{8}\t\n\u{c}\r\"\\/\u{0}\u{1f}\u{7f}")),
            "\"\\b\\t\\n\\f\\r\\\"\\\\/\\u0000\\u001f\u{7f}\""
        );
    }

    #[test]
    fn empty_values_have_no_inside() {
        assert_eq!(canonical(&json!({"a": {}, "b": []})), "{\"a\":{},\"b\":[]}");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_same_double(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
            prop_assert_eq!(double(number.to_bits()).parse::<f64>(), Ok(number));
        }
    }
}
