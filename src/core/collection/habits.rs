//! What of a cuff's model decides how it is treated while connected.

use std::time::Duration;

use crate::core::models::{Clock, ClockRead, ClockWrite, Model, ServiceNumber};

/// What of a cuff's model decides how it is treated while connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Habits {
    /// How its clock is reached.
    pub clock: Clock,
    /// When its clock is to be written.
    pub clock_write: ClockWrite,
    /// Whether its clock can be read.
    pub clock_read: ClockRead,
    /// How long it must be left alone between discovery and subscription; else it confirms and stays silent (BM85).
    pub settle: Duration,
    /// How long it must be left alone before and after its clock is written (A&D).
    pub around_write: Duration,
    /// Behind which its readings are if it has no 0x2A35.
    pub proprietary_service: Option<ServiceNumber>,
}

impl Habits {
    /// The habits of a model.
    #[must_use]
    pub const fn of(model: &Model) -> Self {
        Self {
            clock: model.clock,
            clock_write: model.clock_write,
            clock_read: model.clock_read,
            settle: model.settle,
            around_write: model.write_pause,
            proprietary_service: model.proprietary_service,
        }
    }
}
