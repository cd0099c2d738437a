//! Walks the tree of values, and collects every mistake on the way instead of stopping at the first.
//!
//! Each key is read once, by name, with a parser of [`kind`]. What a table holds beyond the keys that were
//! read is unknown, and a mistake. A value that was refused is answered by [`Reported`]: its mistake is on the list.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use config::{Value, ValueKind};

use super::kind::{self, Refusal};
use super::mistake::{Mistake, Warning};
use super::nearest::nearest;
use super::source::{is_variable, typed};

/// Stands for a value that could not be read; why is on the list of mistakes already.
#[derive(Debug)]
pub(super) struct Reported;

/// A value, or the word that its mistake has been reported.
pub(super) type Read<T> = Result<T, Reported>;

/// What a walk found to say.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What makes the config unusable.
    pub(super) mistakes: Vec<Mistake>,
    /// What is allowed but unwise.
    pub(super) warnings: Vec<Warning>,
}

impl Findings {
    /// Goes on from what was found before the walk.
    pub(super) fn new(mistakes: Vec<Mistake>) -> Self {
        let warnings = Vec::new();
        Self { mistakes, warnings }
    }
}

/// One table while it is being read.
pub(super) struct Table<'a> {
    path: String,
    place: Option<String>,
    entries: BTreeMap<String, Value>,
    known: BTreeSet<&'static str>,
    /// Whether keys that nobody asks for are somebody else's.
    ignores_others: bool,
    findings: &'a mut Findings,
}

/// Reads the table that is the whole tree.
pub(super) fn read_root<T>(tree: Value, findings: &mut Findings, read: impl FnOnce(&mut Table) -> Read<T>) -> Read<T> {
    Table::over("", &tree, findings)?.read(read)
}

impl<'a> Table<'a> {
    fn over(path: &str, value: &Value, findings: &'a mut Findings) -> Read<Self> {
        let value = typed(value);
        let place = value.origin().map(str::to_owned);
        let ValueKind::Table(entries) = value.kind else {
            return Err(refuse(findings, path, &value, kind::no_table(&value)));
        };
        Ok(Self {
            path: path.to_owned(),
            place,
            entries: entries.into_iter().collect(),
            known: BTreeSet::new(),
            ignores_others: false,
            findings,
        })
    }

    /// Lets `read` take its keys, then reports those that nobody asked for.
    fn read<T>(mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        let answer = read(&mut self);
        for (key, value) in &self.entries {
            if !self.ignores_others && !self.known.contains(key.as_str()) {
                self.findings.mistakes.push(Mistake::Unknown {
                    key: join(&self.path, key),
                    place: place_of(value),
                    nearest: nearest(key, self.known.iter().copied()).map(str::to_owned),
                    known: self.known.iter().copied().collect(),
                });
            }
        }
        answer
    }

    /// Takes keys that nobody asks for as somebody else's, and not as mistakes.
    pub(super) fn ignore_others(&mut self) {
        self.ignores_others = true;
    }

    /// Reads the root of another file, into the same findings.
    pub(super) fn another<T>(&mut self, tree: &Value, read: impl FnOnce(&mut Table) -> Read<T>) -> Read<T> {
        Table::over("", tree, self.findings)?.read(read)
    }

    /// Reports mistakes that were found elsewhere.
    pub(super) fn report(&mut self, mistakes: Vec<Mistake>) -> Reported {
        self.findings.mistakes.extend(mistakes);
        Reported
    }

    /// Whether the key stands there, right or wrong.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// A key that must be there.
    pub(super) fn required<T>(&mut self, key: &'static str, parse: impl Fn(&Value) -> kind::Parsed<T>) -> Read<T> {
        if let Some(value) = self.optional(key, &parse)? {
            return Ok(value);
        }
        // No parser takes nothing, so its refusal tells what would be allowed.
        let refusal = parse(&Value::default()).err();
        let allowed = refusal.map_or(Cow::Borrowed("a value"), |refusal| refusal.allowed);
        Err(self.missing(key, &allowed))
    }

