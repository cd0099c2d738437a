//! Exit codes, by the names of sysexits.

use crate::app::Remedy;

/// Done.
pub const OK: u8 = 0;
/// Checked, and found bad.
pub const BAD: u8 = 1;
/// The command line is wrong.
pub const USAGE: u8 = 64;
/// A needed service is missing: adapter, bluetoothd, a broker for a one-shot command.
pub const UNAVAILABLE: u8 = 69;
/// Our own fault.
pub const SOFTWARE: u8 = 70;
/// Store or disk.
pub const STORE: u8 = 74;
/// Try again: systemd restarts.
pub const TRY_AGAIN: u8 = 75;
/// Not permitted.
pub const NOT_PERMITTED: u8 = 77;
/// The config is wrong.
pub const CONFIG: u8 = 78;

/// The code by which systemd and people know who must act.
pub(super) const fn of(remedy: Remedy) -> u8 {
    match remedy {
        Remedy::Restart => TRY_AGAIN,
        Remedy::Store => STORE,
        Remedy::Permit => NOT_PERMITTED,
        Remedy::Configure => CONFIG,
        Remedy::Report => SOFTWARE,
    }
}
