//! Commands that need a system which systemd has booted: each is a step of `tests/install`, and no step is named that is not there.

use std::collections::BTreeSet;

use crate::manual::{Place, blocks, operate, operating, project};

/// A command of the manual, the step that gives it there, and its words there.
const STEPS: &[(&str, &str, &str)] = &[
    (
        "sudo apt install ./cuffd_0.1.0-1_arm64.deb",
        "it_is_installed_and_does_not_begin_without_a_config",
        "box.install(box.previous)",
    ),
    (
        "sudo apt install ./cuffd_0.1.1-1_arm64.deb",
        "it_is_upgraded_while_it_runs",
        "box.install(box.current)",
    ),
    (
        "journalctl -u cuffd -p warning",
        "the_journal_has_its_log_in_fields_and_names_nobody",
        "journalctl -u cuffd -t cuffd -p warning",
    ),
    (
        "journalctl -u cuffd",
        "one_that_hangs_is_started_again",
        "journalctl -u cuffd --no-pager",
    ),
    (
        "sudo apt purge cuffd",
        "purged_it_leaves_no_state",
        "apt-get purge -y cuffd",
    ),
];

/// The source of a step, from its name to the next.
fn step(name: &str) -> String {
    let folder = std::fs::read_dir(project("tests/install/life")).unwrap();
    let sources = folder.map(|entry| entry.unwrap().path());
    let sources = sources.filter(|path| path.extension().is_some_and(|end| end == "py"));
    let all: String = sources.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let (_, after) = all
        .split_once(&format!("async def {name}("))
        .unwrap_or_else(|| panic!("no step {name}"));
    after.split("async def ").next().unwrap().to_owned()
}

/// A command without what is said about it.
fn bare(line: &str) -> String {
    line.split('#').next().unwrap().trim().to_owned()
}

#[test]
fn each_command_for_a_booted_system_is_a_step_of_a_boxs_life_and_the_other_way_round() {
    let all = [blocks(&operating()), blocks(&operate())].concat();
    let of_systemd = all.iter().filter(|block| block.place == Place::Systemd);
    let commands = of_systemd.flat_map(|block| block.commands.lines().map(bare));
    let commands: BTreeSet<String> = commands.filter(|line| !line.is_empty()).collect();
    let named: BTreeSet<String> = STEPS.iter().map(|(command, _, _)| (*command).to_owned()).collect();
    assert_eq!(commands, named);
    for (command, name, words) in STEPS {
        assert!(step(name).contains(words), "{command}: {name} does not say {words}");
    }
}
