//! What a replay needs of a config, and what it does not.

use cuffd::config::load_for_replay;

use super::rig::{Folder, READINESS, subjects};

#[test]
fn zone_cuffs_and_policy_are_read_and_nothing_else() {
    let folder = Folder::new();
    let text = format!(
        "unknown = 1\n[gateway]\nsite = 5\ntime_zone = \"Europe/Berlin\"\n[mqtt]\nwindow = 0\n{READINESS}\
         [[cuffs]]\nid = \"c1\"\naddress = \"C0:FF:EE:00:00:01\"\npatient = \"session\"\n[web]\nlisten = 1\n"
    );
    let read = load_for_replay(&folder.file("a.toml", &text, 0o644)).expect("good");
    assert_eq!(read.time_zone.iana_name(), Some("Europe/Berlin"));
    assert_eq!((read.cuffs.len(), read.readiness.is_some()), (1, true));
}

#[test]
fn an_empty_file_will_do() {
    let folder = Folder::new();
    let read = load_for_replay(&folder.file("a.toml", "", 0o644)).expect("good");
    assert!(read.cuffs.is_empty() && read.readiness.is_none());
}

#[test]
fn mistakes_in_what_is_read_are_all_reported() {
    let folder = Folder::new();
    let text = "[gateway]\ntime_zone = \"Mars\"\n[[cuffs]]\nid = \"c1\"\naddress = \"C0:FF:EE:00:00:01\"\npatient = \"session\"\n\
        [readiness]\nsystolic = { min = 1, max = 1 }\n";
    let file = folder.file("a.toml", text, 0o644);
    let expected = [
        "gateway.time_zone",
        "readiness.systolic.min",
        "readiness.diastolic",
        "readiness.crisis",
        "readiness.readings",
        "readiness.valid_for",
    ];
    let mut found = subjects(&load_for_replay(&file).expect_err("bad"));
    found.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(found, expected);
    let no_policy = folder.file("b.toml", text.split("[readiness]").next().expect("a part"), 0o644);
    assert_eq!(
        subjects(&load_for_replay(&no_policy).expect_err("bad")),
        ["gateway.time_zone", "cuffs[0].patient"]
    );
}
