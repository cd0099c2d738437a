//! Inputs and outputs that wait, fail, or have no end.

use super::*;

/// An input that gives the next line only when the last one was answered.
struct Dialogue {
    lines: Vec<&'static str>,
    answered: mpsc::Receiver<()>,
    asked: usize,
}

impl Read for Dialogue {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.asked > 0 {
            self.answered.try_recv().expect("the line before was answered");
        }
        let Some(line) = self.lines.get(self.asked) else {
            return Ok(0);
        };
        self.asked += 1;
        buffer[..line.len()].copy_from_slice(line.as_bytes());
        Ok(line.len())
    }
}

struct Telling(mpsc::Sender<()>);

impl Write for Telling {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.send(()).expect("the other side listens");
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_answer_does_not_wait_for_the_next_event() {
    let (_directory, config) = directory(CONFIG);
    let (tell, answered) = mpsc::channel();
    let input = Dialogue {
        lines: vec!["x\n", "y\n", "z\n"],
        answered,
        asked: 0,
    };
    let args = Args {
        events: "-".into(),
        session: None,
        as_events: false,
    };
    let code = replay::run(&args, &config, input, Telling(tell), io::sink());
    assert_eq!(code, 1);
}

struct Failing(io::ErrorKind);

impl Write for Failing {
    fn write(&mut self, _octets: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure_and_a_full_disk_is() {
    let (_directory, config) = directory(CONFIG);
    let args = Args {
        events: "-".into(),
        session: None,
        as_events: false,
    };
    let to = |kind| replay::run(&args, &config, &b"x\n"[..], Failing(kind), io::sink());
    assert_eq!(to(io::ErrorKind::BrokenPipe), 1);
    assert_eq!(to(io::ErrorKind::StorageFull), 74);
    let from = replay::run(&args, &config, Failing(io::ErrorKind::Other), io::sink(), io::sink());
    assert_eq!(from, 74);
}

#[test]
fn a_line_without_end_fills_no_memory() {
    let (_directory, config) = directory(CONFIG);
    let args = Args {
        events: "-".into(),
        session: None,
        as_events: false,
    };
    let mut output = Vec::new();
    let endless = io::repeat(b'x').take(40 << 20);
    let tick: &[u8] = b"\n{\"at\":\"2026-11-21T18:00:00Z\",\"event\":\"tick\"}\n";
    let code = replay::run(&args, &config, endless.chain(tick), &mut output, io::sink());
    assert_eq!(code, 1);
    assert_eq!(text(output).lines().count(), 1);
}
