//! Each key of the smaller tables: wrong type, out of range, not of the grammar, unknown, missing.

use std::time::Duration;

use super::rig::{GATEWAY, each_is_refused, each_is_taken, load, load_under, refused, subjects};

#[test]
fn the_least_config_has_the_defaults_of_the_contract() {
    let config = load(GATEWAY).expect("good").config;
    assert_eq!(config.gateway.key_file.path().to_str(), Some("/var/lib/cuffd/key.jwk"));
    assert!(!config.gateway.test && config.mqtt.is_none() && config.readiness.is_none());
    assert!(config.cuffs.is_empty() && config.patients.is_empty());
    assert_eq!(config.bluetooth.connect_for, Duration::from_secs(12));
    assert_eq!(config.bluetooth.idle_end, Duration::from_secs(10));
    assert_eq!(config.bluetooth.connection_cap, Duration::from_secs(120));
    assert!(config.bluetooth.set_clock && config.bluetooth.recover);
    assert_eq!(config.store.keep, Duration::from_secs(30 * 86_400));
    assert_eq!((config.store.max_size, config.store.reserve), (256 << 20, 64 << 20));
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8377");
    assert_eq!(config.web.texts.len(), 1);
    assert_eq!(config.web.texts[0].0, "en");
    assert!(config.web.enabled && config.web.show_values && config.web.contacts.is_none());
    assert_eq!(config.clock.max_unsynced, Duration::from_secs(86_400));
    assert_eq!(config.clock.jump, Duration::from_secs(5));
    assert!(config.metrics.enabled);
}

#[test]
fn gateway_names_are_required_and_of_the_grammar() {
    assert_eq!(subjects(&refused("")), ["gateway.site", "gateway.id"]);
    assert_eq!(subjects(&refused("gateway = 5\n")), ["gateway"]);
    let long = "a".repeat(25);
    for bad in [
        "\"\"",
        "\"a b\"",
        "\"-a\"",
        "\"a/b\"",
        "5",
        "[]",
        "{}",
        &format!("\"{long}\""),
    ] {
        let text = format!("[gateway]\nsite = {bad}\nid = \"{}\"\n", &long[1..]);
        assert_eq!(subjects(&refused(&text)), ["gateway.site"], "{bad}");
    }
}

#[test]
fn gateway_keys() {
    each_is_refused(
        GATEWAY,
        "",
        &[
            ("time_zone = \"Europe/Berlln\"", "gateway.time_zone"),
            ("time_zone = 1", "gateway.time_zone"),
            ("test = \"true\"", "gateway.test"),
            ("key_file = 1", "gateway.key_file"),
            ("key_file = \"\"", "gateway.key_file"),
            ("key_file = \"cred:key\"", "gateway.key_file"),
            ("timezone = \"UTC\"", "gateway.timezone"),
        ],
    );
    each_is_taken(
        GATEWAY,
        "",
        &["time_zone = \"Europe/Berlin\"", "key_file = \"/nonexistent/key.jwk\""],
    );
}

#[test]
fn bluetooth_keys() {
    let before = format!("{GATEWAY}[bluetooth]\n");
    each_is_refused(
        &before,
        "",
        &[
            ("adapter = \"usb0\"", "bluetooth.adapter"),
            ("adapter = \"hci\"", "bluetooth.adapter"),
            ("adapter = 0", "bluetooth.adapter"),
            ("connect_for = \"0s\"", "bluetooth.connect_for"),
            ("idle_end = \"10\"", "bluetooth.idle_end"),
            ("connection_cap = 120", "bluetooth.connection_cap"),
            ("set_clock = \"no\"", "bluetooth.set_clock"),
            ("recover = 0", "bluetooth.recover"),
            ("adaptor = \"hci0\"", "bluetooth.adaptor"),
        ],
    );
    each_is_taken(
        &before,
        "",
        &["adapter = \"hci0\"", "adapter = \"hci12\"", "connect_for = \"1s\""],
    );
}

