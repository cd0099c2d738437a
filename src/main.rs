//! The `cuffd` program.

fn main() {}
