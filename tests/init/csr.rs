//! Certificate requests, as openssl and a broker's authority see them.

use std::process::Command;

use super::rig::{Answer, Machine};

const CLINIC: &str =
    "[gateway]\nsite = \"north\"\nid = \"gw-0042\"\n[[mqtt.brokers]]\nurl = \"mqtts://mqtt.example.org\"\n";

fn set_up(machine: &Machine) -> Answer {
    machine.file("clinic.toml", CLINIC);
    let file = machine.path("clinic.toml");
    machine.ask(&["init", "--csr", "--from", file.to_str().unwrap()])
}

fn openssl(machine: &Machine, words: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(words)
        .current_dir(machine.path("etc"))
        .output()
        .unwrap();
    let answer = Answer::from(output);
    assert_eq!(answer.code, Some(0), "{words:?}: {}", answer.stderr);
    answer.stdout + &answer.stderr
}

#[test]
fn openssl_finds_the_request_good_and_the_gateway_in_it() {
    let machine = Machine::new();
    let answer = set_up(&machine);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let seen = openssl(
        &machine,
        &["req", "-in", "gateway.csr", "-noout", "-verify", "-subject", "-text"],
    );
    for part in ["verify OK", "CN = north/gw-0042", "prime256v1", "ecdsa-with-SHA256"] {
        assert!(seen.contains(part), "{part} in\n{seen}");
    }
    let of_request = openssl(&machine, &["req", "-in", "gateway.csr", "-noout", "-pubkey"]);
    assert_eq!(
        of_request,
        openssl(&machine, &["pkey", "-in", "gateway.key", "-pubout"])
    );
    assert_eq!(machine.mode("etc/gateway.key"), 0o600);
    let pem = machine.read("etc/gateway.csr").replace('\r', "");
    assert!(answer.stderr.contains(pem.trim()), "{}", answer.stderr);
    assert_eq!(answer.stdout.lines().count(), 1, "stdout is the public key's");
    assert!(!answer.stderr.contains("PRIVATE"));
}

