//! Files that the config names: secrets that others may read, keys, certificates, credentials, and what is never shown.

use cuffd::config::Loaded;

use super::rig::{Folder, GATEWAY, PUBLIC_KEY, load, load_under, refused, subjects, warnings};

const BROKER: &str = "[mqtt]\nreceipts = true\n[[mqtt.brokers]]\nurl = \"mqtts://mqtt.example.org\"\n";

fn with_broker(lines: &str) -> String {
    format!("{GATEWAY}{BROKER}{lines}\n")
}

#[test]
fn a_secret_is_a_file_that_only_its_owner_may_use() {
    let folder = Folder::new();
    for (mode, good) in [
        (0o600, true),
        (0o400, true),
        (0o700, true),
        (0o640, false),
        (0o604, false),
        (0o620, false),
        (0o644, false),
        (0o601, false),
    ] {
        let path = folder.file(&format!("password-{mode:o}"), "hunter2\n", mode);
        let text = with_broker(&format!("password_file = {path:?}"));
        assert_eq!(load(&text).is_ok(), good, "{mode:o}");
        if !good {
            let said = refused(&text).to_string();
            assert!(said.contains(&format!("mode {mode:04o}")), "{said}");
        }
    }
}

#[test]
fn a_password_is_read_without_its_line_end_and_names_the_user() {
    let folder = Folder::new();
    let path = folder.secret("password", "hunter2\n");
    let loaded = load(&with_broker(&format!("password_file = {path:?}"))).expect("good");
    let broker = &loaded.config.mqtt.as_ref().expect("a table").brokers[0];
    assert_eq!(broker.username.as_deref(), Some("north/gw-0042"));
    let password = broker.password_file.as_ref().expect("a file").read().expect("read");
    assert_eq!(password.expose(), "hunter2");
    let named = load(&with_broker(&format!(
        "password_file = {path:?}\nusername = \"{{gateway}}@{{site}}\""
    )))
    .expect("good");
    assert_eq!(
        named.config.mqtt.expect("a table").brokers[0].username.as_deref(),
        Some("gw-0042@north")
    );
}

#[test]
fn secrets_written_inline_are_refused_and_not_shown() {
    let secret = "hunter2-314159";
    let keys = [
        format!("password_file = \"{secret}\""),
        format!("password = \"{secret}\""),
        format!("username = [\"{secret}\"]"),
        format!("client_key = \"-----BEGIN PRIVATE KEY-----{secret}\""),
        format!("client_cert = \"-----BEGIN PRIVATE KEY-----{secret}\""),
        format!("ca_file = \"{secret}\""),
        format!("[[mqtt.brokers]]\nurl = \"mqtts://user:{secret}@host\""),
        format!("[[mqtt.command_keys]]\nmay = [\"report\"]\nfile = '{{\"d\":\"{secret}\"}}'"),
        format!("[web]\naccess_code_file = \"{secret}\""),
        format!("[web]\ncompanion_code_file = \"{secret}\""),
        format!("[web]\ntls_key = \"{secret}\""),
        format!("[gateway.key_file]\nd = \"{secret}\""),
    ];
    for key in keys {
        let said = refused(&with_broker(&key)).to_string();
        assert!(!said.contains("314159"), "{said}");
    }
    for value in [
        format!("\"mqtts://user:{secret}@host\""),
        format!("[\"mqtts://user:{secret}@host\"]"),
    ] {
        let said = refused(&format!("{GATEWAY}[mqtt]\nbrokers = {value}\n")).to_string();
        assert!(!said.contains("314159"), "{said}");
    }
}

