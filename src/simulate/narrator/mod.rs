//! The demo in words: what cuffs do and what is published, a line at a time, for a person at a terminal.
//!
//! What is said is computed as values ([`messages`], [`events`]); [`terminal`] wraps, colours and writes it.

pub mod events;
pub mod fields;
pub mod messages;
pub mod terminal;
mod words;

/// Something said in the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Who or what speaks, in one short word.
    pub tag: String,
    /// What is said.
    pub text: String,
    /// How it sounds.
    pub tone: Tone,
    /// What stands below it, a message's JSON: each line a field, broken only where it is too long.
    pub verbatim: Option<String>,
}

/// How a line sounds; words say the same, for those who see no colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As any.
    Plain,
    /// All went as it was meant to.
    Good,
    /// Somebody may want to look at this.
    Attention,
    /// The demo speaks about itself.
    Aside,
}

impl Line {
    /// A line with nothing below it.
    #[must_use]
    pub fn new(tag: impl Into<String>, text: impl Into<String>, tone: Tone) -> Self {
        Self {
            tag: tag.into(),
            text: text.into(),
            tone,
            verbatim: None,
        }
    }

    /// A word of the demo about itself.
    #[must_use]
    pub fn aside(text: impl Into<String>) -> Self {
        Self::new("", text, Tone::Aside)
    }
}
