//! A box's life by the manual: every block of commands is given where it says, in its order, and what comes of it is looked at.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use cuffd::clock;
use cuffd::core::delivery::{Kind, NewMessage};
use cuffd::core::name::Name;
use cuffd::core::topics::Topics;
use cuffd::store::{Settings, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::manual::{Block, Place, blocks, operate, operating, read, text_below};
use crate::world::{Answer, World};

/// Messages that the clinic's platform has not confirmed.
const UNCONFIRMED: u64 = 3;

/// The manual, as far as it was followed.
struct Reader<'a> {
    world: &'a World,
    rest: std::vec::IntoIter<Block>,
}

impl Reader<'_> {
    /// Gives the next commands of the manual, which stand below this heading.
    fn follow(&mut self, heading: &str) -> Answer {
        let block = self.rest.next().expect("more commands");
        assert_eq!(block.heading, heading, "the next are\n{}", block.commands);
        self.world.run(block.place, &with_patience(&block.commands))
    }

    fn close(mut self) {
        let more = self.rest.next();
        assert!(more.is_none(), "nobody has followed {more:?}");
    }
}

/// `doctor` says with 1 that something is in the way, which there is: a bluetoothd.
fn with_patience(commands: &str) -> String {
    let lines = commands.lines().map(|line| match line.split('#').next() {
        Some(command) if command.contains("cuffd doctor") => format!("{} || [ $? = 1 ]\n", command.trim_end()),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

/// What the manual of the broker says below this heading, with other names.
fn of_the_broker(heading: &str, names: &[(&str, &str)]) -> String {
    let manual = read("docs/broker/README.md");
    let sections = manual.split("\n### ").skip(1);
    let section = sections.filter_map(|section| section.strip_prefix(heading)).next();
    let blocks = section.expect("such a section").split("```sh\n").skip(1);
    let mut commands: String = blocks.map(|block| block.split("```").next().unwrap()).collect();
    for (name, other) in names {
        commands = commands.replace(name, other);
    }
    commands
}

/// The clinic as the manual wants it: a broker, its authority, who looks after the boxes, and the service that stores.
fn prepare_the_clinic(world: &World) {
    for heading in [
        "A small authority of your own",
        "The broker",
        "A gateway with a password",
    ] {
        world.run(Place::Clinic, &of_the_broker(heading, &[]));
    }
    for user in ["operator", "store"] {
        let names = [("store", user), ("gw.", "unused.")];
        world.run(Place::Clinic, &of_the_broker("A gateway with a certificate", &names));
    }
    world.run(Place::Clinic, "systemctl restart mosquitto");
    // The store's session outlives its connection: the broker keeps for it what comes.
    let subscribe = "mosquitto_sub -V 5 -c -x 604800 -i store-1 -q 1 -t 'cuffd/v1/+/+/reading' -h mqtt.example.org -p 8883 --cafile \
                     ca.pem --cert store.pem --key store.key -E";
    world.run(Place::Clinic, subscribe);
}

/// Changes the config of the box.
fn configure(world: &World, change: impl Fn(String) -> String) {
    let path = world.file(Place::Box, "etc/cuffd/cuffd.toml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed);
    fs::write(path, changed).unwrap();
}

fn state(world: &World, place: Place) -> Value {
    serde_json::from_str(&world.run(place, "cuffd status --json").stdout).unwrap()
}

/// Waits until what the daemon knows is as wanted.
fn until(world: &World, place: Place, what: &str, wanted: impl Fn(&Value) -> bool) {
    for _ in 0..300 {
        if wanted(&state(world, place)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited in vain for {what}: {:#}", state(world, place));
}

fn is_connected(state: &Value) -> bool {
    !state["problems"]
        .as_array()
        .unwrap()
        .contains(&"broker_unreachable".into())
}

/// What the broker keeps of the box; nothing if it keeps none.
fn retained(world: &World) -> Option<Value> {
    let asked = "mosquitto_sub -h mqtt.example.org -p 8883 --cafile ca.pem --cert operator.pem --key operator.key -V 5 \
                 -t cuffd/v1/north/gw-0042/status -C 1 -W 2";
    let answer = world.give(Place::Clinic, asked);
    (answer.code == Some(0)).then(|| serde_json::from_str(&answer.stdout).unwrap())
}

/// Puts messages into the store of a box that does not run, as readings would. Their ids.
async fn measure(world: &World) -> Vec<Uuid> {
    let name = |text| Name::parse(text).unwrap();
    let settings = Settings {
        path: world.file(Place::Box, "var/lib/cuffd/cuffd.db"),
        keep: Duration::from_secs(30 * 86_400),
        keep_in_session: false,
        max_size: 256 << 20,
        reserve: 0,
        keep_ended: Duration::from_secs(60),
        keep_unassigned: false,
        boot: clock::boot_id(),
    };
    let mut opened = Store::open(settings, clock::now()).unwrap();
    let message = |seq| NewMessage {
        id: Uuid::new_v4(),
        kind: Kind::Reading,
        seq,
        topic: Topics::new("cuffd", &name("north"), &name("gw-0042")).reading(),
        schema: "cuffd.reading/1",
        payload: json!({"schema": "cuffd.reading/1", "seq": seq})
            .to_string()
            .into_bytes(),
        created_at: clock::wall(),
        publish: true,
    };
    let messages: Vec<NewMessage> = (1..=UNCONFIRMED).map(message).collect();
    let ids = messages.iter().map(|message| message.id).collect();
    opened.store.queue(messages).await.unwrap();
    opened.store.close().await;
    opened.thread.ended().await.unwrap();
    ids
}

/// The clinic's platform says that it has these.
fn confirm(world: &World, ids: &[Uuid]) {
    let expires_at = clock::wall() + jiff::SignedDuration::from_mins(5);
    let receipt = json!({
        "schema": "cuffd.command/1", "id": Uuid::new_v4(), "site": "north", "gateway": "gw-0042",
        "expires_at": expires_at, "command": "receipt", "ids": ids,
    });
    let publish = "mosquitto_pub -h mqtt.example.org -p 8883 --cafile ca.pem --cert store.pem --key store.key -V 5 -q 1 -t \
                   cuffd/v1/north/gw-0042/command -m";
    world.run(Place::Clinic, &format!("{publish} '{receipt}'"));
}

/// The number of the certificate that the page shows.
fn certificate_of_the_page(world: &World) -> String {
    let ask = "openssl s_client -connect gw-0042.local:8377 -CAfile /etc/cuffd/ca.pem -verify_return_error </dev/null 2>/dev/null \
               | openssl x509 -noout -serial";
    world.run(Place::Box, ask).stdout
}

fn fingerprint(answer: &Answer) -> String {
    let line = answer
        .stderr
        .lines()
        .find_map(|line| line.strip_prefix("fingerprint: "));
    line.expect("a fingerprint").trim().to_owned()
}

#[tokio::test]
async fn every_command_of_the_manual_does_what_it_says() {
    let world = World::new();
    prepare_the_clinic(&world);
    let here = blocks(&operating())
        .into_iter()
        .filter(|block| block.place != Place::Systemd);
    let rest: Vec<Block> = here.collect();
    let mut manual = Reader {
        world: &world,
        rest: rest.into_iter(),
    };
    install_and_enrol(&world, &mut manual);
    set_up(&world, &mut manual);
    renew(&world, &mut manual);
    let ids = come_back(&world, &mut manual).await;
    end(&world, &mut manual, &ids);
    manual.close();
}

/// Three files make a working box.
#[test]
fn the_short_way_of_the_readme_makes_a_working_box() {
    let world = World::new();
    prepare_the_clinic(&world);
    hand_out(&world);
    for block in blocks(&operate()).iter().filter(|block| block.place == Place::Box) {
        world.run(block.place, &with_patience(&block.commands));
        until(&world, Place::Box, "the broker", is_connected);
    }
    assert_eq!(retained(&world).unwrap()["state"], "online");
}

/// What the clinic gives to whoever sets up the box.
fn hand_out(world: &World) {
    for file in ["ca.pem", "gw.password"] {
        world.carry(file, Place::Clinic, Place::Box);
    }
    let config = text_below(&operating(), "Prepare", "toml");
    fs::write(world.work(Place::Box, "clinic.toml"), config).unwrap();
}

fn install_and_enrol(world: &World, manual: &mut Reader<'_>) {
    hand_out(world);
    manual.follow("Install");
    until(world, Place::Box, "the broker", is_connected);
    let said = manual.follow("Install");
    assert!(said.stdout.contains("cuff: none is registered"), "{}", said.stdout);
    let told = manual.follow("Enrol with the clinic");
    world.carry("gw-0042.jwk", Place::Box, Place::Clinic);
    let computed = manual.follow("Enrol with the clinic");
    assert_eq!(computed.stdout.trim(), fingerprint(&told));
    let said = manual.follow("Enrol with the clinic");
    assert!(said.stderr.contains("CERTIFICATE REQUEST"), "{}", said.stderr);
    let status: Value = serde_json::from_str(&manual.follow("Enrol with the clinic").stdout).unwrap();
    assert_eq!(status["state"], "online");
}

fn set_up(world: &World, manual: &mut Reader<'_>) {
    manual.follow("A TV or kiosk");
    let enabled = world.file(
        Place::Box,
        "etc/systemd/system/multi-user.target.wants/cuffd-kiosk.service",
    );
    assert!(enabled.is_symlink());
    let lines = text_below(&operating(), "Phones", "toml");
    let plain: String = lines
        .lines()
        .filter(|line| !line.starts_with("tls_"))
        .map(|line| format!("{line}\n"))
        .collect();
    // What `init` wrote of the code is there already.
    configure(world, |config| {
        let others: Vec<&str> = config
            .lines()
            .filter(|line| !line.starts_with("access_code_file"))
            .collect();
        others.join("\n").replace("[web]\n", &plain)
    });
    let code = || fs::read_to_string(world.file(Place::Box, "etc/cuffd/web-code")).unwrap();
    let before = code();
    assert!(manual.follow("Phones").stdout.lines().count() > 15, "a QR code");
    manual.follow("Phones");
    assert!(code() != before && code().trim().len() == 8);
    manual.follow("Phones");
    world.carry("web.csr", Place::Box, Place::Clinic);
    manual.follow("Phones");
    world.carry("web.pem", Place::Clinic, Place::Box);
    configure(world, |config| config.replace(&plain, &lines));
    manual.follow("Phones");
    let page = "curl -s -o /dev/null -w '%{http_code}' --cacert /etc/cuffd/ca.pem https://gw-0042.local:8377";
    assert_eq!(world.run(Place::Box, &format!("{page}/")).stdout, "401");
    let with_code = format!("{page}/metrics -H \"Authorization: Bearer $(cat /etc/cuffd/web-code)\"");
    assert_eq!(world.run(Place::Box, &with_code).stdout, "200");
    let said = manual.follow("Look after it").stdout;
    assert!(said.contains("north/gw-0042") && said.contains("RECEIVED"), "{said}");
}

fn renew(world: &World, manual: &mut Reader<'_>) {
    let run = state(world, Place::Box)["run"].clone();
    let before = certificate_of_the_page(world);
    manual.follow("Certificates and secrets");
    world.carry("web.csr", Place::Box, Place::Clinic);
    manual.follow("Certificates and secrets");
    world.carry("web.pem", Place::Clinic, Place::Box);
    manual.follow("Certificates and secrets");
    assert_ne!(certificate_of_the_page(world), before);
    is_warned_of_an_end(world);
    let next = fingerprint(&manual.follow("Certificates and secrets"));
    world.carry("gw-0042-next.jwk", Place::Box, Place::Clinic);
    manual.follow("Certificates and secrets");
    let listed = fs::read_to_string(world.work(Place::Clinic, "enrolled.jwks")).unwrap();
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    assert_eq!(fingerprint(&manual.follow("Certificates and secrets")), next);
    assert_eq!(fingerprint(&world.run(Place::Box, "cuffd key")), next);
    assert_eq!(state(world, Place::Box)["run"], run, "all of it without a restart");
    manual.follow("Certificates and secrets");
    until(world, Place::Box, "the broker", is_connected);
    assert_ne!(state(world, Place::Box)["run"], run);
    world.run(Place::Box, "sudo cuffd check");
    world.run(Place::Box, "sudo systemctl stop cuffd");
    let by_hand = world.give(Place::Box, "sudo cuffd check");
    assert!(
        by_hand.code == Some(78) && by_hand.stderr.contains("credential"),
        "{by_hand:?}"
    );
    manual.follow("Certificates and secrets");
    world.run(Place::Box, "sudo systemctl start cuffd");
    until(world, Place::Box, "the broker", is_connected);
}

/// `check` and `doctor` tell of a certificate that ends soon.
fn is_warned_of_an_end(world: &World) {
    let sign = "openssl ca -batch -notext -config authority.cnf -keyfile authority/ca.key -cert ca.pem -extfile page.cnf -extensions \
                page -days 20 -in web.csr -out soon.pem";
    world.run(Place::Clinic, sign);
    world.carry("soon.pem", Place::Clinic, Place::Box);
    world.run(Place::Box, "install -m 644 soon.pem /etc/cuffd/web.pem");
    let checked = world.run(Place::Box, "cuffd check").stderr;
    assert!(
        checked.contains("web.tls_cert") && checked.contains("ends at"),
        "{checked}"
    );
    let examined = world.give(Place::Box, "cuffd doctor").stdout;
    assert!(examined.contains("remark"), "{examined}");
    world.run(Place::Box, "install -m 644 web.pem /etc/cuffd/web.pem");
}

/// Backed up, restored on another machine, and refused there until that is meant.
async fn come_back(world: &World, manual: &mut Reader<'_>) -> Vec<Uuid> {
    world.run(Place::Box, "systemctl stop cuffd");
    let ids = measure(world).await;
    world.run(Place::Box, "systemctl start cuffd");
    let are_unconfirmed = |state: &Value| state["delivery"]["awaiting_receipt"] == UNCONFIRMED;
    until(world, Place::Box, "three that are sent", are_unconfirmed);
    let name = "cuffd-backup.tar.gz";
    manual.follow("Backup and restore");
    manual.follow("Backup and restore");
    for file in [name, "cuffd.db.copy"] {
        let mode = world.work(Place::Box, file).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    let count = "sqlite3 cuffd.db.copy 'PRAGMA integrity_check; SELECT count(*) FROM message'";
    assert_eq!(world.run(Place::Box, count).stdout, format!("ok\n{UNCONFIRMED}\n"));
    let key = fingerprint(&world.run(Place::Box, "cuffd key"));
    // The card is dead.
    world.run(Place::Box, "systemctl stop cuffd");
    world.carry(name, Place::Box, Place::Spare);
    manual.follow("The card is new");
    let refused = world.give(Place::Spare, "systemctl start cuffd");
    assert!(refused.stderr.contains("cuffd ended with 78"), "{refused:?}");
    let log = fs::read_to_string(world.file(Place::Spare, "var/log/cuffd.log")).unwrap();
    assert!(log.contains("/var/lib/cuffd/cuffd.db.machine names it"), "{log}");
    manual.follow("The card is new");
    until(world, Place::Spare, "what it had sent", are_unconfirmed);
    assert_eq!(fingerprint(&world.run(Place::Spare, "cuffd key")), key);
    // And this one is lost.
    world.run(Place::Spare, "systemctl stop cuffd");
    assert_eq!(retained(world).unwrap()["state"], "offline");
    manual.follow("A box that is lost or dead");
    assert_eq!(retained(world), None);
    world.run(Place::Box, "systemctl start cuffd");
    until(world, Place::Box, "the broker", is_connected);
    ids
}

fn end(world: &World, manual: &mut Reader<'_>, ids: &[Uuid]) {
    let running = world.give(
        Place::Box,
        "sudo CREDENTIALS_DIRECTORY=/etc/cuffd/secrets cuffd wipe --yes",
    );
    assert_eq!(running.code, Some(75), "{running:?}");
    until(world, Place::Box, "three that are sent", |state| {
        state["delivery"]["queued"]["reading"] == 0
    });
    confirm(world, ids);
    until(world, Place::Box, "the platform's word", |state| {
        state["delivery"]["awaiting_receipt"] == 0
    });
    let said = manual.follow("The end");
    for words in ["is retired", "What remains elsewhere", "public key"] {
        assert!(said.stdout.contains(words), "{words} in {}", said.stdout);
    }
    assert_eq!(
        fs::read_dir(world.file(Place::Box, "var/lib/cuffd")).unwrap().count(),
        0
    );
    assert_eq!(retained(world).unwrap()["state"], "retired");
}
