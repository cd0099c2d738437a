//! Where a table and its keys stand in the lines of a config, in force or commented out.

use super::Key;

/// The lines of a table, its head first, whether that is commented out or not.
pub(super) struct Region {
    /// The number of its head.
    pub(super) header: usize,
    end: usize,
}

impl Region {
    pub(super) fn of(lines: &[String], table: &str) -> Option<Self> {
        let heads = [format!("[{table}]"), format!("[[{table}]]")];
        let is_head = |line: &String, marks: &[&str]| {
            let head = line.split(" #").next().unwrap_or_default().trim_end();
            marks.iter().any(|mark| {
                head.strip_prefix(mark)
                    .is_some_and(|head| heads.iter().any(|known| known == head))
            })
        };
        let live = lines.iter().position(|line| is_head(line, &[""]));
        let header = live.or_else(|| lines.iter().position(|line| is_head(line, &["#"])))?;
        let after = lines.iter().skip(header + 1);
        let end = after
            .clone()
            .position(|line| line.starts_with('[') || line.starts_with("#["))
            .unwrap_or(after.len());
        Some(Self {
            header,
            end: header + 1 + end,
        })
    }

    pub(super) fn live(&self, lines: &[String], key: Key) -> Option<usize> {
        self.position(lines, |line| key.begins(line.trim_start()))
    }

    pub(super) fn commented(&self, lines: &[String], key: Key) -> Option<usize> {
        self.position(lines, |line| {
            line.strip_prefix('#').is_some_and(|line| key.begins(line))
        })
    }

    fn position(&self, lines: &[String], is_it: impl Fn(&str) -> bool) -> Option<usize> {
        let inside = lines.get(self.header..self.end)?;
        inside
            .iter()
            .position(|line| is_it(line))
            .map(|line| self.header + line)
    }
}

/// Takes a line out of its comment.
pub(super) fn uncomment(lines: &mut [String], number: usize) {
    if let Some(line) = lines.get_mut(number)
        && let Some(rest) = line.strip_prefix('#')
    {
        *line = rest.to_owned();
    }
}
