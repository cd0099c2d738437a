//! A broker that misbehaves as it is told, and remembers what it saw.
//!
//! It writes down an acknowledgement before it sends it. So whatever the link marks as sent must be in its book.

mod codec;

use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use uuid::Uuid;

pub(crate) use codec::ConnAck;
use codec::{Packet, Publish};

/// What one connection does.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(crate) connack: ConnAck,
    /// Whether it takes what is to be retained. If not, it ends connections for it.
    pub(crate) retains: bool,
    /// The reason code for a subscription; 1 grants QoS 1.
    pub(crate) suback: u8,
    pub(crate) acks: Acks,
    /// The reason code for a message of the outbox.
    pub(crate) judge: fn(&Seen) -> u8,
    /// So many messages of the outbox are taken, then the end comes.
    pub(crate) end: Option<(usize, End)>,
}

/// "Retain not supported" in CONNACK and DISCONNECT.
const NOT_RETAINED: u8 = 0x9A;

/// When messages of the outbox are acknowledged. `status` and `info` always are at once, except with `Never`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Acks {
    AtOnce,
    /// Held back until there are so many or none comes for a while, then sent in random order.
    Shuffled(usize),
    /// Pings are answered.
    Never,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    /// RST; the last so many messages are never acknowledged.
    Cut { unacknowledged: usize },
    /// Nothing is read any more.
    StopReading,
    /// DISCONNECT with a reason.
    Kick(u8, &'static str),
    /// A PUBACK that belongs to nothing.
    Unsolicited,
}

/// One message of the outbox, as it came.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Its `seq`, by its payload.
    pub(crate) seq: u64,
    /// How often it has come, this time included.
    pub(crate) times: u32,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            connack: ConnAck::default(),
            retains: true,
            suback: 1,
            acks: Acks::AtOnce,
            judge: |_| 0,
            end: None,
        }
    }
}

/// What the broker saw.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) connections: usize,
    /// Octets of each message, by id.
    pub(crate) payloads: HashMap<Uuid, Vec<u8>>,
    pub(crate) times: HashMap<Uuid, u32>,
    /// Messages that got a PUBACK 0x00.
    pub(crate) accepted: HashSet<Uuid>,
    /// Most unacknowledged messages, by connection.
    pub(crate) most_in_flight: Vec<usize>,
    /// Kinds and `seq`s in the order of arrival.
    pub(crate) order: Vec<(String, u64)>,
    /// Other publishes, as topic and payload.
    pub(crate) retained: Vec<(String, String)>,
    /// How often it was asked to retain something.
    pub(crate) asked_to_retain: usize,
    /// A DISCONNECT came.
    pub(crate) goodbyes: usize,
}

impl Book {
    pub(crate) fn doubles(&self) -> u32 {
        self.times.values().map(|times| times - 1).sum()
    }
}

/// The broker. It ends when it is dropped.
pub(crate) struct FaultBroker {
    pub(crate) port: u16,
    book: Arc<Mutex<Book>>,
    _tasks: JoinSet<()>,
}

impl FaultBroker {
    /// Behaves at each connection as `script` says of its number, from 0.
    pub(crate) fn start(script: impl Fn(usize) -> Behaviour + Send + 'static) -> Self {
        Self::start_seeded(1, script)
    }

    pub(crate) fn start_seeded(seed: u64, script: impl Fn(usize) -> Behaviour + Send + 'static) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Small, so that a client soon notices that nothing is read any more.
        socket.set_recv_buffer_size(8 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Arc::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&book), StdRng::seed_from_u64(seed), script));
        Self {
            port,
            book,
            _tasks: tasks,
        }
    }

    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }
}

async fn serve(listener: TcpListener, book: Arc<Mutex<Book>>, mut random: StdRng, script: impl Fn(usize) -> Behaviour) {
    let mut connections = JoinSet::new();
    for number in 0.. {
        let (stream, _) = listener.accept().await.unwrap();
        let mut entry = book.lock().unwrap();
        entry.connections += 1;
        entry.most_in_flight.push(0);
        drop(entry);
        let talk = Talk {
            stream,
            book: Arc::clone(&book),
            behaviour: script(number),
            random: StdRng::seed_from_u64(random.random()),
            number,
            taken: 0,
            held: Vec::new(),
        };
        connections.spawn(talk.run());
    }
}

/// One connection.
struct Talk {
    stream: TcpStream,
    book: Arc<Mutex<Book>>,
    behaviour: Behaviour,
    random: StdRng,
    number: usize,
    /// Messages of the outbox so far.
    taken: usize,
    /// Not acknowledged yet: packet id, message, reason code.
    held: Vec<(u16, Uuid, u8)>,
}

impl Talk {
    async fn run(mut self) {
        // A client that goes away is part of the play.
        let _ = self.talk().await;
    }

    async fn talk(&mut self) -> io::Result<()> {
        let mut buffer = Vec::new();
        loop {
            let idle = Duration::from_millis(20);
            let packet = match tokio::time::timeout(idle, codec::read(&mut self.stream, &mut buffer)).await {
                Ok(packet) => packet?,
                Err(_) => {
                    self.release().await?;
                    continue;
                }
            };
            match packet {
                Packet::Connect { will_retain } => {
                    if self.ends_for_retain(will_retain) {
                        let refused = ConnAck {
                            code: NOT_RETAINED,
                            ..ConnAck::default()
                        };
                        return self.send(&codec::connack(refused)).await;
                    }
                    self.send(&codec::connack(self.behaviour.connack)).await?;
                }
                Packet::Subscribe { packet_id } => self.send(&codec::suback(packet_id, self.behaviour.suback)).await?,
                Packet::PingReq => self.send(&codec::pingresp()).await?,
                Packet::Publish(publish) => {
                    if self.publish(publish).await? {
                        return Ok(());
                    }
                }
                Packet::PubAck => {}
                Packet::Disconnect => {
                    self.book.lock().unwrap().goodbyes += 1;
                    return Ok(());
                }
            }
        }
    }

