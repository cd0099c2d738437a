//! Where values come from: the file, and the environment over it.
//!
//! Both become one tree, in which each value remembers its place: a line of a file or the name of a variable.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use config::{Map, Source, Value, ValueKind};
use toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::mistake::Mistake;

/// What the names of our variables begin with. No place in a file begins so, which tells the two apart.
pub(super) const PREFIX: &str = "CUFFD__";

/// Arrays of tables, into which a variable can reach by number: `CUFFD__MQTT__BROKERS__0__URL`.
const NUMBERED: [&str; 3] = ["brokers", "command_keys", "cuffs"];

/// The highest number in the name of a variable, so that a typing mistake does not fill the memory.
const LAST_NUMBER: usize = 63;

/// What a text says.
#[derive(Debug)]
pub(super) struct Tree {
    /// Each key as it stands first.
    pub(super) root: Value,
    /// Each key that stands there twice.
    pub(super) doubled: Vec<Mistake>,
}

/// Reads a TOML file into a tree.
///
/// # Errors
/// It cannot be read, or each mistake of its syntax.
pub(super) fn read_file(path: &Path) -> Result<Tree, Vec<Mistake>> {
    let text = fs::read_to_string(path).map_err(|cause| {
        let path = path.to_owned();
        vec![Mistake::Unreadable { path, cause }]
    })?;
    parse(&text, &path.display().to_string())
}

/// Parses TOML into a tree whose values say that they stand in `file`.
///
/// # Errors
/// Each mistake of its syntax, unless none is worse than a key that stands there twice.
pub(super) fn parse(text: &str, file: &str) -> Result<Tree, Vec<Mistake>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let is_readable = errors.iter().all(|error| error.message() == DUPLICATE);
    let mistakes = errors.iter().map(|error| mistake(text, file, error)).collect();
    if !is_readable {
        return Err(mistakes);
    }
    let document = Document::File { text, path: file };
    Ok(Tree {
        root: Value::new(None, document.table(table.into_inner())),
        doubled: mistakes,
    })
}

/// What the parser calls a key that stands there twice.
const DUPLICATE: &str = "duplicate key";

fn mistake(text: &str, file: &str, error: &toml::de::Error) -> Mistake {
    let span = error.span().unwrap_or_default();
    let line = line(text, span.start);
    if error.message() == DUPLICATE
        && let Some(key) = path_of(text, span.clone())
    {
        return Mistake::Value {
            key,
            place: Some(format!("line {line} of {file}")),
            found: "it a second time".to_owned(),
            allowed: "each key once".to_owned(),
        };
    }
    Mistake::Syntax {
        place: format!("line {line}, column {} of {file}", column(text, span.start)),
        // Only the message: the error's own display shows the line, and a secret or an id may stand there.
        problem: error.message().to_owned(),
    }
}

/// The whole path of a key that begins a line; `None` where it may be somebody's id, or does not stand so plainly.
fn path_of(text: &str, key: Range<usize>) -> Option<String> {
    let before = text.get(..key.start)?;
    let key = text.get(key)?;
    let is_first = before.rsplit('\n').next()?.trim().is_empty();
    let header = before.lines().map(str::trim).rfind(|line| line.starts_with('['));
    let table = header.map_or("", |header| header.trim_matches(['[', ']']));
    let is_private = table.ends_with("patients") || table.ends_with("users");
    let plain = |text: &str| text.split('.').all(is_word);
    let is_plain = is_first && !is_private && plain(key) && (table.is_empty() || plain(table));
    is_plain.then(|| [table, key].join(".").trim_start_matches('.').to_owned())
}

/// Lays the variables of `environment` over `file`. Variables that lead to no key come back as mistakes.
pub(super) fn merge(file: Value, environment: &BTreeMap<String, String>) -> (Value, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let (known, odd): (Map<_, _>, Map<_, _>) = root(file).into_iter().partition(|(key, _)| is_word(key));
    mistakes.extend(odd.into_iter().map(|(key, value)| Mistake::Unknown {
        key,
        place: value.origin().map(str::to_owned),
        nearest: None,
        known: Vec::new(),
    }));
    let mut layers = config::Config::builder().add_source(Layer(known));
    for (name, text) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else {
            continue;
        };
        match expression(rest) {
            Some(expression) => {
                let value = Value::new(Some(name), text.clone());
                layers = layers.add_source(Layer(Map::from([(expression, value)])));
            }
            None => mistakes.push(Mistake::Variable { name: name.clone() }),
        }
    }
    let merged = layers.build().map(|merged| merged.cache).unwrap_or_else(|error| {
        mistakes.push(Mistake::Merge(error));
        Value::default()
    });
    (merged, mistakes)
}

