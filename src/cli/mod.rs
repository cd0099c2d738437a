//! The command line: one file per subcommand.

pub mod check;
pub mod decode;
pub mod demo;
pub mod exit;
mod hex;
mod lines;
pub mod replay;
pub mod simulate;
