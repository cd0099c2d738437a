//! The control socket: how the other subcommands ask the running daemon.
