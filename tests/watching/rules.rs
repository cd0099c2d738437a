//! The alert rules in promtool: each comes when it should, and no other beside it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::files;

fn cases() -> [PathBuf; 2] {
    ["alerts.test.yml", "alerts-days.test.yml"].map(|name| {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/watching")
            .join(name)
    })
}

fn promtool(command: &mut Command) {
    let output = command.output().expect("the package prometheus is installed");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn promtool_takes_the_rules_and_each_comes_when_it_should() {
    promtool(
        Command::new("promtool")
            .args(["check", "rules", "--lint-fatal"])
            .arg(files::path("alerts.yml")),
    );
    promtool(Command::new("promtool").args(["test", "rules"]).args(cases()));
}

#[test]
fn each_alert_is_tried_and_says_how_bad_it_is_and_what_to_do() {
    let cases = cases().map(|path| fs::read_to_string(path).unwrap()).concat();
    let rules = files::text("alerts.yml");
    let mut texts = rules.split("- alert: ").skip(1);
    for alert in files::alerts() {
        assert!(
            cases.contains(&format!("{{alertname=\"{alert}\"}}")),
            "{alert} is tried"
        );
        let text = texts.next().expect("its text");
        for part in ["labels: {severity: ", "summary: ", "description: "] {
            assert_eq!(text.matches(part).count(), 1, "{alert}: {part}");
        }
        let severity = text
            .split("labels: {severity: ")
            .nth(1)
            .and_then(|rest| rest.split('}').next());
        assert!(
            severity.is_some_and(|severity| ["critical", "warning", "info"].contains(&severity)),
            "{alert}: {severity:?}"
        );
    }
}

#[test]
fn rules_and_dashboard_name_metrics_that_there_are_and_the_dashboard_all_of_them() {
    let known = files::table().into_iter().map(|row| row.name).collect();
    let rules = files::metrics_in(&files::text("alerts.yml"));
    assert!(rules.is_subset(&known), "{:?}", rules.difference(&known));
    let queries = files::queries(&files::dashboard());
    let shown = queries
        .iter()
        .flat_map(|query| files::metrics_in(&query.expression))
        .collect();
    assert_eq!(known, shown);
}
