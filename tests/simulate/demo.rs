//! The demo around a gateway that fails: when it ends, and how.

use std::time::Duration;

use cuffd::cli::demo::{Args, DemoError, Setup, Stored, run};
use cuffd::cli::exit;
use cuffd::simulate::narrator::terminal::{Look, Printer};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

const ONCE: Args = Args { once: true, json: true };

async fn shown(
    gateway: impl AsyncFnOnce(Setup, CancellationToken) -> Result<Stored, DemoError>,
) -> (Result<(), DemoError>, String) {
    let (mut out, stop) = (Vec::new(), CancellationToken::new());
    let printer = Printer::new(&mut out, Look::Plain);
    let ended = Box::pin(run(ONCE, printer, stop.clone(), |setup| gateway(setup, stop))).await;
    (ended, String::from_utf8(out).expect("text"))
}

#[tokio::test]
async fn a_gateway_that_fails_ends_the_demo_at_once() {
    let begun = Instant::now();
    let (ended, _) = shown(async |_, _| Err(std::io::Error::other("no store").into())).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    let fault = ended.expect_err("a bad end");
    assert!(matches!(fault, DemoError::Gateway(_)), "{fault}");
    assert_eq!(fault.exit_code(), exit::SOFTWARE);
}
