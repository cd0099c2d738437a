//! How long a message waits before it is sent again (contract 3.4).

use std::time::Duration;

const REFUSED_FIRST: Duration = Duration::from_secs(1);
const REFUSED_LONGEST: Duration = Duration::from_secs(5 * 60);
const NO_SUBSCRIBER_FIRST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// After a refusal that may pass, when it had been tried `attempts` times before: 1 s doubling to 5 min.
#[must_use]
pub fn after_refusal(attempts: u32) -> Duration {
    doubled(REFUSED_FIRST, attempts, REFUSED_LONGEST)
}

/// After nobody took it, when it had been tried `attempts` times before: 1 min doubling to 1 h.
#[must_use]
pub fn after_no_subscriber(attempts: u32) -> Duration {
    doubled(NO_SUBSCRIBER_FIRST, attempts, LONGEST)
}

/// Until it goes again for want of a receipt, when a broker had taken it `sends` times before: `timeout` doubling to 1 h.
///
/// A `timeout` beyond 1 h is kept, not shortened.
#[must_use]
pub fn without_receipt(timeout: Duration, sends: u32) -> Duration {
    doubled(timeout, sends, LONGEST.max(timeout))
}

/// `first` doubled `times` times, at most `longest`.
#[must_use]
pub fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    let factor = 2_u32.checked_pow(times);
    factor
        .and_then(|factor| first.checked_mul(factor))
        .map_or(longest, |delay| delay.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_limits() {
        for (attempts, refused, nobody, no_receipt) in [
            (0, 1, 60, 120),
            (1, 2, 120, 240),
            (5, 32, 1920, 3600),
            (8, 256, 3600, 3600),
            (9, 300, 3600, 3600),
            (31, 300, 3600, 3600),
            (32, 300, 3600, 3600),
            (u32::MAX, 300, 3600, 3600),
        ] {
            let two_minutes = Duration::from_secs(120);
            assert_eq!(after_refusal(attempts).as_secs(), refused, "refused, {attempts}");
            assert_eq!(after_no_subscriber(attempts).as_secs(), nobody, "nobody, {attempts}");
            let again = without_receipt(two_minutes, attempts).as_secs();
            assert_eq!(again, no_receipt, "no receipt, {attempts}");
        }
    }

    #[test]
    fn receipt_timeout_above_an_hour_stays() {
        let two_hours = Duration::from_secs(7200);
        assert_eq!(without_receipt(two_hours, 0), two_hours);
        assert_eq!(without_receipt(two_hours, 5), two_hours);
    }
}
