//! What a real daemon tells, against the table of metrics, and by promtool's rules for names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use crate::files::{self, Row};
use crate::rig::{CODE, Certificates, Clinic, Gateway};
use crate::wait::until;

/// A metric as it was told.
#[derive(Debug, Default)]
struct Told {
    help: String,
    kind: String,
    labels: BTreeSet<String>,
}

/// Asks as the README does it by hand.
fn ask(gateway: &Gateway, certificates: &Certificates, code: &str) -> Option<String> {
    let output = Command::new("curl")
        .args(["--silent", "--fail", "--cacert"])
        .arg(certificates.ca())
        .args(["-H", &format!("Authorization: Bearer {code}")])
        .arg(format!("https://127.0.0.1:{}/metrics", gateway.port))
        .output()
        .expect("the package curl is installed");
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

fn read(text: &str) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
            help.clone_into(&mut told.entry(name.to_owned()).or_default().help);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            kind.clone_into(&mut told.entry(name.to_owned()).or_default().kind);
        } else if let Some((name, rest)) = line.split_once('{') {
            let label = rest.split_once('=').expect("a label").0;
            let labels = &mut told.get_mut(name).expect("begun").labels;
            labels.insert(label.to_owned());
        }
    }
    told
}

/// Text in which everything is known that ever is, or why it is not yet.
async fn complete(gateway: &Gateway, certificates: &Certificates) -> String {
    let wanted: BTreeSet<String> = files::table().into_iter().map(|row| row.name).collect();
    until("all metrics of the table", async || {
        let text = ask(gateway, certificates, CODE)?;
        let told: BTreeSet<String> = read(&text).into_keys().collect();
        wanted.is_subset(&told).then_some(text)
    })
    .await
}

#[tokio::test]
async fn the_table_of_metrics_is_true_and_promtool_has_nothing_to_say() {
    let (clinic, certificates) = (Clinic::open().await, Certificates::new());
    let gateway = Gateway::start("gw-1", &certificates, &clinic.lines(true));
    let text = complete(&gateway, &certificates).await;
    assert_eq!(promtool_says(&text), "", "of:\n{text}");
    let told = read(&text);
    let table = files::table();
    let names: Vec<&String> = table.iter().map(|row| &row.name).collect();
    let distinct: BTreeSet<&String> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "each stands there once");
    assert_eq!(distinct, told.keys().collect(), "no more and no less is told");
    for row in &table {
        agree(row, &told[&row.name]);
    }
    codes_are_known_to_the_rules(&text);
    assert_eq!(
        ask(&gateway, &certificates, "000000"),
        None,
        "with a wrong code nothing is told"
    );
}

fn agree(row: &Row, told: &Told) {
    let Row { name, label, .. } = row;
    assert_eq!(row.kind, told.kind, "{name}");
    assert_eq!(
        label.iter().collect::<BTreeSet<_>>(),
        told.labels.iter().collect(),
        "{name}"
    );
    assert!(
        row.meaning.starts_with(&told.help),
        "{name}: {} / {}",
        row.meaning,
        told.help
    );
    let units: &[&str] = match name.rsplit('_').next().expect("a word") {
        "seconds" => &["seconds", "Unix time"],
        "bytes" => &["bytes"],
        "ratio" => &["ratio"],
        "info" => &["always 1"],
        _ => &["count", "0 or 1"],
    };
    assert!(units.contains(&row.unit.as_str()), "{name}: {}", row.unit);
    assert_eq!(name.ends_with("_total"), row.kind == "counter", "{name}");
}

/// The rule for problems that are not known leaves out exactly those that are.
fn codes_are_known_to_the_rules(text: &str) {
    let codes = text
        .lines()
        .filter_map(|line| line.strip_prefix("cuffd_problem{code=\""));
    let codes: BTreeSet<&str> = codes.map(|rest| rest.split('"').next().unwrap()).collect();
    let rules = files::text("alerts.yml");
    let known = rules
        .split("code!~\"")
        .nth(1)
        .expect("such a rule")
        .split('"')
        .next()
        .unwrap();
    assert_eq!(codes, known.split('|').collect());
}

/// What promtool objects to in these metrics.
fn promtool_says(text: &str) -> String {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the package prometheus is installed");
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert!(output.status.success(), "{said}");
    said
}
