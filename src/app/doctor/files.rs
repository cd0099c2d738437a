//! What files of the machine tell of its radio: the kernel's switches, bluetoothd's settings, and whether there is a bluetoothd.

use std::fs;
use std::path::Path;

use crate::core::doctor::{Killswitch, MainConf};

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Machine {
    pub(super) killswitches: Vec<Killswitch>,
    pub(super) main_conf: MainConf,
    pub(super) bluetoothd_installed: bool,
}

/// Where packages put bluetoothd, or the unit that starts it.
const BLUETOOTHD: [&str; 4] = [
    "usr/lib/systemd/system/bluetooth.service",
    "lib/systemd/system/bluetooth.service",
    "usr/libexec/bluetooth/bluetoothd",
    "usr/lib/bluetooth/bluetoothd",
];

/// Looks at the files below `root`. What cannot be read is as if it were not there: that it must not be, nobody says.
pub(super) fn look(root: &Path) -> Machine {
    let main_conf = fs::read_to_string(root.join("etc/bluetooth/main.conf")).unwrap_or_default();
    Machine {
        killswitches: killswitches(&root.join("sys/class/rfkill")),
        main_conf: parse(&main_conf),
        bluetoothd_installed: BLUETOOTHD.iter().any(|path| root.join(path).exists()),
    }
}

fn killswitches(folder: &Path) -> Vec<Killswitch> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<Killswitch> = entries.filter_map(|entry| killswitch(&entry.path())).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn killswitch(folder: &Path) -> Option<Killswitch> {
    let told = |name| fs::read_to_string(folder.join(name)).map(|text| text.trim().to_owned());
    (told("type").ok()? == "bluetooth").then(|| Killswitch {
        name: told("name").unwrap_or_default(),
        soft: told("soft").is_ok_and(|flag| flag == "1"),
        hard: told("hard").is_ok_and(|flag| flag == "1"),
    })
}

/// Reads the form of GLib's key files, as bluetoothd does: groups in brackets, comments with `#`, the last of a key counts.
fn parse(text: &str) -> MainConf {
    let mut conf = MainConf::default();
    let mut group = "";
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            group = name;
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let value = Some(value.trim().to_owned());
        match (group, key.trim()) {
            ("General", "ControllerMode") => conf.controller_mode = value,
            ("General", "JustWorksRepairing") => conf.just_works_repairing = value,
            ("GATT", "Cache") => conf.cache = value,
            _ => {}
        }
    }
    conf
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn a_machine_without_any_of_it_is_told_as_that() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(look(root.path()), Machine::default());
    }

    #[test]
    fn switches_of_bluetooth_are_read_and_no_others() {
        let root = tempfile::tempdir().unwrap();
        for (number, kind, name, soft, hard) in [
            (0, "wlan", "phy0", "1", "1"),
            (1, "bluetooth", "hci0", "1", "0"),
            (2, "bluetooth", "tpacpi_bluetooth_sw", "0", "1"),
        ] {
            for (file, text) in [("type", kind), ("name", name), ("soft", soft), ("hard", hard)] {
                write(
                    root.path(),
                    &format!("sys/class/rfkill/rfkill{number}/{file}"),
                    &format!("{text}\n"),
                );
            }
        }
        let switch = |name: &str, soft, hard| Killswitch {
            name: name.to_owned(),
            soft,
            hard,
        };
        let expected = [switch("hci0", true, false), switch("tpacpi_bluetooth_sw", false, true)];
        assert_eq!(look(root.path()).killswitches, expected);
    }

    #[test]
    fn settings_are_those_of_their_group_and_not_those_in_comments() {
        let root = tempfile::tempdir().unwrap();
        let text = "[General]\n#ControllerMode = dual\n ControllerMode=le \nCache = no\n\n[GATT]\n# Cache = no\nCache = yes\n\
                    JustWorksRepairing = always\n[Policy]\nAutoEnable=true\n";
        write(root.path(), "etc/bluetooth/main.conf", text);
        write(root.path(), "usr/libexec/bluetooth/bluetoothd", "");
        let machine = look(root.path());
        assert_eq!(
            machine.main_conf,
            MainConf {
                controller_mode: Some("le".to_owned()),
                just_works_repairing: None,
                cache: Some("yes".to_owned()),
            }
        );
        assert!(machine.bluetoothd_installed);
    }
}
