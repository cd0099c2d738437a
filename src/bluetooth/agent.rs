//! The pairing agent: bluetoothd asks it before it pairs, and it refuses all but the cuff that is being paired.
//!
//! It must be there even so. Without one bluetoothd cannot tell a cuff "no" in order, and another program's agent (a desktop's,
//! say) would be asked in its place.

use tokio::sync::watch;
use zbus::fdo;
use zbus::{OwnedObjectPath, interface};

/// Where the agent is exported.
pub(super) const PATH: &str = "/org/cuffd/agent";
/// It becomes the adapter's: nothing to show, nothing to enter.
pub(super) const CAPABILITY: &str = "NoInputNoOutput";

/// The agent.
pub(super) struct Agent {
    /// The device that is being paired, if one is: nobody else may.
    pairing: watch::Receiver<Option<OwnedObjectPath>>,
}

impl Agent {
    /// An agent that lets pair only what `pairing` names.
    pub(super) const fn new(pairing: watch::Receiver<Option<OwnedObjectPath>>) -> Self {
        Self { pairing }
    }

    fn judge(&self, device: &OwnedObjectPath) -> fdo::Result<()> {
        if self.pairing.borrow().as_ref() == Some(device) {
            Ok(())
        } else {
            Err(refusal())
        }
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

    fn request_passkey(&self, _device: OwnedObjectPath) -> fdo::Result<u32> {
        Err(refusal())
    }

    fn display_passkey(&self, _device: OwnedObjectPath, _passkey: u32, _entered: u16) -> fdo::Result<()> {
        Err(refusal())
    }

    fn request_confirmation(&self, device: OwnedObjectPath, _passkey: u32) -> fdo::Result<()> {
        self.judge(&device)
    }

    fn request_authorization(&self, device: OwnedObjectPath) -> fdo::Result<()> {
        self.judge(&device)
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
        let (pairing, receiver) = watch::channel(None);
        let agent = Agent::new(receiver);
        assert!(agent.judge(&cuff).is_err());
        pairing.send_replace(Some(cuff.clone()));
        assert!(agent.judge(&cuff).is_ok());
        assert!(agent.judge(&stranger).is_err());
    }
}
