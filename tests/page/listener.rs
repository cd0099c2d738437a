//! The listener under attack: what is no request, who is slow, who follows in great number. Nobody else waits.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::rig::{Made, PATIENCE, Served};

#[tokio::test]
async fn what_is_no_request_is_no_trouble() {
    let served = Made::new().serve().await;
    let endless = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {}", "x".repeat(64 * 1024));
    for octets in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        endless.as_bytes(),
    ] {
        let answer = served.octets(octets).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    assert_eq!(served.get("/").await.status, 200);
}

#[tokio::test]
async fn who_is_slow_holds_up_nobody_and_is_left_after_a_while() {
    let served = Made::new().serve().await;
    let (host, mut slow) = (served.host(), Vec::new());
    let heads = [
        "GET / HTTP/1.1\r\nHost: local".to_owned(),
        format!(
            "POST /api/v1/sessions HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             Content-Type: application/json\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{{"
        ),
    ];
    for head in heads.iter().cycle().take(300) {
        let mut stream = TcpStream::connect(served.address).await.expect("it listens");
        stream.write_all(head.as_bytes()).await.expect("sent");
        slow.push(stream);
    }
    let begun = Instant::now();
    assert_eq!(served.get("/").await.status, 200);
    // Before any of the slow ones was left.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    for stream in slow.iter_mut().take(2) {
        let mut rest = Vec::new();
        let left = timeout(Duration::from_secs(25), stream.read_to_end(&mut rest)).await;
        assert!(left.is_ok(), "what never comes is not waited for");
    }
}

/// A browser that follows.
struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn open(served: &Served) -> Self {
        let mut stream = TcpStream::connect(served.address).await.expect("it listens");
        let request = format!("GET /api/v1/events HTTP/1.1\r\nHost: {}\r\n\r\n", served.host());
        stream.write_all(request.as_bytes()).await.expect("sent");
        Self(BufReader::new(stream))
    }

    /// Waits until a session in this state, or none, is told of.
    async fn until(&mut self, state: &str) {
        let told = format!("\"state\":\"{state}\"");
        loop {
            let mut line = String::new();
            let read = timeout(PATIENCE, self.0.read_line(&mut line)).await.expect("in time");
            assert!(read.expect("it goes on") > 0, "it ended");
            if line.starts_with("data: {\"schema\"") && (line.contains(&told) || state == "none") {
                return;
            }
        }
    }
}

#[tokio::test]
async fn two_hundred_follow_at_once_and_who_leaves_makes_room() {
    let served = Made::new().serve().await;
    let mut streams = Vec::new();
    for _ in 0..cuffd::web::STREAMS {
        let mut stream = Stream::open(&served).await;
        stream.until("none").await;
        streams.push(stream);
    }
    assert_eq!(served.get("/api/v1/events").await.status, 503);
    assert_eq!(served.get("/").await.status, 200, "the page is still there");
    served.show("ready");
    for stream in &mut streams {
        stream.until("ready").await;
    }
    streams.clear();
    served.show("blocked");
    for _ in 0..200 {
        if served.has_room() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no place became free");
}
