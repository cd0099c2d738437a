//! What keeps the gateway from doing its work, and when somebody is told of it (contract 3.3).

use super::name::Name;

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The wall clock cannot be believed.
    ClockUnsynchronized,
    /// A cuff is heard but cannot be connected.
    CuffUnreachable,
    /// A cuff's bond is gone on one side.
    BondLost,
    /// No adapter, switched off, deaf, or no bluetoothd.
    AdapterLost,
    /// The store takes no measurements, or has too little room.
    StoreUnavailable,
    /// The store is near its largest size with messages that nobody took.
    StoreNearlyFull,
    /// A broker refused a message for good.
    MessageRefused,
}

impl Code {
    /// Every kind, in the contract's order.
    pub const ALL: [Self; 7] = [
        Self::ClockUnsynchronized,
        Self::CuffUnreachable,
        Self::BondLost,
        Self::AdapterLost,
        Self::StoreUnavailable,
        Self::StoreNearlyFull,
        Self::MessageRefused,
    ];

    /// The contract's code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClockUnsynchronized => "clock_unsynchronized",
            Self::CuffUnreachable => "cuff_unreachable",
            Self::BondLost => "bond_lost",
            Self::AdapterLost => "adapter_lost",
            Self::StoreUnavailable => "store_unavailable",
            Self::StoreNearlyFull => "store_nearly_full",
            Self::MessageRefused => "message_refused",
        }
    }

    /// The kind of this code.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }
}

/// One trouble. Equal ones are the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Trouble {
    /// What kind it is.
    pub code: Code,
    /// Which cuff it is about, if it is about one.
    pub cuff: Option<Name>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("crisis"), None);
    }
}