#[test]
fn addresses_and_patient_ids_are_not_shown() {
    let cuff = "[[cuffs]]\nid = \"c1\"\n";
    for lines in [
        format!("{cuff}address = \"PRIVATE\"\npatient = \"p1\""),
        format!("{cuff}address = [\"PRIVATE\"]\npatient = \"p1\""),
        format!("{cuff}address = \"C0:FF:EE:00:00:01\"\npatient = \"PRIVATE!\""),
        format!("{cuff}address = \"C0:FF:EE:00:00:01\"\nusers = {{ 1 = \"PRIVATE!\" }}"),
        format!("{cuff}address = \"C0:FF:EE:00:00:01\"\nusers = {{ PRIVATE = 1 }}"),
        "[patients]\n\"PRIVATE!\" = \"PRIVATE\"".to_owned(),
        "[patients]\nPRIVATE = 1".to_owned(),
        "patients = \"PRIVATE\"".to_owned(),
        "cuffs = [\"PRIVATE\"]".to_owned(),
        "[patients]\nPRIVATE = \"a\"\nPRIVATE = \"b\"".to_owned(),
    ] {
        let said = refused(&format!("{lines}\n{GATEWAY}")).to_string();
        assert!(!said.contains("PRIVATE"), "{said}");
    }
    let said = load_under(GATEWAY, &[("CUFFD__PATIENTS__PRIVATE", "")])
        .expect_err("empty")
        .to_string();
    assert!(said.contains("patients") && !said.contains("PRIVATE"), "{said}");
}

#[test]
fn a_credential_is_a_file_where_systemd_put_it() {
    let credentials = Folder::new();
    credentials.file("password", "hunter2", 0o440);
    let text = |name: &str| with_broker(&format!("password_file = \"cred:{name}\""));
    let under = |text: &str| {
        let folder = credentials.path().display().to_string();
        load_under(text, &[("CREDENTIALS_DIRECTORY", &folder)])
    };
    assert!(under(&text("password")).is_ok());
    for bad in ["missing", "", "../password", "a/b", "."] {
        assert!(under(&text(bad)).is_err(), "{bad:?}");
    }
    let outside = load(&text("password")).expect_err("no credentials here").to_string();
    assert!(outside.contains("CREDENTIALS_DIRECTORY="), "{outside}");
}

#[test]
fn the_own_key_may_be_still_to_come_but_not_for_others() {
    let folder = Folder::new();
    let key = |path: &std::path::Path| format!("{GATEWAY}key_file = {path:?}\n");
    assert!(load(&key(&folder.path().join("later.jwk"))).is_ok());
    // RFC 8037, appendix A.1.
    let private = r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    assert!(load(&key(&folder.secret("key.jwk", private))).is_ok());
    assert_eq!(
        subjects(&refused(&key(&folder.secret("none.jwk", "{}")))),
        ["gateway.key_file"]
    );
    let open = folder.file("open.jwk", private, 0o644);
    assert_eq!(subjects(&refused(&key(&open))), ["gateway.key_file"]);
    assert_eq!(subjects(&refused(&key(folder.path()))), ["gateway.key_file"]);
    let credential = format!("{GATEWAY}key_file = \"cred:cuffd-key\"\n");
    let path = folder.path().display().to_string();
    assert!(load_under(&credential, &[("CREDENTIALS_DIRECTORY", &path)]).is_err());
}

#[test]
fn a_code_has_6_digits_or_more() {
    let folder = Folder::new();
    for (code, good) in [
        ("12345", false),
        ("123456\n", true),
        ("1234567", true),
        ("12345a", false),
        ("", false),
    ] {
        let path = folder.secret("code", code);
        for key in ["access_code_file", "companion_code_file"] {
            let text = format!("{GATEWAY}[web]\n{key} = {path:?}\n");
            assert_eq!(load(&text).is_ok(), good, "{code:?}");
        }
    }
}

#[test]
fn beyond_loopback_the_page_needs_a_code_and_wants_tls() {
    let folder = Folder::new();
    let path = folder.secret("code", "271828");
    let (certificate, key) = folder.identity("web", 365);
    let open = format!("{GATEWAY}[web]\nlisten = \"0.0.0.0:8377\"\naccess_code_file = {path:?}\n");
    assert_eq!(warnings(&load(&open).expect("good")), ["web.tls_cert"]);
    let tls = format!("{open}tls_cert = {certificate:?}\ntls_key = {key:?}\n");
    assert!(warnings(&load(&tls).expect("good")).is_empty());
}

