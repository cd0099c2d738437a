//! Questions on a terminal: one a line, the default in brackets, asked again with the reason until the answer is good.
//!
//! The end of the input, and Ctrl-C, end the asking; nothing has been written by then.

use std::io::{self, BufRead, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::cli::lines::read_line;
use crate::private::Private;
use crate::simulate::narrator::terminal::wrap;

/// The widest line.
const COLUMNS: usize = 79;

/// The longest answer, in octets.
const LONGEST: usize = 4096;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    /// The input ended, or Ctrl-C.
    #[error("the answers ended before the last question: nothing was written")]
    Input,
    /// The terminal failed.
    #[error("the terminal cannot be read or written: nothing was written")]
    Terminal(#[from] io::Error),
}

/// What an empty answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blank<'a> {
    /// Nothing: it is asked again.
    Again,
    /// This.
    Is(&'a str),
    /// That the key is left out, which these words say.
    LeftOut(&'a str),
}

/// Who is asked.
pub(super) struct Dialogue<'a, I, O> {
    input: I,
    output: O,
    /// The terminal that must not show a password; none in tests.
    terminal: Option<BorrowedFd<'a>>,
}

impl<'a, I: BufRead, O: Write> Dialogue<'a, I, O> {
    pub(super) fn new(input: I, output: O, terminal: Option<BorrowedFd<'a>>) -> Self {
        Self {
            input,
            output,
            terminal,
        }
    }

    /// Says something, in lines that fit the terminal.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Ended> {
        for line in wrap(text, COLUMNS) {
            writeln!(self.output, "{line}")?;
        }
        Ok(())
    }

    /// A heading above some questions.
    pub(super) fn begin(&mut self, text: &str) -> Result<(), Ended> {
        writeln!(self.output)?;
        self.say(text)
    }

    /// Asks until `take` takes the answer, and says why it did not. `None`: it is left out.
    pub(super) fn until_taken<T>(
        &mut self,
        question: &str,
        blank: Blank,
        take: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, Ended> {
        loop {
            let answer = self.line(question, blank)?;
            let answer = match (answer.as_str(), blank) {
                ("", Blank::Again) => continue,
                ("", Blank::LeftOut(_)) => return Ok(None),
                ("", Blank::Is(default)) => default,
                (answer, _) => answer,
            };
            match take(answer) {
                Ok(taken) => return Ok(Some(taken)),
                Err(why) => self.refuse(&why)?,
            }
        }
    }

    /// Asks for one of some words; the beginning of one is enough. An empty answer is `default`.
    pub(super) fn choose<T: Copy>(&mut self, question: &str, words: &[(&str, T)], default: &str) -> Result<T, Ended> {
        let listed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let chosen = self.until_taken(question, Blank::Is(default), |answer| {
            let answer = answer.to_lowercase();
            let meant = words.iter().find(|(word, _)| word.starts_with(&answer));
            meant
                .map(|(_, meant)| *meant)
                .ok_or_else(|| format!("allowed: {}", listed.join(", ")))
        })?;
        // A default leaves nothing out.
        chosen.ok_or(Ended::Input)
    }

    /// Asks for what the terminal must not show. Empty only if `blank` allows it.
    pub(super) fn secret(&mut self, question: &str, blank: Blank) -> Result<Option<Private<String>>, Ended> {
        loop {
            // Before it is asked for: whoever types at once, or a program, would see it.
            let hidden = self.terminal.map(Hidden::begin).transpose()?;
            self.prompt(question, blank)?;
            let typed = typed(&mut self.input);
            drop(hidden);
            writeln!(self.output)?;
            let text = typed?;
            match (text.trim(), blank) {
                ("", Blank::Again) => {}
                ("", _) => return Ok(None),
                (text, _) if text.chars().any(char::is_control) => self.refuse("it holds a control character")?,
                (text, _) => return Ok(Some(Private::new(text.to_owned()))),
            }
        }
    }

    fn refuse(&mut self, why: &str) -> Result<(), Ended> {
        for line in wrap(why, COLUMNS - 4) {
            writeln!(self.output, "    {line}")?;
        }
        Ok(())
    }

    fn line(&mut self, question: &str, blank: Blank) -> Result<String, Ended> {
        self.prompt(question, blank)?;
        let mut line = Vec::new();
        if !read_line(&mut self.input, &mut line, LONGEST)? || !line.ends_with(b"\n") {
            writeln!(self.output)?;
            return Err(Ended::Input);
        }
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    fn prompt(&mut self, question: &str, blank: Blank) -> Result<(), Ended> {
        match blank {
            Blank::Again => write!(self.output, "{question}: ")?,
            Blank::Is(default) | Blank::LeftOut(default) => write!(self.output, "{question} [{default}]: ")?,
        }
        self.output.flush()?;
        Ok(())
    }
}

/// A terminal that shows nothing of what is typed, and gives each key as it is pressed, until this is dropped.
struct Hidden<'a> {
    terminal: BorrowedFd<'a>,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn begin(terminal: BorrowedFd<'a>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut hidden = before.clone();
        // Ctrl-C must come as a key: a signal would end the program and leave the terminal mute.
        hidden.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &hidden)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        let _restored = tcsetattr(self.terminal.as_fd(), OptionalActions::Now, &self.before);
    }
}

