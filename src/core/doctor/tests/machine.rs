//! Faults of this machine: radio, clock, disk.

use super::*;

#[test]
fn faults_between_the_bus_and_the_adapter_have_their_steps() {
    for (absent, installed, about, step) in [
        (Absent::NoBus, true, About::Dbus, "systemctl start dbus"),
        (
            Absent::NoStack,
            true,
            About::Bluetoothd,
            "systemctl enable --now bluetooth",
        ),
        (Absent::NoStack, false, About::Bluetoothd, "apt install bluez"),
        (Absent::Denied, true, About::Permissions, "usermod -aG bluetooth cuffd"),
        (Absent::Silent, true, About::Bluetoothd, "systemctl restart bluetooth"),
    ] {
        let facts = Facts {
            adapters: Err(absent),
            bluetoothd_installed: installed,
            bonds: Vec::new(),
            ..well()
        };
        assert_says(&facts, about, Bad, "", step);
    }
    let with = |adapters| Facts {
        adapters: Ok(adapters),
        ..well()
    };
    assert_says(
        &with(Vec::new()),
        About::Adapter,
        Bad,
        "no Bluetooth adapter",
        "plug one in",
    );
    let off = with(vec![adapter("hci0", false)]);
    assert_says(&off, About::Adapter, Bad, "switched off", "bluetoothctl power on");
    let two = with(vec![adapter("hci0", false), adapter("hci1", true)]);
    assert_says(&two, About::Adapter, Warn, "there are 2", "adapter = \"hci1\"");
    let mut named = set(|settings| settings.adapter = Choice::Named("hci1".to_owned()));
    assert_says(&named, About::Adapter, Bad, "there is hci0", "adapter = \"auto\"");
    named.adapters = Ok(vec![adapter("hci0", false), adapter("hci1", true)]);
    assert!(examine(&named).ok);
}

#[test]
fn what_keeps_an_adapter_off_is_told_from_an_adapter_that_is_off() {
    let switch = |name: &str, soft, hard| Killswitch {
        name: name.to_owned(),
        soft,
        hard,
    };
    let off = |switches: Vec<Killswitch>| Facts {
        adapters: Ok(vec![adapter("hci0", false)]),
        killswitches: switches,
        ..well()
    };
    assert_says(
        &off(vec![switch("hci0", true, false)]),
        About::Adapter,
        Bad,
        "soft",
        "rfkill unblock bluetooth",
    );
    assert_says(
        &off(vec![switch("hci0", true, true)]),
        About::Adapter,
        Bad,
        "hard",
        "flip that switch",
    );
    assert_says(
        &off(vec![switch("a_key", false, true)]),
        About::Adapter,
        Bad,
        "hard",
        "flip that switch",
    );
    // Another adapter's is none of this one.
    assert_says(
        &off(vec![switch("hci1", true, true)]),
        About::Adapter,
        Bad,
        "switched off",
        "power on",
    );
    let gone = Facts {
        adapters: Ok(Vec::new()),
        ..off(vec![switch("a_key", true, false)])
    };
    assert_says(&gone, About::Adapter, Bad, "soft", "rfkill unblock");
    // One that is on is not blocked.
    let on = Facts {
        adapters: Ok(vec![adapter("hci0", true)]),
        ..off(vec![switch("a_key", true, true)])
    };
    assert!(examine(&on).ok);
}

#[test]
fn what_the_daemon_says_of_the_radio_counts_beside_what_is_there() {
    for (radio, message) in [
        (RadioState::Starting, "begun to listen"),
        (RadioState::Deaf, "hears nothing"),
        (RadioState::NoAdapter, "does not reach it"),
        (RadioState::AdapterOff, "does not reach it"),
        (RadioState::NoStack, "does not reach it"),
        (RadioState::NoBus, "does not reach it"),
    ] {
        assert_says(&told(|state| state.radio = radio), About::Adapter, Bad, message, "");
    }
    let mut virtual_cuffs = told(|state| state.radio = RadioState::Virtual);
    virtual_cuffs.adapters = Err(Absent::NoBus);
    virtual_cuffs.bonds = Vec::new();
    assert_says(&virtual_cuffs, About::Adapter, Warn, "virtual", "end the simulation");
}

