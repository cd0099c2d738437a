//! Carries out what an operator asks: looks what is on the air, pairs a cuff and registers it, lets one go.
//!
//! * The register is one list: what the config gives, then what was paired here. It is written before it is in force.
//! * One pairing at a time. A cuff's first connection after it is history, whoever had it before.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{error, info, warn};

use super::board::Board;
use crate::bluetooth::{Chore, Paired, Wish};
use crate::control::operator::Ask;
use crate::core::cuff::{Cuff, Wearer};
use crate::core::name::Name;
use crate::core::pairing::{Failure, Listed, NotForgotten, Order, Outcome, Passkey, Registration, Step, UnderWay};
use crate::store::Store;
use crate::systemd::{BEAT, Heart};
use crate::web::asked::{PasskeyGiven, Refused};
use crate::{clock, config, directory};

/// Steps that wait until they are told.
const STEPS: usize = 16;
/// For a cuff's own task to take the link over once the cuff is paired.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(15);
/// For the first connection to come to its end: a full memory takes its time.
const OVER_WITHIN: Duration = Duration::from_secs(130);
/// For a cuff that is let go to be out of everybody's list.
const GONE_WITHIN: Duration = Duration::from_secs(150);

/// What carries it out.
#[derive(Clone, Debug)]
pub(super) struct Operator {
    /// Where paired cuffs stand.
    pub(super) file: PathBuf,
    /// How many of the cuffs stand in the config.
    pub(super) given: usize,
    /// Whether there can be sessions that a cuff is named for.
    pub(super) has_policy: bool,
    /// The register.
    pub(super) cuffs: watch::Sender<Arc<[Cuff]>>,
    /// To the radio; `None` where cuffs are virtual.
    pub(super) chores: Option<mpsc::Sender<Chore>>,
    /// What is shown of a pairing.
    pub(super) pairing: watch::Sender<Option<UnderWay>>,
    /// How the cuffs stand.
    pub(super) board: watch::Receiver<Arc<Board>>,
    /// Whether our clock can be believed.
    pub(super) synchronized: watch::Receiver<bool>,
    /// What is remembered of cuffs.
    pub(super) store: Store,
}

/// What is under way.
struct Current {
    /// Where a passkey goes, if it is a pairing.
    passkeys: Option<mpsc::Sender<Passkey>>,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Operator {
    /// Carries out what is asked, for ever.
    pub(super) async fn run(
        self,
        mut asked: mpsc::Receiver<Ask>,
        mut passkeys: mpsc::Receiver<PasskeyGiven>,
        heart: Heart,
    ) {
        let mut current: Option<Current> = None;
        loop {
            heart.beat();
            tokio::select! {
                () = over(&mut current) => current = None,
                // Without a control socket nobody asks; what is entered on the page is still answered.
                Some(ask) = asked.recv() => self.take(ask, &mut current).await,
                Some(given) = passkeys.recv() => self.enter(given, current.as_ref()),
                () = tokio::time::sleep(BEAT) => {}
            }
        }
    }

    async fn take(&self, ask: Ask, current: &mut Option<Current>) {
        match ask {
            Ask::Scan { seen } => {
                if let Some(chores) = &self.chores {
                    // Without it the radio is about to end: the scan ends with what it was told.
                    let _ended = chores.send(Chore::Scan { seen }).await;
                }
            }
            Ask::Pair { steps, .. } if current.is_some() => tell(&steps, Step::Failed { failure: Failure::Busy }).await,
            Ask::Pair { order, steps } => {
                let (passkeys, entered) = mpsc::channel(1);
                let operator = self.clone();
                let work = async move { operator.pair(order, entered, &steps).await };
                *current = Some(Current {
                    passkeys: Some(passkeys),
                    work: Box::pin(work),
                });
            }
            Ask::Forget { done, .. } if current.is_some() => drop(done.send(Err(NotForgotten::Busy))),
            Ask::Forget { cuff, done } => {
                let operator = self.clone();
                let work = async move { drop(done.send(operator.forget(&cuff).await)) };
                *current = Some(Current {
                    passkeys: None,
                    work: Box::pin(work),
                });
            }
            Ask::List { listed } => {
                let _unheard = listed.send(Listed::all(&self.cuffs.borrow(), self.given));
            }
        }
    }

    fn enter(&self, given: PasskeyGiven, current: Option<&Current>) {
        let PasskeyGiven { passkey, answer } = given;
        let is_wanted = self.pairing.borrow().is_some_and(|pairing| pairing.passkey_wanted);
        let pairing = current
            .filter(|_| is_wanted)
            .and_then(|current| current.passkeys.as_ref());
        let taken = pairing.map(|passkeys| passkeys.try_send(passkey));
        let reply = match taken {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) => Err(Refused::new("busy", "six digits were entered just now")),
            None => Err(Refused::new("not_now", "no cuff waits for its digits")),
        };
        let _unheard = answer.send(reply);
    }

