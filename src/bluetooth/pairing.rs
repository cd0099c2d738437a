//! Pairing one cuff, from its advertisement to its bond, as an operator asked for it.
//!
//! * The radio is taken as a cuff's task takes it: nobody scans or connects meanwhile.
//! * Nothing is subscribed to here: what the cuff has in its memory waits for the cuff's own task, which takes the link over.
//! * What came to nothing leaves no bond behind, unless the daemon ends in the moment in which it was made.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::agent::Question;
use super::bluez::Bluez;
use super::bonder::{self, Bonder, Offer, Refusal};
use super::station::Request;
use crate::core::cuff::Address;
use crate::core::name::Name;
use crate::core::pairing::{Failure, Passkey, Step};

/// For the cuff to be heard: somebody puts it into pairing mode meanwhile.
const SEARCH_FOR: Duration = Duration::from_secs(60);
/// For a cuff to be heard again once its old bond is removed.
const AGAIN_FOR: Duration = Duration::from_secs(30);
/// For a turn at the radio: another cuff's dump may be under way.
const TURN_WITHIN: Duration = Duration::from_secs(130);

/// A cuff that was paired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paired {
    /// Its identity address, which a bond may have told.
    pub address: Address,
    /// Whether there is a bond.
    pub bonded: bool,
}

/// The device that is looked for, as it was just heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) rssi: Option<i16>,
    pub(super) bonded: bool,
}

/// What a pairing has made so far.
#[derive(Default)]
struct Made {
    bonder: Option<Bonder>,
    /// There may be a bond.
    bond: bool,
}

/// One pairing.
pub(super) struct Pairing {
    /// What its turn at the radio is known by.
    pub(super) id: Name,
    pub(super) passkey: Option<Passkey>,
    pub(super) without_bond: bool,
    pub(super) bluez: Bluez,
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) found: mpsc::Receiver<Found>,
    pub(super) passkeys: mpsc::Receiver<Passkey>,
    pub(super) steps: mpsc::Sender<Step>,
}

impl Pairing {
    /// Pairs, unless it comes to nothing.
    pub(super) async fn run(mut self) -> Result<Paired, Failure> {
        let steps = self.steps.clone();
        let mut made = Made::default();
        let paired = tokio::select! {
            paired = self.carry_out(&mut made) => paired,
            () = steps.closed() => Err(Failure::Cancelled),
        };
        if let (Err(_), Some(bonder)) = (&paired, &made.bonder) {
            bonder.give_up().await;
            if made.bond {
                // It would only be in the way of the next one.
                let _stays = bonder.remove().await;
            }
        }
        paired
    }

    async fn carry_out(&mut self, made: &mut Made) -> Result<Paired, Failure> {
        self.tell(Step::Searching).await;
        let mut found = self.search(SEARCH_FOR, |_| true).await?;
        self.tell(Step::Found {
            name: found.name.clone(),
            rssi: found.rssi,
        })
        .await;
        if found.bonded {
            // The cuff does not know it any more, or it would not have to be paired.
            bonder::remove(&self.bluez, &found.path).await.map_err(failed)?;
            self.tell(Step::OldBondRemoved).await;
            // What was on its way when the bond was removed still has it.
            found = self.search(AGAIN_FOR, |found| !found.bonded).await?;
        }
        self.take_radio().await?;
        let (questions, asked) = mpsc::channel(1);
        let bonder = Bonder::connect(found.path, questions).await.map_err(failed)?;
        let bonder = made.bonder.insert(bonder);
        // From here on, since bluetoothd may have it before it says so.
        made.bond = !self.without_bond;
        self.bond(bonder, asked).await
    }

    async fn search(&mut self, patience: Duration, is_meant: fn(&Found) -> bool) -> Result<Found, Failure> {
        while self.found.try_recv().is_ok() {}
        let heard = async {
            loop {
                match self.found.recv().await {
                    Some(found) if !is_meant(&found) => {}
                    other => return other,
                }
            }
        };
        let heard = tokio::time::timeout(patience, heard).await;
        match heard {
            Ok(Some(found)) => Ok(found),
            Ok(None) => Err(Failure::NoRadio),
            Err(_too_long) => Err(Failure::NotHeard),
        }
    }

    async fn take_radio(&self) -> Result<(), Failure> {
        let (granted, turn) = oneshot::channel();
        let cuff = self.id.clone();
        let taken = async {
            self.requests.send(Request::Wanted { cuff, granted }).await.ok()?;
            turn.await.ok()
        };
        match tokio::time::timeout(TURN_WITHIN, taken).await {
            Ok(Some(())) => Ok(()),
            Ok(None) => Err(Failure::NoRadio),
            Err(_too_long) => Err(Failure::Busy),
        }
    }

