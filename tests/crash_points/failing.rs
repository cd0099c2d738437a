//! A call fails: it is said, nothing is claimed, and afterwards everything works.

use cuffd::store::StoreError;
use rustix::io::Errno;
use tempfile::TempDir;

use crate::disk::{Disk, Loss, files};
use crate::life::{Beginning, Life};
use crate::recording::{Event, Recording};
use crate::state::{State, expect, state_at};
use crate::{seeds, shim};

/// What fails how: the number of the error, and whether only one call fails.
type Way = (Errno, &'static str);

const WAYS: [Way; 5] = [
    (Errno::IO, "once"),
    (Errno::NOSPC, "once"),
    (Errno::IO, "on"),
    (Errno::NOSPC, "on"),
    (Errno::IO, "once reads"),
];

#[test]
fn a_call_that_fails_is_told_and_overcome() {
    run(Beginning::Nothing);
}

#[test]
fn a_call_that_fails_does_not_spoil_the_replacement_of_a_damaged_store() {
    run(Beginning::Damaged);
}

fn run(beginning: Beginning) {
    let ended = shim::child("failing::lives", beginning.word()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(
        ended.status.success() && said.contains("1 passed"),
        "{said}{complained}"
    );
    let figures = said.lines().filter(|line| line.contains("faults"));
    figures.for_each(|line| println!("{line}"));
}

/// Every other call fails, in one of the ways each; or every call in all of them, if that is asked for.
#[tokio::test]
#[ignore = "a child of the tests above"]
async fn lives() {
    let Some(word) = shim::words() else { return };
    let beginning = Beginning::of(&word);
    let states = beginning.states().await;
    let (mut faults, mut told) = (0, 0);
    let ways = match beginning {
        Beginning::Nothing => WAYS.as_slice(),
        // To the saving of what can be read, what cannot be read is damage.
        Beginning::Damaged => &WAYS[..4],
    };
    for (number, way) in ways.iter().enumerate() {
        let (mut call, step) = match seeds() {
            Some(_) => (1, 1),
            None => (2 * number + 1, 2 * ways.len()),
        };
        while let Some(errors) = fail_in(beginning, &states, call, *way).await {
            faults += 1;
            told += errors;
            call += step;
        }
    }
    println!("{word}: {faults} faults, {told} of them told as errors, none of consequence");
    assert!(faults > 30 && told > faults / 2, "{faults} faults, {told} errors");
}

/// Leads a life in which this call fails; how many errors were told, or `None` if it had not so many calls to do.
async fn fail_in(beginning: Beginning, states: &[State], call: usize, (error, how): Way) -> Option<usize> {
    let what = format!("{beginning:?}, call {call}, {error:?} {how}");
    let mut world = World::begin(beginning).await;
    shim::steer(&format!("fail {call} {} {how}", error.raw_os_error()));
    let mut errors = None;
    for (number, deed) in beginning.deeds().iter().enumerate() {
        let what = format!("{what}, {deed:?}");
        let result = world.life.take(*deed).await;
        if world.catch_up() {
            shim::steer("off");
            if let Err(error) = &result {
                fits(error, how, &what);
            }
            world
                .check(&states[number], &states[number + 1], result.is_ok(), &what)
                .await;
            errors = Some(usize::from(result.is_err()));
        } else {
            assert!(result.is_ok(), "{what}: {result:?} before it");
            continue;
        }
        if result.is_err() {
            world
                .life
                .take(*deed)
                .await
                .unwrap_or_else(|error| panic!("{what}, again: {error:?}"));
        }
    }
    shim::steer("off");
    world.catch_up();
    let last = states.last().unwrap();
    let (cut, left) = (world.disk.after(Loss::Unsynced), files(world.folder.path()));
    expect(&left, &[last], &format!("{what}, at the end")).await;
    if cut != left {
        expect(&cut, &[last], &format!("{what}, and the power failed at the end")).await;
    }
    errors
}

/// The error says that the disk is at fault, and not that the database is damaged; but SQLite calls that damage what cannot be
/// read.
fn fits(error: &StoreError, how: &str, what: &str) {
    if how.ends_with("reads") && matches!(error, StoreError::Damaged(_)) {
        return;
    }
    let of_the_disk = matches!(
        error,
        StoreError::Disk(_) | StoreError::Full(_) | StoreError::Open { .. } | StoreError::MoveAside { .. }
    );
    assert!(of_the_disk, "{what}: {error:?}");
}

/// A life, and the disk that it is led on.
struct World {
    folder: TempDir,
    _log: TempDir,
    life: Life,
    disk: Disk,
    recording: Recording,
}

impl World {
    async fn begin(beginning: Beginning) -> Self {
        let (folder, log) = (shim::folder(), shim::folder());
        beginning.lay(folder.path()).await;
        shim::watch(folder.path(), &log.path().join("log"));
        Self {
            life: Life::new(folder.path()),
            disk: Disk::of(folder.path()),
            recording: Recording::at(&log.path().join("log")),
            folder,
            _log: log,
        }
    }

    /// Takes in what has happened; whether a call has failed.
    fn catch_up(&mut self) -> bool {
        let events = self.recording.more();
        events.iter().for_each(|event| self.disk.apply(event));
        events.iter().any(|event| matches!(event, Event::Fired))
    }

    /// What failed is not there while the store is open; if the process ends at once or the power fails, it is there whole or
    /// not at all. What was done is there.
    async fn check(&self, before: &State, after: &State, done: bool, what: &str) {
        let now = if done { after } else { before };
        if let Some(path) = self.life.open_at() {
            let found = state_at(path);
            assert!(found == *now, "{what}, done {done}: {}", found.beside(now));
        }
        let allowed: &[&State] = if done { &[after] } else { &[before, after] };
        let mut tried = Vec::new();
        for loss in [Loss::Nothing, Loss::Unsynced, Loss::Chance(7)] {
            let left = self.disk.after(loss);
            if !tried.contains(&left) {
                expect(&left, allowed, &format!("{what}, then {loss:?}")).await;
                tried.push(left);
            }
        }
    }
}
