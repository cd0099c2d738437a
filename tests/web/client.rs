//! A small HTTP client that sends whatever it is told to, also what no browser would.

use std::collections::VecDeque;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::wait::within;

/// A request under construction.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    /// Octets over the wire.
    pub(crate) size: usize,
}

impl Request {
    pub(crate) fn get(target: &str) -> Self {
        Self::of("GET", target)
    }

    pub(crate) fn of(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: vec![("host".to_owned(), "localhost".to_owned())],
            body: Vec::new(),
        }
    }

    /// A request as the page's own script sends it.
    pub(crate) fn post(target: &str, body: &Value) -> Self {
        Self::post_text(target, &body.to_string())
    }

    pub(crate) fn post_text(target: &str, body: &str) -> Self {
        let mut request = Self::of("POST", target)
            .header("content-type", "application/json")
            .header("origin", "http://localhost");
        request.body = body.as_bytes().to_vec();
        request
    }

    /// With this header in place of any of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.also(name, value)
    }

    /// With this header beside any of the same name.
    pub(crate) fn also(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn octets(&self, connection: &str) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nconnection: {connection}\r\n",
            self.method, self.target
        );
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !self.body.is_empty() || self.method == "POST" {
            text.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        text.push_str("\r\n");
        [text.into_bytes(), self.body.clone()].concat()
    }

    /// Sends it, and reads the answer to its end.
    pub(crate) async fn send(&self, to: SocketAddr) -> Answer {
        within("an answer", async {
            let mut stream = TcpStream::connect(to).await.expect("somebody listens");
            stream.write_all(&self.octets("close")).await.expect("it is taken");
            let mut octets = Vec::new();
            let mut piece = vec![0; 4096];
            // Whoever has answered may close before everything was sent.
            while let Ok(length @ 1..) = stream.read(&mut piece).await {
                octets.extend_from_slice(&piece[..length]);
            }
            Answer::read(&octets)
        })
        .await
    }
}

impl Answer {
    fn read(octets: &[u8]) -> Self {
        let (head, body) = split_head(octets).expect("a head");
        let answer = Self::with_head(head);
        let body = if answer.header("transfer-encoding") == Some("chunked") {
            let mut raw = body.to_vec();
            chunks(&mut raw).concat()
        } else {
            body.to_vec()
        };
        Self {
            body: String::from_utf8(body).expect("text"),
            size: octets.len(),
            ..answer
        }
    }

    fn with_head(head: &[u8]) -> Self {
        let head = String::from_utf8(head.to_vec()).expect("text");
        let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
        Self {
            status,
            head,
            body: String::new(),
            size: 0,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut values = lines.filter_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value));
        values.next()
    }

    /// The cookie that it sets, as it is sent back.
    pub(crate) fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").expect("a cookie");
        cookie.split(';').next().expect("a pair").to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.head, self.body))
    }

    /// The code of a refusal, which must be a reply of the contract.
    pub(crate) fn code(&self) -> String {
        let reply = self.json();
        assert_eq!(
            (&reply["schema"], &reply["ok"]),
            (&"cuffd.reply/1".into(), &false.into()),
            "{reply}"
        );
        assert!(
            reply["error"]["message"]
                .as_str()
                .is_some_and(|words| !words.is_empty()),
            "{reply}"
        );
        reply["error"]["code"].as_str().expect("a code").to_owned()
    }
}

fn split_head(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((&octets[..end], &octets[end + 4..]))
}

/// Takes the chunks that are complete out of `raw`. One of length 0 is the end.
fn chunks(raw: &mut Vec<u8>) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    loop {
        let Some(line) = raw.windows(2).position(|two| two == b"\r\n") else {
            return chunks;
        };
        let length = std::str::from_utf8(&raw[..line]).expect("a length");
        let length = usize::from_str_radix(length, 16).expect("a length");
        let end = line + 2 + length;
        if raw.len() < end + 2 {
            return chunks;
        }
        chunks.push(raw[line + 2..end].to_vec());
        raw.drain(..end + 2);
    }
}

/// Somebody who follows the events.
#[derive(Debug)]
pub(crate) struct Follower<S> {
    stream: S,
    raw: Vec<u8>,
    text: String,
    events: VecDeque<Event>,
    is_over: bool,
}

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `message` where none is given.
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Follower<TcpStream> {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        Self::try_open(to).await.expect("it is let in")
    }

    /// Follows, or says how that was refused.
    pub(crate) async fn try_open(to: SocketAddr) -> Result<Self, Answer> {
        let stream = TcpStream::connect(to).await.expect("somebody listens");
        Self::on(stream).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Follower<S> {
    pub(crate) async fn on(mut stream: S) -> Result<Self, Answer> {
        let request = Request::get("/api/v1/events").octets("keep-alive");
        stream.write_all(&request).await.expect("it is taken");
        let mut raw = Vec::new();
        while split_head(&raw).is_none() {
            let length = within("a head", stream.read_buf(&mut raw)).await.expect("a head");
            assert!(length > 0, "cut off");
        }
        let (head, rest) = split_head(&raw).expect("a head");
        let answer = Answer::with_head(head);
        if answer.status != 200 {
            return Err(answer);
        }
        assert_eq!(answer.header("content-type"), Some("text/event-stream"));
        Ok(Self {
            stream,
            raw: rest.to_vec(),
            text: String::new(),
            events: VecDeque::new(),
            is_over: false,
        })
    }

    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        within("an event", async {
            loop {
                self.take();
                if let Some(event) = self.events.pop_front() {
                    return Some(event);
                }
                if self.is_over || !matches!(self.stream.read_buf(&mut self.raw).await, Ok(1..)) {
                    return None;
                }
            }
        })
        .await
    }

    /// The next state, heartbeats passed over.
    pub(crate) async fn state(&mut self) -> Value {
        loop {
            let event = self.next().await.expect("it goes on");
            match event.kind.as_str() {
                "message" => return event.data,
                "heartbeat" => {}
                other => panic!("{other}: {}", event.data),
            }
        }
    }

    fn take(&mut self) {
        for chunk in chunks(&mut self.raw) {
            self.is_over |= chunk.is_empty();
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
        while let Some((event, rest)) = self.text.split_once("\n\n") {
            self.events.push_back(Event::read(event));
            self.text = rest.to_owned();
        }
    }
}

impl Event {
    fn read(text: &str) -> Self {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let data = field("data: ").expect("data");
        Self {
            kind: field("event: ").unwrap_or("message").to_owned(),
            data: serde_json::from_str(data).expect("json"),
        }
    }
}