#[test]
fn a_certificate_and_its_key_stand_together() {
    let folder = Folder::new();
    let (certificate, key) = folder.identity("one", 365);
    let (_, other) = folder.identity("other", 365);
    let text = |certificate: &str, key: &str| with_broker(&format!("{certificate}\n{key}"));
    let (cert_line, key_line) = (
        format!("client_cert = {certificate:?}"),
        format!("client_key = {key:?}"),
    );
    assert!(load(&text(&cert_line, &key_line)).is_ok());
    for (certificate, key, subject) in [
        (cert_line.clone(), String::new(), "client_key"),
        (String::new(), key_line.clone(), "client_cert"),
        (cert_line.clone(), format!("client_key = {other:?}"), "client_cert"),
        (
            cert_line.clone(),
            format!("client_key = {:?}", folder.secret("no.key", "no key")),
            "client_key",
        ),
        (
            cert_line.clone(),
            format!("client_key = {:?}", folder.file("open.key", "key", 0o644)),
            "client_key",
        ),
        (
            format!("client_cert = {:?}", folder.secret("no.pem", "no certificate")),
            key_line.clone(),
            "client_cert",
        ),
        (
            format!("client_cert = {:?}", folder.secret("empty.pem", "")),
            key_line.clone(),
            "client_cert",
        ),
        (
            format!("client_cert = {:?}", folder.path()),
            key_line.clone(),
            "client_cert",
        ),
    ] {
        let mistakes = refused(&text(&certificate, &key));
        assert_eq!(
            subjects(&mistakes),
            [format!("mqtt.brokers[0].{subject}")],
            "{mistakes}"
        );
    }
}