    async fn bond(&mut self, bonder: &Bonder, asked: mpsc::Receiver<Question>) -> Result<Paired, Failure> {
        if self.without_bond {
            bonder.link().await.map_err(failed)?;
        } else {
            self.tell(Step::Pairing).await;
            self.pair(bonder, asked).await?;
        }
        let device = bonder.device().await.map_err(failed)?;
        let bonded = device.bonded.or(device.paired).unwrap_or_default();
        let judged = match bonder.offer().await.map_err(failed)? {
            Offer::Measurements => Ok(()),
            // What it has is listed only while the link is up.
            Offer::Proprietary(_) | Offer::Other if device.connected != Some(true) => Err(Failure::HungUp),
            Offer::Proprietary(service) => Err(Failure::Proprietary { service }),
            Offer::Other => Err(Failure::NotACuff),
        };
        judged?;
        if !bonded && !self.without_bond {
            return Err(Failure::NotKept);
        }
        // Without it bluetoothd may forget a device without a bond.
        bonder.trust().await.map_err(failed)?;
        self.tell(Step::Bonded { bonded }).await;
        let address = device.address.ok_or(Failure::HungUp)?;
        Ok(Paired { address, bonded })
    }

    /// Pairs, while whoever sees the cuff's display may enter what it shows.
    async fn pair(&mut self, bonder: &Bonder, mut asked: mpsc::Receiver<Question>) -> Result<(), Failure> {
        let mut pairing = pin!(bonder.pair());
        let mut open: Option<Question> = None;
        let mut progress = Asked::Nothing;
        loop {
            tokio::select! {
                ended = &mut pairing => return ended.map_err(|refusal| why(&refusal, progress)),
                Some(question) = asked.recv() => match self.passkey.take() {
                    Some(passkey) => {
                        progress = Asked::Answered;
                        // Dropped if bluetoothd has given up meanwhile; then the pairing ends.
                        let _unheard = question.send(passkey);
                    }
                    None => {
                        progress = Asked::Open;
                        open = Some(question);
                        self.tell(Step::PasskeyWanted).await;
                    }
                },
                Some(passkey) = self.passkeys.recv(), if open.is_some() => {
                    progress = Asked::Answered;
                    if let Some(question) = open.take() {
                        let _unheard = question.send(passkey);
                    }
                    self.tell(Step::PasskeyGiven).await;
                }
            }
        }
    }

    async fn tell(&self, step: Step) {
        // Nobody may listen any more; the pairing goes on all the same.
        let _unheard = self.steps.send(step).await;
    }
}

/// Whether the cuff has asked for a passkey, and been told one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nothing,
    Open,
    Answered,
}

/// Why a pairing failed. bluetoothd tells a wrong passkey, a refusal and a cuff that knows no pairing by one word.
fn why(refusal: &Refusal, asked: Asked) -> Failure {
    let message = refusal.message.to_ascii_lowercase();
    match (refusal.name.as_str(), asked) {
        (
            "org.bluez.Error.AuthenticationFailed"
            | "org.bluez.Error.AuthenticationCanceled"
            | "org.bluez.Error.AuthenticationTimeout"
            | "org.bluez.Error.AuthenticationRejected",
            asked,
        ) => match asked {
            Asked::Nothing => Failure::Refused,
            Asked::Open => Failure::NoPasskey,
            Asked::Answered => Failure::WrongPasskey,
        },
        ("org.bluez.Error.ConnectionAttemptFailed", _) => Failure::NotConnected,
        (_, Asked::Open) if message.contains("did not receive a reply") => Failure::NoPasskey,
        _ if message.contains("abort-by") || message.contains("not connected") || message.contains("timed out") => {
            Failure::HungUp
        }
        _ => failed(refusal.clone()),
    }
}

fn failed(refusal: Refusal) -> Failure {
    let Refusal { name, message } = refusal;
    match name.as_str() {
        "org.freedesktop.DBus.Error.ServiceUnknown" | "org.bluez.Error.NotReady" => Failure::NoRadio,
        // The device is dropped from bluetoothd's list a while after it was last heard.
        "org.freedesktop.DBus.Error.UnknownObject" => Failure::NotConnected,
        "" => Failure::Bluetoothd { message },
        _ => Failure::Bluetoothd {
            message: format!("{message} ({name})"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bluetoothd_says_means_what_people_saw() {
        let of = |name: &str, message: &str| Refusal {
            name: name.to_owned(),
            message: message.to_owned(),
        };
        let authentication = of("org.bluez.Error.AuthenticationFailed", "Authentication Failed");
        assert_eq!(why(&authentication, Asked::Nothing), Failure::Refused);
        assert_eq!(why(&authentication, Asked::Open), Failure::NoPasskey);
        assert_eq!(why(&authentication, Asked::Answered), Failure::WrongPasskey);
        let connection = of("org.bluez.Error.ConnectionAttemptFailed", "Page Timeout");
        assert_eq!(why(&connection, Asked::Nothing), Failure::NotConnected);
        let dropped = of("org.bluez.Error.Failed", "le-connection-abort-by-local");
        assert_eq!(why(&dropped, Asked::Nothing), Failure::HungUp);
        let gone = of("org.freedesktop.DBus.Error.ServiceUnknown", "");
        assert_eq!(failed(gone), Failure::NoRadio);
    }
}
