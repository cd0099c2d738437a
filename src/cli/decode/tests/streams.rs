//! Outputs that are closed, full, or waited for.

use super::*;

/// Takes `room` octets, then fails as told.
struct Full {
    room: usize,
    then: ErrorKind,
}

impl Write for Full {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let taken = self.room.min(octets.len());
        self.room -= taken;
        if taken == 0 { Err(self.then.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_quietly_and_a_full_disk_does_not() {
    let args = parse(&["--stdin"]).expect("the arguments are good");
    let lines = format!("2A35 {WHOLE}\n").repeat(2000);
    for (then, expected) in [(ErrorKind::BrokenPipe, exit::OK), (ErrorKind::StorageFull, exit::STORE)] {
        for room in [0, 10, BUFFER + 10] {
            let mut errors = Vec::new();
            let code = run(&args, lines.as_bytes(), Full { room, then }, &mut errors);
            assert_eq!(
                (code, errors.is_empty()),
                (expected, expected == exit::OK),
                "{then:?} after {room}"
            );
        }
    }
}

/// Gives one piece at each read, and fails if the answer to what came before is not there yet.
struct Dialogue<'a> {
    pieces: VecDeque<&'a str>,
    answered: &'a RefCell<Vec<u8>>,
    asked: usize,
}

impl Read for Dialogue<'_> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let answers = self.answered.borrow().iter().filter(|octet| **octet == b'\n').count();
        assert_eq!(answers, self.asked, "every line has its answer before more is read");
        let Some(piece) = self.pieces.pop_front() else {
            return Ok(0);
        };
        self.asked += piece.matches('\n').count();
        octets[..piece.len()].copy_from_slice(piece.as_bytes());
        Ok(piece.len())
    }
}

struct Shared<'a>(&'a RefCell<Vec<u8>>);

impl Write for Shared<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_waits_gets_its_answer() {
    let answered = RefCell::new(Vec::new());
    let input = Dialogue {
        pieces: ["2A49 0000\n", "2A49 0100\n2A49 02", "00\n", "zz\n2A08\n"].into(),
        answered: &answered,
        asked: 0,
    };
    let args = parse(&["--stdin"]).expect("the arguments are good");
    assert_eq!(run(&args, input, Shared(&answered), io::sink()), exit::BAD);
    assert_eq!(codes(&String::from_utf8_lossy(&answered.borrow())).len(), 5);
}

proptest! {
    #[test]
    fn every_line_gives_one_object(lines in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_, output, _) = run_with(&["--stdin"], &lines);
        let mut expected = lines.iter().filter(|octet| **octet == b'\n').count();
        expected += usize::from(lines.last().is_some_and(|last| *last != b'\n'));
        prop_assert_eq!(codes(&output).len(), expected);
    }

    #[test]
    fn any_value_of_any_characteristic_gives_one_object(
        index in 0..Characteristic::ALL.len(),
        octets in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let name = Characteristic::ALL[index].as_str();
        let hex: String = octets.iter().map(|octet| format!("{octet:02X} ")).collect();
        let object: serde_json::Value = serde_json::from_str(&line(&format!("{name} {hex}"))).expect("JSON");
        prop_assert_eq!(&object["characteristic"], name);
        prop_assert_eq!(object["error"]["code"] == "truncated", object.get("error").is_some());
    }
}
