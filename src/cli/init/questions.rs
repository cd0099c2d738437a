//! What a new gateway must be told: each answer goes into the draft once the config's own rules take it.

mod broker;

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use toml_edit::{Array, Value};

use self::broker::ask_broker;
use super::ask::{Blank, Dialogue, Ended};
use super::draft::{Draft, Key};
use super::judge::refusal;
use crate::core::name::Name;
use crate::private::Private;

/// Names that machines have before anybody gave them one: many would propose the same gateway.
const NAMES_OF_NOBODY: [&str; 5] = ["localhost", "raspberrypi", "raspberry", "debian", "linux"];

/// What is known before the first question.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    /// The folder that the config will stand in.
    pub(super) folder: &'a Path,
    /// The name of this machine.
    pub(super) hostname: &'a str,
    /// Whether a certificate is to be requested in any case.
    pub(super) request: bool,
}

/// What was answered and does not stand in the config.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Passwords, with the file that each is written to.
    pub(super) secrets: Vec<(PathBuf, Private<String>)>,
    /// Whether a certificate is to be requested.
    pub(super) request: bool,
}

/// Asks everything, for a config from nothing.
pub(super) fn ask_all<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    known: &Known,
) -> Result<Answers, Ended> {
    dialogue.begin("Who this is. The names stand in messages: no places, no persons.")?;
    ask_names(dialogue, draft, known)?;
    dialogue.begin("Where readings go.")?;
    let answers = ask_broker(dialogue, draft, known)?;
    dialogue.begin("What the page for the people in the room says. A clinic's policy needs all of it.")?;
    ask_languages(dialogue, draft)?;
    ask_contacts(dialogue, draft, Blank::LeftOut("left out"))?;
    let question = "Where is it seen: screen (this machine's), phones (around it)";
    let listen = [("screen", "127.0.0.1:8377"), ("phones", "0.0.0.0:8377")];
    let listen = dialogue.choose(question, &listen, "screen")?;
    draft.set(Key::LISTEN, listen);
    Ok(answers)
}

/// Asks what a clinic's file leaves open.
pub(super) fn ask_rest<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    known: &Known,
) -> Result<Answers, Ended> {
    ask_names(dialogue, draft, known)?;
    ask_contacts(dialogue, draft, Blank::Again)?;
    let mut answers = Answers {
        request: known.request,
        ..Answers::default()
    };
    for file in draft.of_brokers(Key::PASSWORD).into_iter().flatten() {
        let file = PathBuf::from(file);
        let is_asked = answers.secrets.iter().any(|(other, _)| *other == file);
        if file.is_absolute() && !file.exists() && !is_asked {
            let question = format!("Password for {}, which is not shown", file.display());
            let password = dialogue.secret(&question, Blank::Again)?;
            answers.secrets.extend(password.map(|password| (file, password)));
        }
    }
    Ok(answers)
}

/// Site and gateway, where they are not there yet.
fn ask_names<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    known: &Known,
) -> Result<(), Ended> {
    if refusal(draft, Key::SITE).is_some() {
        ask_key(
            dialogue,
            draft,
            Key::SITE,
            "Site, the clinic's short name, like north",
            Blank::Again,
        )?;
    }
    if refusal(draft, Key::ID).is_some() {
        let proposed = proposed_id(known.hostname);
        let blank = proposed.as_deref().map_or(Blank::Again, Blank::Is);
        let question = "Gateway, the name of this machine alone, like gw-0042";
        ask_key(dialogue, draft, Key::ID, question, blank)?;
    }
    Ok(())
}

/// The machine's own name, if it is one for a gateway and not one that every new machine has.
fn proposed_id(hostname: &str) -> Option<String> {
    let name = hostname.split('.').next().unwrap_or_default().to_lowercase();
    let is_its_own = !NAMES_OF_NOBODY.contains(&name.as_str());
    Name::parse_gateway(&name).ok().filter(|_| is_its_own)?;
    Some(name)
}

fn ask_languages<I: BufRead, O: Write>(dialogue: &mut Dialogue<I, O>, draft: &mut Draft) -> Result<(), Ended> {
    let question = "Languages, of en es de, the first as the fallback";
    let chosen = dialogue.until_taken(question, Blank::Is("en"), |answer| {
        let words = answer.split([',', ' ']).filter(|word| !word.is_empty());
        let tried = draft.with(Key::LANGUAGES, Value::Array(words.collect::<Array>()));
        refusal(&tried, Key::LANGUAGES).map_or(Ok(tried), Err)
    })?;
    *draft = chosen.unwrap_or_else(|| draft.clone());
    Ok(())
}

/// Whom to call; of a clinic's file what it needs and does not say.
fn ask_contacts<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    blank: Blank,
) -> Result<(), Ended> {
    let is_asked = |draft: &Draft, key| blank != Blank::Again || refusal(draft, key).is_some();
    if is_asked(draft, Key::EMERGENCY) {
        ask_key(dialogue, draft, Key::EMERGENCY, "Emergency number, shown always", blank)?;
    }
    if is_asked(draft, Key::CONTACT) {
        let question = "The clinic's number for questions, and hours";
        ask_key(dialogue, draft, Key::CONTACT, question, blank)?;
    }
    if !is_asked(draft, Key::CRISIS) {
        return Ok(());
    }
    let known = draft.crisis_languages();
    dialogue.say("At a very high reading it says, in the clinic's own words,")?;
    for language in draft.languages().iter().filter(|language| !known.contains(language)) {
        let question = format!("  in {language}");
        let said = dialogue.until_taken(&question, blank, |answer| {
            let tried = draft.with_crisis(language, answer);
            let lacks_others = tried.crisis_languages().len() < tried.languages().len();
            let why = refusal(&tried, Key::CRISIS).filter(|why| !(lacks_others && why.contains("none for language")));
            why.map_or(Ok(tried), Err)
        })?;
        match said {
            Some(tried) => *draft = tried,
            None => break,
        }
    }
    Ok(())
}

/// Asks for a key that holds a text. False: it is left out.
fn ask_key<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    key: Key,
    question: &str,
    blank: Blank,
) -> Result<bool, Ended> {
    let taken = dialogue.until_taken(question, blank, |answer| {
        let tried = draft.with(key, answer);
        let why = refusal(&tried, key);
        why.map_or(Ok(tried), Err)
    })?;
    let is_there = taken.is_some();
    if let Some(taken) = taken {
        *draft = taken;
    }
    Ok(is_there)
}

/// A path as a value. What is not UTF-8 in it is replaced, and then not found.
pub(super) fn path(path: &Path) -> Value {
    Value::from(path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
