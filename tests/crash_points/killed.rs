//! The process dies in the midst of a call.

use crate::disk::files;
use crate::life::Beginning;
use crate::recording::{Event, Recording};
use crate::state::expect;
use crate::{seeds, shim};

/// How the shim ends a process.
const DIED: i32 = 86;

/// Of so many calls one is tried, unless all are asked for; one of them is prime to the other.
const STRIDE: usize = 7;

#[tokio::test]
async fn what_was_done_survives_the_death_of_the_process_in_a_call() {
    let mut deaths = 0;
    for beginning in [Beginning::Nothing, Beginning::Damaged] {
        let states = beginning.states().await;
        let mut call = 1;
        while let Some((left, done)) = die_in(beginning, call).await {
            let next = (done + 1).min(states.len() - 1);
            let what = format!("{beginning:?}, died in call {call}");
            expect(&left, &[&states[done], &states[next]], &what).await;
            deaths += 1;
            call += if seeds().is_some() { 1 } else { STRIDE };
        }
    }
    println!("{deaths} deaths, nothing lost");
    assert!(deaths > 30, "{deaths}");
}

/// What a process that died in this call has left, and how many deeds it had done; `None` if it had not so many calls to do.
async fn die_in(beginning: Beginning, call: usize) -> Option<(crate::disk::Files, usize)> {
    let (folder, log) = (shim::folder(), shim::folder());
    beginning.lay(folder.path()).await;
    let log = log.path().join("log");
    let words = format!(
        "{} {} {} {call}",
        beginning.word(),
        folder.path().display(),
        log.display()
    );
    let ended = shim::child("power::lives", &words).output().unwrap();
    if ended.status.success() {
        return None;
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(DIED), "{said}");
    let events = Recording::at(&log).more();
    let done = events.iter().filter(|event| matches!(event, Event::Said)).count();
    Some((files(folder.path()), done))
}
