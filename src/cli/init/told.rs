//! What `init` says at its end: what it made, what the clinic must be told, the page's address, and the next steps.
//!
//! The public key goes to stdout alone, on one line; everything else is for people, on stderr.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use rustix::termios::tcgetwinsize;

use super::qr;
use super::request::Request;
use super::work::Made;
use crate::cli::{check, exit, out};
use crate::config::{self, Config};

/// Says everything, with what `check` says of the config, whose exit code this gives.
pub(super) fn tell(config: &Path, made: &Made) -> u8 {
    let mut text = String::from("\n");
    if made.replaced {
        let _ = writeln!(text, "The shipped {} was untouched and is replaced.", config.display());
    }
    written(&mut text, &made.files);
    if made.key.is_some() {
        text.push_str("\nThe public key, for the clinic to enrol:\n");
    }
    say(&text);
    let printed = made.key.as_ref().map_or(exit::OK, |key| out(&format!("{}\n", key.jwk)));
    say(&of_key(made));
    if let Some(request) = &made.request {
        let mut text = String::new();
        of_request(&mut text, request);
        say(&text);
    }
    let loaded = config::load(config, config::environment()).ok();
    let loaded = loaded.map(|loaded| loaded.config);
    say(&of_page(made, loaded.as_ref()));
    say("\n");
    let checked = check::run(config);
    say(&next(config, loaded.as_ref(), checked));
    if printed == exit::OK { checked } else { printed }
}

/// Nobody is left to tell when stderr is gone; the files are there.
fn say(text: &str) {
    let _written = io::stderr().write_all(text.as_bytes());
}

/// The files that are new.
pub(super) fn written(text: &mut String, files: &[PathBuf]) {
    text.push_str("Written:\n");
    for file in files {
        let _infallible = writeln!(text, "  {}", file.display());
    }
}

fn of_key(made: &Made) -> String {
    match &made.key {
        Some(key) => format!("fingerprint: {}\n", key.fingerprint),
        None => "The key that signs is a systemd credential: `cuffd key` prints it once the daemon runs.\n".to_owned(),
    }
}

/// The request, to be copied, and what becomes of it.
pub(super) fn of_request(text: &mut String, request: &Request) {
    let _infallible = write!(
        text,
        "\nThe certificate request of {}, for the broker's authority to sign\n({}):\n{}\nIts key stays here. Once the \
         certificate has come, in the table of the broker:\n  client_cert = {:?}\n  client_key  = {:?}\n",
        request.subject,
        request.file.display(),
        request.text.replace('\r', "").trim_end(),
        request.certificate,
        request.key,
    );
}

/// Where the page is, and how one gets in.
fn of_page(made: &Made, config: Option<&Config>) -> String {
    let mut text = String::new();
    if let Some((code, file)) = &made.code {
        let _infallible = writeln!(
            text,
            "\nAccess code of the page: {} ({})",
            code.expose(),
            file.display()
        );
    }
    let Some(web) = config.map(|config| &config.web).filter(|web| web.enabled) else {
        return text;
    };
    let scheme = if web.identity.is_some() { "https" } else { "http" };
    let port = web.listen.port();
    if web.listen.ip().is_loopback() {
        let _infallible = writeln!(
            text,
            "The page, on a screen of this machine: {scheme}://{}/",
            web.listen
        );
        return text;
    }
    let machine = rustix::system::uname();
    let name = machine.nodename().to_string_lossy().to_lowercase();
    let address = format!("{scheme}://{name}.local:{port}/");
    let _infallible = writeln!(text, "The page, on phones in the network: {address}");
    if let Some((code, _)) = &made.code {
        let address = format!("{address}#code={}", code.expose());
        let _infallible = writeln!(text, "With the code in it, for those whom you let in:\n  {address}");
        text.extend(shown_as_code(&address));
    }
    text
}

/// The address for a camera, on a terminal that is wide enough.
fn shown_as_code(address: &str) -> Option<String> {
    let (lines, width) = qr::code(address)?;
    let stderr = io::stderr();
    let columns = tcgetwinsize(&stderr).ok().map(|size| usize::from(size.ws_col))?;
    (stderr.is_terminal() && columns >= width).then_some(lines)
}

/// What is still missing, and the next steps.
fn next(config: &Path, loaded: Option<&Config>, checked: u8) -> String {
    let mut text = String::new();
    for missing in loaded.map(missing).unwrap_or_default() {
        let _infallible = writeln!(text, "still missing: {missing}");
    }
    if checked != exit::OK {
        let _infallible = writeln!(
            text,
            "The file is there, and the daemon will not start with it: mend what is named above.",
        );
    }
    let check = match config {
        path if path == Path::new(config::DEFAULT_PATH) => " cuffd check".to_owned(),
        path => format!("\n     cuffd check --config {}", path.display()),
    };
    let _infallible = write!(
        text,
        "\nNext:\n  1. Send the line that begins with {{ to the clinic, and read the fingerprint to\n     it over the telephone; \
         both again: cuffd key\n  2. After each change of the config:{check}\n  3. cuffd pair, for each cuff\n  4. systemctl \
         enable --now cuffd\n",
    );
    text
}

/// What a gateway can run without, and hardly should.
fn missing(config: &Config) -> Vec<&'static str> {
    let mut missing = Vec::new();
    if config.mqtt.is_none() {
        missing.push("[mqtt], a broker; until then nothing is published");
    }
    if config.readiness.is_none() {
        missing.push("[readiness], the clinic's policy; until then nothing is ready");
    }
    missing
}
