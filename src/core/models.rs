//! What is known of cuff models: `models.toml`, a capture beside each row.

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name in the config and for `--model`.
    pub name: String,
}
