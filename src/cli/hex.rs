//! Hexadecimal text to octets.

/// Why a text is no octets in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HexError {
    #[error("character {at} is no hexadecimal digit")]
    Digit { at: usize },
    #[error("the octet at character {at} has only one digit")]
    Half { at: usize },
}

/// Puts the octets that `text` shows into `octets`, in place of what was there. White space may stand between octets.
pub(super) fn parse(text: &[u8], octets: &mut Vec<u8>) -> Result<(), HexError> {
    octets.clear();
    let mut digits = text.iter().enumerate();
    while let Some((at, high)) = digits.next() {
        if high.is_ascii_whitespace() {
            continue;
        }
        let high = digit(*high).ok_or(HexError::Digit { at: at + 1 })?;
        let low = match digits.next() {
            Some((_, low)) if !low.is_ascii_whitespace() => digit(*low).ok_or(HexError::Digit { at: at + 2 })?,
            _ => return Err(HexError::Half { at: at + 1 }),
        };
        octets.push(high << 4 | low);
    }
    Ok(())
}

const fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &[u8]) -> Result<Vec<u8>, HexError> {
        let mut octets = vec![0xEE; 3];
        parse(text, &mut octets).map(|()| octets)
    }

    #[test]
    fn octets_stand_in_either_case_with_or_without_white_space() {
        for text in ["00ff1eAb", "00 FF 1e aB", " 00ff\t1E  ab ", "00FF 1EAB"] {
            assert_eq!(parsed(text.as_bytes()), Ok(vec![0x00, 0xff, 0x1e, 0xab]), "{text:?}");
        }
        assert_eq!(parsed(b""), Ok(vec![]));
        assert_eq!(parsed(b"  "), Ok(vec![]));
    }

    #[test]
    fn anything_else_is_an_error_at_its_character() {
        for (text, error) in [
            ("1", HexError::Half { at: 1 }),
            ("1e7", HexError::Half { at: 3 }),
            ("1e 7 8", HexError::Half { at: 4 }),
            ("0x1e", HexError::Digit { at: 2 }),
            ("1e:78", HexError::Digit { at: 3 }),
            ("1g", HexError::Digit { at: 2 }),
            ("é0", HexError::Digit { at: 1 }),
        ] {
            assert_eq!(parsed(text.as_bytes()), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_come_back(octets in proptest::collection::vec(any::<u8>(), 0..64)) {
            let text: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
            prop_assert_eq!(parsed(text.as_bytes()), Ok(octets));
        }

        #[test]
        fn no_text_panics(text in proptest::collection::vec(any::<u8>(), 0..64)) {
            let octets = parsed(&text).map_or(0, |octets| octets.len());
            prop_assert!(octets * 2 <= text.len());
        }
    }
}
