//! How large a message is on the line. A packet that is too large for a broker ends the connection: it must not be sent.

/// What makes a PUBLISH packet as large as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The whole topic.
    pub topic: &'a str,
    /// The `schema` user property.
    pub schema: &'a str,
    /// Octets of the payload.
    pub payload: usize,
    /// Octets of the correlation data, if it has any.
    pub correlation: Option<usize>,
}

impl Packet<'_> {
    /// An upper bound of its octets (MQTT 5.0, 3.3): headers and lengths at their longest, then topic, payload, payload
    /// format, content type, the two user properties, and correlation data.
    #[must_use]
    pub fn size(&self) -> usize {
        const HEADERS: usize = 1 + 4 + 2 + 2 + 4;
        const PAYLOAD_FORMAT: usize = 2;
        const CONTENT_TYPE: usize = 3 + "application/json".len();
        const USER_PROPERTIES: usize = 5 + "schema".len() + 5 + "id".len() + 36;
        const CORRELATION: usize = 3;
        let fixed = HEADERS + PAYLOAD_FORMAT + CONTENT_TYPE + USER_PROPERTIES;
        let correlation = self.correlation.map_or(0, |octets| CORRELATION + octets);
        fixed + self.schema.len() + self.topic.len() + self.payload + correlation
    }

    /// Whether a broker with this Maximum Packet Size takes it; one without takes everything.
    #[must_use]
    pub fn fits(&self, largest: Option<u32>) -> bool {
        largest.is_none_or(|largest| u32::try_from(self.size()).is_ok_and(|size| size <= largest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_inclusive() {
        let packet = Packet {
            topic: "cuffd/v1/north/gw/reading",
            schema: "cuffd.reading/1",
            payload: 400,
            correlation: None,
        };
        let size = u32::try_from(packet.size()).unwrap();
        for (largest, fits) in [(size - 1, false), (size, true), (size + 1, true)] {
            assert_eq!(packet.fits(Some(largest)), fits, "{largest}");
        }
        assert!(packet.fits(None));
    }
}
