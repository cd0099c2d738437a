//! Configs: no text panics, and whatever is refused is said, with the key or the line that it is about.
#![no_main]

use cuffd::config::load_text;
use libfuzzer_sys::fuzz_target;

/// The name that mistakes call the file by.
const NAME: &str = "fuzzed.toml";

fuzz_target!(|octets: &[u8]| {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    // What a config names is read: a file of this machine that never ends is none of the text's faults.
    if text.contains("/dev") || text.contains("/proc") || text.contains("..") {
        return;
    }
    let environment = [("CUFFD__STORE__PATH", "/nonexistent/cuffd.db")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    if let Err(mistakes) = load_text(text, NAME, environment) {
        assert!(mistakes.iter().count() > 0);
        for mistake in mistakes.iter() {
            let (subject, said) = (mistake.subject(), mistake.to_string());
            assert!(!subject.is_empty() && said.contains(&subject) || said.contains(NAME), "{subject:?}: {said}");
        }
    }
});
