//! `completions` and `man`: what packages ship beside the program.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use super::{exit, out};

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// For which shell.
    shell: Shell,
}

/// Prints completions for a shell.
#[must_use]
pub fn completions(options: &Completions, mut command: Command) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut command, "cuffd", &mut text);
    out(&text)
}

/// Options of `man`.
#[derive(Debug, Args)]
pub struct Page {
    /// Of this subcommand; left out: of cuffd.
    subcommand: Option<String>,
}

/// Prints a man page.
#[must_use]
pub fn man(page: &Page, mut command: Command) -> u8 {
    let Some(name) = &page.subcommand else {
        return render(command);
    };
    // Building tells the subcommands their full names and the options of all.
    command.build();
    match command.find_subcommand(name) {
        Some(subcommand) => render(subcommand.clone()),
        None => unknown(name),
    }
}

fn render(command: Command) -> u8 {
    let mut text = Vec::new();
    match clap_mangen::Man::new(command).render(&mut text) {
        Ok(()) => out(&text),
        Err(_) => exit::SOFTWARE,
    }
}

fn unknown(name: &str) -> u8 {
    // Nobody is left to tell when stderr is gone; the code still says it.
    let _written = writeln!(io::stderr(), "cuffd man: there is no subcommand {name:?}");
    exit::USAGE
}
