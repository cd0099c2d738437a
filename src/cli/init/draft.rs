//! The config that is being written: the shipped text or a clinic's, in which one key after another gets its value.
//!
//! What stands there stays as it is written, comments too. A key that is commented out where it belongs is taken from its
//! comment, so that a file made from the shipped one keeps its order and its words.

mod region;

use std::path::Path;

use toml_edit::{DocumentMut, Formatted, InlineTable, Item, Table, TableLike, TomlError, Value};

use self::region::{Region, uncomment};

/// The config as it is shipped. It refuses to run before site and id are filled in.
pub(super) const SHIPPED: &str = include_str!("../../../config/cuffd.toml");

/// The table of the brokers.
const BROKERS: &str = "mqtt.brokers";

/// One key of the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The table it stands in; of `mqtt.brokers` the first.
    table: &'static str,
    name: &'static str,
}

impl Key {
    pub(super) const SITE: Self = Self::of("gateway", "site");
    pub(super) const ID: Self = Self::of("gateway", "id");
    pub(super) const KEY_FILE: Self = Self::of("gateway", "key_file");
    pub(super) const EMERGENCY: Self = Self::of("web", "emergency_number");
    pub(super) const CONTACT: Self = Self::of("web", "clinic_contact");
    pub(super) const CRISIS: Self = Self::of("web", "crisis_text");
    pub(super) const LANGUAGES: Self = Self::of("web", "languages");
    pub(super) const LISTEN: Self = Self::of("web", "listen");
    pub(super) const CODE: Self = Self::of("web", "access_code_file");
    pub(super) const URL: Self = Self::of(BROKERS, "url");
    pub(super) const PLAINTEXT: Self = Self::of(BROKERS, "allow_plaintext");
    pub(super) const AUTHORITY: Self = Self::of(BROKERS, "ca_file");
    pub(super) const CERTIFICATE: Self = Self::of(BROKERS, "client_cert");
    pub(super) const CERTIFICATE_KEY: Self = Self::of(BROKERS, "client_key");
    pub(super) const USER: Self = Self::of(BROKERS, "username");
    pub(super) const PASSWORD: Self = Self::of(BROKERS, "password_file");

    const fn of(table: &'static str, name: &'static str) -> Self {
        Self { table, name }
    }

    /// Its path, as mistakes name it.
    pub(super) fn path(self) -> String {
        let first = if self.table == BROKERS { "[0]" } else { "" };
        format!("{}{first}.{}", self.table, self.name)
    }

    /// What a line with it begins with, behind white space and a `#`.
    fn begins(self, line: &str) -> bool {
        let rest = line.strip_prefix(self.name);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    }
}

/// The config while it is being written. It always parses.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    text: String,
}

impl Draft {
    /// The shipped config.
    pub(super) fn shipped() -> Self {
        Self {
            text: SHIPPED.to_owned(),
        }
    }

    /// A clinic's.
    ///
    /// # Errors
    /// It is no TOML.
    pub(super) fn of(text: String) -> Result<Self, TomlError> {
        text.parse::<DocumentMut>()?;
        Ok(Self { text })
    }

    /// As it stands.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text that a key holds; `None` if it is not there or is no text.
    pub(super) fn get(&self, key: Key) -> Option<String> {
        if key.table == BROKERS {
            return self.of_brokers(key).into_iter().next().flatten();
        }
        let document = self.document();
        Some(document.get(key.table)?.get(key.name)?.as_str()?.to_owned())
    }