    async fn pair(&self, order: Order, entered: mpsc::Receiver<Passkey>, steps: &mpsc::Sender<Step>) {
        let address = order.address;
        let ended = self.try_to_pair(order, entered, steps).await;
        self.pairing.send_replace(None);
        let last = match ended {
            Ok(outcome) => Step::Done(outcome),
            Err(failure) => {
                let cuffs = self.cuffs.borrow();
                let cuff = cuffs
                    .iter()
                    .find(|cuff| cuff.address == address)
                    .map(|cuff| cuff.id.as_str());
                warn!(cuff, why = %failure, "a cuff was not paired");
                Step::Failed { failure }
            }
        };
        tell(steps, last).await;
    }

    async fn try_to_pair(
        &self,
        order: Order,
        entered: mpsc::Receiver<Passkey>,
        steps: &mpsc::Sender<Step>,
    ) -> Result<Outcome, Failure> {
        let chores = self.chores.as_ref().ok_or(Failure::NoRadio)?;
        let (id, registration) = self.registration(&order)?;
        let (done, ended) = oneshot::channel();
        let (told, mut telling) = mpsc::channel(STEPS);
        let (put_down, wait_until) = oneshot::channel();
        let begun = clock::wall();
        let wish = Wish {
            address: order.address,
            id: id.clone(),
            passkey: order.passkey,
            without_bond: order.without_bond,
            passkeys: entered,
            steps: told,
            done,
            put_down: wait_until,
        };
        self.pairing.send_replace(Some(UnderWay { passkey_wanted: false }));
        chores
            .send(Chore::Pair(Box::new(wish)))
            .await
            .map_err(|_| Failure::NoRadio)?;
        loop {
            let step = tokio::select! {
                step = telling.recv() => step,
                // Dropping what it tells ends it.
                () = steps.closed() => return Err(Failure::Cancelled),
            };
            let Some(step) = step else { break };
            let passkey_wanted = step == Step::PasskeyWanted;
            self.pairing.send_replace(Some(UnderWay { passkey_wanted }));
            tell(steps, step).await;
        }
        let paired = ended.await.map_err(|_| Failure::NoRadio)??;
        let id = self.register(id, registration, paired).await?;
        // From here on the cuff's own task may connect it.
        let _radio_is_gone = put_down.send(());
        tell(steps, Step::Registered { cuff: id.clone() }).await;
        Ok(self.first_connection(&id, begun).await)
    }

    /// As what it is to be registered; the registration is `None` where that stands already.
    fn registration(&self, order: &Order) -> Result<(Name, Option<Registration>), Failure> {
        let cuffs = self.cuffs.borrow();
        if let Some(known) = cuffs.iter().find(|cuff| cuff.address == order.address) {
            return Ok((known.id.clone(), None));
        }
        let registration = order.registration.clone().ok_or(Failure::NoRegistration)?;
        if cuffs.iter().any(|cuff| cuff.id == registration.id) {
            return Err(Failure::IdTaken);
        }
        if registration.wearer == Wearer::Session && !self.has_policy {
            let message = "\"session\" needs a [readiness] table: without one there are no sessions".to_owned();
            return Err(Failure::BadRegistration { message });
        }
        Ok((registration.id.clone(), Some(registration)))
    }

    /// Writes a new cuff down and puts it in force. What an earlier cuff of that name left must not count for it.
    async fn register(&self, id: Name, registration: Option<Registration>, paired: Paired) -> Result<Name, Failure> {
        let cuffs = Arc::clone(&self.cuffs.borrow());
        // Only the bond told its identity: it may be one that is registered.
        let known = cuffs.iter().find(|cuff| cuff.address == paired.address);
        let (id, registration) = match known {
            Some(known) => (known.id.clone(), None),
            None => (id, registration),
        };
        let cuff = registration.map(|new| Cuff {
            id: new.id,
            address: paired.address,
            model: new.model,
            trust_clock: new.trust_clock,
            wearer: new.wearer,
            // By a clock that is wrong everything after might be before.
            since: self.synchronized.borrow().then(clock::wall),
        });
        let listed: Option<Vec<Cuff>> = cuff.map(|cuff| cuffs.iter().cloned().chain([cuff]).collect());
        if let Some(listed) = &listed {
            self.judge(listed)?;
        }
        let forgotten = match &listed {
            Some(_) => self.store.forget_cuff(id.clone()).await,
            None => self.store.begin_anew(id.clone()).await,
        };
        forgotten.map_err(|error| Failure::NotWritten {
            message: super::chain(&error),
        })?;
        if let Some(listed) = listed {
            self.write(&listed).map_err(|message| Failure::NotWritten { message })?;
            self.cuffs.send_replace(listed.into());
        }
        info!(cuff = %id, bonded = paired.bonded, "paired");
        Ok(id)
    }

