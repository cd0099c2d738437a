//! Lines of input that cannot fill memory.

use std::io::{self, BufRead, Read};

/// Reads the next line, its end included; false at the end of input.
///
/// Of a line that is longer than `longest` octets one octet more is kept, so that it can be told, and the rest is skipped.
pub(super) fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>, longest: usize) -> io::Result<bool> {
    line.clear();
    let limit = longest.saturating_add(1);
    let read = input.by_ref().take(limit as u64).read_until(b'\n', line)?;
    if read == limit && line.last() != Some(&b'\n') {
        input.skip_until(b'\n')?;
    }
    Ok(read > 0)
}

/// A line without its end.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_one_by_one_and_the_rest_of_a_long_one_is_skipped() {
        let mut input: &[u8] = b"abcd\n\nabcde\nabcdefgh\nlast";
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while read_line(&mut input, &mut line, 4).expect("memory is readable") {
            lines.push(String::from_utf8(without_end(&line).to_vec()).expect("text"));
        }
        assert_eq!(lines, ["abcd", "", "abcde", "abcde", "last"]);
    }
}
