//! The `cuffd` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(cuffd::cli::main(std::env::args_os()))
}