fn root(tree: Value) -> Map<String, Value> {
    let ValueKind::Table(table) = tree.kind else {
        return Map::new();
    };
    table
}

/// The value as its type: a variable's text is read as TOML, unless it is no TOML, which makes it a string.
pub(super) fn typed(value: &Value) -> Value {
    if let (ValueKind::String(text), Some(origin)) = (&value.kind, value.origin())
        && is_variable(origin)
        && let Ok(parsed) = DeValue::parse(text)
    {
        return Document::Variable(origin).value(parsed.into_inner(), &origin.to_owned());
    }
    value.clone()
}

/// Whether a value's place is a variable of the environment.
pub(super) fn is_variable(place: &str) -> bool {
    place.starts_with(PREFIX)
}

/// One layer of values. `config` keeps its own layers' origins as coarse as a file; this one keeps what it is given.
#[derive(Clone, Debug)]
struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

/// `MQTT__BROKERS__0__URL` as `mqtt.brokers[0].url`.
fn expression(name: &str) -> Option<String> {
    let mut path = String::new();
    let mut before = "";
    let lower = name.to_lowercase();
    for (word, as_written) in lower.split("__").zip(name.split("__")) {
        if !is_word(word) {
            return None;
        }
        if let (true, Ok(number)) = (NUMBERED.contains(&before), word.parse::<usize>()) {
            path.push_str(&format!("[{}]", Some(number).filter(|n| *n <= LAST_NUMBER)?));
        } else if before == "patients" {
            // Patient ids keep their case.
            path.push_str(&format!(".{as_written}"));
        } else {
            let dot = if path.is_empty() { "" } else { "." };
            path.push_str(&format!("{dot}{word}"));
        }
        before = word;
    }
    Some(path)
}

/// Whether `config` takes this as one step of a path, and not as a path.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|o| o.is_ascii_alphanumeric() || o == b'_' || o == b'-')
}

/// What is being turned into a tree, so that each value can remember its place.
enum Document<'a> {
    File { text: &'a str, path: &'a str },
    Variable(&'a str),
}

impl Document<'_> {
    /// Where the octet at `offset` stands.
    fn place(&self, offset: usize) -> String {
        match self {
            Self::File { text, path } => format!("line {} of {path}", line(text, offset)),
            Self::Variable(name) => (*name).to_owned(),
        }
    }

    fn table(&self, table: DeTable<'_>) -> Map<String, Value> {
        table
            .into_iter()
            .map(|(key, value)| {
                let place = self.place(key.span().start);
                (key.into_inner().into_owned(), self.value(value.into_inner(), &place))
            })
            .collect()
    }

    fn array(&self, items: DeArray<'_>) -> Vec<Value> {
        items
            .into_iter()
            .map(|item| {
                let place = self.place(item.span().start);
                self.value(item.into_inner(), &place)
            })
            .collect()
    }

    fn value(&self, value: DeValue<'_>, place: &String) -> Value {
        let kind = match value {
            DeValue::String(text) => ValueKind::String(text.into_owned()),
            DeValue::Integer(number) => integer(&number),
            // Rust reads all of TOML's floats; what is too great becomes infinite, which no key takes.
            DeValue::Float(number) => number.as_str().parse().map_or(ValueKind::Nil, ValueKind::Float),
            DeValue::Boolean(truth) => ValueKind::Boolean(truth),
            DeValue::Datetime(time) => ValueKind::String(time.to_string()),
            DeValue::Array(items) => ValueKind::Array(self.array(items)),
            DeValue::Table(table) => ValueKind::Table(self.table(table)),
        };
        Value::new(Some(place), kind)
    }
}

fn integer(number: &DeInteger<'_>) -> ValueKind {
    let number = i128::from_str_radix(number.as_str(), number.radix());
    // Beyond 128 bits it is no number that any key takes.
    number.map_or(ValueKind::Nil, |number| {
        i64::try_from(number).map_or(ValueKind::I128(number), ValueKind::I64)
    })
}

fn line(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    1 + before.iter().filter(|octet| **octet == b'\n').count()
}

