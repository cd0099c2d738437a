//! The dashboard as Grafana needs it: it cannot be had as a package, so what it would stumble over is looked for here.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::files;

/// Grafana's columns.
const COLUMNS: u64 = 24;

fn panels(dashboard: &Value) -> &Vec<Value> {
    dashboard["panels"].as_array().unwrap()
}

/// The cells that a panel covers.
fn cells(panel: &Value) -> Vec<(u64, u64)> {
    let of = |name: &str| panel["gridPos"][name].as_u64().unwrap();
    let columns = of("x")..of("x") + of("w");
    assert!(columns.end <= COLUMNS, "{panel}");
    columns
        .flat_map(|column| (of("y")..of("y") + of("h")).map(move |line| (column, line)))
        .collect()
}

#[test]
fn panels_have_their_own_place_and_number() {
    let dashboard = files::dashboard();
    let (mut ids, mut covered) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels(&dashboard) {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(
            panel["title"].as_str().is_some_and(|title| !title.is_empty()),
            "{panel}"
        );
        for cell in cells(panel) {
            assert!(covered.insert(cell), "{cell:?}: {panel}");
        }
    }
}

#[test]
fn the_prometheus_and_the_gateway_are_chosen_by_who_looks() {
    let dashboard = files::dashboard();
    let source = json!({"type": "prometheus", "uid": "${datasource}"});
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let names: Vec<&str> = variables
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["datasource", "instance"]);
    assert_eq!(
        (&variables[0]["type"], &variables[0]["query"]),
        (&json!("datasource"), &json!("prometheus"))
    );
    assert_eq!(variables[1]["datasource"], source);
    for panel in panels(&dashboard).iter().filter(|panel| panel["type"] != "row") {
        assert_eq!(panel["datasource"], source, "{panel}");
        let mut letters = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert_eq!(target["datasource"], source, "{target}");
            assert!(letters.insert(target["refId"].as_str().unwrap()), "{panel}");
        }
    }
}

#[test]
fn the_first_part_is_of_all_gateways_and_the_second_of_one() {
    let dashboard = files::dashboard();
    let mut of_one = None;
    for panel in panels(&dashboard) {
        if panel["type"] == "row" {
            of_one = Some(panel["title"].as_str().unwrap().contains("$instance"));
        }
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            assert_eq!(
                Some(expression.contains("instance=\"$instance\"")),
                of_one,
                "{expression}"
            );
        }
    }
    assert_eq!(of_one, Some(true));
}
