//! The power fails after every call.

use std::collections::HashSet;
use std::path::Path;

use crate::disk::{Disk, Files, Loss, files};
use crate::life::{Beginning, Life};
use crate::recording::{Event, Recording};
use crate::state::{State, expect};
use crate::{seeds, shim};

#[tokio::test]
async fn what_was_done_survives_a_power_cut_at_every_call() {
    tell("a life", cut_everywhere(Beginning::Nothing).await);
}

#[tokio::test]
async fn a_damaged_store_is_replaced_whole_whenever_the_power_fails() {
    tell("a replacement", cut_everywhere(Beginning::Damaged).await);
}

fn tell(what: &str, (calls, disks): (usize, usize)) {
    println!("{what}: {calls} calls, {disks} different disks after a power cut, none wrong");
    assert!(calls > 30 && disks > calls / 2, "{calls} calls, {disks} disks");
}

/// How many calls there were, and how many disks different from each other were tried.
async fn cut_everywhere(beginning: Beginning) -> (usize, usize) {
    let states = beginning.states().await;
    let folder = shim::folder();
    beginning.lay(folder.path()).await;
    let damaged = std::fs::read(folder.path().join("cuffd.db")).ok();
    let mut disk = Disk::of(folder.path());
    let events = record(beginning, folder.path());
    let mut tried = HashSet::new();
    let mut done = 0;
    for (place, event) in events.iter().enumerate() {
        disk.apply(event);
        done += usize::from(matches!(event, Event::Said));
        for loss in losses(place as u64) {
            let left = disk.after(loss);
            if tried.insert((done, left.clone())) {
                let what = format!("{beginning:?}, after call {place}, {event:.40?}, {loss:?}");
                check(&left, &states, done, damaged.as_deref(), &what).await;
            }
        }
    }
    assert!(
        files(folder.path()) == disk.after(Loss::Nothing),
        "nothing has escaped the shim"
    );
    (events.len(), tried.len())
}

fn losses(place: u64) -> Vec<Loss> {
    let chances = seeds().unwrap_or(1);
    let mut losses = vec![Loss::Nothing, Loss::Unsynced];
    losses.extend((0..chances).map(|seed| Loss::Chance(place * chances + seed + 1)));
    losses
}

/// After so many deeds, in the midst of the next.
async fn check(left: &Files, states: &[State], done: usize, damaged: Option<&[u8]>, what: &str) {
    let last = states.len() - 1;
    let at_the_end = expect(left, &[&states[done], &states[(done + 1).min(last)]], what).await;
    if let Some(damaged) = damaged {
        let aside = at_the_end.iter().filter(|(name, _)| name.contains(".damaged-"));
        let kept = aside.filter(|(_, octets)| octets.as_slice() == damaged).count();
        assert_eq!(kept, 1, "{what}: the damaged database is kept, once");
    }
}

/// Leads the life under the shim.
fn record(beginning: Beginning, folder: &Path) -> Vec<Event> {
    let log = shim::folder();
    let log = log.path().join("log");
    let words = format!("{} {} {}", beginning.word(), folder.display(), log.display());
    let said = shim::child("power::lives", &words).output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    Recording::at(&log).more()
}

#[tokio::test]
#[ignore = "a child of the tests above and of those that kill it"]
async fn lives() {
    let Some(words) = shim::words() else { return };
    let words: Vec<&str> = words.split(' ').collect();
    let beginning = Beginning::of(words[0]);
    let folder = Path::new(words[1]);
    let mut life = Life::new(folder);
    shim::watch(folder, Path::new(words[2]));
    if let Some(call) = words.get(3) {
        shim::steer(&format!("die {call}"));
    }
    for deed in beginning.deeds() {
        life.take(*deed).await.unwrap();
        shim::steer("say done");
    }
}
