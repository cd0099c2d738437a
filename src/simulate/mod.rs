//! Virtual cuffs, for the demo and for testing a platform.
