//! What `doctor --json` can say: a report of the program itself, and each word of it.

use cuffd::core::doctor::{Check, Outcome, Report, SCHEMA};
use serde_json::json;

use crate::checker::{Sample, assert_described};
use crate::every;
use crate::rig::{Gateway, lines};

pub(crate) fn samples() -> Vec<Sample> {
    let checks = every::abouts().into_iter().flat_map(|check| {
        let of = move |result| Check {
            check,
            subject: Some("hci0".to_owned()),
            result,
            message: "it is off".to_owned(),
            step: (result != Outcome::Ok).then(|| "switch it on".to_owned()),
        };
        every::outcomes().into_iter().map(of)
    });
    let report = Report {
        schema: SCHEMA.to_owned(),
        ok: false,
        checks: checks.collect(),
    };
    vec![("doctor", json!(report))]
}

#[tokio::test]
async fn a_report_of_the_program_is_described() {
    let gateway = Gateway::with("");
    let told = gateway.ask(&["doctor", "--json"]).await;
    assert_eq!((told.code, told.stderr.as_str()), (Some(1), ""));
    let reports: Vec<Sample> = lines(&told.stdout)
        .into_iter()
        .map(|report| ("doctor", report))
        .collect();
    assert_eq!(reports.len(), 1);
    assert_described(&reports);
}
