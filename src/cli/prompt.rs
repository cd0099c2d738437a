//! Questions to whoever sits at the terminal. What is asked goes to stderr: stdout is for the answer of the command.

use std::io::{self, IsTerminal, Write};

use super::Failure;

/// Whether somebody can be asked.
pub(super) fn somebody_is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and reads a line.
///
/// # Errors
/// Input has ended, or nobody can be asked.
pub(super) async fn ask(question: &str) -> Result<String, Failure> {
    eprint!("{question}");
    io::stderr().flush()?;
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|octets| (octets, line))
    });
    let (octets, line) = read.await.map_err(io::Error::other)??;
    if octets == 0 {
        eprintln!();
        return Err(Failure::Interrupted);
    }
    Ok(line.trim().to_owned())
}

/// Asks until the answer can be read. `read` says why it cannot.
///
/// # Errors
/// Input has ended.
pub(super) async fn ask_for<T>(question: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Failure> {
    loop {
        match read(&ask(question).await?) {
            Ok(answer) => return Ok(answer),
            Err(why) => eprintln!("  {why}"),
        }
    }
}
