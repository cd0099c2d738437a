//! A box as it stands in a room: a cuff, a policy, a bus with a bluetoothd on it, a broker.

use serde_json::Value;

use crate::bluez::Bluez;
use crate::bus::Bus;
use crate::mosquitto::Mosquitto;
use crate::rig::{Daemon, EVERYTHING, Gateway};
use crate::script::{Script, Stage};
use crate::subscriber::Subscriber;

pub(crate) const ADDRESS: &str = "C0:FF:EE:00:00:01";

const CUFF: &str = "[[cuffs]]\nid = \"own\"\naddress = \"C0:FF:EE:00:00:01\"\npatient = \"p-7f3a\"\n";

pub(crate) const POLICY: &str = r#"
[readiness]
policy = "test"
systolic = { min = 90, max = 140 }
diastolic = { min = 50, max = 90 }
crisis = { systolic = 180, diastolic = 120 }
readings = 2
valid_for = "10m"
[web]
emergency_number = "112"
clinic_contact = "555-0100"
crisis_text = { en = "Call." }
"#;

/// What a platform needs to open sessions without a key.
pub(crate) const UNSIGNED: &str = "unsigned_commands = [\"open_session\", \"report\", \"receipt\"]\n";

/// What a doctor has said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) report: Value,
}

impl Told {
    /// The checks of this kind that are not well.
    pub(crate) fn wrong(&self, about: &str) -> Vec<&Value> {
        let checks = self.report["checks"].as_array().unwrap().iter();
        checks
            .filter(|check| check["check"] == about && check["result"] != "ok")
            .collect()
    }

    /// The kinds of what is bad.
    pub(crate) fn bad(&self) -> Vec<&str> {
        let checks = self.report["checks"].as_array().unwrap().iter();
        let bad = checks.filter(|check| check["result"] == "bad");
        bad.map(|check| check["check"].as_str().unwrap()).collect()
    }

    /// Panics unless one of this kind is as bad as that, in these words, with this step; and the exit code is right.
    pub(crate) fn assert_says(&self, about: &str, result: &str, message: &str, step: &str) {
        let has =
            |check: &&&Value, field: &str, words: &str| check[field].as_str().is_some_and(|text| text.contains(words));
        let wrong = self.wrong(about);
        let found = wrong
            .iter()
            .filter(|check| check["result"] == result)
            .filter(|check| has(check, "message", message))
            .find(|check| has(check, "step", step));
        assert!(
            found.is_some(),
            "{about} {result}: {message} / {step} in {:#}",
            self.report
        );
        let ok = self.bad().is_empty();
        assert_eq!(
            (self.code, &self.report["ok"]),
            (Some(i32::from(!ok)), &Value::Bool(ok))
        );
    }
}

/// The box.
pub(crate) struct Patient {
    pub(crate) gateway: Gateway,
    pub(crate) bus: Bus,
    pub(crate) bluez: Option<Bluez>,
    pub(crate) broker: Mosquitto,
    pub(crate) platform: Subscriber,
}

impl Patient {
    /// A box on which all is well, but that no daemon runs.
    pub(crate) async fn well() -> Self {
        let bonded = Script {
            bonded: true,
            advertises: false,
            ..Script::new(ADDRESS)
        };
        Self::with(Some(vec![bonded])).await
    }

    /// The same with these devices in bluetoothd, or without a bluetoothd.
    pub(crate) async fn with(devices: Option<Vec<Script>>) -> Self {
        let bus = Bus::start().await;
        let bluez = match devices {
            Some(devices) => {
                let bluez = Bluez::start(&bus.address(), Stage::new(devices)).await;
                bluez.know_all().await;
                Some(bluez)
            }
            None => None,
        };
        let broker = Mosquitto::open().await;
        let platform = Subscriber::start(broker.port, EVERYTHING).await;
        let gateway = Gateway::with(&config(broker.port, ""));
        Self {
            gateway,
            bus,
            bluez,
            broker,
            platform,
        }
    }

    /// Starts the daemon, and waits until it is connected.
    pub(crate) async fn run(&self) -> Daemon {
        let daemon = self.run_by(&self.bus.address());
        daemon
            .until("its broker and its radio", |state| {
                state["delivery"]["connected"] == true && state["radio"]["state"] == "scanning"
            })
            .await;
        daemon
    }

    /// Starts the daemon on this bus.
    pub(crate) fn run_by(&self, bus: &str) -> Daemon {
        let mut command = self.gateway.command(&["run"]);
        command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
        Daemon::start(command, self.gateway.socket())
    }

    pub(crate) async fn doctor(&self) -> Told {
        examined(&self.gateway, &self.bus.address()).await
    }
}

/// The config of the box, with these lines in `[mqtt]`.
pub(crate) fn config(port: u16, lines: &str) -> String {
    let mqtt = crate::rig::mqtt(port, &format!("{UNSIGNED}{lines}"));
    format!("{CUFF}{mqtt}{POLICY}")
}

/// What `doctor --json` says of a gateway, on this bus.
pub(crate) async fn examined(gateway: &Gateway, bus: &str) -> Told {
    // As `init` leaves it: without a key it has been wiped, and the broker is not told that it is there.
    gateway.ask(&["key"]).await;
    let mut command = gateway.command(&["doctor", "--json"]);
    command.env("DBUS_SYSTEM_BUS_ADDRESS", bus);
    told(&command.output().await.unwrap())
}

pub(crate) fn told(output: &std::process::Output) -> Told {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8(output.stdout.clone()).unwrap();
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|_| panic!("{stdout}{stderr}"));
    assert_eq!((stderr.as_ref(), &report["schema"]), ("", &"cuffd.doctor/1".into()));
    Told {
        code: output.status.code(),
        report,
    }
}

/// No bus at all.
pub(crate) fn no_bus(gateway: &Gateway) -> String {
    format!("unix:path={}", gateway.path("nowhere").display())
}
