//! Each fault by itself, in a box on which all else is well.

mod clinic;
mod machine;

use serde_json::json;

use super::*;
use crate::core::collection::Choice;
use crate::core::name::Name;
use crate::core::state::{DeliveryState, Problem, RadioState, State, StoreState};

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn now() -> Timestamp {
    "2026-11-21T18:00:00Z".parse().expect("a time")
}

/// So many minutes ago.
fn before(minutes: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_mins(minutes)
}

/// A daemon of which nothing but well is known.
fn state() -> State {
    let cuff = json!({"id": "own", "model": "standard", "connected": false, "health": "ok", "heard_at": before(5),
        "duplicates": 0, "unassigned": 0});
    let state = json!({
        "schema": "cuffd.state/1", "version": env!("CARGO_PKG_VERSION"), "site": "north", "gateway": "gw",
        "run": uuid::Uuid::nil(), "started_at": before(300), "sessions": [], "cuffs": [cuff], "radio": {"state": "scanning"},
        "delivery": DeliveryState { enabled: true, connected: true, broker: Some(BROKER.to_owned()), ..DeliveryState::default() },
        "clock": {"synchronized": true},
        "store": StoreState { available: true, nearly_full: false, size: 0, free: 1 << 30 }, "problems": [],
    });
    serde_json::from_value(state).expect("a state")
}

const BROKER: &str = "mqtt.example.org:8883";

fn broker(seen: BrokerSeen) -> BrokerFacts {
    BrokerFacts {
        name: BROKER.to_owned(),
        host: "mqtt.example.org".to_owned(),
        seen,
    }
}

fn settings() -> Settings {
    Settings {
        site: name("north"),
        gateway: name("gw"),
        warnings: 0,
        zone_known: true,
        test: false,
        adapter: Choice::Auto,
        clock: ClockSource::Timedated,
        reserve: 64 << 20,
        has_policy: true,
        openers: Openers {
            page: true,
            has_patient: true,
            commands: false,
        },
        may_attest: true,
        may_decide: true,
        require_bond: true,
        receipts: true,
        cuffs: vec![name("own")],
        topics: "cuffd/v1/north/gw".to_owned(),
    }
}

fn adapter(name: &str, powered: bool) -> Adapter {
    Adapter {
        name: name.to_owned(),
        powered,
        class: None,
    }
}

/// A box on which all is well, with its daemon.
fn well() -> Facts {
    Facts {
        now: now(),
        user: "user root (0)".to_owned(),
        config: good(settings()),
        daemon: DaemonFacts::Running(Box::new(state())),
        adapters: Ok(vec![adapter("hci0", true)]),
        bluetoothd_installed: true,
        killswitches: Vec::new(),
        main_conf: MainConf::default(),
        timedated: Some(SYNCHRONIZED),
        disk: Some(Disk {
            path: "/var/lib/cuffd".to_owned(),
            folder: Folder::Writable { strangers: Vec::new() },
            free: 1 << 30,
            read_only: false,
        }),
        store: StoreFacts {
            seen: StoreSeen::OfTheDaemon,
            suspect: false,
            aside: Vec::new(),
            waiting: Some(Waiting::default()),
        },
        brokers: vec![broker(BrokerSeen::Connected {
            refused: None,
            commands_refused: false,
        })],
        bonds: vec![Bond {
            cuff: name("own"),
            bonded: Bonded::Yes,
            connected: false,
        }],
        heard: vec![Heard {
            cuff: name("own"),
            at: Some(before(60)),
        }],
    }
}

const SYNCHRONIZED: Timedated = Timedated {
    can_ntp: true,
    ntp: true,
    synchronized: true,
};

fn good(settings: Settings) -> Configuration {
    Configuration::Good {
        path: "/etc/cuffd/cuffd.toml".to_owned(),
        settings: Box::new(settings),
    }
}

/// The box with another config.
fn set(change: impl Fn(&mut Settings)) -> Facts {
    let mut settings = settings();
    change(&mut settings);
    Facts {
        config: good(settings),
        ..well()
    }
}

/// The box with a daemon that knows something else.
fn told(change: impl Fn(&mut State)) -> Facts {
    let mut state = state();
    change(&mut state);
    Facts {
        daemon: DaemonFacts::Running(Box::new(state)),
        ..well()
    }
}

/// The box without its daemon.
fn alone() -> Facts {
    let mut facts = well();
    facts.daemon = DaemonFacts::NotRunning;
    facts.store.seen = StoreSeen::Good;
    facts.brokers = vec![broker(BrokerSeen::Tried {
        sent: Sent::Taken,
        commands_refused: false,
    })];
    facts
}

/// Panics unless exactly one check is not well, and is so, with these words in its message and its step.
fn assert_says(facts: &Facts, about: About, result: Outcome, message: &str, step: &str) {
    let report = examine(facts);
    let wrong: Vec<&Check> = report.checks.iter().filter(|check| !check.is_well()).collect();
    let [check] = wrong.as_slice() else {
        panic!("one thing is wrong ({message}), not {wrong:#?}");
    };
    assert_eq!((check.check, check.result), (about, result), "{check:?}");
    assert!(check.message.contains(message), "{message} in {check:?}");
    assert!(
        check.step.as_ref().is_some_and(|told| told.contains(step)),
        "{step} in {check:?}"
    );
    assert_eq!(report.ok, result != Outcome::Bad);
}