#[test]
fn settings_of_bluetoothd_that_cost_something_are_told() {
    let conf = |text: &str| Some(text.to_owned());
    let with = |main_conf| Facts { main_conf, ..well() };
    let cache = |text| {
        with(MainConf {
            cache: conf(text),
            ..MainConf::default()
        })
    };
    assert_says(&cache("no"), About::Bluetoothd, Bad, "may be lost", "[GATT]");
    assert_says(&cache("yes"), About::Bluetoothd, Warn, "may be lost", "[GATT]");
    assert!(examine(&cache("always")).checks.iter().all(Check::is_well));
    let repairing = |text| {
        with(MainConf {
            just_works_repairing: conf(text),
            ..MainConf::default()
        })
    };
    for text in ["always", "confirm"] {
        assert_says(
            &repairing(text),
            About::Bluetoothd,
            Warn,
            "stranger",
            "JustWorksRepairing = never",
        );
    }
    assert!(examine(&repairing("never")).checks.iter().all(Check::is_well));
    let mut dual = well();
    dual.adapters = Ok(vec![Adapter {
        class: Some(0x10c),
        ..adapter("hci0", true)
    }]);
    assert_says(&dual, About::Bluetoothd, Warn, "classic", "ControllerMode = le");
    dual.main_conf.controller_mode = conf("le");
    assert!(examine(&dual).checks.iter().all(Check::is_well));
}

#[test]
fn faults_of_the_clock_have_their_steps() {
    let unsynchronized = |timedated| {
        let mut facts = told(|state| state.clock.synchronized = false);
        facts.timedated = timedated;
        facts
    };
    let not = Timedated {
        synchronized: false,
        ..SYNCHRONIZED
    };
    for (timedated, step) in [
        (None, "apt install systemd-timesyncd"),
        (
            Some(Timedated { can_ntp: false, ..not }),
            "apt install systemd-timesyncd",
        ),
        (Some(Timedated { ntp: false, ..not }), "timedatectl set-ntp true"),
        (Some(not), "give it some minutes"),
        (Some(SYNCHRONIZED), "ask again"),
    ] {
        assert_says(&unsynchronized(timedated), About::Clock, Bad, "", step);
    }
    let lately = Facts {
        timedated: Some(not),
        ..well()
    };
    assert_says(&lately, About::Clock, Warn, "it was synchronized", "network");
    assert_says(
        &set(|settings| settings.clock = ClockSource::None),
        About::Clock,
        Bad,
        "none",
        "timedated",
    );
    assert_says(
        &set(|settings| settings.clock = ClockSource::Trust),
        About::Clock,
        Warn,
        "trust",
        "timedated",
    );
    let zone = set(|settings| settings.zone_known = false);
    assert_says(&zone, About::Clock, Warn, "time zone", "timedatectl set-timezone");
}

#[test]
fn faults_of_disk_and_store_have_their_steps() {
    let with = |change: &dyn Fn(&mut Disk)| {
        let mut facts = alone();
        facts.daemon = well().daemon;
        facts.disk.iter_mut().for_each(change);
        facts
    };
    let little = told(|state| state.store.free = 1 << 20);
    assert_says(
        &little,
        About::Disk,
        Bad,
        "1 MiB are free, less than the 64 MiB",
        "journalctl --vacuum-size",
    );
    assert_says(
        &with(&|disk| disk.read_only = true),
        About::Disk,
        Bad,
        "takes no writes",
        "replace it",
    );
    assert_says(
        &with(&|disk| disk.folder = Folder::Missing),
        About::Disk,
        Bad,
        "is not there",
        "install -d",
    );
    let strange = |disk: &mut Disk| {
        disk.folder = Folder::Writable {
            strangers: vec!["cuffd.db".to_owned()],
        };
    };
    assert_says(
        &with(&strange),
        About::Permissions,
        Bad,
        "cuffd.db",
        "chown -R --reference=/var/lib/cuffd",
    );
    assert!(
        examine(&with(&|disk| disk.folder = Folder::Closed)).ok,
        "the daemon's word counts"
    );
}

#[test]
fn what_the_daemon_says_of_the_store_and_what_was_damaged_has_its_steps() {
    assert_says(
        &told(|state| state.store.available = false),
        About::Disk,
        Bad,
        "takes no measurements",
        "df -h",
    );
    assert_says(
        &told(|state| state.store.nearly_full = true),
        About::Disk,
        Warn,
        "max_size",
        "higher",
    );
    let mut store = well();
    store.store.suspect = true;
    assert_says(&store, About::Disk, Bad, "damage", "restart cuffd");
    let mut store = well();
    store.store.aside = vec!["cuffd.db.damaged-1".to_owned(), "cuffd.db.damaged-2".to_owned()];
    assert_says(&store, About::Disk, Warn, "damaged-2", "replace it");
}

#[test]
fn without_a_daemon_the_store_and_its_folder_are_looked_at_as_by_it() {
    let mut closed = alone();
    closed.disk.iter_mut().for_each(|disk| disk.folder = Folder::Closed);
    closed.store.seen = StoreSeen::Refused("a reason".to_owned());
    let expected = [(About::Daemon, Bad), (About::Permissions, Bad), (About::Disk, Bad)];
    assert_eq!(wrong(&closed), expected);
    let mut little = alone();
    little.disk.iter_mut().for_each(|disk| disk.free = 0);
    assert_eq!(wrong(&little), [(About::Daemon, Bad), (About::Disk, Bad)]);
}
