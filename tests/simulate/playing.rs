//! The same seed plays the same events, and a stop ends an open connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cuffd::core::moment::Now;
use cuffd::core::source::{Ending, Event, RadioHealth};
use cuffd::simulate::fault::{Fault, Faults};
use cuffd::simulate::fleet::Fleet;
use cuffd::simulate::habits::HABITS;
use cuffd::simulate::routine::Pace;
use cuffd::simulate::script::Script;
use cuffd::simulate::source::Source;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::rig::{around, habits, start};

fn fleet(seed: u64) -> Fleet {
    let faults = Fault::ALL.map(|(_, name)| format!("{name}=0.2").parse().expect("a fault"));
    Fleet {
        gateway: 0,
        cuffs: 6,
        models: HABITS.iter().collect(),
        seed,
        pace: Pace {
            readings: 3,
            every: Duration::from_secs(300),
        },
        faults: Faults::new(faults),
    }
}

/// Clocks that run with tokio's paused time.
pub(crate) fn clock() -> impl Fn() -> Now + Clone + Send + Sync + 'static {
    let begun = Instant::now();
    move || Now {
        wall: start().wall + begun.elapsed(),
        moment: start().moment + begun.elapsed(),
    }
}

/// What `source` tells in `time`, until it is stopped.
async fn played(source: Source, time: Duration) -> Vec<Event> {
    let (sender, mut receiver) = mpsc::channel(1);
    let (begun, cancel) = (Instant::now(), CancellationToken::new());
    let run = source.run(clock(), sender, Arc::default(), cancel.clone());
    let collect = async {
        let mut events = Vec::new();
        while let Some(event) = receiver.recv().await {
            events.push(event);
        }
        events
    };
    let stop = async {
        tokio::time::sleep(time).await;
        cancel.cancel();
    };
    let ((), events, ()) = tokio::join!(run, collect, stop);
    assert_eq!(begun.elapsed(), time, "a stop is obeyed at once");
    events
}

#[tokio::test(start_paused = true)]
async fn a_seed_decides_every_event() {
    let hour = Duration::from_secs(3600);
    let play = async |seed| {
        let (_, source) = fleet(seed).assemble(start().wall, around());
        let mut events = played(source, hour).await;
        // Cuffs run side by side: between two of them the order within one instant is open.
        events.sort_by_key(|event| format!("{event:?}"));
        events
    };
    let first = play(7).await;
    assert!(first.len() > 300, "{} events", first.len());
    assert_eq!(first, play(7).await);
    assert_ne!(first, play(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_a_dump_is_told() {
    let script = Script::write(habits("standard"), start().wall, around());
    let events = played(script.source, Duration::from_millis(2900)).await;
    assert_eq!(events.first(), Some(&Event::Radio(RadioHealth::Scanning)));
    let arrived = |event: &&Event| matches!(event, Event::Measurement { .. });
    let arrived = events.iter().filter(arrived).count();
    assert!((1..5).contains(&arrived), "{arrived} of 5");
    let last = events.last();
    assert!(
        matches!(
            last,
            Some(Event::Over {
                ending: Ending::Stopped,
                ..
            })
        ),
        "{last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_demo_begins_with_what_the_cuff_had_stored() {
    let script = Script::write(habits("standard"), start().wall, around());
    let (watcher, mut watched) = mpsc::channel(1000);
    let events = played(script.source.watched_by(watcher), Duration::from_secs(16)).await;
    let ends = |event: &&Event| {
        matches!(
            event,
            Event::Over {
                ending: Ending::Delivered,
                ..
            }
        )
    };
    assert_eq!(events.iter().filter(ends).count(), 1);
    let distinct: std::collections::BTreeSet<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Measurement { octets, .. } => Some(octets),
            _ => None,
        })
        .collect();
    assert_eq!(distinct.len(), script.stored);
    let mut seen = 0;
    while watched.try_recv().is_ok() {
        seen += 1;
    }
    assert_eq!(seen, events.len() - 1, "the watcher sees what the cuff does");
}

#[tokio::test(start_paused = true)]
async fn an_idle_source_shows_that_it_lives_and_ends_when_it_is_stopped() {
    let (sender, mut receiver) = mpsc::channel(10);
    let (progress, cancel) = (Arc::new(AtomicU64::new(0)), CancellationToken::new());
    let idle = Source::new(Vec::new(), around());
    let run = idle.run(clock(), sender, Arc::clone(&progress), cancel.clone());
    let stop = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        cancel.cancel();
    };
    tokio::join!(run, stop);
    assert!(progress.load(Ordering::Relaxed) >= 10);
    assert_eq!(receiver.recv().await, Some(Event::Radio(RadioHealth::Scanning)));
}
