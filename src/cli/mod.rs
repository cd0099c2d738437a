//! The command line: one file per subcommand.

pub mod decode;
pub mod exit;