use Outcome::{Bad, Warn};

/// All of what is wrong, where a fault shows in more than one place.
fn wrong(facts: &Facts) -> Vec<(About, Outcome)> {
    let report = examine(facts);
    let wrong = report.checks.iter().filter(|check| !check.is_well());
    wrong.map(|check| (check.check, check.result)).collect()
}

#[test]
fn where_all_is_well_nothing_else_is_said() {
    let report = examine(&well());
    assert!(report.ok && report.checks.iter().all(Check::is_well), "{report:#?}");
    assert!(report.checks.iter().all(|check| check.step.is_none()));
    let about: Vec<&str> = report.checks.iter().map(|check| check.check.as_str()).collect();
    let expected = [
        "config",
        "daemon",
        "bluetoothd",
        "adapter",
        "clock",
        "disk",
        "broker",
        "delivery",
        "sessions",
        "cuff",
    ];
    assert_eq!(about, expected);
}

#[test]
fn without_a_daemon_no_session_can_be_cleared_although_all_else_is_well() {
    assert_says(
        &alone(),
        About::Daemon,
        Bad,
        "does not run",
        "systemctl enable --now cuffd",
    );
    let mut held = alone();
    held.store.seen = StoreSeen::Held;
    assert_says(&held, About::Daemon, Bad, "another cuffd", "pgrep");
}

#[test]
fn faults_of_config_and_daemon_have_their_steps() {
    let path = || "/etc/cuffd/cuffd.toml".to_owned();
    // Without a config the other checks know less, and say less.
    let without = |config| Facts {
        config,
        brokers: Vec::new(),
        disk: None,
        bonds: Vec::new(),
        ..well()
    };
    let mistaken = without(Configuration::Mistaken { path: path(), count: 2 });
    assert_says(&mistaken, About::Config, Bad, "2 mistakes", "sudo cuffd check");
    let closed = without(Configuration::Closed { path: path() });
    assert_says(&closed, About::Permissions, Bad, "may not read", "sudo cuffd doctor");
    assert_says(
        &set(|settings| settings.warnings = 1),
        About::Config,
        Warn,
        "1 remark",
        "cuffd check",
    );
    assert_says(
        &told(|state| state.version = "0.0.1".to_owned()),
        About::Daemon,
        Warn,
        "0.0.1",
        "restart cuffd",
    );
    assert_says(
        &told(|state| state.gateway = name("other")),
        About::Daemon,
        Bad,
        "north/other",
        "--config",
    );
    assert_says(
        &set(|settings| settings.test = true),
        About::Daemon,
        Warn,
        "it is a test",
        "gateway.test",
    );
    for (daemon, about, step) in [
        (DaemonFacts::Closed, About::Permissions, "usermod -aG cuffd"),
        (
            DaemonFacts::Unclear("no answer in time".to_owned()),
            About::Daemon,
            "restart cuffd",
        ),
    ] {
        let mut facts = alone();
        facts.daemon = daemon;
        facts.store.seen = StoreSeen::Unknown;
        assert_says(&facts, about, Bad, "", step);
    }
}

#[test]
fn every_problem_of_the_daemon_is_told_with_its_step() {
    for (problem, result) in [
        (Problem::AdapterLost, Bad),
        (Problem::BondLost, Bad),
        (Problem::BrokerUnreachable, Bad),
        (Problem::ClockUnsynchronized, Bad),
        (Problem::CommandsRefused, Bad),
        (Problem::CuffUnreachable, Bad),
        (Problem::MessageRefused, Warn),
        (Problem::NoSubscriber, Bad),
        (Problem::StoreNearlyFull, Warn),
        (Problem::StoreUnavailable, Bad),
    ] {
        let facts = told(|state| state.problems = vec![problem]);
        let report = examine(&facts);
        let told: Vec<&Check> = report.checks.iter().filter(|check| !check.is_well()).collect();
        assert_eq!(told.len(), 1, "{problem:?}: {told:?}");
        assert_eq!(told[0].result, result, "{problem:?}");
        assert!(told[0].step.is_some());
    }
    // What another check has explained is not told twice.
    let off = told(|state| state.problems = vec![Problem::AdapterLost]);
    let off = Facts {
        adapters: Ok(Vec::new()),
        ..off
    };
    assert_eq!(wrong(&off), [(About::Adapter, Bad)]);
}

#[test]
fn a_report_reads_back() {
    let report = examine(&alone());
    let text = serde_json::to_string(&report).expect("json");
    assert!(
        text.starts_with(
            r#"{"schema":"cuffd.doctor/1","ok":false,"checks":[{"check":"config","result":"ok","message":"#
        )
    );
    assert_eq!(serde_json::from_str::<Report>(&text).expect("a report"), report);
}

#[test]
fn ages_are_told_as_people_say_them() {
    for (minutes, told) in [
        (0, "0 min"),
        (119, "119 min"),
        (120, "2 h"),
        (2_879, "47 h"),
        (2_880, "2 days"),
        (20_160, "14 days"),
    ] {
        assert_eq!(ago(before(minutes), now()), told);
    }
    assert_eq!(ago(before(-5), now()), "0 min", "a clock that was set back");
}
