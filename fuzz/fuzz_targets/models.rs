//! 0x2A35 by every row of the table of models: no octets panic, and what can be sent comes back.
#![no_main]

use cuffd::core::bls::measurement::Measurement;
use cuffd::core::models::Model;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|octets: &[u8]| {
    for model in Model::all() {
        if let Ok(decoded) = model.decode(octets)
            && let Ok(again) = model.encode(&decoded)
        {
            assert_eq!(
                model.decode(&again),
                Ok(Measurement { trailing: 0, ..decoded }),
                "{}",
                model.name
            );
        }
    }
});
