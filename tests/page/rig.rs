//! A page with made-up states behind it, and somebody who asks for it over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cuffd::core::name::Name;
use cuffd::core::state::State;
use cuffd::private::Private;
use cuffd::text;
use cuffd::web::asked::{Asked, PasskeyGiven};
use cuffd::web::entry::{Code, Cookies};
use cuffd::web::{self, Contacts, Door, Listener, STREAMS, Site};
use jiff::tz::TimeZone;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::registered::one_cuff;
use crate::states;

/// Nothing here takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const CODE: &str = "246810";

/// A page that is served.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) state: watch::Sender<Arc<State>>,
    pub(crate) asked: mpsc::Receiver<Asked>,
    pub(crate) entered: mpsc::Receiver<PasskeyGiven>,
    pub(crate) stop: CancellationToken,
    visitor: Visitor,
    streams: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.cancel();
        self.task.abort();
    }
}

/// What a page is made of unless a test says otherwise: no code, no session may be opened, every number shown.
pub(crate) struct Made {
    pub(crate) site: Site,
    pub(crate) listener: Option<Box<dyn FnOnce(SocketAddr) -> Listener>>,
    pub(crate) state: watch::Sender<Arc<State>>,
    pub(crate) asked: mpsc::Receiver<Asked>,
    pub(crate) entered: mpsc::Receiver<PasskeyGiven>,
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

impl Made {
    pub(crate) fn new() -> Self {
        let (state, follow) = watch::channel(Arc::new(states::state("none")));
        let (asks, asked) = mpsc::channel(8);
        let (passkeys, entered) = mpsc::channel(1);
        let language = |tag: &str| (tag.to_owned(), text::read(tag, None).expect("shipped"));
        let words = |tag: &str, text: &str| (tag.to_owned(), text.to_owned());
        let site = Site {
            state: follow,
            store: None,
            asks,
            stop: CancellationToken::new(),
            hosts: ["box.local".to_owned()].into(),
            door: None,
            companion_code: None,
            opens_sessions: false,
            passkeys,
            cuffs: one_cuff(name("p1")),
            labels: [(name("p1"), Private::new("Anna".to_owned()))].into(),
            language: language("en"),
            more_languages: vec![language("es"), language("de")],
            contacts: Some(Contacts {
                emergency_number: "112".to_owned(),
                clinic_contact: "555-0100, Monday to Friday 8 to 17".to_owned(),
                crisis_text: [
                    words("en", "Stay seated. Call the number and say that you take part in a treatment at our clinic."),
                    words("es", "Quédese sentado. Llame al número y diga que participa en un tratamiento de nuestra clínica."),
                    words("de", "Bleiben Sie sitzen. Rufen Sie die Nummer an und sagen Sie, dass Sie bei uns in Behandlung sind."),
                ]
                .into(),
            }),
            zone: TimeZone::UTC,
            show_values: true,
            metrics: true,
            certificates: Vec::new(),
            streams: Arc::new(Semaphore::new(STREAMS)),
        };
        Self {
            site,
            listener: None,
            state,
            asked,
            entered,
        }
    }

    /// The same with the access code asked for.
    pub(crate) fn behind_a_code() -> Self {
        let mut made = Self::new();
        made.site.door = Some(Door {
            code: Code::new(Private::new(CODE.to_owned())),
            cookies: Cookies::new(b"secret", Private::new(CODE.to_owned())),
        });
        made
    }

    /// Serves it on a port of the loopback that was free.
    pub(crate) async fn serve(self) -> Served {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = free.local_addr().expect("bound");
        drop(free);
        self.serve_on(address).await
    }

    pub(crate) async fn serve_on(self, address: SocketAddr) -> Served {
        let listener = self
            .listener
            .map_or_else(|| Listener::plain(address), |make| make(address));
        let (stop, streams) = (self.site.stop.clone(), Arc::clone(&self.site.streams));
        let (router, ends) = (web::page(Arc::new(self.site)), stop.clone());
        #[expect(clippy::disallowed_methods, reason = "a test, which aborts it")]
        let task = tokio::spawn(web::serve(listener, router, ends, || {}));
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Served {
            address,
            state: self.state,
            asked: self.asked,
            entered: self.entered,
            stop,
            visitor: Visitor(address),
            streams,
            task,
        }
    }
}

/// An answer of the page.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
}

/// Who asks, on this address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visitor(pub(crate) SocketAddr);

impl Served {
    pub(crate) fn show(&self, name: &str) {
        self.state.send_replace(Arc::new(states::state(name)));
    }

    /// Whether another browser may follow.
    pub(crate) fn has_room(&self) -> bool {
        self.streams.available_permits() > 0
    }
}

impl Visitor {
    pub(crate) fn host(self) -> String {
        self.0.to_string()
    }

    /// Sends these octets, and reads until the other side ends.
    pub(crate) async fn octets(self, octets: &[u8]) -> String {
        let exchange = async {
            let mut stream = TcpStream::connect(self.0).await.expect("it listens");
            // A refusal may come before all is sent.
            let _unsent = stream.write_all(octets).await;
            let mut answer = Vec::new();
            let _cut = stream.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).into_owned()
        };
        tokio::time::timeout(PATIENCE, exchange)
            .await
            .expect("an answer in time")
    }

    /// A request with exactly these header lines besides `Connection`.
    pub(crate) async fn request(self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || line.starts_with("POST") {
            text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        text.push_str(body);
        parse(&self.octets(text.as_bytes()).await)
    }

    pub(crate) async fn get(self, path: &str) -> Answer {
        self.request(&format!("GET {path}"), &[("Host", &self.host())], "")
            .await
    }
}

impl std::ops::Deref for Served {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

fn parse(text: &str) -> Answer {
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    Answer {
        status: status.unwrap_or(0),
    }
}
