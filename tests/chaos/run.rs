//! One run: its plan is carried out, everything is mended, and what came is judged.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::judge::{Messages, Policy, Verdict, judge};
use crate::plan::{Act, Damage, Measured, PATIENTS, Plan};
use crate::world::World;

/// Once everything is mended, everything has arrived by then: a broker that said that nobody subscribes is asked again after
/// a minute, then two; a lost connection is replaced after up to five.
const PATIENCE: Duration = Duration::from_secs(150);

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What runs came to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) runs: usize,
    pub(crate) failed: usize,
    readings: usize,
    answers: usize,
    pub(crate) ready: usize,
    lost: usize,
    falsely_ready: usize,
    doubles: usize,
    /// Runs whose files were damaged so that something of it is gone, and said so.
    damaged: usize,
    taken_by_damage: usize,
    /// The longest time until everything had arrived after everything was mended.
    slowest: Duration,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.failed += other.failed;
        self.readings += other.readings;
        self.answers += other.answers;
        self.ready += other.ready;
        self.lost += other.lost;
        self.falsely_ready += other.falsely_ready;
        self.doubles += other.doubles;
        self.damaged += other.damaged;
        self.taken_by_damage += other.taken_by_damage;
        self.slowest = self.slowest.max(other.slowest);
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            runs,
            failed,
            readings,
            answers,
            ready,
            lost,
            falsely_ready,
            doubles,
            damaged,
            taken_by_damage,
            slowest,
        } = self;
        writeln!(
            f,
            "{answers} answers, {ready} of them ready; {damaged} runs with a damaged store, which took {taken_by_damage}; all had come {} s after the last fault, or sooner",
            slowest.as_secs()
        )?;
        writeln!(
            f,
            "{runs} runs, {readings} readings, {lost} lost, {falsely_ready} falsely ready, {doubles} doubles"
        )?;
        write!(f, "{} passed, {failed} failed", runs - failed)
    }
}

/// Makes one run, and says what it came to.
pub(crate) async fn play(seed: u64) -> Outcome {
    let left = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("chaos/seed-{seed}"));
    let mut apart = JoinSet::new();
    apart.spawn(carry_out(seed, left.clone()));
    let ended = apart.join_next().await.expect("one was spawned");
    let (mut outcome, complaints) = ended.unwrap_or_else(|panic| (Outcome::default(), vec![panic.to_string()]));
    outcome.runs = 1;
    if complaints.is_empty() {
        let _left = std::fs::remove_dir_all(&left);
    } else {
        outcome.failed = 1;
        fail(seed, &left, &complaints);
    }
    outcome
}

fn fail(seed: u64, left: &Path, complaints: &[String]) {
    println!(
        "seed {seed} failed (CUFFD_CHAOS_SEED={seed}); logs are in {}",
        left.display()
    );
    for complaint in complaints {
        println!("  {complaint}");
    }
    let journal = std::fs::read_to_string(left.join("journal")).unwrap_or_default();
    println!("  what happened:\n{journal}");
}

async fn carry_out(seed: u64, left: PathBuf) -> (Outcome, Vec<String>) {
    let mut world = World::begin(Plan::of(seed), left).await;
    let acts = world.plan.acts.clone();
    let begun = Instant::now();
    for (at, act) in &acts {
        tokio::time::sleep_until(begun + Duration::from_millis(*at)).await;
        world.tend();
        world.perform(act).await;
    }
    world.tell("mended");
    world.mend().await;
    let mended = Instant::now();
    let in_vain = settle(&mut world).await;
    let settled = mended.elapsed();
    let code = world.stop().await.flatten();
    let (mut outcome, mut complaints) = judged(&world).await;
    outcome.slowest = settled;
    complaints.extend(in_vain);
    if code != Some(0) {
        complaints.push(format!("the gateway ended with {code:?}"));
    }
    if !complaints.is_empty() {
        world.keep();
    }
    (outcome, complaints)
}

/// Waits until everything has arrived, or for as long as it may take; says for what in vain.
async fn settle(world: &mut World) -> Option<String> {
    let end = Instant::now() + PATIENCE;
    let mut in_vain = Vec::new();
    in_vain.extend(until(world, end, "replies", async |world| world.clinic.unanswered() == 0).await);
    for patient in 0..PATIENTS {
        world.perform(&Act::Measure(patient, vec![Measured::Good])).await;
    }
    let confirmed = async |world: &World| world.books.is_all_confirmed();
    in_vain.extend(until(world, end, "the last readings", confirmed).await);
    world.clinic.send("report", &json!({}));
    (0..PATIENTS).for_each(|patient| world.close(patient));
    in_vain.extend(
        until(world, end, "the last replies", async |world| {
            world.clinic.unanswered() == 0
        })
        .await,
    );
    let quiet = async |world: &World| world.state().await.is_some_and(|state| is_quiet(&state)) && has_come(world);
    in_vain.extend(until(world, end, "what is on its way", quiet).await);
    in_vain.into_iter().next()
}

