//! From D-Bus to the adapter: the first thing on the way that is missing, and settings of bluetoothd that cost measurements.

use super::{About, Absent, Adapter, Check, Facts, Killswitch};
use crate::core::collection::Choice;
use crate::core::state::RadioState;

const MAIN_CONF: &str = "/etc/bluetooth/main.conf";

const RESTART: &str = "`sudo systemctl restart bluetooth`";

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    if facts.is_virtual() {
        return vec![Check::warn(
            About::Adapter,
            "the cuffs are virtual: nothing that they send was measured",
            "for real cuffs end the simulation, and `sudo systemctl start cuffd`",
        )];
    }
    let mut checks = match &facts.adapters {
        Err(absent) => vec![missing(facts, *absent)],
        Ok(adapters) => {
            let mut checks = vec![Check::ok(About::Bluetoothd, "it runs")];
            checks.extend(of_adapters(facts, adapters));
            checks
        }
    };
    checks.extend(settings(facts));
    checks
}

fn missing(facts: &Facts, absent: Absent) -> Check {
    match absent {
        Absent::NoBus => Check::bad(
            About::Dbus,
            "there is no D-Bus system bus: neither Bluetooth nor the clock can be asked",
            "`sudo apt install dbus`, `sudo systemctl start dbus`; in a container, mount `/run/dbus`",
        ),
        Absent::NoStack if facts.bluetoothd_installed => Check::bad(
            About::Bluetoothd,
            "it does not run",
            "`sudo systemctl enable --now bluetooth`; if it ends again, `journalctl -u bluetooth -n 50` says why",
        ),
        Absent::NoStack => Check::bad(
            About::Bluetoothd,
            "it does not run, and it does not seem to be installed",
            "`sudo apt install bluez`, then `sudo systemctl enable --now bluetooth`",
        ),
        Absent::Denied => Check::bad(
            About::Permissions,
            format!("the rules of D-Bus do not let {} ask bluetoothd", facts.user),
            "`sudo usermod -aG bluetooth cuffd`, then `sudo systemctl restart cuffd`; and run this as root",
        ),
        Absent::Silent => Check::bad(About::Bluetoothd, "it does not answer", RESTART),
    }
}

fn of_adapters(facts: &Facts, adapters: &[Adapter]) -> Vec<Check> {
    let choice = facts.settings().map_or(&Choice::Auto, |settings| &settings.adapter);
    let usable: Vec<&Adapter> = match choice {
        Choice::Auto => adapters.iter().collect(),
        Choice::Named(name) => adapters.iter().filter(|adapter| adapter.name == *name).collect(),
    };
    let Some(chosen) = usable.iter().find(|adapter| adapter.powered).or(usable.first()) else {
        return vec![none(facts, adapters, choice)];
    };
    if !chosen.powered {
        return vec![switched_off(facts, chosen)];
    }
    let mut checks = vec![daemons_view(facts, chosen)];
    if usable.len() > 1 {
        checks.push(Check::warn(
            About::Adapter,
            format!("there are {}, and the config does not say which is meant", usable.len()),
            format!("write `adapter = \"{}\"` into `[bluetooth]` of the config", chosen.name),
        ));
    }
    checks
}

/// Nothing to be used: unplugged, kept quiet, or of another name.
fn none(facts: &Facts, adapters: &[Adapter], choice: &Choice) -> Check {
    if let (Choice::Named(name), false) = (choice, adapters.is_empty()) {
        let names: Vec<&str> = adapters.iter().map(|adapter| adapter.name.as_str()).collect();
        return Check::bad(
            About::Adapter,
            format!("it is not there; there is {}", names.join(", ")),
            "write `adapter = \"auto\"`, or the right name, into `[bluetooth]` of the config; then `sudo systemctl restart \
             cuffd`",
        )
        .of(name);
    }
    if let Some(blocked) = blocked(&facts.killswitches, None) {
        return blocked;
    }
    Check::bad(
        About::Adapter,
        "there is no Bluetooth adapter",
        "plug one in; on a Raspberry Pi take `dtoverlay=disable-bt` out of `/boot/firmware/config.txt`; \
         `sudo dmesg | grep -i bluetooth` shows what the kernel found",
    )
}

