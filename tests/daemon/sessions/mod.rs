//! Sessions in the daemon: what a platform sees of them, and what a power cut leaves of them.

mod asked;
mod bundles;
mod changed;
mod clocks;
mod crisis;
mod kills;
mod rig;
mod shown;
mod together;
mod whole;