#[test]
fn store_keys() {
    let before = format!("{GATEWAY}[store]\n");
    // The rig's state directory comes from the environment, so that `path` is tested by itself.
    each_is_refused(
        &before,
        "",
        &[
            ("keep = \"30\"", "store.keep"),
            ("keep = 30", "store.keep"),
            ("keep_ended = \"-1d\"", "store.keep_ended"),
            ("max_size = \"0B\"", "store.max_size"),
            ("max_size = 256", "store.max_size"),
            ("max_size = \"256MB\"", "store.max_size"),
            ("reserve = \"lots\"", "store.reserve"),
            ("keep_unassigned = \"\"", "store.keep_unassigned"),
            ("max_age = \"1d\"", "store.max_age"),
        ],
    );
    each_is_taken(
        &before,
        "",
        &["keep = 0", "keep = \"0\"", "max_size = \"1B\"", "reserve = \"0B\""],
    );
    for bad in ["", "/var/lib/", "/", ".."] {
        let mistakes = load_under(GATEWAY, &[("CUFFD__STORE__PATH", bad)]).expect_err(bad);
        assert_eq!(subjects(&mistakes), ["store.path"], "{bad}");
    }
}

#[test]
fn web_keys() {
    let before = format!("{GATEWAY}[web]\n");
    each_is_refused(
        &before,
        "",
        &[
            ("enabled = 1", "web.enabled"),
            ("listen = \"localhost:8377\"", "web.listen"),
            ("listen = \"127.0.0.1\"", "web.listen"),
            ("listen = 8377", "web.listen"),
            ("listen = \"0.0.0.0:8377\"", "web.access_code_file"),
            ("hosts = [\"a.local:8377\"]", "web.hosts[0]"),
            ("hosts = \"a.local\"", "web.hosts"),
            ("open_sessions = true", "web.open_sessions"),
            ("languages = []", "web.languages"),
            ("languages = [\"en\", \"xx\"]", "web.languages[1]"),
            ("languages = [\"../en\"]", "web.languages[0]"),
            ("text_dir = \"\"", "web.text_dir"),
            ("show_values = \"some\"", "web.show_values"),
            ("emergency_number = \"help\"", "web.emergency_number"),
            ("emergency_number = 112", "web.emergency_number"),
            ("clinic_contact = \" \"", "web.clinic_contact"),
            ("crisis_text = \"Call.\"", "web.crisis_text"),
            ("crisis_text = { en = 1 }", "web.crisis_text.en"),
            ("crisis_text = { English = \"Call.\" }", "web.crisis_text"),
            ("port = 8377", "web.port"),
        ],
    );
    each_is_taken(
        &before,
        "",
        &[
            "enabled = false\nlisten = \"0.0.0.0:8377\"",
            "listen = \"[::1]:8377\"",
            "hosts = [\"Box.local\", \"10.0.0.7\"]",
            "open_sessions = \"never\"",
            "languages = [\"de\", \"es\", \"en\"]",
        ],
    );
}

#[test]
fn log_clock_and_metrics_keys() {
    each_is_refused(
        GATEWAY,
        "",
        &[
            ("[log]\nlevel = \"trace\"", "log.level"),
            ("[log]\nformat = 1", "log.format"),
            ("[log]\nfile = \"x\"", "log.file"),
            ("[clock]\nsource = \"ntp\"", "clock.source"),
            ("[clock]\nmax_unsynced = \"1\"", "clock.max_unsynced"),
            ("[clock]\njump = \"0s\"", "clock.jump"),
            ("[metrics]\nenabled = \"on\"", "metrics.enabled"),
            ("[metrics]\nlisten = \"on\"", "metrics.listen"),
            ("[metric]\nenabled = true", "metric"),
            ("metrics.enabled = true", "gateway.metrics"),
        ],
    );
    each_is_taken(
        GATEWAY,
        "",
        &[
            "[log]\nlevel = \"debug\"\nformat = \"json\"",
            "[clock]\nsource = \"trust\"\njump = \"1s\"",
        ],
    );
}