#[test]
fn once_the_certificate_has_come_two_lines_of_the_config_are_uncommented() {
    let machine = Machine::new();
    set_up(&machine);
    let config = machine.read("etc/cuffd.toml");
    machine.file("etc/client.cnf", "extendedKeyUsage = clientAuth\n");
    openssl(
        &machine,
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=CA",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ],
    );
    openssl(
        &machine,
        &[
            "x509",
            "-req",
            "-in",
            "gateway.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-days",
            "60",
            "-extfile",
            "client.cnf",
            "-out",
            "gateway.pem",
        ],
    );
    let uncommented = config.replace("#client_", "client_");
    assert_eq!(uncommented.matches("\nclient_").count(), 2, "{config}");
    machine.file("etc/cuffd.toml", &uncommented);
    let checked = machine.ask(&["check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(!checked.stderr.contains("client_cert"), "{}", checked.stderr);
}

#[test]
fn beside_a_config_that_is_there_only_the_request_is_made() {
    let machine = Machine::new();
    let config = machine.file("etc/cuffd.toml", CLINIC);
    let answer = machine.ask(&["init", "--csr"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(
        machine.files(),
        ["etc/cuffd.toml", "etc/gateway.csr", "etc/gateway.key"]
    );
    assert_eq!(machine.read("etc/cuffd.toml"), config);
    assert!(answer.stdout.is_empty());

    let key = machine.read("etc/gateway.key");
    let again = machine.ask(&["init", "--csr"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(machine.read("etc/gateway.key"), key, "a key is never replaced");
    openssl(&machine, &["req", "-in", "gateway.csr", "-noout", "-verify"]);

    machine.file("etc/gateway.key", "no key\n");
    let odd = machine.ask(&["init", "--csr"]);
    assert_eq!(
        (odd.code, machine.read("etc/gateway.key").as_str()),
        (Some(78), "no key\n"),
        "{}",
        odd.stderr
    );
}

#[test]
fn a_config_that_waits_for_its_certificate_can_be_asked_for_a_request() {
    let machine = Machine::new();
    let waits = format!("{CLINIC}client_cert = \"@/etc/gw.pem\"\nclient_key = \"@/etc/gw.key\"\n");
    machine.file("etc/cuffd.toml", &waits);
    let answer = machine.ask(&["init", "--csr"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(
        machine.files(),
        ["etc/cuffd.toml", "etc/gateway.csr", "etc/gw.key"],
        "the key goes where the config wants it"
    );
}

#[test]
fn of_a_key_that_is_a_credential_a_request_is_made_only_where_that_is() {
    let machine = Machine::new();
    let given = format!("{CLINIC}client_cert = \"@/etc/gw.pem\"\nclient_key = \"cred:mqtt-key\"\n");
    machine.file("etc/cuffd.toml", &given);
    machine.file("clinic.toml", &given);
    let file = machine.path("clinic.toml");
    let refused = machine.ask(&["init", "--csr"]);
    assert_eq!(refused.code, Some(78), "{}", refused.stderr);
    for part in [
        "the systemd credential mqtt-key",
        "CREDENTIALS_DIRECTORY=DIRECTORY cuffd",
    ] {
        assert!(refused.stderr.contains(part), "{part} in\n{}", refused.stderr);
    }
    assert_eq!(
        machine.files(),
        ["clinic.toml", "etc/cuffd.toml"],
        "nothing was written"
    );

    std::fs::create_dir(machine.path("secrets")).unwrap();
    let credential = machine.path("secrets/mqtt-key");
    openssl(
        &machine,
        &["genpkey", "-algorithm", "ED25519", "-out", credential.to_str().unwrap()],
    );
    let credentials = machine.path("secrets");
    let at = format!("CREDENTIALS_DIRECTORY={}", credentials.display());
    let mut command = machine.command_in(&["env", &at], &["init", "--csr"]);
    let answer: Answer = command.output().unwrap().into();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("client_key  = \"cred:mqtt-key\""),
        "{}",
        answer.stderr
    );
    assert_eq!(
        openssl(&machine, &["req", "-in", "gateway.csr", "-noout", "-pubkey"]),
        openssl(&machine, &["pkey", "-in", credential.to_str().unwrap(), "-pubout"])
    );
    assert!(!machine.path("etc/gateway.key").exists(), "no other key is made");

    std::fs::remove_file(machine.path("etc/cuffd.toml")).unwrap();
    let from = machine.ask(&["init", "--csr", "--from", file.to_str().unwrap()]);
    assert_eq!(from.code, Some(78), "{}", from.stderr);
    assert!(!machine.has_config() && !machine.path("state").exists());
}

#[test]
fn on_a_terminal_the_request_is_one_of_the_answers() {
    let machine = Machine::new();
    let mut terminal = machine.on_terminal(80, &["init"]);
    terminal.answers(&[
        ("Site", "north"),
        ("Gateway", "gw-0042"),
        ("Broker", "mqtts://mqtt.example.org"),
        ("authority", ""),
        ("log in", "certificate"),
        ("certificate", ""),
    ]);
    let rest = ["Languages", "Emergency number", "questions", "in en", "Where"];
    terminal.answers(&rest.map(|question| (question, "")));
    let answer = terminal.ended();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("BEGIN CERTIFICATE REQUEST"), "{}", answer.stderr);
    let config = machine.read("etc/cuffd.toml");
    let lines: Vec<&str> = config
        .lines()
        .skip_while(|line| !line.starts_with("# Once the certificate"))
        .take(3)
        .collect();
    let file = |name: &str| machine.path("etc").join(name);
    let expected = [
        "# Once the certificate has come as gateway.pem, take away the # of these two.".to_owned(),
        format!("#client_cert = {:?}", file("gateway.pem")),
        format!("#client_key = {:?}", file("gateway.key")),
    ];
    assert_eq!(lines, expected);
}
