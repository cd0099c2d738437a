//! SQLite on a thread of its own: what was measured, and what is still to be sent.