    /// True when the connection has ended.
    async fn publish(&mut self, publish: Publish) -> io::Result<bool> {
        assert_eq!(publish.content_type.as_deref(), Some("application/json"));
        let property = |wanted: &str| {
            let found = publish.user_properties.iter().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.clone()).expect("schema and id")
        };
        let id: Uuid = property("id").parse().unwrap();
        if self.ends_for_retain(publish.retain) {
            return self.end(End::Kick(NOT_RETAINED, "")).await;
        }
        if matches!(property("schema").as_str(), "cuffd.status/1" | "cuffd.info/1") {
            return self.retained(publish).await.map(|()| false);
        }
        let code = self.enter(id, &property("schema"), &publish);
        self.taken += 1;
        self.held.push((publish.packet_id, id, code));
        self.note_in_flight();
        if let Some((after, end)) = self.behaviour.end
            && self.taken >= after
        {
            return self.end(end).await;
        }
        match (self.behaviour.acks, self.behaviour.end) {
            (Acks::Never, _) => Ok(false),
            // Those to be cut off unacknowledged are the last ones.
            (_, Some((after, End::Cut { unacknowledged }))) if self.taken + unacknowledged > after => Ok(false),
            (Acks::AtOnce, _) => self.release().await.map(|()| false),
            (Acks::Shuffled(most), _) if self.held.len() >= most => self.release().await.map(|()| false),
            (Acks::Shuffled(_), _) => Ok(false),
        }
    }

    fn ends_for_retain(&self, asked: bool) -> bool {
        self.book.lock().unwrap().asked_to_retain += usize::from(asked);
        asked && !self.behaviour.retains
    }

    async fn retained(&mut self, publish: Publish) -> io::Result<()> {
        let text = String::from_utf8(publish.payload).unwrap();
        self.book.lock().unwrap().retained.push((publish.topic, text));
        match self.behaviour.acks {
            Acks::Never => Ok(()),
            Acks::AtOnce | Acks::Shuffled(_) => self.send(&codec::puback(publish.packet_id, 0)).await,
        }
    }

    /// Writes a message down, and judges it. A double with other octets is the end of the test.
    fn enter(&self, id: Uuid, schema: &str, publish: &Publish) -> u8 {
        let value: serde_json::Value = serde_json::from_slice(&publish.payload).unwrap();
        assert_eq!(value["id"], id.to_string());
        let kind = value["kind"].as_str().unwrap().to_owned();
        assert_eq!(schema, format!("cuffd.{kind}/1"));
        let seq = value["seq"].as_u64().unwrap();
        let mut book = self.book.lock().unwrap();
        let first = book.payloads.entry(id).or_insert_with(|| publish.payload.clone());
        assert_eq!(*first, publish.payload, "a double is the same octets");
        book.order.push((kind, seq));
        let times = book.times.entry(id).or_default();
        *times += 1;
        (self.behaviour.judge)(&Seen { seq, times: *times })
    }

    fn note_in_flight(&self) {
        let mut book = self.book.lock().unwrap();
        let most = &mut book.most_in_flight[self.number];
        *most = (*most).max(self.held.len());
    }

    /// Sends the acknowledgements that are held back.
    async fn release(&mut self) -> io::Result<()> {
        let cut = matches!(self.behaviour.end, Some((_, End::Cut { .. })));
        if matches!(self.behaviour.acks, Acks::Never) || self.held.is_empty() || (cut && self.in_the_tail()) {
            return Ok(());
        }
        if let Acks::Shuffled(_) = self.behaviour.acks {
            self.held.shuffle(&mut self.random);
        }
        for (packet_id, id, code) in std::mem::take(&mut self.held) {
            if code == 0 {
                self.book.lock().unwrap().accepted.insert(id);
            }
            self.send(&codec::puback(packet_id, code)).await?;
        }
        Ok(())
    }

    fn in_the_tail(&self) -> bool {
        match self.behaviour.end {
            Some((after, End::Cut { unacknowledged })) => self.taken + unacknowledged > after,
            Some((_, End::StopReading | End::Kick(..) | End::Unsolicited)) | None => false,
        }
    }

    async fn end(&mut self, end: End) -> io::Result<bool> {
        match end {
            End::Cut { .. } => self.stream.set_zero_linger()?,
            End::StopReading => std::future::pending().await,
            End::Kick(code, reason) => {
                self.send(&codec::disconnect(code, reason)).await?;
                // With octets unread the close would be a RST, which may overtake the reason.
                let mut rest = [0; 1024];
                while self.stream.read(&mut rest).await? > 0 {}
            }
            End::Unsolicited => {
                self.send(&codec::puback(60_000, 0)).await?;
                self.behaviour.end = None;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn send(&mut self, packet: &[u8]) -> io::Result<()> {
        codec::write(&mut self.stream, packet).await
    }
}