fn column(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    1 + before.chars().rev().take_while(|character| *character != '\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(text: &str, variables: &[(&str, &str)]) -> (Value, Vec<Mistake>) {
        let environment = variables
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        merge(parse(text, "a.toml").expect("TOML").root, &environment)
    }

    fn at(tree: &Value, path: &str) -> (String, String) {
        let mut value = tree.clone();
        for word in path.split('.') {
            value = match (typed(&value).kind, word.parse::<usize>()) {
                (ValueKind::Table(table), _) => table[word].clone(),
                (ValueKind::Array(items), Ok(number)) => items[number].clone(),
                (other, _) => panic!("{word}: nothing below {other:?}"),
            };
        }
        (typed(&value).to_string(), value.origin().unwrap_or_default().to_owned())
    }

    #[test]
    fn each_value_remembers_its_line() {
        let (tree, mistakes) = merged("[a]\nb = 1\n\n[[c]]\nd = [\n1,\n2]\n[[c]]\n", &[]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(at(&tree, "a.b"), ("1".into(), "line 2 of a.toml".into()));
        assert_eq!(at(&tree, "c.0").1, "line 4 of a.toml");
        assert_eq!(at(&tree, "c.0.d.1"), ("2".into(), "line 7 of a.toml".into()));
        assert_eq!(at(&tree, "c.1").1, "line 8 of a.toml");
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let (tree, mistakes) = merged(
            "[mqtt]\nwindow = 1\n[[mqtt.brokers]]\nurl = \"a\"\n",
            &[
                ("CUFFD__MQTT__WINDOW", "7"),
                ("CUFFD__MQTT__BROKERS__0__URL", "b"),
                ("CUFFD__WEB__LANGUAGES", "[\"en\"]"),
                ("CUFFD__PATIENTS__P-7F", "Anna"),
                ("CUFFD_MQTT_WINDOW", "8"),
                ("PATH", "/bin"),
            ],
        );
        assert!(mistakes.is_empty(), "{mistakes:?}");
        assert_eq!(at(&tree, "mqtt.window"), ("7".into(), "CUFFD__MQTT__WINDOW".into()));
        assert_eq!(at(&tree, "mqtt.brokers.0.url").0, "b");
        assert_eq!(at(&tree, "web.languages.0").0, "en");
        assert_eq!(at(&tree, "patients.P-7F").0, "Anna");
    }

    #[test]
    fn a_variable_that_leads_nowhere_is_a_mistake() {
        for name in [
            "CUFFD__",
            "CUFFD__MQTT____WINDOW",
            "CUFFD__MQTT__A.B",
            "CUFFD__MQTT__BROKERS__64__URL",
            "CUFFD__MQTT__BROKERS[99999999999]__URL",
        ] {
            let (_, mistakes) = merged("", &[(name, "x")]);
            assert_eq!(mistakes.len(), 1, "{name}");
            assert_eq!(mistakes[0].subject(), name);
        }
    }

    #[test]
    fn a_key_of_the_root_is_never_taken_as_a_path() {
        let (tree, mistakes) = merged("\"a.b\" = 1\n\"c[99999999999]\" = 2\n", &[]);
        assert_eq!(mistakes.len(), 2);
        assert!(root(tree).is_empty());
    }

    #[test]
    fn every_mistake_of_syntax_has_its_place_and_shows_no_value() {
        let secret = "hunter2";
        let text = format!("[a]\nb = \"{secret}\nc = 1\nc = \"{secret}\"\n");
        let mistakes = parse(&text, "a.toml").expect_err("not TOML");
        let texts: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        assert!(texts[0].starts_with("line 2, column "), "{texts:?}");
        assert!(
            texts
                .iter()
                .any(|text| text == "a.c (line 4 of a.toml): found it a second time; allowed: each key once"),
            "{texts:?}"
        );
        assert!(!texts.concat().contains(secret), "{texts:?}");
    }

    #[test]
    fn a_variable_is_read_as_toml_where_it_is_toml() {
        for (text, expected) in [
            ("true", ValueKind::Boolean(true)),
            ("20", ValueKind::I64(20)),
            ("1.5", ValueKind::Float(1.5)),
            ("0042", ValueKind::String("0042".into())),
            ("auto", ValueKind::String("auto".into())),
            ("", ValueKind::String(String::new())),
        ] {
            let value = Value::new(Some(&"CUFFD__A".to_owned()), text);
            assert_eq!(typed(&value).kind, expected, "{text}");
        }
        let in_file = Value::new(Some(&"line 1 of a.toml".to_owned()), "20");
        assert_eq!(typed(&in_file).kind, ValueKind::String("20".into()));
    }
}
