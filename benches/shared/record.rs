//! Figures as lines of JSON, for `benches/plot`.
//!
//! They are appended to the file that `CUFFD_FIGURES` names, and kept nowhere if it names none.

use std::fs::OpenOptions;
use std::io::{self, Write};

use serde::Serialize;

/// One figure, in the words of its row in the table.
#[derive(Serialize)]
pub(crate) struct Record<'a> {
    pub(crate) bench: &'a str,
    pub(crate) what: &'a str,
    pub(crate) figure: &'a str,
    /// The floor or the peer. Where there is one, the ratio to it is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<&'a str>,
    /// `None` for a figure that explains another.
    #[serde(flatten)]
    pub(crate) judged: Option<Judged>,
}

/// What the plot draws.
#[derive(Serialize)]
pub(crate) struct Judged {
    /// The ratio to what stands beside the figure, or the figure itself.
    pub(crate) value: f64,
    pub(crate) better: Better,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goal: Option<f64>,
}

/// Which way is good.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(dead_code, reason = "shared: not every bench has both")]
pub(crate) enum Better {
    Less,
    More,
}

impl Record<'_> {
    pub(crate) fn append(&self) -> io::Result<()> {
        let Some(path) = std::env::var_os("CUFFD_FIGURES") else {
            return Ok(());
        };
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)?
            .write_all(&line)
    }
}
