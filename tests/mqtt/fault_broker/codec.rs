//! As much of MQTT 5.0 as a broker needs that speaks to one client: by hand, so that it can break every rule.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A packet of the client.
#[derive(Debug)]
pub(crate) enum Packet {
    Connect { will_retain: bool },
    Publish(Publish),
    PubAck,
    Subscribe { packet_id: u16 },
    PingReq,
    Disconnect,
}

#[derive(Clone, Debug)]
pub(crate) struct Publish {
    pub(crate) packet_id: u16,
    pub(crate) topic: String,
    pub(crate) retain: bool,
    pub(crate) payload: Vec<u8>,
    pub(crate) user_properties: Vec<(String, String)>,
    pub(crate) content_type: Option<String>,
}

/// Reads octets from the front, and panics where there are none: the client's packets must be whole.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn octets(&mut self, count: usize) -> &'a [u8] {
        let (taken, left) = self.0.split_at(count);
        self.0 = left;
        taken
    }

    fn octet(&mut self) -> u8 {
        self.octets(1)[0]
    }

    fn two(&mut self) -> u16 {
        u16::from_be_bytes(self.octets(2).try_into().unwrap())
    }

    fn text(&mut self) -> String {
        let length = self.two();
        String::from_utf8(self.octets(length.into()).to_vec()).unwrap()
    }

    fn variable(&mut self) -> usize {
        let mut value = 0;
        for place in 0..4 {
            let octet = self.octet();
            value += usize::from(octet & 0x7F) << (7 * place);
            if octet & 0x80 == 0 {
                return value;
            }
        }
        panic!("a length of more than four octets");
    }
}

/// Reads one packet. Octets that were read stay in `buffer` if the future is dropped half-way.
pub(crate) async fn read(stream: &mut (impl AsyncReadExt + Unpin), buffer: &mut Vec<u8>) -> io::Result<Packet> {
    loop {
        if let Some((packet, length)) = decode(buffer) {
            buffer.drain(..length);
            return Ok(packet);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn decode(buffer: &[u8]) -> Option<(Packet, usize)> {
    let mut length = 0;
    for place in 0..4 {
        let octet = *buffer.get(1 + place)?;
        length += usize::from(octet & 0x7F) << (7 * place);
        if octet & 0x80 == 0 {
            let start = 2 + place;
            let body = buffer.get(start..start + length)?;
            return Some((packet(buffer[0], body), start + length));
        }
    }
    panic!("a length of more than four octets");
}

fn packet(first: u8, body: &[u8]) -> Packet {
    let mut reader = Reader(body);
    match first >> 4 {
        1 => connect(&mut reader),
        3 => Packet::Publish(publish(first, &mut reader)),
        4 => Packet::PubAck,
        8 => Packet::Subscribe {
            packet_id: reader.two(),
        },
        12 => Packet::PingReq,
        14 => Packet::Disconnect,
        other => panic!("packet type {other} from the client"),
    }
}

fn connect(reader: &mut Reader<'_>) -> Packet {
    assert_eq!((reader.text().as_str(), reader.octet()), ("MQTT", 5));
    let flags = reader.octet();
    assert_ne!(flags & 0x04, 0, "there is a will");
    Packet::Connect {
        will_retain: flags & 0x20 != 0,
    }
}

fn publish(first: u8, reader: &mut Reader<'_>) -> Publish {
    assert_eq!((first >> 1) & 3, 1, "everything goes out at QoS 1");
    let topic = reader.text();
    let packet_id = reader.two();
    let length = reader.variable();
    let mut properties = Reader(reader.octets(length));
    let mut user_properties = Vec::new();
    let mut content_type = None;
    while !properties.0.is_empty() {
        match properties.octet() {
            0x01 => assert_eq!(properties.octet(), 1, "payload format"),
            0x03 => content_type = Some(properties.text()),
            0x26 => user_properties.push((properties.text(), properties.text())),
            other => panic!("property 0x{other:02X} in a publish"),
        }
    }
    Publish {
        packet_id,
        topic,
        retain: first & 1 == 1,
        payload: reader.0.to_vec(),
        user_properties,
        content_type,
    }
}

/// What the broker says in its CONNACK.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnAck {
    pub(crate) code: u8,
    pub(crate) receive_maximum: Option<u16>,
    pub(crate) largest_packet: Option<u32>,
    pub(crate) maximum_qos: Option<u8>,
    pub(crate) retain_available: Option<u8>,
}

pub(crate) fn connack(connack: ConnAck) -> Vec<u8> {
    let mut properties = Vec::new();
    if let Some(maximum) = connack.receive_maximum {
        properties.push(0x21);
        properties.extend(maximum.to_be_bytes());
    }
    if let Some(largest) = connack.largest_packet {
        properties.push(0x27);
        properties.extend(largest.to_be_bytes());
    }
    if let Some(maximum) = connack.maximum_qos {
        properties.extend([0x24, maximum]);
    }
    if let Some(available) = connack.retain_available {
        properties.extend([0x25, available]);
    }
    let mut body = vec![0, connack.code, short(properties.len())];
    body.extend(properties);
    framed(0x20, body)
}

pub(crate) fn puback(packet_id: u16, code: u8) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    framed(0x40, vec![high, low, code, 0])
}

pub(crate) fn suback(packet_id: u16, code: u8) -> Vec<u8> {
    let [high, low] = packet_id.to_be_bytes();
    framed(0x90, vec![high, low, 0, code])
}

pub(crate) fn pingresp() -> Vec<u8> {
    framed(0xD0, Vec::new())
}

pub(crate) fn disconnect(code: u8, reason: &str) -> Vec<u8> {
    let length = u16::try_from(reason.len()).unwrap();
    let mut body = vec![code, short(reason.len() + 3), 0x1F];
    body.extend(length.to_be_bytes());
    body.extend(reason.as_bytes());
    framed(0xE0, body)
}

fn framed(first: u8, body: Vec<u8>) -> Vec<u8> {
    let mut packet = vec![first, short(body.len())];
    packet.extend(body);
    packet
}

fn short(length: usize) -> u8 {
    assert!(length < 128, "lengths of one octet only");
    u8::try_from(length).unwrap()
}

pub(crate) async fn write(stream: &mut (impl AsyncWriteExt + Unpin), packet: &[u8]) -> io::Result<()> {
    stream.write_all(packet).await
}
