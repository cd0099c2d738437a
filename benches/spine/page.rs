//! What the page costs: in a real browser, and what a browser that follows it costs the gateway.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use cuffd::clock;
use serde::Deserialize;
use tokio::runtime::Runtime;

use crate::broker;
use crate::daemon::Daemon;
use crate::figures::{Goal, Row};
use crate::place::Place;

/// In kB of a thousand octets.
const WIRE: Goal = Goal::AtMost(60.0);

/// In milliseconds.
const CHANGE: Goal = Goal::AtMost(100.0);

/// Browsers that follow at once: below what the gateway allows (`cuffd::web::STREAMS`).
const FOLLOWERS: u32 = 200;

/// Longer than any page needs until it is there.
const PATIENCE: Duration = Duration::from_secs(10);

/// After this a follower has had a state and a heartbeat.
const SETTLED_AFTER: Duration = Duration::from_secs(10);

/// What `page.mjs` measures; times in milliseconds, each the median of its rounds where nothing else is said.
#[derive(Deserialize)]
struct Seen {
    octets: u32,
    requests: u32,
    first_octet: f64,
    painted: f64,
    change: f64,
    change_longest: f64,
    changes: u32,
}

pub(crate) fn measure(runtime: &Runtime) -> Result<Vec<Row>> {
    let (place, port) = (runtime.block_on(Place::new())?, broker::free_port()?);
    let daemon = place.start(port)?;
    wait_for_page(port)?;
    let each = following(&daemon, port)?;
    let seen = browse(port)?;
    daemon.stop()?;
    let milliseconds = |time: f64| format!("{time:.1} ms");
    let kilobytes = f64::from(seen.octets) / 1e3;
    Ok(vec![
        Row::alone(
            "the page, all in, over the wire",
            format!("{kilobytes:.1} kB"),
            kilobytes,
            WIRE,
        ),
        Row::told("  requests", seen.requests.to_string(), String::new()),
        Row::told(
            "first octet of the page, in Chromium",
            milliseconds(seen.first_octet),
            String::new(),
        ),
        Row::told("the page painted in full", milliseconds(seen.painted), String::new()),
        Row::alone(
            "a change, from its request to the screen",
            milliseconds(seen.change),
            seen.change,
            CHANGE,
        ),
        Row::alone(
            &format!("  the longest of {}", seen.changes),
            milliseconds(seen.change_longest),
            seen.change_longest,
            CHANGE,
        ),
        Row::told(
            &format!("memory of a page that follows, of {FOLLOWERS}"),
            format!("{each:.1} kB"),
            String::new(),
        ),
    ])
}

/// The page may come after READY.
fn wait_for_page(port: u16) -> Result<()> {
    let until = clock::moment() + PATIENCE;
    while let Err(refused) = TcpStream::connect(("127.0.0.1", port)) {
        ensure!(clock::moment() < until, "there is no page: {refused}");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// What each of many followers takes of the gateway's memory, in kB of a thousand octets.
fn following(daemon: &Daemon, port: u16) -> Result<f64> {
    // What the first one makes stays for all.
    let first = follow(port)?;
    std::thread::sleep(SETTLED_AFTER);
    let (_, before) = daemon.memory()?;
    let others = (1..FOLLOWERS).map(|_| follow(port)).collect::<Result<Vec<_>>>()?;
    std::thread::sleep(SETTLED_AFTER);
    let (_, after) = daemon.memory()?;
    drop((first, others));
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let more = after.saturating_sub(before) as f64;
    Ok(more / f64::from(FOLLOWERS - 1) / 1e3)
}

/// Follows the events as the page does, and has read the first one when it returns.
fn follow(port: u16) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")?;
    let (mut said, mut some) = (Vec::new(), [0; 4096]);
    while !said.windows(5).any(|octets| octets == b"data:") {
        let length = stream.read(&mut some)?;
        ensure!(
            length > 0,
            "the page ended the stream: {}",
            String::from_utf8_lossy(&said)
        );
        said.extend(some.iter().take(length));
    }
    Ok(stream)
}

/// Looks at the page in Chromium.
fn browse(port: u16) -> Result<Seen> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tools = output(&mut Command::new(here.join("tests/tools/setup")))?;
    let modules = Path::new(tools.trim_end()).join("node_modules");
    let mut node = Command::new(crate::node::node(&modules));
    node.arg(here.join("benches/spine/page.mjs"))
        .env("PAGE", format!("http://127.0.0.1:{port}"))
        .env("MODULES", modules);
    serde_json::from_str(&output(&mut node)?).context("page.mjs")
}

fn output(command: &mut Command) -> Result<String> {
    let ran = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let ran = ran.with_context(|| format!("{command:?}"))?;
    ensure!(ran.status.success(), "{command:?} ended with {}", ran.status);
    Ok(String::from_utf8(ran.stdout)?)
}
