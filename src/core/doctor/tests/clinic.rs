//! Faults on the way to the clinic, of sessions and of cuffs.

use super::*;

#[test]
fn a_broker_that_is_not_connected_is_bad_and_one_that_is_not_needed_is_not() {
    let refused = || BrokerSeen::Fault("the broker refuses the login (NotAuthorized): check".to_owned());
    let with = |brokers| Facts { brokers, ..well() };
    assert_says(
        &with(vec![broker(refused())]),
        About::Broker,
        Bad,
        "refuses the login",
        "password_file",
    );
    let spare = || broker(BrokerSeen::Reachable { last_error: None });
    let connected = || well().brokers;
    assert_says(
        &with([connected(), vec![broker(refused())]].concat()),
        About::Broker,
        Warn,
        "login",
        "username",
    );
    assert!(
        examine(&with([connected(), vec![spare()]].concat()))
            .checks
            .iter()
            .all(Check::is_well)
    );
    let waiting = broker(BrokerSeen::Reachable {
        last_error: Some(
            "the broker ended the connection (SessionTakenOver): another client uses the same client id".to_owned(),
        ),
    });
    assert_says(
        &with(vec![waiting]),
        About::Broker,
        Bad,
        "not connected: the broker ended",
        "gateway.id",
    );
    assert_says(
        &with(vec![spare()]),
        About::Broker,
        Bad,
        "not been tried yet",
        "journalctl",
    );
    let none = Facts {
        brokers: Vec::new(),
        ..well()
    };
    assert_says(&none, About::Broker, Warn, "nothing is published", "[[mqtt.brokers]]");
}

#[test]
fn what_a_broker_refuses_is_told_with_the_rules_that_are_missing() {
    let connected = |refused: Option<&str>, commands_refused| Facts {
        brokers: vec![broker(BrokerSeen::Connected {
            refused: refused.map(str::to_owned),
            commands_refused,
        })],
        ..set(|settings| settings.openers.page = commands_refused)
    };
    let facts = Facts {
        config: well().config,
        ..connected(Some("status: PUBACK 0x87 not authorized"), false)
    };
    assert_says(
        &facts,
        About::Broker,
        Bad,
        "0x87 not authorized",
        "write below `cuffd/v1/north/gw/`",
    );
    // Where the page may open a session, commands are not needed for it.
    assert_says(
        &connected(None, true),
        About::Broker,
        Warn,
        "no",
        "`cuffd/v1/north/gw/command`",
    );
    let by_commands = Facts {
        config: good(Settings {
            openers: Openers {
                page: false,
                has_patient: true,
                commands: true,
            },
            ..settings()
        }),
        ..connected(None, true)
    };
    assert_says(
        &by_commands,
        About::Broker,
        Bad,
        "none arrives",
        "read `cuffd/v1/north/gw/command`",
    );
}

#[test]
fn without_a_daemon_what_a_broker_answers_is_told_by_what_was_tried() {
    for (sent, result, message) in [
        (
            Sent::Refused("PUBACK 0x87 not authorized".to_owned()),
            Bad,
            "does not take what is published",
        ),
        (Sent::Nothing, Warn, "more was not tried"),
    ] {
        let mut facts = alone();
        facts.brokers = vec![broker(BrokerSeen::Tried {
            sent,
            commands_refused: false,
        })];
        assert_eq!(
            wrong(&facts),
            [(About::Daemon, Bad), (About::Broker, result)],
            "{message}"
        );
    }
    let mut older = alone();
    older.brokers = vec![broker(BrokerSeen::Tried {
        sent: Sent::Unsure,
        commands_refused: false,
    })];
    let report = examine(&older);
    assert!(
        report
            .checks
            .iter()
            .any(|check| check.message.contains("reports refusals as successes"))
    );
}

#[test]
fn what_waits_too_long_is_told_from_what_is_on_its_way() {
    let with = |waiting| {
        let mut facts = well();
        facts.store.waiting = Some(waiting);
        facts
    };
    let queued = |minutes| Waiting {
        queued: 3,
        oldest_queued_at: Some(before(minutes)),
        ..Waiting::default()
    };
    assert_says(
        &with(queued(15)),
        About::Delivery,
        Warn,
        "3 messages wait to be sent, the oldest for 15 min",
        "",
    );
    assert!(examine(&with(queued(14))).checks.iter().all(Check::is_well));
    let awaiting = |minutes| Waiting {
        awaiting_receipt: 1,
        awaiting_receipt_since: Some(before(minutes)),
        ..Waiting::default()
    };
    assert_says(
        &with(awaiting(60)),
        About::Delivery,
        Warn,
        "1 message, the oldest of 60 min ago",
        "`receipt`",
    );
    assert!(examine(&with(awaiting(59))).checks.iter().all(Check::is_well));
    let aside = Waiting {
        set_aside: 2,
        ..Waiting::default()
    };
    assert_says(
        &with(aside),
        About::Delivery,
        Warn,
        "2 messages were refused for good",
        "cuffd resend",
    );
    let unheard = told(|state| state.delivery.no_subscriber = true);
    assert!(wrong(&unheard).contains(&(About::Delivery, Bad)));
}