/// Reads a line key by key, with the keys that mend it.
fn typed(input: &mut impl BufRead) -> Result<String, Ended> {
    let mut line: Vec<u8> = Vec::new();
    for octet in input.by_ref().bytes() {
        match octet? {
            b'\n' | b'\r' => return Ok(String::from_utf8_lossy(&line).into_owned()),
            CTRL_C => return Err(Ended::Input),
            CTRL_D if line.is_empty() => return Err(Ended::Input),
            CTRL_U => line.clear(),
            BACKSPACE | DELETE => {
                // A character is as many octets as UTF-8 gives it.
                while line.pop().is_some_and(|octet| octet & 0xC0 == 0x80) {}
            }
            octet if line.len() < LONGEST => line.push(octet),
            _ => {}
        }
    }
    Err(Ended::Input)
}

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7F;

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks with these answers, and gives what was made of them and what was shown.
    fn answered<T>(answers: &str, ask: impl FnOnce(&mut Dialogue<&[u8], &mut Vec<u8>>) -> T) -> (T, String) {
        let mut shown = Vec::new();
        let taken = ask(&mut Dialogue::new(answers.as_bytes(), &mut shown, None));
        (taken, String::from_utf8(shown).expect("text"))
    }

    fn number(text: &str) -> Result<u8, String> {
        text.parse().map_err(|_| "allowed: a number".to_owned())
    }

    #[test]
    fn a_question_is_asked_again_with_the_reason_until_the_answer_is_good() {
        let (taken, shown) = answered("x\n\n 7 \n", |dialogue| {
            dialogue.until_taken("How many", Blank::Again, number)
        });
        assert_eq!(taken.expect("answered"), Some(7));
        assert_eq!(shown, "How many:     allowed: a number\nHow many: How many: ");
    }

    #[test]
    fn an_empty_answer_is_the_default_or_leaves_it_out() {
        let (taken, shown) = answered("\n", |dialogue| {
            dialogue.until_taken("How many", Blank::Is("3"), number)
        });
        assert_eq!((taken.expect("answered"), shown.as_str()), (Some(3), "How many [3]: "));
        let (taken, _) = answered("\n", |dialogue| {
            dialogue.until_taken("How many", Blank::LeftOut("none"), number)
        });
        assert_eq!(taken.expect("answered"), None);
    }

    #[test]
    fn the_end_of_the_input_is_no_answer_even_in_the_middle_of_a_line() {
        for answers in ["", "x\n", "7"] {
            let (taken, _) = answered(answers, |dialogue| {
                dialogue.until_taken("How many", Blank::Is("3"), number)
            });
            assert!(matches!(taken, Err(Ended::Input)), "{answers:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_word_chooses_it() {
        let words = [("screen", 1), ("phones", 2)];
        for (answers, meant) in [("p\n", 2), ("\n", 1), ("both\nPHONES\n", 2)] {
            let (chosen, _) = answered(answers, |dialogue| dialogue.choose("Where", &words, "screen"));
            assert_eq!(chosen.expect("answered"), meant, "{answers:?}");
        }
    }

    #[test]
    fn a_secret_is_never_shown_and_can_be_mended_while_it_is_typed() {
        for (keys, meant) in [
            ("hunter2\n", "hunter2"),
            ("huntés\u{7f}\u{7f}\u{8}ter2\r", "hunter2"),
            ("oops\u{15}hunter2\n", "hunter2"),
            ("\nhunter2\n", "hunter2"),
            ("h\u{4}unter2\u{1b}[A\nhunter2\n", "hunter2"),
        ] {
            let (secret, shown) = answered(keys, |dialogue| dialogue.secret("Password", Blank::Again));
            let secret = secret.expect("answered").expect("some text");
            assert_eq!(secret.expose(), meant, "{keys:?}");
            assert!(!shown.contains("hunt"), "{shown}");
        }
        for keys in ["hunter2\u{3}\n", "\u{4}", "hunter2"] {
            let (secret, _) = answered(keys, |dialogue| dialogue.secret("Password", Blank::Again));
            assert!(matches!(secret, Err(Ended::Input)), "{keys:?}");
        }
    }
}
