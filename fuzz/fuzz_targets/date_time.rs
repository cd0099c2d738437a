//! 0x2A08: no octets panic, and a valid time comes back octet for octet.
#![no_main]

use cuffd::core::bls::date_time::{CuffTime, DateTime};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    if let Ok(decoded) = DateTime::decode(octets)
        && let CuffTime::Valid(_) = decoded.time
    {
        assert_eq!(decoded.encode().ok().as_ref().map(|sent| &sent[..]), octets.get(..7));
    }
});
