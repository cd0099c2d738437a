//! `cuffd.toml` and the environment, parsed into types that cannot hold a mistake.
