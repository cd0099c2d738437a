//! Where the orders of `simulate --orders` come from, line by line.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::thread;

use tracing::{error, info};

use super::order;
use crate::cli::lines::{read_line, without_end};
use crate::core::cuff::Cuff;
use crate::simulate::orders::Orders;

/// The longest line, in octets without its end: hundreds of readings.
const LONGEST_LINE: usize = 64 * 1024;

/// Why there are no orders.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file cannot be opened.
    #[error("cannot open {}", path.display())]
    Open {
        /// Where the orders were said to be.
        path: PathBuf,
        /// Why not.
        #[source]
        cause: io::Error,
    },
    /// The system gives no thread.
    #[error("cannot read orders")]
    Thread(#[source] io::Error),
}

/// Opens the file of orders; `-` is standard input. A named pipe has no end: its writers come and go.
fn open(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let is_pipe = path.metadata()?.file_type().is_fifo();
    let file: File = OpenOptions::new().read(true).write(is_pipe).open(path)?;
    Ok(Box::new(BufReader::new(file)))
}

/// Passes on what the lines at `path` order, in a thread of its own that ends with the input or with the process.
///
/// # Errors
/// The file cannot be opened, or there is no thread.
pub(super) fn follow(path: &Path, cuffs: Vec<Cuff>, orders: Orders) -> Result<(), InputError> {
    let input = open(path).map_err(|cause| InputError::Open {
        path: path.to_owned(),
        cause,
    })?;
    let reader = thread::Builder::new().name("orders".to_owned());
    let read = reader.spawn(
        move || match read_all(input, &cuffs, &orders, |said| eprintln!("cuffd: {said}")) {
            Ok(()) => info!("the orders are at their end: the cuffs are silent"),
            Err(cause) => error!(%cause, "no more orders can be read: the cuffs are silent"),
        },
    );
    read.map(drop).map_err(InputError::Thread)
}

/// Passes on every line that is an order, and says of each other what is wrong with it.
fn read_all(mut input: impl BufRead, cuffs: &[Cuff], orders: &Orders, mut say: impl FnMut(String)) -> io::Result<()> {
    let mut line = Vec::new();
    let mut number = 0_u64;
    while read_line(&mut input, &mut line, LONGEST_LINE)? {
        number += 1;
        let line = without_end(&line);
        if line.len() > LONGEST_LINE {
            say(format!(
                "line {number} of the orders: longer than {LONGEST_LINE} octets"
            ));
        } else if !line.trim_ascii().is_empty() {
            match order::parse(line, cuffs) {
                Ok((cuff, visit)) => {
                    let cuff = orders.get(&cuff);
                    // Where nobody plays any more, the daemon is about to end.
                    if cuff.is_some_and(|cuff| cuff.blocking_send(visit).is_err()) {
                        return Ok(());
                    }
                }
                Err(error) => say(format!("line {number} of the orders: {error}")),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulate::fleet::register;
    use crate::simulate::habits::HABITS;
    use tokio::sync::mpsc;

    #[test]
    fn a_wrong_line_is_named_by_its_number_and_the_others_are_carried_out() {
        let [standard, ..] = &HABITS;
        let cuff = register(1, standard);
        let (sender, mut ordered) = mpsc::channel(8);
        let orders = Orders::from([(cuff.id.clone(), sender)]);
        let long = "x".repeat(LONGEST_LINE + 1);
        let good = r#"{"cuff":"cuff-1","readings":[{"systolic":120,"diastolic":80}]}"#;
        let input = format!("{good}\n\nnonsense\n{long}\n{{\"cuff\":\"cuff-2\"}}\r\n  \n{good}");
        let mut said = Vec::new();
        read_all(input.as_bytes(), &[cuff], &orders, |line| said.push(line)).expect("memory is readable");
        assert_eq!(said.len(), 3, "{said:?}");
        for (line, words) in said
            .iter()
            .zip(["line 3 of", "line 4 of the orders: longer", "line 5 of"])
        {
            assert!(line.starts_with(words), "{line}");
        }
        let carried_out = std::iter::from_fn(|| ordered.try_recv().ok()).count();
        assert_eq!(carried_out, 2);
    }
}
