//! `init`: a new gateway's config, key and access code, from a few answers or a clinic's file.
//!
//! The config is written last and whole: what ends in the middle leaves none, and the next `init` goes on with the key and the
//! code that are there.

mod ask;
mod csr;
mod draft;
mod failure;
mod files;
mod judge;
mod qr;
mod questions;
mod request;
mod told;
mod work;

use std::fs;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use clap::Args as ClapArgs;

use self::ask::Dialogue;
use self::draft::{Draft, SHIPPED};
use self::failure::InitError;
use self::judge::Asks;
use self::questions::{Answers, Known};
use super::Global;
use crate::app::chain;

/// Writes the config of a new gateway, and makes its key and an access code.
///
/// Asks on the terminal for what it must know, or takes it from a clinic's file. Never writes over a config. Prints the public
/// key, for the clinic to enrol; its fingerprint is compared over the telephone.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// A clinic's file, of the same form as the config. What it leaves open is asked for.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Also makes a key and a certificate request, for a broker that asks for certificates. With a config that is there
    /// already, only these.
    #[arg(long)]
    csr: bool,
}

/// What stands where the config is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    Nothing,
    /// The shipped config, which holds nothing of anybody.
    Shipped,
    /// A config.
    Other,
}

/// Does it, and returns the exit code.
#[must_use]
pub fn run(global: &Global, args: &Args) -> u8 {
    init(global, args).unwrap_or_else(|error| {
        eprintln!("cuffd: {}", chain(&error));
        error.code()
    })
}

fn init(global: &Global, args: &Args) -> Result<u8, InitError> {
    let config = std::path::absolute(&global.config).unwrap_or_else(|_| global.config.clone());
    let there = look(&config)?;
    if there == There::Other {
        return match (args.csr, &args.from) {
            (true, None) => request::for_existing(&config),
            _ => Err(InitError::Exists { path: config }),
        };
    }
    files::may_write(&config).map_err(|cause| InitError::write(&config, cause))?;
    let (draft, answers) = answered(&config, args)?;
    work::carry_out(&config, there, draft, &answers)
}

fn look(config: &Path) -> Result<There, InitError> {
    match fs::read(config) {
        Ok(octets) if octets == SHIPPED.as_bytes() => Ok(There::Shipped),
        Ok(_) => Ok(There::Other),
        // A link that leads nowhere is there as well.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && config.symlink_metadata().is_err() => {
            Ok(There::Nothing)
        }
        Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Err(InitError::write(config, cause)),
        Err(_) => Ok(There::Other),
    }
}

/// The config with all answers in it, and what was answered besides. Nothing has been written by then.
fn answered(config: &Path, args: &Args) -> Result<(Draft, Answers), InitError> {
    let machine = rustix::system::uname();
    let hostname = machine.nodename().to_string_lossy();
    let known = Known {
        folder: crate::directory::of(config),
        hostname: &hostname,
        request: args.csr,
    };
    let stdin = io::stdin();
    let asks = if stdin.is_terminal() && io::stderr().is_terminal() {
        Asks::Somebody
    } else {
        Asks::Nobody
    };
    let mut dialogue = Dialogue::new(stdin.lock(), io::stderr(), Some(stdin.as_fd()));
    let Some(from) = &args.from else {
        if asks == Asks::Nobody {
            return Err(InitError::NoTerminal);
        }
        let mut draft = Draft::shipped();
        dialogue.say(&format!("A config for this gateway, in {}.", config.display()))?;
        dialogue.say("Enter takes what stands in [brackets]; nothing is written before the end.")?;
        let answers = questions::ask_all(&mut dialogue, &mut draft, &known)?;
        return Ok((draft, answers));
    };
    let mut draft = read(from)?;
    let name = from.display().to_string();
    if let Some(mistakes) = judge::unusable(&draft, &name, asks) {
        return Err(InitError::Mistakes { mistakes });
    }
    let answers = match asks {
        Asks::Somebody => questions::ask_rest(&mut dialogue, &mut draft, &known)?,
        Asks::Nobody => Answers {
            request: args.csr,
            ..Answers::default()
        },
    };
    Ok((draft, answers))
}

fn read(from: &Path) -> Result<Draft, InitError> {
    let unreadable = |cause| InitError::Unreadable {
        path: from.to_path_buf(),
        cause,
    };
    let text = fs::read_to_string(from).map_err(unreadable)?;
    // The config's own reader tells each mistake of syntax with its place, and no value.
    Draft::of(text).map_err(|_| match crate::config::load(from, []) {
        Err(mistakes) => InitError::Mistakes { mistakes },
        Ok(_) => unreadable(io::Error::from(io::ErrorKind::InvalidData)),
    })
}