#[test]
fn a_session_needs_a_policy_and_somebody_who_may_open_it() {
    let none = set(|settings| settings.has_policy = false);
    assert_says(&none, About::Sessions, Bad, "no `[readiness]`", "check");
    let unconfirmed = set(|settings| settings.may_attest = false);
    assert_says(&unconfirmed, About::Sessions, Bad, "confirm", "`attest`");
    let undecided = set(|settings| settings.may_decide = false);
    assert_says(&undecided, About::Sessions, Bad, "approve", "`decide`");
    let nobody = set(|settings| settings.openers.page = false);
    assert_says(&nobody, About::Sessions, Bad, "nobody may open one", "open_session");
    let nobodys = set(|settings| settings.openers.has_patient = false);
    assert_says(&nobodys, About::Sessions, Bad, "registered cuffs", "cuffd pair");
}

#[test]
fn faults_of_a_cuff_have_their_steps() {
    let none = set(|settings| settings.cuffs = Vec::new());
    assert_says(&none, About::Cuff, Bad, "none is registered", "cuffd pair");
    let bond = |bonded, connected| Facts {
        bonds: vec![Bond {
            cuff: name("own"),
            bonded,
            connected,
        }],
        ..well()
    };
    for bonded in [Bonded::No, Bonded::Unknown] {
        assert_says(
            &bond(bonded, false),
            About::Bond,
            Bad,
            "no bond",
            "`sudo cuffd pair`: choose own",
        );
    }
    let unneeded = Facts {
        config: set(|settings| settings.require_bond = false).config,
        ..bond(Bonded::No, false)
    };
    assert_says(&unneeded, About::Bond, Warn, "no bond", "pair");
    assert_says(
        &bond(Bonded::Yes, true),
        About::Cuff,
        Warn,
        "another program",
        "bluetoothctl disconnect",
    );
    let mut held = alone();
    held.bonds = bond(Bonded::Yes, true).bonds;
    assert_eq!(wrong(&held), [(About::Daemon, Bad), (About::Cuff, Bad)]);
}

#[test]
fn what_the_daemon_says_of_a_cuff_has_its_steps() {
    let health = |health| told(move |state| state.cuffs[0].health = health);
    use crate::core::state::CuffHealth;
    assert_says(&health(CuffHealth::BondLost), About::Bond, Bad, "forgot", "choose own");
    assert_says(
        &health(CuffHealth::Unreachable),
        About::Cuff,
        Bad,
        "connections fail",
        "batteries",
    );
    assert_says(
        &told(|state| state.cuffs[0].battery = Some(15)),
        About::Cuff,
        Warn,
        "15 %",
        "new ones",
    );
    assert!(
        examine(&told(|state| state.cuffs[0].battery = Some(16)))
            .checks
            .iter()
            .all(Check::is_well)
    );
    assert_says(
        &told(|state| state.cuffs.clear()),
        About::Cuff,
        Bad,
        "does not know it yet",
        "restart cuffd",
    );
}

#[test]
fn a_cuff_is_silent_if_it_was_not_heard_in_this_run_and_brought_nothing_for_two_weeks() {
    let heard = |in_this_run: bool, at: Option<Timestamp>| {
        let mut facts = told(move |state| {
            if !in_this_run {
                state.cuffs[0].heard_at = None;
            }
        });
        facts.heard = vec![Heard { cuff: name("own"), at }];
        facts
    };
    let days = |days: i64| Some(before(days * 24 * 60));
    assert_says(
        &heard(false, None),
        About::Cuff,
        Warn,
        "not been heard yet",
        "press START",
    );
    assert_says(&heard(false, days(14)), About::Cuff, Warn, "for 14 days", "batteries");
    for facts in [heard(false, days(13)), heard(true, None), heard(true, days(20))] {
        assert!(examine(&facts).checks.iter().all(Check::is_well));
    }
}