#[test]
fn a_certificate_of_the_oldest_version_is_told_from_one_that_is_not_the_keys() {
    let folder = Folder::new();
    let (_, key) = folder.identity("own", 365);
    // Without extensions openssl issues version 1.
    let script = "openssl req -new -key own.key -subj /CN=gw | openssl x509 -req -signkey own.key -out v1.pem";
    let mut openssl = std::process::Command::new("sh");
    let output = openssl.args(["-c", script]).current_dir(folder.path()).output();
    let output = output.expect("openssl");
    let certificate = folder.path().join("v1.pem");
    assert!(certificate.exists(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = with_broker(&format!("client_cert = {certificate:?}\nclient_key = {key:?}"));
    let mistakes = refused(&text);
    assert_eq!(subjects(&mistakes), ["mqtt.brokers[0].client_cert"], "{mistakes}");
    let told = mistakes.to_string();
    for part in ["X.509 version 1", "version 3", "-extfile"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("private key"), "{told}");
    // Of an authority it is taken.
    assert!(load(&with_broker(&format!("ca_file = {certificate:?}"))).is_ok());
}

#[test]
fn a_certificate_that_ends_soon_is_warned_of() {
    let folder = Folder::new();
    let load = |days: i64| -> Loaded {
        let (certificate, key) = folder.identity(&format!("c{days}"), days);
        let text = with_broker(&format!(
            "client_cert = {certificate:?}\nclient_key = {key:?}\nca_file = {certificate:?}"
        ));
        load(&text).expect("good")
    };
    let both = ["mqtt.brokers[0].ca_file", "mqtt.brokers[0].client_cert"];
    assert_eq!(warnings(&load(29)), both);
    assert_eq!(warnings(&load(-1)), both);
    assert!(warnings(&load(31)).is_empty());
}

#[test]
fn one_authority_that_lasts_is_enough() {
    let folder = Folder::new();
    let (old, _) = folder.identity("old", 1);
    let (new, _) = folder.identity("new", 365);
    let bundle = [old, new]
        .map(|path| std::fs::read_to_string(path).expect("read"))
        .concat();
    let path = folder.file("bundle.pem", &bundle, 0o644);
    let loaded = load(&with_broker(&format!("ca_file = {path:?}"))).expect("good");
    assert!(warnings(&loaded).is_empty());
}

#[test]
fn files_beside_plaintext_are_warned_of() {
    let folder = Folder::new();
    let (certificate, _) = folder.identity("ca", 365);
    let text =
        with_broker(&format!("ca_file = {certificate:?}")).replace("mqtts://mqtt.example.org", "mqtt://127.0.0.1");
    assert_eq!(warnings(&load(&text).expect("good")), ["mqtt.brokers[0].ca_file"]);
}

#[test]
fn command_keys_are_public_ed25519_keys_with_powers() {
    let folder = Folder::new();
    let jwk = folder.file("one.jwk", PUBLIC_KEY, 0o644);
    let set = folder.file("set.jwk", &format!("{{\"keys\":[{PUBLIC_KEY},{PUBLIC_KEY}]}}"), 0o644);
    let private = folder.secret("private.jwk", &PUBLIC_KEY.replace("\"x\"", "\"d\":\"secret\",\"x\""));
    let key =
        |path: &std::path::Path, may: &str| with_broker(&format!("[[mqtt.command_keys]]\nfile = {path:?}\n{may}"));
    let may = "may = [\"open_session\", \"decide\"]";
    for (path, keys) in [(&jwk, 1), (&set, 2)] {
        let mqtt = load(&key(path, may)).expect("good").config.mqtt.expect("a table");
        assert_eq!(
            (mqtt.command_keys[0].keys.len(), mqtt.command_keys[0].may.len()),
            (keys, 2)
        );
    }
    for (path, may, subject) in [
        (&private, may, "file"),
        (&folder.file("no.jwk", "no key", 0o644), may, "file"),
        (&folder.path().join("missing.jwk"), may, "file"),
        (&jwk, "", "may"),
        (&jwk, "may = []", "may"),
        (&jwk, "may = \"decide\"", "may"),
        (&jwk, "may = [\"decide\", \"reboot\"]", "may[1]"),
    ] {
        let mistakes = refused(&key(path, may));
        assert_eq!(
            subjects(&mistakes),
            [format!("mqtt.command_keys[0].{subject}")],
            "{mistakes}"
        );
        assert!(!mistakes.to_string().contains("secret"), "{mistakes}");
    }
}

#[test]
fn a_language_that_is_not_shipped_needs_its_text() {
    let folder = Folder::new();
    let text = format!("{GATEWAY}[web]\nlanguages = [\"fr\"]\ntext_dir = {:?}\n", folder.path());
    assert_eq!(subjects(&refused(&text)), ["web.languages[0]"]);
    // Nobody is left alone for want of a line.
    folder.file("fr.toml", "title = \"Tension\"\n", 0o644);
    let lacking = refused(&text);
    assert_eq!(subjects(&lacking), ["web.text_dir"]);
    assert!(lacking.to_string().contains("emergency"), "{lacking}");
    let lines = "emergency = \"Urgence ? Appelez le {number}.\"\nquestions = \"Questions : {contact}\"\n\
                 crisis_headline = \"Valeur très élevée. Ne commencez pas\"\ncrisis_call = \"Appelez le {number}\"\n";
    folder.file("fr.toml", lines, 0o644);
    assert!(load(&text).is_ok());
}

#[test]
fn paired_cuffs_join_those_of_the_config() {
    let folder = Folder::new();
    let cuff = |number: u8| {
        format!("[[cuffs]]\nid = \"c{number}\"\naddress = \"C0:FF:EE:00:00:0{number}\"\npatient = \"p1\"\n")
    };
    let database = folder.path().join("cuffd.db").display().to_string();
    let load = |paired: &str| {
        folder.file("cuffs.toml", paired, 0o600);
        load_under(&format!("{GATEWAY}{}", cuff(1)), &[("CUFFD__STORE__PATH", &database)])
    };
    let ids: Vec<_> = load(&cuff(2))
        .expect("good")
        .config
        .cuffs
        .iter()
        .map(|cuff| cuff.id.to_string())
        .collect();
    assert_eq!(ids, ["c1", "c2"]);
    assert!(load("").is_ok());
    assert_eq!(
        subjects(&load(&cuff(1)).expect_err("twice")),
        ["cuffs[0].id", "cuffs[0].address"]
    );
    let said = load(&cuff(1)).expect_err("twice").to_string();
    assert!(
        said.contains("line 2 of") && said.contains("cuffs.toml") && said.contains("test.toml"),
        "{said}"
    );
    assert_eq!(subjects(&load("[web]\n").expect_err("cuffs only")), ["web"]);
    assert!(load("[[cuffs]\n").is_err());
}

#[test]
fn a_config_that_cannot_be_read_says_why() {
    let folder = Folder::new();
    let missing = folder.path().join("cuffd.toml");
    let said = cuffd::config::load(&missing, []).expect_err("missing").to_string();
    assert!(
        said.starts_with("cannot read ") && said.contains("No such file"),
        "{said}"
    );
}
