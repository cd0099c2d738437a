//! The condition under which a resource is created: that none has this identifier yet.

use std::fmt::Write;

/// An identifier that nothing else of its system has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identifier {
    pub(super) system: String,
    pub(super) value: String,
}

impl Identifier {
    pub(super) fn new(system: &str, value: impl Into<String>) -> Self {
        let (system, value) = (system.to_owned(), value.into());
        Self { system, value }
    }

    /// As a query of `ifNoneExist`.
    pub(super) fn query(&self) -> String {
        format!("identifier={}|{}", escaped(&self.system), escaped(&self.value))
    }

    /// As a resource has it.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::json!({"system": self.system, "value": self.value})
    }
}

/// Escaped for FHIR's search first, then for a query. What neither needs stays readable.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '|' | ',' | '$') {
            escaped.push_str("%5C");
        }
        let is_plain = character.is_ascii_alphanumeric() || "-._~:/?@!'()*;=$,|[]".contains(character);
        if is_plain {
            escaped.push(character);
            continue;
        }
        for octet in character.encode_utf8(&mut [0; 4]).bytes() {
            // Writing to a String does not fail.
            let _written = write!(escaped, "%{octet:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_search_or_a_query_would_take_apart_is_escaped() {
        for (system, value, query) in [
            (
                "urn:cuffd:device",
                "north/gw/living-room",
                "urn:cuffd:device|north/gw/living-room",
            ),
            ("urn:x", "a&b=c#d+e%", "urn:x|a%26b=c%23d%2Be%25"),
            ("urn:x", "a|b,c$d\\e", "urn:x|a%5C|b%5C,c%5C$d%5C%5Ce"),
            ("urn:é", "\"<>{}^`", "urn:%C3%A9|%22%3C%3E%7B%7D%5E%60"),
        ] {
            assert_eq!(Identifier::new(system, value).query(), format!("identifier={query}"));
        }
    }
}
