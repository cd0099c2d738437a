//! `completions` and `man`: what packages ship beside the program.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit;

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
    print(&text)
}

/// Prints the man page.
#[must_use]
pub fn man(command: Command) -> u8 {
    let mut text = Vec::new();
    match clap_mangen::Man::new(command).render(&mut text) {
        Ok(()) => print(&text),
        Err(_) => exit::SOFTWARE,
    }
}

fn print(text: &[u8]) -> u8 {
    // A reader that closed the pipe has seen what it wanted.
    let _read = io::stdout().write_all(text);
    exit::OK
}
