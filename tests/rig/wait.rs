//! Waiting for what must come, and for how long at the most.

use std::time::Duration;

use cuffd::clock;

/// No test waits longer for one thing. A lost connection is replaced after up to 30 s.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two looks at something that does not tell when it changes.
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    within(what, async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    })
    .await
}

/// Waits for the next whole second of the wall clock. What a cuff measures from then on was taken after: cuffs stamp whole seconds.
pub(crate) async fn next_second() {
    let into = clock::wall().subsec_nanosecond().unsigned_abs();
    tokio::time::sleep(Duration::from_nanos(u64::from(1_000_000_000 - into))).await;
}
