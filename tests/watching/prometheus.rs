//! A real Prometheus with the config and the rules of `docs/watching`, but for places and times.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::files;
use crate::mosquitto::free_port;
use crate::rig::{CODE, Certificates, Gateway, write_secret};
use crate::wait::until;

/// The three gateways of the config, by their `instance`.
pub(crate) const INSTANCES: [&str; 3] = ["gw-0042", "gw-0043", "gw-0044"];

/// How long something has to be wrong here before it is told of.
const FOR: &str = "for: 2s";

/// A running Prometheus. It is killed when it is dropped.
pub(crate) struct Prometheus {
    port: u16,
    process: Child,
    _folder: TempDir,
}

/// The text with the one place where this stands changed.
fn change(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from}");
    text.replace(from, to)
}

fn config(folder: &Path, certificates: &Certificates, gateways: &[Gateway; 3]) -> String {
    let code = folder.join("code");
    write_secret(&code, &format!("{CODE}\n"));
    let mut text = files::text("prometheus.yml");
    for (from, to) in [
        ("scrape_interval: 30s", "scrape_interval: 1s".to_owned()),
        ("evaluation_interval: 30s", "evaluation_interval: 1s".to_owned()),
        ("/etc/prometheus/cuffd-access-code", code.display().to_string()),
        ("/etc/prometheus/cuffd-ca.pem", certificates.ca().display().to_string()),
    ] {
        text = change(&text, from, &to);
    }
    for (instance, gateway) in INSTANCES.iter().zip(gateways) {
        let here = format!("127.0.0.1:{}", gateway.port);
        text = change(&text, &format!("{instance}.local:8377"), &here);
    }
    text
}

/// The rules, where nothing has to be wrong for long.
fn rules() -> String {
    let text = files::text("alerts.yml");
    let lines = text.lines().map(|line| match line.trim_start().strip_prefix("for: ") {
        Some(time) => line.replace(&format!("for: {time}"), FOR),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Prometheus {
    /// Starts it, and waits until it answers.
    pub(crate) async fn watch(certificates: &Certificates, gateways: &[Gateway; 3]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config(folder.path(), certificates, gateways)).unwrap();
        fs::write(folder.path().join("alerts.yml"), rules()).unwrap();
        let checked = Command::new("promtool").args(["check", "config"]).arg(&file).output();
        let checked = checked.expect("the package prometheus is installed");
        assert!(checked.status.success(), "{checked:?}");
        let port = free_port();
        let log = fs::File::create(certificates.folder().join("prometheus.log")).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the package prometheus is installed");
        let prometheus = Self {
            port,
            process,
            _folder: folder,
        };
        until("Prometheus", async || {
            let answer = prometheus.get("/-/ready").await?;
            answer.starts_with("HTTP/1.0 200").then_some(())
        })
        .await;
        prometheus
    }

    /// `None` if nobody listens.
    async fn get(&self, target: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        // In the old version an answer is whole, and ends with the connection.
        let request = format!("GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        Some(answer)
    }

    /// What its API answers, which must be without an error or a warning.
    pub(crate) async fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let query: Vec<String> = parameters
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect();
        let target = format!("/api/v1/{path}?{}", query.join("&"));
        let answer = self.get(&target).await.expect("it listens");
        let body = answer.split_once("\r\n\r\n").expect("a body").1;
        let answer: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        assert_eq!(answer["status"], "success", "{parameters:?}: {answer}");
        assert_eq!(answer["warnings"], Value::Null, "{parameters:?}: {answer}");
        answer["data"].clone()
    }

    /// The samples that a query has now.
    pub(crate) async fn query(&self, expression: &str) -> Vec<Value> {
        let data = self.ask("query", &[("query", expression)]).await;
        assert_eq!(data["resultType"], "vector", "{expression}");
        data["result"].as_array().unwrap().clone()
    }

    /// The alerts that stand, each with its gateway.
    pub(crate) async fn alerts(&self, state: &str) -> Vec<(String, String)> {
        let data = self.ask("alerts", &[]).await;
        let alerts = data["alerts"].as_array().unwrap().iter();
        let label = |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
        let mut standing: Vec<_> = alerts
            .filter(|alert| alert["state"] == state)
            .map(|alert| (label(alert, "alertname"), label(alert, "instance")))
            .collect();
        standing.sort();
        standing
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended by itself: then there is nothing to kill.
        let _ended = self.process.kill();
        let _waited = self.process.wait();
    }
}

fn encode(text: &str) -> String {
    let octet = |octet: u8| {
        if octet.is_ascii_alphanumeric() {
            char::from(octet).to_string()
        } else {
            format!("%{octet:02X}")
        }
    };
    text.bytes().map(octet).collect()
}