    /// The text that a key holds for each broker.
    pub(super) fn of_brokers(&self, key: Key) -> Vec<Option<String>> {
        let document = self.document();
        let brokers = document.get("mqtt").and_then(|mqtt| mqtt.get("brokers"));
        let written = |table: &dyn TableLike| Some(table.get(key.name)?.as_str()?.to_owned());
        match brokers {
            Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| written(table)).collect(),
            Some(Item::Value(Value::Array(items))) => {
                let tables = items.iter().filter_map(Value::as_inline_table);
                tables.map(|table| written(table)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The languages of the page, the fallback first.
    pub(super) fn languages(&self) -> Vec<String> {
        let document = self.document();
        let listed = document.get("web").and_then(|web| web.get("languages"));
        let listed = listed.and_then(Item::as_array).map(|items| {
            let words = items.iter().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        });
        listed.unwrap_or_else(|| vec!["en".to_owned()])
    }

    /// The languages in which there is a text for a crisis.
    pub(super) fn crisis_languages(&self) -> Vec<String> {
        let document = self.document();
        let texts = document.get("web").and_then(|web| web.get(Key::CRISIS.name));
        let texts = texts.and_then(Item::as_table_like);
        texts.map_or_else(Vec::new, |texts| texts.iter().map(|(tag, _)| tag.to_owned()).collect())
    }

    /// The same with a text for a crisis in one language more.
    pub(super) fn with_crisis(&self, language: &str, text: &str) -> Self {
        // In the shipped file a whole table of them is commented out.
        let mut draft = self.clone();
        if self.crisis_languages().is_empty() {
            draft.set(Key::CRISIS, Value::InlineTable(InlineTable::new()));
        }
        let mut document = draft.document();
        let texts = document.get_mut("web").and_then(|web| web.get_mut(Key::CRISIS.name));
        if let Some(texts) = texts.and_then(Item::as_table_like_mut) {
            texts.insert(language, toml_edit::value(text));
            texts.fmt();
        }
        Self {
            text: document.to_string(),
        }
    }

    /// The same with this value of a key.
    pub(super) fn with(&self, key: Key, value: impl Into<Value>) -> Self {
        let mut draft = self.clone();
        draft.set(key, value.into());
        draft
    }

    /// Gives a key its value, where it stands, or where it is commented out, or at the end of its table.
    pub(super) fn set(&mut self, key: Key, value: impl Into<Value>) {
        self.reveal(key);
        let mut document = self.document();
        if let Some(table) = table_of(&mut document, key.table) {
            match table.get_mut(key.name).and_then(Item::as_value_mut) {
                Some(old) => replace(old, value.into()),
                None => drop(table.insert(key.name, Item::Value(value.into()))),
            }
        }
        self.text = document.to_string();
    }

    /// Writes a key as a comment, with the value that it may get one day.
    pub(super) fn suggest(&mut self, key: Key, value: &Path) {
        let suggested = format!("#{} = {}", key.name, quoted(value));
        let mut lines: Vec<String> = self.text.lines().map(str::to_owned).collect();
        let Some(region) = Region::of(&lines, key.table) else {
            lines.extend([String::new(), "# In the table of the broker:".to_owned(), suggested]);
            return self.put(&lines);
        };
        match region.commented(&lines, key).and_then(|line| lines.get_mut(line)) {
            Some(line) => *line = suggested,
            None => lines.insert(region.header + 1, suggested),
        }
        self.put(&lines);
    }

    /// Puts words above the comment of a key.
    pub(super) fn remark(&mut self, key: Key, words: &str) {
        let mut lines: Vec<String> = self.text.lines().map(str::to_owned).collect();
        let found = Region::of(&lines, key.table).and_then(|region| region.commented(&lines, key));
        if let Some(line) = found {
            lines.insert(line, format!("# {words}"));
            self.put(&lines);
        }
    }

    /// Takes a key and the head of its table out of their comments, if that leaves TOML.
    fn reveal(&mut self, key: Key) {
        let mut lines: Vec<String> = self.text.lines().map(str::to_owned).collect();
        let tables = [key.table.split('.').next().unwrap_or_default(), key.table];
        for table in tables {
            if let Some(region) = Region::of(&lines, table) {
                uncomment(&mut lines, region.header);
            }
        }
        let Some(region) = Region::of(&lines, key.table) else {
            return;
        };
        if region.live(&lines, key).is_none()
            && let Some(line) = region.commented(&lines, key)
        {
            uncomment(&mut lines, line);
        }
        self.put(&lines);
    }

    /// Takes these lines if they are TOML.
    fn put(&mut self, lines: &[String]) {
        let text = lines.join("\n") + "\n";
        if text.parse::<DocumentMut>().is_ok() {
            self.text = text;
        }
    }

    fn document(&self) -> DocumentMut {
        self.text.parse().unwrap_or_default()
    }
}

/// The table that keys are set in, made if it is not there; of brokers the first. `None` where something else stands.
fn table_of<'a>(document: &'a mut DocumentMut, table: &str) -> Option<&'a mut dyn TableLike> {
    if table != BROKERS {
        return document
            .entry(table)
            .or_insert(Item::Table(Table::new()))
            .as_table_like_mut();
    }
    let mqtt = document.entry("mqtt").or_insert(Item::Table(Table::new()));
    let mqtt = mqtt.as_table_like_mut()?;
    let brokers = mqtt
        .entry("brokers")
        .or_insert(Item::ArrayOfTables(toml_edit::ArrayOfTables::new()));
    match brokers {
        Item::ArrayOfTables(tables) => {
            if tables.is_empty() {
                tables.push(Table::new());
            }
            tables.get_mut(0).map(|table| table as &mut dyn TableLike)
        }
        Item::Value(Value::Array(items)) => {
            let first = items.get_mut(0)?.as_inline_table_mut();
            first.map(|table| table as &mut dyn TableLike)
        }
        Item::None | Item::Value(_) | Item::Table(_) => None,
    }
}

/// Puts a value in the place of another, and leaves the comment behind it in its column.
fn replace(old: &mut Value, value: Value) {
    let width = |value: &Value| {
        let mut bare = value.clone();
        bare.decor_mut().clear();
        bare.to_string().chars().count()
    };
    let before = width(old);
    let prefix = old
        .decor()
        .prefix()
        .and_then(toml_edit::RawString::as_str)
        .unwrap_or(" ")
        .to_owned();
    let suffix = old
        .decor()
        .suffix()
        .and_then(toml_edit::RawString::as_str)
        .unwrap_or_default();
    let comment = suffix.trim_start().to_owned();
    let column = before + suffix.len() - comment.len();
    let space = match comment.as_str() {
        "" => String::new(),
        _ => " ".repeat(column.saturating_sub(width(&value)).max(1)),
    };
    *old = value.decorated(prefix, format!("{space}{comment}"));
}

/// A path as TOML writes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    Value::String(Formatted::new(text)).to_string().trim().to_owned()
}

#[cfg(test)]
mod tests;
