//! The access code, the cookie that stands for it, and how often one may guess (contract 5).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use ring::hmac;

use crate::core::moment::Moment;
use crate::private::Private;

/// A browser is asked for the code once in so long.
pub(super) const REMEMBERED: Duration = Duration::from_secs(30 * 86_400);

/// So many wrong tries in [`WITHIN`] shut the entry for [`SHUT_FOR`].
const TRIES: usize = 5;
const WITHIN: Duration = Duration::from_secs(60);
const SHUT_FOR: Duration = Duration::from_secs(60);

/// What came of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    /// It was the code.
    Right,
    /// It was not.
    Wrong,
    /// Too many were not: nothing was looked at.
    Shut,
}

/// A code that is asked for, with how often it was guessed at.
#[derive(Debug)]
pub struct Code {
    code: Private<String>,
    // Held for a few instructions, never across an await: connections are served side by side.
    guesses: Mutex<Guesses>,
}

impl Code {
    /// A code at which nobody has guessed yet.
    #[must_use]
    pub fn new(code: Private<String>) -> Self {
        Self {
            code,
            guesses: Mutex::default(),
        }
    }

    /// Tries a code. How long it takes does not tell how much of it was right.
    pub(super) fn attempt(&self, given: &str, now: Moment) -> Try {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.is_shut(now) {
            return Try::Shut;
        }
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.code.expose().as_bytes());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, given.trim().as_bytes()), b"cuffd");
        if hmac::verify(&key, b"cuffd", tag.as_ref()).is_ok() {
            return Try::Right;
        }
        guesses.wrong(now);
        Try::Wrong
    }
}

/// The wrong tries of the last minute.
#[derive(Debug, Default)]
struct Guesses {
    wrong: VecDeque<Moment>,
    shut_until: Option<Moment>,
}

impl Guesses {
    fn is_shut(&self, now: Moment) -> bool {
        self.shut_until.is_some_and(|until| now < until)
    }

    fn wrong(&mut self, now: Moment) {
        self.wrong.push_back(now);
        self.wrong.retain(|then| now.since(*then) < WITHIN);
        if self.wrong.len() >= TRIES {
            self.wrong.clear();
            self.shut_until = Some(now + SHUT_FOR);
        }
    }
}

/// Makes and knows cookies. One that was made under another code, or by another gateway, is not known.
#[derive(Debug)]
pub struct Cookies {
    key: hmac::Key,
    code: Private<String>,
}

impl Cookies {
    /// Cookies under this code, by a secret that only this gateway has.
    #[must_use]
    pub fn new(secret: &[u8], code: Private<String>) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
            code,
        }
    }

    /// The value of a new cookie.
    pub(super) fn make(&self, now: Timestamp) -> String {
        let until = now.as_second().saturating_add(REMEMBERED.as_secs().cast_signed());
        let tag = hmac::sign(&self.key, self.signed(until).as_bytes());
        format!("{until}.{}", hex(tag.as_ref()))
    }

    /// Whether this is a cookie of ours that still holds.
    pub(super) fn knows(&self, value: &str, now: Timestamp) -> bool {
        let Some((until, tag)) = value.split_once('.') else {
            return false;
        };
        let (Ok(until), Some(tag)) = (until.parse::<i64>(), octets(tag)) else {
            return false;
        };
        until > now.as_second() && hmac::verify(&self.key, self.signed(until).as_bytes(), &tag).is_ok()
    }

    fn signed(&self, until: i64) -> String {
        format!("cuffd page {until} {}", self.code.expose())
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = hex
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |octet, digit| (octet << 4) | digit))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_boot(Duration::from_secs(seconds))
    }

    fn code() -> Code {
        Code::new(Private::new("246810".to_owned()))
    }

    #[test]
    fn five_wrong_tries_in_a_minute_shut_the_entry_for_a_minute() {
        let code = code();
        for second in 0..5 {
            assert_eq!(code.attempt("000000", at(second)), Try::Wrong);
        }
        assert_eq!(
            code.attempt("246810", at(5)),
            Try::Shut,
            "the right one does not help either"
        );
        assert_eq!(code.attempt("246810", at(63)), Try::Shut);
        assert_eq!(code.attempt(" 246810\n", at(64)), Try::Right);
    }

    #[test]
    fn four_wrong_tries_a_minute_shut_nothing() {
        let code = code();
        for second in (0..600).step_by(15) {
            assert_eq!(code.attempt("24681", at(second)), Try::Wrong, "{second}");
        }
        assert_eq!(code.attempt("246810", at(601)), Try::Right);
    }

    #[test]
    fn a_cookie_holds_for_thirty_days_under_its_own_code_and_gateway() {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let cookies = |secret: &[u8], code: &str| Cookies::new(secret, Private::new(code.to_owned()));
        let ours = cookies(b"secret", "246810");
        let cookie = ours.make(now);
        let later = |seconds: i64| Timestamp::from_second(now.as_second() + seconds).expect("a time");
        assert!(ours.knows(&cookie, now) && ours.knows(&cookie, later(2_591_999)));
        assert!(!ours.knows(&cookie, later(2_592_000)));
        assert!(!cookies(b"secret", "246811").knows(&cookie, now));
        assert!(!cookies(b"other", "246810").knows(&cookie, now));
        let longer = cookie.replacen('1', "2", 1);
        for forged in [
            longer.as_str(),
            "",
            ".",
            "9999999999.",
            "9999999999.00",
            "9999999999.zz",
            "x.y",
            "9999999999.é0",
        ] {
            assert!(!ours.knows(forged, now), "{forged}");
        }
    }
}
