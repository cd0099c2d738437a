//! What an operator asks over the control socket: what is on the air, to pair a cuff, to let one go (contract 1).
//!
//! Whoever carries it out stands in `app`; here are the questions, and how they come over the socket.

use axum::Json;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::server::Sources;
use crate::core::cuff::{Address, Wearer};
use crate::core::models::Model;
use crate::core::name::Name;
use crate::core::pairing::{Failure, Listed, NotForgotten, Order, Passkey, Registration, Seen, Step};

/// Lines that wait until the client takes them.
const LINES: usize = 64;

/// Something that is asked.
#[derive(Debug)]
pub enum Ask {
    /// Tell what is on the air, until nobody listens.
    Scan {
        /// Where it is told.
        seen: mpsc::Sender<Seen>,
    },
    /// Pair a cuff.
    Pair {
        /// Which, and as what.
        order: Order,
        /// What happens meanwhile; the last says how it ended.
        steps: mpsc::Sender<Step>,
    },
    /// Let a cuff go, with its bond.
    Forget {
        /// Its id.
        cuff: Name,
        /// How it ended.
        done: oneshot::Sender<Result<(), NotForgotten>>,
    },
    /// List the registered cuffs.
    List {
        /// Where they are told.
        listed: oneshot::Sender<Vec<Listed>>,
    },
}

/// A device that was heard, as a line.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SeenLine {
    /// Its address.
    pub address: String,
    /// What it calls itself.
    pub name: Option<String>,
    /// Strength of the signal, dBm.
    pub rssi: Option<i16>,
    /// Whether it offers the Blood Pressure Service.
    pub is_cuff: bool,
    /// Whether there is a bond with it.
    pub bonded: bool,
}

/// A request to pair a cuff. Prints without whom it is for.
#[derive(Clone, Deserialize, Serialize)]
pub struct PairRequest {
    /// Its address.
    pub address: String,
    /// As what it is registered; `None` for one that is registered already.
    pub registration: Option<RegistrationRequest>,
    /// The passkey, where it is known before.
    pub passkey: Option<u32>,
    /// Whether it is a cuff that knows no bonds.
    pub without_bond: bool,
}

/// What a cuff is to be registered as. Exactly one of `patient` and `users`, as in the config.
#[derive(Clone, Deserialize, Serialize)]
pub struct RegistrationRequest {
    /// Its id.
    pub id: Name,
    /// Its row in the table of models.
    pub model: String,
    /// Whose it is; `session` for a clinic's cuff.
    pub patient: Option<String>,
    /// Whose measurements it takes, by user.
    pub users: std::collections::BTreeMap<u8, Name>,
    /// Whether its clock is believed.
    #[serde(default)]
    pub trust_clock: bool,
}

/// A request to let a cuff go.
#[derive(Debug, Deserialize, Serialize)]
pub struct ForgetRequest {
    /// Its id.
    pub cuff: Name,
}

impl PairRequest {
    fn order(self) -> Result<Order, Failure> {
        let bad = |message: &str| Failure::BadRegistration {
            message: message.to_owned(),
        };
        let address: Address = self
            .address
            .parse()
            .map_err(|_| bad("the address is not like AA:BB:CC:DD:EE:FF"))?;
        let passkey = match self.passkey {
            None => None,
            Some(number) => Some(Passkey::new(number).ok_or_else(|| bad("a passkey has six digits"))?),
        };
        Ok(Order {
            address,
            registration: self.registration.map(RegistrationRequest::registration).transpose()?,
            passkey,
            without_bond: self.without_bond,
        })
    }
}

impl RegistrationRequest {
    fn registration(self) -> Result<Registration, Failure> {
        let bad = |message: &str| Failure::BadRegistration {
            message: message.to_owned(),
        };
        let model = Model::find(&self.model).ok_or_else(|| bad("no such model"))?;
        let wearer = match (self.patient, self.users.is_empty()) {
            (Some(session), true) if session == Wearer::SESSION => Wearer::Session,
            (Some(patient), true) => {
                let patient = Name::parse(&patient).map_err(|_| bad("the patient's id is no name"))?;
                Wearer::Patient(patient)
            }
            (None, false) => Wearer::Users(self.users),
            (Some(_), false) | (None, true) => return Err(bad("exactly one of patient and users is needed")),
        };
        let id = self.id;
        Ok(Registration {
            id,
            model,
            wearer,
            trust_clock: self.trust_clock,
        })
    }
}

pub(super) async fn scan(Shared(sources): Shared<Sources>) -> Response {
    let (seen, heard) = mpsc::channel(LINES);
    if sources.operator.send(Ask::Scan { seen }).await.is_err() {
        return gone();
    }
    lines(heard, |seen: Seen| SeenLine {
        address: seen.address.expose(),
        name: seen.name,
        rssi: seen.rssi,
        is_cuff: seen.is_cuff,
        bonded: seen.bonded,
    })
}

pub(super) async fn pair(Shared(sources): Shared<Sources>, Json(request): Json<PairRequest>) -> Response {
    let (steps, told) = mpsc::channel(LINES);
    match request.order() {
        Ok(order) => {
            if sources.operator.send(Ask::Pair { order, steps }).await.is_err() {
                return gone();
            }
        }
        Err(failure) => {
            // There is room: nothing was sent before.
            let _full = steps.try_send(Step::Failed { failure });
        }
    }
    lines(told, |step: Step| step)
}

pub(super) async fn forget(Shared(sources): Shared<Sources>, Json(request): Json<ForgetRequest>) -> Response {
    let (done, ended) = oneshot::channel();
    let cuff = request.cuff;
    let asked = sources.operator.send(Ask::Forget { cuff, done }).await;
    match (asked, ended.await) {
        (Ok(()), Ok(Ok(()))) => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), Ok(Err(why))) => (StatusCode::CONFLICT, Json(why)).into_response(),
        _ => gone(),
    }
}

pub(super) async fn list(Shared(sources): Shared<Sources>) -> Response {
    let (listed, told) = oneshot::channel();
    let asked = sources.operator.send(Ask::List { listed }).await;
    match (asked, told.await) {
        (Ok(()), Ok(cuffs)) => Json(cuffs).into_response(),
        _ => gone(),
    }
}

fn gone() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the daemon is about to end").into_response()
}

/// What comes through a channel as lines of JSON, until it is closed or the client is gone.
fn lines<T: Send + 'static, L: Serialize>(
    channel: mpsc::Receiver<T>,
    line: impl Fn(T) -> L + Send + Sync + Copy + 'static,
) -> Response {
    let lines = stream::unfold(channel, move |mut channel| async move {
        let one = channel.recv().await?;
        let mut text = serde_json::to_vec(&line(one)).ok()?;
        text.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), channel))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    (kind, Body::from_stream(lines)).into_response()
}
