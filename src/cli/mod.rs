//! The command line: one file per subcommand.

pub mod check;
pub mod decode;
pub mod exit;
pub mod replay;

mod hex;
mod lines;