    /// What the config would refuse must not be written: the daemon would not start with it again.
    fn judge(&self, listed: &[Cuff]) -> Result<(), Failure> {
        config::judge_cuffs(listed, self.has_policy).map_err(|mistakes| Failure::BadRegistration {
            message: mistakes.to_string(),
        })
    }

    /// What the cuff says of itself when it is first connected.
    async fn first_connection(&self, id: &Name, begun: Timestamp) -> Outcome {
        let mut board = self.board.clone();
        let mut is = async |connected: bool, patience| {
            let wanted = |board: &Arc<Board>| {
                board
                    .cuffs
                    .iter()
                    .any(|cuff| cuff.id == *id && cuff.connected == connected)
            };
            let waited = tokio::time::timeout(patience, board.wait_for(wanted)).await;
            matches!(waited, Ok(Ok(_)))
        };
        let over = is(true, TAKEN_OVER_WITHIN).await && is(false, OVER_WITHIN).await;
        let has_brought = self.store.has_brought(id.clone()).await.unwrap_or_default();
        let setting = self.store.last_setting(id.clone()).await.ok().flatten();
        let board = self.board.borrow();
        let cuff = board.cuffs.iter().find(|cuff| cuff.id == *id);
        Outcome {
            manufacturer: cuff.and_then(|cuff| cuff.manufacturer.clone()),
            model_number: cuff.and_then(|cuff| cuff.model_number.clone()),
            firmware: cuff.and_then(|cuff| cuff.firmware.clone()),
            battery: cuff.and_then(|cuff| cuff.battery),
            clock_set_at: setting.map(|setting| setting.at).filter(|at| *at >= begun),
            next_counts: over && has_brought,
        }
    }

    async fn forget(&self, id: &Name) -> Result<(), NotForgotten> {
        let cuffs = Arc::clone(&self.cuffs.borrow());
        let place = cuffs
            .iter()
            .position(|cuff| cuff.id == *id)
            .ok_or(NotForgotten::Unknown)?;
        if place < self.given {
            return Err(NotForgotten::InConfig);
        }
        let Some(cuff) = cuffs.get(place) else {
            return Err(NotForgotten::Unknown);
        };
        self.remove_bond(cuff).await?;
        let listed: Vec<Cuff> = cuffs.iter().filter(|cuff| cuff.id != *id).cloned().collect();
        self.write(&listed)
            .map_err(|message| NotForgotten::NotWritten { message })?;
        self.cuffs.send_replace(listed.into());
        self.forget_for_good(id).await;
        Ok(())
    }

    async fn remove_bond(&self, cuff: &Cuff) -> Result<(), NotForgotten> {
        let stays = || NotForgotten::BondStays {
            message: "there is no Bluetooth here".to_owned(),
        };
        let (done, ended) = oneshot::channel();
        let chore = Chore::Forget {
            address: cuff.address,
            done,
        };
        let chores = self.chores.as_ref().ok_or_else(stays)?;
        chores.send(chore).await.map_err(|_| stays())?;
        ended.await.map_err(|_| stays())?
    }

    /// Once what it has brought is judged: the same id may come to be another cuff's.
    async fn forget_for_good(&self, id: &Name) {
        let mut board = self.board.clone();
        let is_gone = |board: &Arc<Board>| board.cuffs.iter().all(|cuff| cuff.id != *id);
        let _too_long = tokio::time::timeout(GONE_WITHIN, board.wait_for(is_gone))
            .await
            .is_err();
        if let Err(error) = self.store.forget_cuff(id.clone()).await {
            // Pairing another cuff by that name forgets it too.
            error!(%error, cuff = %id, "what is remembered of a cuff that is registered no more stays for now");
        }
        info!(cuff = %id, "forgotten");
    }

    /// Writes down what was paired here; the message says why not.
    fn write(&self, listed: &[Cuff]) -> Result<(), String> {
        let paired = listed.get(self.given..).unwrap_or_default();
        let text = config::paired(paired).ok_or_else(|| "the register has no form in TOML".to_owned())?;
        let written = directory::replace(&self.file, &text);
        written.map_err(|cause| format!("cannot write {}: {cause}", self.file.display()))
    }
}

/// Ends when the pairing under way has; never, if there is none.
async fn over(current: &mut Option<Current>) {
    match current {
        Some(current) => current.work.as_mut().await,
        None => std::future::pending().await,
    }
}

async fn tell(steps: &mpsc::Sender<Step>, step: Step) {
    // An operator who has gone away does not end a pairing.
    let _unheard = steps.send(step).await;
}
