//! Numbers in messages.

use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal written with all its digits, never with an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exact(pub(super) Decimal);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalize().to_string();
        RawValue::from_string(text)
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_with_all_their_digits_and_no_more() {
        for (number, written) in [
            ("120.30", "120.3"),
            ("69.0", "69"),
            ("0.00000012", "0.00000012"),
            ("20470000000", "20470000000"),
            ("-2", "-2"),
        ] {
            let number: Decimal = number.parse().expect("a decimal");
            assert_eq!(serde_json::to_string(&Exact(number)).expect("json"), written);
        }
    }
}
