//! Brings the page and the local API to the gate, and tells them what of the config is theirs.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::AppError;
use super::commands::refusal;
use super::intake::ask::{Ask, Want, ask_and_wait};
use crate::config::Config;
use crate::config::web::OpenSessions;
use crate::core::cuff::Cuff;
use crate::core::state::State;
use crate::directory;
use crate::private::Private;
use crate::store::Store;
use crate::systemd::{BEAT, Heart};
use crate::web::asked::{Action, Asked, PasskeyGiven, Refused};
use crate::web::entry::{Code, Cookies};
use crate::web::{Certificate, CertificateUse, Contacts, Door, Listener, STREAMS, Site};

/// Octets of the secret that cookies are made by.
const SECRET: usize = 32;

/// Passes on what the page asks, one after the other, until nobody asks any more.
pub(super) async fn ask_the_gate(mut asked: mpsc::Receiver<Asked>, gate: mpsc::Sender<Ask>, heart: Heart) {
    loop {
        heart.beat();
        let one = tokio::select! {
            one = asked.recv() => one,
            () = tokio::time::sleep(BEAT) => continue,
        };
        let Some(Asked { action, answer }) = one else { return };
        let reply = match ask_and_wait(&gate, want(action), None, &heart).await {
            Some(told) => told.map_err(|not_done| {
                let refusal = refusal(not_done);
                Refused::new(code(refusal.code), refusal.message)
            }),
            None => Err(Refused::new(
                "busy",
                "the gate does not answer: look at how the session stands",
            )),
        };
        // Whoever asked may have stopped waiting.
        let _unheard = answer.send(reply);
    }
}

fn want(action: Action) -> Want {
    match action {
        Action::Open {
            session,
            patient,
            cuff,
            policy_sha256,
        } => Want::Open {
            session,
            patient,
            cuff,
            policy_sha256,
        },
        Action::Attest {
            session,
            item,
            by,
            value,
        } => Want::Attest {
            session,
            item,
            by: Some(by),
            value,
        },
        Action::Start { session } => Want::Start { session },
        Action::Close { session } => Want::Close { session },
    }
}

/// A code as replies write it.
fn code(code: crate::mqtt::command::Code) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(_) | Err(_) => "busy".to_owned(),
    }
}

/// What the page is made of.
pub(super) fn site(
    config: &Config,
    store: &Store,
    state: watch::Receiver<Arc<State>>,
    asks: mpsc::Sender<Asked>,
    passkeys: mpsc::Sender<PasskeyGiven>,
    cuffs: watch::Receiver<Arc<[Cuff]>>,
    stop: CancellationToken,
) -> Result<Site, AppError> {
    let web = &config.web;
    let secret = |file: &crate::config::files::SecretFile| {
        file.read().map_err(|cause| AppError::Setup {
            what: "a code of the page cannot be read",
            cause,
        })
    };
    let mut languages = web.texts.iter().cloned();
    let english = || crate::text::read("en", None).map(|texts| ("en".to_owned(), texts));
    let language = languages
        .next()
        .map_or_else(english, Ok)
        .map_err(|cause| AppError::Setup {
            what: "the texts of the page",
            cause: io::Error::other(cause),
        })?;
    Ok(Site {
        state,
        store: Some(store.clone()),
        asks,
        passkeys,
        stop,
        hosts: hosts(config),
        door: door(config)?,
        companion_code: web
            .companion_code_file
            .as_ref()
            .map(&secret)
            .transpose()?
            .map(Code::new),
        opens_sessions: opens_sessions(config),
        cuffs,
        labels: config.patients.clone(),
        language,
        more_languages: languages.collect(),
        contacts: web.contacts.as_ref().map(|contacts| Contacts {
            emergency_number: contacts.emergency_number.clone(),
            clinic_contact: contacts.clinic_contact.clone(),
            crisis_text: contacts.crisis_text.clone(),
        }),
        zone: config.gateway.time_zone.clone(),
        show_values: web.show_values,
        metrics: config.metrics.enabled,
        certificates: certificates(config),
        streams: Arc::new(Semaphore::new(STREAMS)),
    })
}

