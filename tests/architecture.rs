//! Which module may import which: `main → cli → app → {shells} → core`, never the other way.

#![expect(clippy::expect_used, reason = "a test that cannot read the source has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top module with the modules of this crate that it may name. Everything may use `core` and `private`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("private", &[]),
    ("certificate", &[]),
    ("directory", &["user"]),
    ("clock", &[]),
    ("systemd", &[]),
    ("user", &[]),
    ("log", &["config"]),
    ("proof", &["directory"]),
    ("text", &[]),
    ("config", &["clock", "proof", "text"]),
    ("bluetooth", &["clock"]),
    ("store", &["clock", "directory", "user"]),
    ("mqtt", &["clock", "proof", "store"]),
    ("control", &["clock", "proof", "store"]),
    ("simulate", &["clock"]),
    ("web", &["certificate", "clock", "store", "text"]),
    (
        "app",
        &[
            "bluetooth",
            "clock",
            "config",
            "control",
            "directory",
            "mqtt",
            "proof",
            "simulate",
            "store",
            "systemd",
            "text",
            "user",
            "web",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "clock",
            "config",
            "control",
            "directory",
            "log",
            "mqtt",
            "proof",
            "simulate",
            "store",
            "user",
        ],
    ),
];

fn source_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folder is readable") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            source_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The top module that a file belongs to; none for `lib.rs` and `main.rs`.
fn module_of(path: &Path, root: &Path) -> Option<String> {
    let inside = path.strip_prefix(root).ok()?;
    let first = inside.components().next()?.as_os_str().to_str()?;
    let module = first.strip_suffix(".rs").unwrap_or(first);
    (module != "lib" && module != "main").then(|| module.to_owned())
}

/// The top modules that a source text names behind `crate::`, also in braces.
fn imports(source: &str) -> Vec<String> {
    let code: String = source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let mut found = Vec::new();
    for after in code.split("crate::").skip(1) {
        let names = match after.strip_prefix('{') {
            Some(list) => top_names(list),
            None => vec![word(after)],
        };
        found.extend(names);
    }
    found
}

/// The first words of a brace list's own items: `{a::{b, c}, d}` gives `a` and `d`.
fn top_names(list: &str) -> Vec<String> {
    let mut depth = 1;
    let mut item = String::new();
    let mut names = Vec::new();
    for character in list.chars() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.push(word(std::mem::take(&mut item).trim())),
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && character != ',' && character != '}' {
            item.push(character);
        }
    }
    names.push(word(item.trim()));
    names.retain(|name| !name.is_empty());
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn no_module_imports_against_the_arrow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    assert!(files.len() > 10, "the source was read");
    let mut wrong = Vec::new();
    for path in files {
        let Some(module) = module_of(&path, &root) else {
            continue;
        };
        let (_, allowed) = ALLOWED
            .iter()
            .find(|(name, _)| *name == module)
            .unwrap_or_else(|| panic!("{module} stands in the table of this test"));
        let source = fs::read_to_string(&path).expect("a source file is text");
        for import in imports(&source) {
            let free = import == module || import == "core" || import == "private";
            let known = ALLOWED.iter().any(|(name, _)| *name == import);
            if known && !free && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the arrow:\n{}", wrong.join("\n"));
}

#[test]
fn core_does_no_io_and_reads_no_clock() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core");
    let mut files = Vec::new();
    source_files(&core, &mut files);
    let banned = [
        "tokio",
        "tracing",
        "std::fs",
        "std::net",
        "std::thread",
        "Instant",
        "SystemTime",
        "async fn",
        "Timestamp::now",
    ];
    for path in files {
        let source = fs::read_to_string(&path).expect("a source file is text");
        for line in source.lines().filter(|line| !line.trim_start().starts_with("//")) {
            for word in banned {
                assert!(!line.contains(word), "{} has {word}: {line}", path.display());
            }
        }
    }
}

#[test]
fn the_mqtt_client_stays_behind_its_module() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    source_files(&root, &mut files);
    for path in files {
        let inside = path.strip_prefix(&root).expect("inside").to_string_lossy().into_owned();
        if inside.starts_with("mqtt/client") || inside.starts_with("simulate/") {
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file is text");
        let named = source
            .lines()
            .any(|line| !line.trim_start().starts_with("//") && line.contains("rumqttc"));
        assert!(!named, "{inside} names the MQTT client");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    assert_eq!(imports("use crate::store::Store;"), ["store"]);
    assert_eq!(
        imports("use crate::{clock, mqtt::{link, topics}, core::name::Name};"),
        ["clock", "mqtt", "core"]
    );
    assert_eq!(imports("let x = crate::app::run();"), ["app"]);
    assert_eq!(imports("// crate::app is not meant\n"), Vec::<String>::new());
}

/// Each is there for a reason that is written down, and no reason outlives its crate.
#[test]
fn every_dependency_stands_in_the_document_with_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("it is there");
    let manifest: toml::Table = manifest.parse().expect("cargo reads it");
    let named: BTreeSet<&str> = ["dependencies", "dev-dependencies"]
        .into_iter()
        .flat_map(|table| manifest[table].as_table().expect("a table"))
        .map(|(name, wanted)| wanted.get("package").and_then(toml::Value::as_str).unwrap_or(name))
        .collect();
    let document = fs::read_to_string(root.join("docs/dependencies.md")).expect("it is there");
    let explained: Vec<(&str, &str)> = document
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` | "))
        .collect();
    for (name, reason) in &explained {
        let cells: Vec<&str> = reason.trim_end_matches(" |").split(" | ").collect();
        assert_eq!(cells.len(), 5, "{name}: for, saves, alone, kept by, licence");
        assert!(cells.iter().all(|cell| !cell.trim().is_empty()), "{name}");
    }
    let explained: Vec<&str> = explained.into_iter().map(|(name, _)| name).collect();
    let once: BTreeSet<&str> = explained.iter().copied().collect();
    assert_eq!(once.len(), explained.len(), "each once");
    assert_eq!(once, named, "docs/dependencies.md, and Cargo.toml");
}

/// Everything in backquotes in the tables of the threat model that looks like a test is one, and what looks like a path is there.
#[test]
fn every_test_that_the_threat_model_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = fs::read_to_string(root.join("docs/threat-model.md")).expect("it is there");
    let mut files = Vec::new();
    source_files(&root.join("src"), &mut files);
    source_files(&root.join("tests"), &mut files);
    let mut tests: String = files
        .iter()
        .map(|path| fs::read_to_string(path).expect("text"))
        .collect();
    for folder in ["tests/bluez/scenarios", "tests/install/life"] {
        for scenario in fs::read_dir(root.join(folder)).expect("it is there") {
            tests += &fs::read_to_string(scenario.expect("an entry").path()).unwrap_or_default();
        }
    }
    let named: Vec<&str> = model
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|name| name.matches('_').count() > 2 && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
        .collect();
    assert!(named.len() > 25, "the model was read");
    let paths = model.split('`').skip(1).step_by(2).filter(|name| {
        let first = name.split_once('/').map(|(folder, _)| folder);
        first.is_some_and(|folder| ["tests", "fuzz", "packaging", "systemd", "docs", "src"].contains(&folder))
    });
    for path in paths {
        assert!(root.join(path).exists(), "{path}");
    }
    for name in named {
        assert!(
            tests.contains(&format!("fn {name}(")) || tests.contains(&format!("def {name}(")),
            "{name}"
        );
    }
}
