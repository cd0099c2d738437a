//! Three real gateways in a real Prometheus: every query of the dashboard and of the rules, and what is told when one is killed.

use crate::files::{self, Query};
use crate::prometheus::{INSTANCES, Prometheus};
use crate::rig::{Certificates, Clinic, Gateway};
use crate::wait::until;

/// The panels that show something only while something is wrong.
const EMPTY_WHILE_ALL_IS_WELL: [&str; 1] = ["Problems now"];

/// The rules that look for what these gateways do not have.
const LOOKS_FOR_OTHERS: [&str; 1] = ["CuffdProblem"];

fn alert(name: &str, instance: &str) -> (String, String) {
    (name.to_owned(), instance.to_owned())
}

/// Waits until each gateway has told everything that it has to tell.
async fn all_is_told(prometheus: &Prometheus) {
    for (what, expression) in [
        ("answers", "sum(up{job=\"cuffd\"}) == 3"),
        ("charges", "count(cuffd_lowest_cuff_battery_ratio) == 3"),
        ("measurements", "count(cuffd_last_measurement_age_seconds) == 3"),
        ("connections", "sum(cuffd_broker_connected) == 2"),
        ("messages", "count(cuffd_last_sent_age_seconds) == 2"),
        ("receipts owed", "cuffd_unconfirmed_messages > 0"),
        (
            "two samples of each",
            "count(increase(cuffd_messages_total{kind=\"reading\"}[1d])) == 3",
        ),
    ] {
        let look = async || Some(prometheus.query(expression).await).filter(|result| !result.is_empty());
        until(what, look).await;
    }
}

async fn the_dashboard_shows(prometheus: &Prometheus) {
    let matching = [("match[]", "up{job=\"cuffd\"}")];
    let variable = files::dashboard()["templating"]["list"][1]["definition"].clone();
    assert_eq!(variable, "label_values(up{job=\"cuffd\"}, instance)");
    let choice = prometheus.ask("label/instance/values", &matching).await;
    assert_eq!(choice, serde_json::json!(INSTANCES));
    for Query { panel, expression } in files::queries(&files::dashboard()) {
        let expression = expression.replace("$instance", INSTANCES[0]);
        for selector in selectors(&expression) {
            assert!(selector.contains("job=\"cuffd\""), "{panel}: {selector}");
        }
        let result = prometheus.query(&expression).await;
        let is_empty = EMPTY_WHILE_ALL_IS_WELL.contains(&panel.as_str());
        assert_eq!(result.is_empty(), is_empty, "{panel}: {expression}: {result:?}");
        let numbers = result.iter().map(|sample| sample["value"][1].as_str().unwrap());
        for number in numbers {
            assert!(
                number.parse::<f64>().unwrap().is_finite(),
                "{panel}: {expression}: {number}"
            );
        }
    }
}

/// What stands in a query before each comparison: metrics with their labels.
fn selectors(query: &str) -> Vec<String> {
    let ends = query.match_indices('}').map(|(end, _)| end);
    ends.map(|end| {
        let begin = query[..end].rfind('{').expect("a begin");
        let name = query[..begin].rfind(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        query[name.map_or(0, |before| before + 1)..=end].to_owned()
    })
    .collect()
}

async fn the_rules_look_at_what_there_is(prometheus: &Prometheus) {
    let data = prometheus.ask("rules", &[]).await;
    let rules = data["groups"][0]["rules"].as_array().unwrap().clone();
    let names: Vec<&str> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    assert_eq!(names, files::alerts());
    for (name, rule) in names.iter().zip(&rules) {
        assert_eq!(
            (&rule["health"], &rule["lastError"]),
            (&"ok".into(), &serde_json::Value::Null),
            "{rule}"
        );
        let query = rule["query"].as_str().unwrap();
        prometheus.query(query).await;
        let selectors = selectors(query);
        assert!(!selectors.is_empty(), "{query}");
        for selector in selectors {
            assert!(selector.contains("job=\"cuffd\""), "{name}: {selector}");
            let found = !prometheus.query(&selector).await.is_empty();
            assert_eq!(found, !LOOKS_FOR_OTHERS.contains(name), "{name}: {selector}");
        }
    }
}

#[tokio::test]
async fn a_fleet_is_seen_and_a_gateway_that_is_killed_is_told_of() {
    let (clinic, certificates) = (Clinic::open().await, Certificates::new());
    let lines = [clinic.lines(true), clinic.lines(false), String::new()];
    let [first, second, third] = INSTANCES;
    let mut gateways = [
        Gateway::start(first, &certificates, &lines[0]),
        Gateway::start(second, &certificates, &lines[1]),
        Gateway::start(third, &certificates, &lines[2]),
    ];
    let prometheus = Prometheus::watch(&certificates, &gateways).await;
    all_is_told(&prometheus).await;
    // Nobody confirms anything here, and one gateway waits for that.
    let owed = alert("CuffdUnconfirmed", first);
    settle(&prometheus, std::slice::from_ref(&owed)).await;
    the_dashboard_shows(&prometheus).await;
    the_rules_look_at_what_there_is(&prometheus).await;

    gateways[2].kill();
    settle(&prometheus, &[alert("CuffdGatewayDown", third), owed]).await;
    let stood = "count_over_time(ALERTS{alertname=\"CuffdGatewayDown\", alertstate=\"pending\"}[5m])";
    let stood = prometheus.query(stood).await;
    assert_eq!(stood.len(), 1, "it was not told of at once");
    let data = prometheus.ask("alerts", &[]).await;
    let alerts = data["alerts"].as_array().unwrap();
    let down = alerts
        .iter()
        .find(|alert| alert["labels"]["alertname"] == "CuffdGatewayDown")
        .unwrap();
    assert_eq!(down["labels"]["severity"], "critical");
    assert_eq!(down["annotations"]["summary"], format!("{third} does not answer"));
    let away = files::queries(&files::dashboard())
        .into_iter()
        .find(|query| query.panel == "Gateways that do not answer")
        .expect("it is shown");
    assert_eq!(prometheus.query(&away.expression).await[0]["value"][1], "1");
}

/// Waits until exactly these are told of.
async fn settle(prometheus: &Prometheus, expected: &[(String, String)]) {
    until(&format!("{expected:?}"), async || {
        (prometheus.alerts("firing").await == expected).then_some(())
    })
    .await;
}
