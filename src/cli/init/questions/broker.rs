//! The questions about the broker: where it is, and only what its URL's scheme needs.

use std::io::{BufRead, Write};

use super::{Answers, Known, ask_key, path};
use crate::cli::init::ask::{Blank, Dialogue, Ended};
use crate::cli::init::draft::{Draft, Key};
use crate::cli::init::judge::refusal;
use crate::config::broker::{Transport, Url};

/// Asks for a broker and how to log in there; none is an answer too.
pub(super) fn ask_broker<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    known: &Known,
) -> Result<Answers, Ended> {
    let mut answers = Answers {
        request: known.request,
        ..Answers::default()
    };
    let Some(url) = ask_url(dialogue, draft)? else {
        return Ok(answers);
    };
    let login = match url.transport {
        Transport::Plain => dialogue.choose("How does it log in: password, nothing", &LOGINS_PLAIN, "nothing")?,
        Transport::Tls => {
            let question = "File of the authority behind its certificate";
            ask_key(
                dialogue,
                draft,
                Key::AUTHORITY,
                question,
                Blank::LeftOut("the system's"),
            )?;
            let usual = if known.request { "certificate" } else { "password" };
            dialogue.choose("How does it log in: password, certificate, nothing", &LOGINS, usual)?
        }
    };
    match login {
        Login::Nothing => {}
        Login::Password => ask_password(dialogue, draft, known, &mut answers)?,
        Login::Certificate => {
            answers.request |= ask_certificate(dialogue, draft)?;
        }
    }
    Ok(answers)
}

/// How a gateway shows a broker who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Login {
    Password,
    Certificate,
    Nothing,
}

const LOGINS: [(&str, Login); 3] = [
    ("password", Login::Password),
    ("certificate", Login::Certificate),
    ("nothing", Login::Nothing),
];

const LOGINS_PLAIN: [(&str, Login); 2] = [("password", Login::Password), ("nothing", Login::Nothing)];

fn ask_url<I: BufRead, O: Write>(dialogue: &mut Dialogue<I, O>, draft: &mut Draft) -> Result<Option<Url>, Ended> {
    let question = "Broker, like mqtts://mqtt.example.org:8883";
    loop {
        let written = dialogue.until_taken(question, Blank::LeftOut("none"), |answer| {
            let tried = draft.with(Key::URL, answer);
            // What only the next question can settle is not held against it.
            match (Url::parse(answer), refusal(&tried, Key::URL)) {
                (Some(url), _) => Ok((url, tried)),
                (None, why) => Err(why.unwrap_or_default()),
            }
        })?;
        let Some((url, mut tried)) = written else {
            return Ok(None);
        };
        if url.transport == Transport::Plain && !url.is_loopback() {
            dialogue.say("With mqtt:// passwords and readings cross the network readable. mqtts:// hides them.")?;
            if !dialogue.choose("Is that allowed: yes, no", &[("yes", true), ("no", false)], "no")? {
                continue;
            }
            tried.set(Key::PLAINTEXT, true);
        }
        *draft = tried;
        return Ok(Some(url));
    }
}

fn ask_password<I: BufRead, O: Write>(
    dialogue: &mut Dialogue<I, O>,
    draft: &mut Draft,
    known: &Known,
    answers: &mut Answers,
) -> Result<(), Ended> {
    let named = |key| draft.get(key).unwrap_or_default();
    let usual = format!("{}/{}", named(Key::SITE), named(Key::ID));
    ask_key(dialogue, draft, Key::USER, "User name", Blank::LeftOut(&usual))?;
    let file = known.folder.join("mqtt-password");
    let kept = format!("what stands in {}", file.display());
    let blank = if file.exists() {
        Blank::LeftOut(&kept)
    } else {
        Blank::Again
    };
    let password = dialogue.secret("Password, which is not shown", blank)?;
    draft.set(Key::PASSWORD, path(&file));
    answers.secrets.extend(password.map(|password| (file, password)));
    Ok(())
}

/// Whether there is no certificate yet, and one is to be requested.
fn ask_certificate<I: BufRead, O: Write>(dialogue: &mut Dialogue<I, O>, draft: &mut Draft) -> Result<bool, Ended> {
    let without = draft.clone();
    let question = "Its certificate, a PEM file";
    let blank = Blank::LeftOut("none yet: make a key and a request");
    if !ask_key(dialogue, draft, Key::CERTIFICATE, question, blank)? {
        return Ok(true);
    }
    let question = "The private key to it, a PEM file";
    let key = dialogue.until_taken(question, Blank::LeftOut("another certificate"), |answer| {
        let tried = draft.with(Key::CERTIFICATE_KEY, answer);
        let why = refusal(&tried, Key::CERTIFICATE_KEY).or_else(|| refusal(&tried, Key::CERTIFICATE));
        why.map_or(Ok(tried), Err)
    })?;
    match key {
        Some(both) => {
            *draft = both;
            Ok(false)
        }
        None => {
            *draft = without;
            ask_certificate(dialogue, draft)
        }
    }
}
