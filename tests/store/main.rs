//! The store on real files: what it keeps, in which order it gives it out, and what it survives.

mod measurements;
mod rig;
