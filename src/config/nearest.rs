//! The word that was probably meant.

/// The one of `words` that takes the fewest typing mistakes to become `typed`, if they are few enough to be believed:
/// one for every three letters, and one for short words. A word that goes on where `typed` ends is believed too.
pub(super) fn nearest<'a>(typed: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let believed = (typed.chars().count() / 3).max(1);
    words
        .into_iter()
        .map(|word| (distance(typed, word), word))
        .filter(|(distance, word)| *distance <= believed || (typed.len() >= 4 && word.starts_with(typed)))
        .min()
        .map(|(_, word)| word)
}

/// How many letters must be put in, left out or replaced to make one word of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (deleted, letter) in from.chars().enumerate() {
        row = next_row(&row, deleted + 1, letter, &to);
    }
    row.last().copied().unwrap_or(0)
}

fn next_row(above: &[usize], first: usize, letter: char, to: &[char]) -> Vec<usize> {
    let mut row = Vec::with_capacity(above.len());
    row.push(first);
    let mut left = first;
    for (pair, wanted) in above.windows(2).zip(to) {
        let &[diagonal, above] = pair else { break };
        let replaced = diagonal + usize::from(letter != *wanted);
        left = replaced.min(above + 1).min(left + 1);
        row.push(left);
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_typing_mistakes() {
        for (from, to, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("recipts", "receipts", 1),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_word_is_suggested_only_if_it_is_near() {
        let words = ["receipts", "receipt_timeout", "window", "password_file"];
        for (typed, expected) in [
            ("reciepts", Some("receipts")),
            ("receipt", Some("receipts")),
            ("windows", Some("window")),
            ("password", Some("password_file")),
            ("pas", None),
            ("qos", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, words), expected, "{typed}");
        }
    }
}