    /// A key that may be left out.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> kind::Parsed<T>,
    ) -> Read<Option<T>> {
        self.known.insert(key);
        let Some(value) = self.entries.get(key) else {
            return Ok(None);
        };
        match parse(value) {
            Ok(parsed) => Ok(Some(parsed)),
            Err(refusal) => Err(refuse(self.findings, &join(&self.path, key), value, refusal)),
        }
    }

    /// A key that has a default.
    pub(super) fn or<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&Value) -> kind::Parsed<T>,
    ) -> Read<T> {
        Ok(self.optional(key, parse)?.unwrap_or(default))
    }

    /// A list, each item read with `parse`; `None` if it is left out. A variable may write its words with commas between.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&Value) -> kind::Parsed<T>,
    ) -> Read<Option<Vec<T>>> {
        let Some(items) = self.optional(key, kind::list)? else {
            return Ok(None);
        };
        let path = join(&self.path, key);
        let read: Vec<_> = items
            .iter()
            .enumerate()
            .map(|(number, item)| {
                parse(item).map_err(|refusal| refuse(self.findings, &format!("{path}[{number}]"), item, refusal))
            })
            .collect();
        read.into_iter().collect::<Read<_>>().map(Some)
    }

    /// A table whose keys are the deployer's own; empty if it is left out.
    ///
    /// Whether its values are shown in a mistake is for `parse` to say.
    pub(super) fn map<K: Ord, V>(
        &mut self,
        key: &'static str,
        parse_key: impl Fn(&str) -> kind::Parsed<K>,
        parse: impl Fn(&Value) -> kind::Parsed<V>,
        shown: Shown,
    ) -> Read<BTreeMap<K, V>> {
        let entries = self.optional(key, kind::table)?.unwrap_or_default();
        let path = join(&self.path, key);
        let mut read = Vec::new();
        for (name, value) in BTreeMap::from_iter(entries) {
            let value = shown.value(value);
            let entry_key = parse_key(&name).map_err(|refusal| refuse(self.findings, &path, &value, refusal));
            let path = match (shown, &entry_key) {
                (Shown::Yes, Ok(_)) => join(&path, &name),
                (Shown::Yes | Shown::No, _) => path.clone(),
            };
            let entry = parse(&value).map_err(|refusal| refuse(self.findings, &path, &value, refusal));
            read.push(entry_key.and_then(|key| Ok((key, entry?))));
        }
        read.into_iter().collect()
    }

    /// A table inside this one; where it is left out, an empty one is read.
    pub(super) fn table<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Table) -> Read<T>) -> Read<T> {
        let empty = Value::new(None, config::Map::<String, Value>::new());
        self.known.insert(key);
        let value = self.entries.get(key).unwrap_or(&empty);
        Table::over(&join(&self.path, key), value, self.findings)?.read(read)
    }

    /// A table inside this one that may be left out.
    pub(super) fn optional_table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table) -> Read<T>,
    ) -> Read<Option<T>> {
        self.known.insert(key);
        if self.has(key) {
            self.table(key, read).map(Some)
        } else {
            Ok(None)
        }
    }

    /// An array of tables; empty if it is left out.
    pub(super) fn tables<T>(&mut self, key: &'static str, mut read: impl FnMut(&mut Table) -> Read<T>) -> Read<Vec<T>> {
        let items = self.optional(key, kind::list)?.unwrap_or_default();
        let mut answers = Vec::new();
        for (number, item) in items.iter().enumerate() {
            let path = format!("{}[{number}]", join(&self.path, key));
            answers.push(Table::over(&path, item, self.findings).and_then(|table| table.read(&mut read)));
        }
        answers.into_iter().collect()
    }

    /// The values as they stand in the table, for what is made of a table as written.
    pub(super) fn as_written(&self) -> &BTreeMap<String, Value> {
        &self.entries
    }

    /// Where the value of `key` stands, if it is known.
    pub(super) fn place(&self, key: &str) -> Option<String> {
        let origin = self.entries.get(key).and_then(Value::origin);
        origin.map(str::to_owned).or_else(|| self.place.clone())
    }

    /// Reports that a key is missing.
    pub(super) fn missing(&mut self, key: &'static str, allowed: &str) -> Reported {
        self.known.insert(key);
        self.findings.mistakes.push(Mistake::Missing {
            key: join(&self.path, key),
            place: self.place.clone(),
            allowed: allowed.to_owned(),
        });
        Reported
    }

    /// Reports a value that would do by itself, but not beside the others.
    pub(super) fn refuse(
        &mut self,
        key: &'static str,
        found: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Reported {
        self.findings.mistakes.push(Mistake::Value {
            key: join(&self.path, key),
            place: self.place(key),
            found: found.into(),
            allowed: allowed.into(),
        });
        Reported
    }

    /// Says what is allowed but unwise.
    pub(super) fn warn(&mut self, key: &'static str, why: impl Into<String>) {
        let key = join(&self.path, key);
        self.findings.warnings.push(Warning { key, why: why.into() });
    }
}

/// Whether the keys of a table may be shown in a mistake.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    /// They may, once they are what they should be.
    Yes,
    /// They are private.
    No,
}

impl Shown {
    /// The value without a place that would tell its key: a variable's name ends in it.
    fn value(self, value: Value) -> Value {
        match self {
            Self::No if value.origin().is_some_and(is_variable) => {
                Value::new(Some(&"the environment".to_owned()), value.kind)
            }
            Self::No | Self::Yes => value,
        }
    }
}

fn refuse(findings: &mut Findings, path: &str, value: &Value, refusal: Refusal) -> Reported {
    findings.mistakes.push(Mistake::Value {
        key: path.to_owned(),
        place: value.origin().map(str::to_owned),
        found: refusal.found.map_or_else(|| kind::describe(value), Cow::into_owned),
        allowed: refusal.allowed.into_owned(),
    });
    Reported
}

/// Where a value stands; of a table that was merged, where one of its keys stands.
fn place_of(value: &Value) -> Option<String> {
    let of_a_key = || {
        let ValueKind::Table(entries) = &value.kind else {
            return None;
        };
        entries.values().filter_map(Value::origin).min()
    };
    value.origin().or_else(of_a_key).map(str::to_owned)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}
