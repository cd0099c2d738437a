//! Every file in `tests/scenarios/`: whole sessions that a clinician can read.

use std::fs;
use std::path::Path;

use cuffd::core::models::Model;

use crate::rig;

/// All scenarios: name and text.
fn scenarios() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut found: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the folder is readable")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "scenario"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("a scenario is text"))
        })
        .collect();
    found.sort();
    found
}

#[test]
fn every_scenario_comes_as_it_is_written() {
    let scenarios = scenarios();
    assert!(scenarios.len() > 10, "the folder was read");
    for (name, text) in scenarios {
        rig::run(&name, &text);
    }
}

#[test]
fn every_model_has_a_whole_session() {
    let scenarios = scenarios();
    for model in Model::all() {
        let registered = format!("model = \"{}\"", model.name);
        let whole = |text: &str| text.contains(" opened ") && text.contains(" ended: ");
        assert!(
            scenarios
                .iter()
                .any(|(_, text)| text.contains(&registered) && whole(text)),
            "{} has no scenario from opening to end",
            model.name
        );
    }
}
