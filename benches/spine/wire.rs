//! MQTT 5 by hand on a bare socket: the least that a publisher can do, and a subscriber that throws everything away.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail, ensure};
use cuffd::core::delivery::Due;

const CONNACK: u8 = 0x20;
const PUBLISH_QOS_1: u8 = 0x32;
const PUBACK: u8 = 0x40;
const SUBACK: u8 = 0x90;

/// A publisher with nothing around it.
pub(crate) struct Publisher {
    socket: TcpStream,
    unread: Vec<u8>,
    next_id: u16,
}

/// A PUBLISH as it goes over the wire, but for its packet id.
pub(crate) struct Packet {
    octets: Vec<u8>,
    id_at: usize,
}

impl Packet {
    /// With the same properties as the link gives it.
    pub(crate) fn new(message: &Due) -> Result<Self> {
        let mut properties = vec![0x01, 0x01, 0x03];
        text(&mut properties, "application/json")?;
        for (name, value) in [("schema", message.schema.clone()), ("id", message.id.to_string())] {
            properties.push(0x26);
            text(&mut properties, name)?;
            text(&mut properties, &value)?;
        }
        let mut body = Vec::new();
        text(&mut body, &message.topic)?;
        let id_in_body = body.len();
        body.extend([0, 0]);
        length(&mut body, properties.len())?;
        body.extend(properties);
        body.extend(message.payload.iter());
        let octets = packet(PUBLISH_QOS_1, &body)?;
        let id_at = octets.len() - body.len() + id_in_body;
        Ok(Self { octets, id_at })
    }
}

impl Publisher {
    pub(crate) fn connect(port: u16) -> Result<Self> {
        Ok(Self {
            socket: connect(port, "bare-publisher")?,
            unread: Vec::new(),
            next_id: 1,
        })
    }

    /// Publishes one and waits for its PUBACK.
    pub(crate) fn publish(&mut self, packet: &Packet) -> Result<()> {
        self.drain(packet, 1, 1)
    }

    /// Publishes `count` times, with at most `window` unacknowledged.
    pub(crate) fn drain(&mut self, packet: &Packet, count: u32, window: u32) -> Result<()> {
        let (mut sent, mut acknowledged) = (0, 0);
        let mut batch = Vec::new();
        while acknowledged < count {
            batch.clear();
            while sent < count && sent - acknowledged < window {
                self.append(&mut batch, packet);
                sent += 1;
            }
            self.socket.write_all(&batch)?;
            acknowledged += self.acknowledgements()?;
        }
        Ok(())
    }

    fn append(&mut self, batch: &mut Vec<u8>, packet: &Packet) {
        let (before, after) = packet.octets.split_at(packet.id_at);
        batch.extend(before);
        batch.extend(self.next_id.to_be_bytes());
        batch.extend(after.iter().skip(2));
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
    }

    /// At least one.
    fn acknowledgements(&mut self) -> Result<u32> {
        let mut count = 0;
        while count == 0 {
            let mut read = [0; 4096];
            let length = self.socket.read(&mut read)?;
            ensure!(length > 0, "the broker has hung up");
            self.unread.extend(read.iter().take(length));
            let mut rest = self.unread.as_slice();
            // A PUBACK is shorter than 128 octets: its length has one octet.
            while let [kind, length, after @ ..] = rest {
                let Some((body, behind)) = after.split_at_checked(usize::from(*length)) else {
                    break;
                };
                ensure!(*kind == PUBACK, "packet {kind:#x} instead of a PUBACK");
                // Without a reason code it is success.
                ensure!(matches!(body, [_, _] | [_, _, 0, ..]), "not taken: {body:x?}");
                count += 1;
                rest = behind;
            }
            self.unread = rest.to_vec();
        }
        Ok(count)
    }
}

/// Somebody who listens, so that the broker takes what is published; nothing is kept. Ends with its value.
pub(crate) struct Subscriber {
    socket: TcpStream,
    reading: Option<JoinHandle<()>>,
}

impl Subscriber {
    pub(crate) fn start(port: u16) -> Result<Self> {
        let mut socket = subscribe(port, "#")?;
        let closing = socket.try_clone()?;
        let reading = thread::spawn(move || {
            let mut read = vec![0; 1 << 16];
            while socket.read(&mut read).is_ok_and(|length| length > 0) {}
        });
        Ok(Self {
            socket: closing,
            reading: Some(reading),
        })
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        // Where the broker went first the socket is closed already.
        let _closed = self.socket.shutdown(Shutdown::Both);
        if let Some(reading) = self.reading.take() {
            let _ended = reading.join();
        }
    }
}

/// Returns once something with these octets was published under `topic`.
pub(crate) fn wait_for(port: u16, topic: &str, wanted: &str) -> Result<()> {
    let mut socket = subscribe(port, topic)?;
    let mut heard: Vec<u8> = Vec::new();
    let mut read = [0; 4096];
    while !heard.windows(wanted.len()).any(|part| part == wanted.as_bytes()) {
        let length = socket.read(&mut read).context("nobody said it")?;
        ensure!(length > 0, "the broker has hung up");
        heard.extend(read.iter().take(length));
    }
    Ok(())
}

fn subscribe(port: u16, topic: &str) -> Result<TcpStream> {
    let mut socket = connect(port, "bare-subscriber")?;
    let mut body = vec![0, 1, 0];
    text(&mut body, topic)?;
    body.push(0);
    socket.write_all(&packet(0x82, &body)?)?;
    expect(&mut socket, SUBACK)?;
    Ok(socket)
}

fn connect(port: u16, client: &str) -> Result<TcpStream> {
    let mut socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    let mut body = Vec::new();
    text(&mut body, "MQTT")?;
    // MQTT 5, clean start, no keep-alive, no properties.
    body.extend([5, 0x02, 0, 0, 0]);
    text(&mut body, client)?;
    socket.write_all(&packet(0x10, &body)?)?;
    expect(&mut socket, CONNACK)?;
    Ok(socket)
}

fn expect(socket: &mut TcpStream, kind: u8) -> Result<()> {
    let mut head = [0; 2];
    socket.read_exact(&mut head)?;
    let [found, length] = head;
    ensure!(found == kind, "packet {found:#x} instead of {kind:#x}");
    let mut body = vec![0; usize::from(length)];
    Ok(socket.read_exact(&mut body)?)
}

fn packet(kind: u8, body: &[u8]) -> Result<Vec<u8>> {
    let mut packet = vec![kind];
    length(&mut packet, body.len())?;
    packet.extend(body);
    Ok(packet)
}

fn text(into: &mut Vec<u8>, text: &str) -> Result<()> {
    into.extend(u16::try_from(text.len())?.to_be_bytes());
    into.extend(text.as_bytes());
    Ok(())
}

/// Seven bits an octet, the lowest first.
fn length(into: &mut Vec<u8>, mut length: usize) -> Result<()> {
    if length >= 1 << 28 {
        bail!("longer than a packet can be");
    }
    loop {
        let low = u8::try_from(length & 0x7f)?;
        length >>= 7;
        if length == 0 {
            into.push(low);
            return Ok(());
        }
        into.push(low | 0x80);
    }
}
