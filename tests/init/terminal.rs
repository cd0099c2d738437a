//! The questions on a terminal.

use super::rig::{Answer, Machine};

/// The answers of a whole set-up: a broker with a password, two languages, phones.
const ANSWERS: [(&str, &str); 14] = [
    ("Site", "nor th"),
    ("Site", "north"),
    ("Gateway", "gw-0042"),
    ("Broker", "mqtts://mqtt.example.org"),
    ("authority", ""),
    ("log in", "password"),
    ("User name", ""),
    ("Password", "hunter2"),
    ("Languages", "en, de"),
    ("Emergency number", "911"),
    ("questions", "555-0100"),
    ("in en", "Call the number above."),
    ("in de", "Rufen Sie die Nummer oben an."),
    ("Where", "phones"),
];

fn set_up(machine: &Machine, columns: u16) -> Answer {
    let mut terminal = machine.on_terminal(columns, &["init"]);
    terminal.answers(&ANSWERS);
    terminal.ended()
}

/// What a phone's camera reads on this screen; `None` if there is no code on it.
fn scanned(screen: &str) -> Option<String> {
    let rows: Vec<Vec<char>> = screen
        .lines()
        .filter_map(|line| line.strip_prefix("\u{1b}[38;5;16;48;5;231m")?.strip_suffix("\u{1b}[0m"))
        .map(|line| line.chars().collect())
        .collect();
    let columns = rows.first()?.len();
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(columns * 4, rows.len() * 8, |x, y| {
        let dark = match rows[y / 8][x / 4] {
            '█' => true,
            '▀' => y % 8 < 4,
            '▄' => y % 8 >= 4,
            _ => false,
        };
        if dark { 0 } else { 255 }
    });
    Some(picture.detect_grids().first()?.decode().unwrap().1)
}

#[test]
fn a_new_gateway_is_set_up_by_some_answers() {
    let machine = Machine::new();
    let answer = set_up(&machine, 80);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let files = ["etc/cuffd.toml", "etc/mqtt-password", "etc/web-code", "state/key.jwk"];
    assert_eq!(machine.files(), files);
    assert_eq!(files.map(|file| machine.mode(file)), [0o640, 0o600, 0o600, 0o600]);
    assert_eq!(machine.read("etc/mqtt-password"), "hunter2\n");
    assert!(!answer.stderr.contains("hunter2") && !machine.read("etc/cuffd.toml").contains("hunter2"));
    assert!(
        answer.stderr.contains("allowed: 1 to 24 characters"),
        "{}",
        answer.stderr
    );

    let checked = machine.ask(&["check"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    assert!(
        checked.stderr.contains("good; north/gw-0042, no cuff, 1 broker"),
        "{}",
        checked.stderr
    );
    assert!(
        answer.stderr.contains("still missing: [readiness]"),
        "{}",
        answer.stderr
    );
}

#[test]
fn stdout_is_the_public_key_and_nothing_else() {
    let machine = Machine::new();
    let answer = set_up(&machine, 80);
    let key = machine.ask(&["key"]);
    assert_eq!(answer.stdout, key.stdout);
    assert_eq!(answer.stdout.lines().count(), 1);
    let jwk: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
    assert_eq!(jwk["cuffd_gateway"], "north/gw-0042");
    assert!(jwk.get("d").is_none(), "the private half stays");
    assert!(
        key.stderr.starts_with("fingerprint: ") && answer.stderr.contains(&key.stderr),
        "{}",
        answer.stderr
    );
}

#[test]
fn a_phone_reads_the_address_with_the_code_from_the_screen() {
    let machine = Machine::new();
    let answer = set_up(&machine, 80);
    let code = machine.read("etc/web-code").trim().to_owned();
    assert!(
        code.len() == 8 && code.bytes().all(|octet| octet.is_ascii_digit()),
        "{code}"
    );
    let host = rustix::system::uname().nodename().to_string_lossy().to_lowercase();
    let address = format!("http://{host}.local:8377/#code={code}");
    assert!(answer.stderr.contains(&address), "{}", answer.stderr);
    assert_eq!(scanned(&answer.stderr), Some(address));

    let narrow = set_up(&Machine::new(), 30);
    assert_eq!(
        (narrow.code, scanned(&narrow.stderr)),
        (Some(0), None),
        "{}",
        narrow.stderr
    );
}

#[test]
fn on_80_columns_no_line_is_broken() {
    let answer = set_up(&Machine::new(), 80);
    let plain = answer
        .stderr
        .replace("\u{1b}[38;5;16;48;5;231m", "")
        .replace("\u{1b}[0m", "");
    // What `check` says, and paths, are as long as they are.
    let wide: Vec<&str> = plain
        .lines()
        .filter(|line| line.chars().count() > 80 && !line.contains("warning: ") && !line.contains("/etc/cuffd.toml"))
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn the_least_is_a_site_a_gateway_and_enter() {
    let machine = Machine::new();
    let mut terminal = machine.on_terminal(80, &["init"]);
    terminal.answers(&[("Site", "north"), ("Gateway", "gw")]);
    let rest = ["Broker", "Languages", "Emergency number", "questions", "in en", "Where"];
    terminal.answers(&rest.map(|question| (question, "")));
    let answer = terminal.ended();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stderr.contains("http://127.0.0.1:8377/"), "{}", answer.stderr);
    assert_eq!(scanned(&answer.stderr), None, "a screen on the machine needs no code");
    assert_eq!(machine.files(), ["etc/cuffd.toml", "etc/web-code", "state/key.jwk"]);
}

#[test]
fn the_end_of_the_input_at_any_question_writes_nothing() {
    for (count, (question, _)) in ANSWERS.iter().enumerate() {
        let machine = Machine::new();
        let mut terminal = machine.on_terminal(80, &["init"]);
        terminal.answers(&ANSWERS[..count]);
        terminal.shows(question);
        terminal.shows(": ");
        terminal.keys("\u{4}");
        let answer = terminal.ended();
        assert_eq!(answer.code, Some(64), "{question}: {}", answer.stderr);
        assert!(answer.stderr.contains("nothing was written"), "{}", answer.stderr);
        assert!(machine.files().is_empty(), "{question}");
    }
}

#[test]
fn a_password_that_is_broken_off_leaves_a_terminal_that_shows_what_is_typed() {
    let machine = Machine::new();
    let mut terminal = machine.on_terminal(80, &["init"]);
    terminal.answers(&ANSWERS[..7]);
    terminal.shows("Password");
    terminal.shows(": ");
    while terminal.echoes() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    terminal.keys("hunt\u{3}");
    terminal.shows("nothing was written");
    assert!(terminal.echoes());
    let answer = terminal.ended();
    assert_eq!(answer.code, Some(64));
    assert!(!answer.stderr.contains("hunt"), "{}", answer.stderr);
    assert!(machine.files().is_empty());
}

#[test]
fn a_kill_among_the_questions_leaves_nothing() {
    let machine = Machine::new();
    let mut terminal = machine.on_terminal(80, &["init"]);
    terminal.answers(&ANSWERS[..13]);
    terminal.shows("Where");
    terminal.kill();
    assert!(machine.files().is_empty());
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let machine = Machine::new();
    let answer = machine.ask(&["init"]);
    assert_eq!(answer.code, Some(64));
    assert!(answer.stderr.contains("--from FILE"), "{}", answer.stderr);
    assert!(answer.stdout.is_empty() && machine.files().is_empty());
}
