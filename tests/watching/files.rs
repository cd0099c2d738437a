//! The files of `docs/watching`, and what is said in them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs/watching")
        .join(name)
}

pub(crate) fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// A row of the table of metrics.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) label: Option<String>,
    pub(crate) kind: String,
    pub(crate) unit: String,
    pub(crate) meaning: String,
}

/// The table of metrics in the README.
pub(crate) fn table() -> Vec<Row> {
    let text = text("README.md");
    let rows = text.lines().filter(|line| line.starts_with("| `cuffd_"));
    let rows: Vec<Row> = rows.map(row).collect();
    assert!(rows.len() > 20, "the table is found");
    rows
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 7, "five columns: {line}");
    let metric = cells[1].trim_matches('`');
    let (name, label) = match metric.split_once('{') {
        Some((name, label)) => (name, Some(label.trim_end_matches('}').to_owned())),
        None => (metric, None),
    };
    Row {
        name: name.to_owned(),
        label,
        kind: cells[2].to_owned(),
        unit: cells[3].to_owned(),
        meaning: cells[4].to_owned(),
    }
}

/// The names of all alerts.
pub(crate) fn alerts() -> Vec<String> {
    let text = text("alerts.yml");
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    names.map(str::to_owned).collect()
}

/// A query of the dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) panel: String,
    pub(crate) expression: String,
}

pub(crate) fn dashboard() -> Value {
    serde_json::from_str(&text("dashboard.json")).expect("json")
}

/// All queries of the dashboard.
pub(crate) fn queries(dashboard: &Value) -> Vec<Query> {
    let mut queries = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            queries.push(Query {
                panel: panel["title"].as_str().unwrap().to_owned(),
                expression: target["expr"].as_str().unwrap().to_owned(),
            });
        }
    }
    assert!(queries.len() > 20, "the panels are found");
    queries
}

/// The metrics of ours that a query names.
pub(crate) fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    words
        .filter(|word| word.starts_with("cuffd_"))
        .map(str::to_owned)
        .collect()
}