fn switched_off(facts: &Facts, adapter: &Adapter) -> Check {
    blocked(&facts.killswitches, Some(&adapter.name))
        .unwrap_or_else(|| {
            Check::bad(
                About::Adapter,
                "it is switched off",
                format!("`bluetoothctl power on`; for every start `AutoEnable=true` in `[Policy]` of `{MAIN_CONF}`"),
            )
        })
        .of(&adapter.name)
}

/// What a switch of the system has to do with it. One that bears another adapter's name has nothing.
fn blocked(switches: &[Killswitch], adapter: Option<&str>) -> Option<Check> {
    let concerns = |switch: &&Killswitch| {
        let of_an_adapter = switch.name.starts_with("hci");
        adapter.is_none_or(|name| !of_an_adapter || switch.name == name)
    };
    let concerned: Vec<&Killswitch> = switches.iter().filter(concerns).collect();
    if concerned.iter().any(|switch| switch.hard) {
        return Some(Check::bad(
            About::Adapter,
            "a switch or a key of the machine keeps it off (rfkill, hard)",
            "flip that switch, or allow Bluetooth in the machine's BIOS; `rfkill` shows when it has gone",
        ));
    }
    let soft = concerned.iter().any(|switch| switch.soft);
    soft.then(|| {
        Check::bad(
            About::Adapter,
            "a program keeps it off (rfkill, soft)",
            "`sudo rfkill unblock bluetooth`, then `bluetoothctl power on`",
        )
    })
}

/// The adapter is there and on: what does the daemon say?
fn daemons_view(facts: &Facts, adapter: &Adapter) -> Check {
    let check = match facts.state().map(|state| state.radio) {
        Some(RadioState::Scanning | RadioState::Virtual) => Check::ok(About::Adapter, "it listens for cuffs"),
        None => Check::ok(About::Adapter, "it is there and switched on"),
        Some(RadioState::Starting) => Check::bad(
            About::Adapter,
            "the daemon has only begun to listen",
            "ask again in some seconds",
        ),
        Some(RadioState::Deaf) => Check::bad(
            About::Adapter,
            "it hears nothing although it listens",
            "take the power from the box, wait ten seconds, give it back; else another adapter",
        ),
        Some(RadioState::NoAdapter | RadioState::AdapterOff | RadioState::NoStack | RadioState::NoBus) => Check::bad(
            About::Adapter,
            "it is there and switched on, but the daemon does not reach it",
            "`sudo usermod -aG bluetooth cuffd`, then `sudo systemctl restart cuffd`; `journalctl -u cuffd -n 50` says more",
        ),
    };
    check.of(&adapter.name)
}

fn settings(facts: &Facts) -> Vec<Check> {
    let is = |setting: &Option<String>, allowed: &[&str]| {
        let other = |text: &&String| !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(text));
        setting.as_ref().filter(other).cloned()
    };
    let conf = &facts.main_conf;
    let mut checks = Vec::new();
    let adapters = facts.adapters.as_deref().unwrap_or_default();
    let is_dual = adapters
        .iter()
        .any(|adapter| adapter.class.is_some_and(|class| class != 0));
    if is_dual
        && !conf
            .controller_mode
            .as_deref()
            .is_some_and(|mode| mode.eq_ignore_ascii_case("le"))
    {
        checks.push(Check::warn(
            About::Bluetoothd,
            "the adapter speaks classic Bluetooth too, and other programs may keep it busy with that: no cuff needs it",
            format!("write `ControllerMode = le` into `[General]` of `{MAIN_CONF}`; then {RESTART}"),
        ));
    }
    if let Some(set) = is(&conf.just_works_repairing, &["never"]) {
        checks.push(Check::warn(
            About::Bluetoothd,
            format!("`JustWorksRepairing` is `{set}`: a stranger's device could take the place of a bonded cuff"),
            format!("write `JustWorksRepairing = never` into `[General]` of `{MAIN_CONF}`; then {RESTART}"),
        ));
    }
    if let Some(set) = is(&conf.cache, &["always"]) {
        let what = format!("`Cache` is `{set}`: what a cuff sends as soon as it connects may be lost");
        let step = format!("take `Cache` out of `[GATT]` of `{MAIN_CONF}`; then {RESTART}");
        checks.push(if set.eq_ignore_ascii_case("no") {
            Check::bad(About::Bluetoothd, what, step)
        } else {
            Check::warn(About::Bluetoothd, what, step)
        });
    }
    checks
}