/// Every session's end, and everything that the gateway took over.
fn has_come(world: &World) -> bool {
    let messages = Messages::from_arrived(&world.platform.arrived()).unwrap_or_default();
    let answers = messages.of_kind("readiness");
    let has_ended = |session: &Value| {
        let mut of_it = answers.iter().filter(|answer| answer["session"] == *session);
        of_it.next_back().is_some_and(|answer| answer["state"] == "ended")
    };
    // A session that damage took may end without a word.
    let is_damaged = world.plan.damages().count() > 0;
    let has_ended = answers.iter().all(|answer| has_ended(&answer["session"]));
    (is_damaged || has_ended) && world.books.missing(&messages.of_kind("reading")).is_empty()
}

async fn until(world: &mut World, end: Instant, what: &str, is_so: impl AsyncFn(&World) -> bool) -> Option<String> {
    while Instant::now() < end {
        world.tend();
        if is_so(world).await {
            world.tell(&format!("have {what}"));
            return None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Some(format!("waited in vain for {what}"))
}

/// Nothing is on its way.
fn is_quiet(state: &Value) -> bool {
    let delivery = &state["delivery"];
    let queued = delivery["queued"]
        .as_object()
        .is_some_and(|queued| queued.values().all(|count| count == 0));
    queued && delivery["awaiting_receipt"] == 0
}

async fn judged(world: &World) -> (Outcome, Vec<String>) {
    let arrived = world.platform.arrived();
    let messages = match Messages::from_arrived(&arrived) {
        Ok(messages) => messages,
        Err(why) => {
            return (
                Outcome {
                    lost: 1,
                    ..Outcome::default()
                },
                vec![why],
            );
        }
    };
    let heads = world.heads().expect("a store that it used until the end");
    let policy = policy(&world.plan);
    let Verdict {
        mut lost,
        taken,
        falsely_ready,
    } = judge(&policy, &messages, &heads, &world.damaged, &world.clock);
    // The gateway says what was damaged, and what is missing shows as gaps. A log that was cut short is not told of where
    // nothing that has a number was in it.
    let is_short = world.plan.damages().any(|damage| matches!(damage, Damage::ShortLog(_)));
    let is_damaged = is_short || world.plan.damages().count() > 0 && world.said.contains("moved aside");
    let taken_by_damage = taken.len();
    if !is_damaged {
        lost.extend(taken);
    }
    lost.extend(world.books.missing(&messages.of_kind("reading")));
    let answers = messages.of_kind("readiness");
    let outcome = Outcome {
        readings: messages.of_kind("reading").len(),
        answers: answers.len(),
        ready: answers.iter().filter(|answer| answer["ready"] == true).count(),
        lost: lost.len(),
        falsely_ready: falsely_ready.len(),
        doubles: messages.doubles,
        damaged: usize::from(is_damaged),
        taken_by_damage,
        ..Outcome::default()
    };
    let mut complaints = [lost, falsely_ready].concat();
    complaints.extend(unproved(world, &messages).await);
    if world.said.contains("panicked") {
        complaints.push("the gateway panicked".to_owned());
    }
    (outcome, complaints)
}

fn policy(plan: &Plan) -> Policy {
    let seconds = |seconds: u64| SignedDuration::from_secs(seconds.cast_signed());
    Policy {
        systolic: (90.0, 140.0),
        diastolic: (50.0, 90.0),
        crisis: (180.0, 120.0),
        readings: 2,
        valid_for: seconds(plan.valid_for),
        attest_for: seconds(plan.attest_for),
        session_limit: SignedDuration::from_hours(4),
        max_reading_age: SignedDuration::from_mins(10),
        attestations: &["companion_present"],
    }
}

/// Messages whose proofs do not hold, as `cuffd verify` says by the key that was enrolled.
async fn unproved(world: &World, messages: &Messages) -> Vec<String> {
    let keys = world.gateway.path("enrolled.jwk");
    std::fs::write(&keys, world.gateway.ask(&["key"]).await.good()).unwrap();
    let lines: String = messages.all.iter().map(|message| format!("{message}\n")).collect();
    let file = world.left.join("messages.jsonl");
    std::fs::write(&file, lines).unwrap();
    let words = ["verify", "--keys", keys.to_str().unwrap(), file.to_str().unwrap()];
    let answer = world.gateway.ask_plainly(&words).await;
    let (good, bad): (Vec<&str>, Vec<&str>) = answer.stdout.lines().partition(|line| line.starts_with("ok "));
    let mut complaints: Vec<String> = bad.into_iter().map(str::to_owned).collect();
    if good.len() != messages.all.len() || answer.code != Some(0) {
        let (good, all, code) = (good.len(), messages.all.len(), answer.code);
        complaints.push(format!("{good} of {all} proofs hold, {code:?}: {}", answer.stderr));
    }
    complaints
}