fn certificates(config: &Config) -> Vec<Certificate> {
    let one = |kind, path: &Path| Certificate {
        kind,
        path: path.to_owned(),
    };
    let brokers = config.mqtt.iter().flat_map(|mqtt| &mqtt.brokers);
    let of_brokers = brokers.flat_map(|broker| {
        let authority = broker
            .ca_file
            .iter()
            .map(|path| one(CertificateUse::BrokerAuthority, path));
        let own = broker
            .identity
            .iter()
            .map(|own| one(CertificateUse::BrokerClient, &own.certificate));
        authority.chain(own)
    });
    let page = config
        .web
        .identity
        .iter()
        .map(|own| one(CertificateUse::Page, &own.certificate));
    of_brokers.chain(page).collect()
}

/// Where it listens; `None` if there is to be no page.
pub(super) fn listener(config: &Config) -> Result<Option<Listener>, AppError> {
    let web = &config.web;
    if !web.enabled {
        return Ok(None);
    }
    let Some(identity) = &web.identity else {
        return Ok(Some(Listener::plain(web.listen)));
    };
    let listener = Listener::tls(web.listen, &identity.certificate, identity.key.path());
    listener.map(Some).map_err(|cause| AppError::Setup {
        what: "the page's certificate",
        cause: io::Error::other(cause),
    })
}

/// By default only if nobody else can.
pub(super) fn opens_sessions(config: &Config) -> bool {
    let has_policy = config.readiness.is_some();
    has_policy
        && match config.web.open_sessions {
            OpenSessions::Always => true,
            OpenSessions::Never => false,
            OpenSessions::IfNoCommands => config.mqtt.as_ref().is_none_or(|mqtt| mqtt.command_keys.is_empty()),
        }
}

/// The machine's name, the same in the local network, and those of the config.
fn hosts(config: &Config) -> BTreeSet<String> {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy().to_ascii_lowercase();
    let mut hosts: BTreeSet<String> = config.web.hosts.iter().cloned().collect();
    if !name.is_empty() {
        hosts.insert(format!("{name}.local"));
        hosts.insert(name);
    }
    hosts
}

/// Beyond loopback the code is asked for, whoever asks: what comes from this machine may have been passed on.
fn door(config: &Config) -> Result<Option<Door>, AppError> {
    let web = &config.web;
    let Some(file) = web.access_code_file.as_ref().filter(|_| !web.listen.ip().is_loopback()) else {
        return Ok(None);
    };
    let failed = |cause| AppError::Setup {
        what: "the access code cannot be read",
        cause,
    };
    let code: Private<String> = file.read().map_err(failed)?;
    let secret = cookie_secret(&config.store.path.with_file_name("page.key")).map_err(|cause| AppError::Setup {
        what: "there are no random octets for the page's cookies",
        cause,
    })?;
    Ok(Some(Door {
        cookies: Cookies::new(&secret, code.clone()),
        code: Code::new(code),
    }))
}

/// The secret that cookies are made by: kept, so that browsers are asked for the code once, and not at every restart.
fn cookie_secret(path: &Path) -> io::Result<Vec<u8>> {
    match kept_secret(path) {
        Ok(secret) => Ok(secret),
        Err(cause) => {
            warn!(%cause, "the page's secret is not kept: after a restart every browser is asked for the code again");
            new_secret()
        }
    }
}

fn kept_secret(path: &Path) -> io::Result<Vec<u8>> {
    let mut secret = Vec::new();
    match std::fs::File::open(path) {
        Ok(file) => {
            file.take(SECRET as u64 + 1).read_to_end(&mut secret)?;
            if secret.len() == SECRET {
                return Ok(secret);
            }
            // Cut short by a power cut: a new one is made.
            std::fs::remove_file(path)?;
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(cause),
    }
    let secret = new_secret()?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&secret)?;
    directory::give_to_owner(path, &file)?;
    file.sync_all()?;
    Ok(secret)
}

fn new_secret() -> io::Result<Vec<u8>> {
    let mut secret = vec![0; SECRET];
    let filled = SystemRandom::new().fill(&mut secret);
    filled.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.key");
        let first = cookie_secret(&path).expect("random octets");
        assert_eq!(
            (first.len(), cookie_secret(&path).expect("random octets") == first),
            (SECRET, true)
        );
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, b"cut").expect("written");
        let second = cookie_secret(&path).expect("random octets");
        assert!(second.len() == SECRET && second != first);
        let nowhere = cookie_secret(Path::new("/nowhere/page.key")).expect("random octets");
        assert!(nowhere.len() == SECRET && nowhere != second);
    }
}
