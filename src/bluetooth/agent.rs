//! The pairing agent: bluetoothd asks it before it pairs.
//!
//! * The daemon's refuses everybody. It must be there even so: without one bluetoothd cannot tell a cuff "no" in order, and
//!   another program's agent (a desktop's, say) would be asked in its place.
//! * While an operator pairs a cuff there is another, on a connection of its own, which answers for that cuff alone.

use tokio::sync::{mpsc, oneshot};
use zbus::{OwnedObjectPath, fdo, interface};

use crate::core::pairing::Passkey;

/// Where the agent is exported.
pub(super) const PATH: &str = "/org/cuffd/agent";

/// What people can do with this box. It decides how cuffs pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capability {
    /// Nothing to show, nothing to enter.
    Nothing,
    /// They enter what the cuff shows. Nothing is shown here: then no cuff asks whether two numbers are the same.
    Keyboard,
}

impl Capability {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "NoInputNoOutput",
            Self::Keyboard => "KeyboardOnly",
        }
    }
}

/// The cuff shows six digits: where they are to be told.
pub(super) type Question = oneshot::Sender<Passkey>;

/// The agent.
pub(super) struct Agent(Option<Pairing>);

/// The one device that may pair, and where its questions go.
struct Pairing {
    device: String,
    questions: mpsc::Sender<Question>,
}

impl Agent {
    /// An agent that lets nobody pair.
    pub(super) const fn refusing() -> Self {
        Self(None)
    }

    /// An agent that lets only the device at this path pair, and passes its questions on.
    pub(super) const fn of(device: String, questions: mpsc::Sender<Question>) -> Self {
        Self(Some(Pairing { device, questions }))
    }

    fn judge(&self, device: &OwnedObjectPath) -> fdo::Result<&Pairing> {
        let pairing = self.0.as_ref();
        pairing
            .filter(|pairing| pairing.device == device.as_str())
            .ok_or_else(refusal)
    }
}

fn refusal() -> fdo::Error {
    fdo::Error::AccessDenied("this gateway pairs only on an operator's word".to_owned())
}

#[interface(name = "org.bluez.Agent1")]
impl Agent {
    fn release(&self) {}

    fn request_pin_code(&self, _device: OwnedObjectPath) -> fdo::Result<String> {
        Err(refusal())
    }

    fn display_pin_code(&self, _device: OwnedObjectPath, _pin_code: String) -> fdo::Result<()> {
        Err(refusal())
    }

    async fn request_passkey(&self, device: OwnedObjectPath) -> fdo::Result<u32> {
        let pairing = self.judge(&device)?;
        let (question, answer) = oneshot::channel();
        pairing.questions.send(question).await.map_err(|_| refusal())?;
        // Dropped unanswered once the pairing is over.
        let passkey = answer.await.map_err(|_| refusal())?;
        Ok(passkey.expose())
    }

    fn display_passkey(&self, _device: OwnedObjectPath, _passkey: u32, _entered: u16) -> fdo::Result<()> {
        Err(refusal())
    }

    fn request_confirmation(&self, device: OwnedObjectPath, _passkey: u32) -> fdo::Result<()> {
        self.judge(&device).map(|_| ())
    }

    fn request_authorization(&self, device: OwnedObjectPath) -> fdo::Result<()> {
        self.judge(&device).map(|_| ())
    }

    fn authorize_service(&self, _device: OwnedObjectPath, _uuid: String) -> fdo::Result<()> {
        Err(refusal())
    }

    fn cancel(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &'static str) -> OwnedObjectPath {
        OwnedObjectPath::try_from(text).expect("an object path")
    }

    #[test]
    fn only_the_cuff_that_is_being_paired_may_pair() {
        let cuff = path("/org/bluez/hci0/dev_00_00_00_00_00_01");
        let stranger = path("/org/bluez/hci0/dev_00_00_00_00_00_02");
        let (questions, _asked) = mpsc::channel(1);
        let agent = Agent::of(cuff.to_string(), questions);
        assert!(agent.judge(&cuff).is_ok());
        assert!(agent.judge(&stranger).is_err());
        assert!(Agent::refusing().judge(&cuff).is_err());
    }
}
