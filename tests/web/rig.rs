//! The page with made-up states, and a gate that is played.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::{Extension, Router};
use cuffd::core::name::Name;
use cuffd::core::pairing::Passkey;
use cuffd::core::state::State;
use cuffd::private::Private;
use cuffd::text;
use cuffd::web::asked::{Action, Asked, PasskeyGiven, Refused};
use cuffd::web::entry::{Code, Cookies};
use cuffd::web::guard::Arrival;
use cuffd::web::{Contacts, Door, STREAMS, Site};
use jiff::tz::TimeZone;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::client::{Answer, Request};
use crate::registered::one_cuff;
use crate::samples;

/// What the page calls the patient `p1`.
pub(crate) const LABEL: &str = "Anna & <Bo>";

/// The access code of [`door`].
pub(crate) const CODE: &str = "246810";

/// What a cuff that is being paired shows.
pub(crate) const SHOWN: u32 = 42;

/// A session whose name begins so is refused with the code that follows.
const REFUSED: &str = "no-";

/// The page, and who plays the gate.
pub(crate) struct Room {
    pub(crate) address: SocketAddr,
    pub(crate) state: watch::Sender<Arc<State>>,
    pub(crate) stop: CancellationToken,
    heard: mpsc::UnboundedReceiver<Action>,
    _tasks: JoinSet<()>,
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

/// A gate's end and a page's.
pub(crate) struct Ends {
    pub(crate) site: Site,
    pub(crate) state: watch::Sender<Arc<State>>,
    pub(crate) stop: CancellationToken,
    asked: mpsc::Receiver<Asked>,
    entered: mpsc::Receiver<PasskeyGiven>,
}

/// A page in three languages where no session is open, and its other ends.
pub(crate) fn ends() -> Ends {
    let (state, shown) = watch::channel(Arc::new(samples::state(&[])));
    let (asks, asked) = mpsc::channel(8);
    let (passkeys, entered) = mpsc::channel(8);
    let stop = CancellationToken::new();
    let texts = |language: &str| (language.to_owned(), text::read(language, None).expect("shipped"));
    let crisis = ["en", "es", "de"].map(|language| (language.to_owned(), format!("Crisis words ({language}).")));
    let site = Site {
        state: shown,
        store: None,
        asks,
        stop: stop.clone(),
        hosts: BTreeSet::from(["box".to_owned(), "box.local".to_owned(), "cuff.example".to_owned()]),
        door: None,
        companion_code: None,
        opens_sessions: true,
        passkeys,
        cuffs: one_cuff(name("p1")),
        labels: BTreeMap::from([(name("p1"), Private::new(LABEL.to_owned()))]),
        language: texts("en"),
        more_languages: vec![texts("es"), texts("de")],
        contacts: Some(Contacts {
            emergency_number: "112".to_owned(),
            clinic_contact: "555-0100".to_owned(),
            crisis_text: BTreeMap::from(crisis),
        }),
        zone: TimeZone::UTC,
        show_values: true,
        metrics: true,
        certificates: Vec::new(),
        streams: Arc::new(Semaphore::new(STREAMS)),
    };
    Ends {
        site,
        state,
        stop,
        asked,
        entered,
    }
}

/// An entry that asks for [`CODE`].
pub(crate) fn door() -> Door {
    let code = Private::new(CODE.to_owned());
    Door {
        cookies: Cookies::new(b"of this gateway", code.clone()),
        code: Code::new(code),
    }
}

impl Room {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With another site than the usual one.
    pub(crate) async fn with(change: impl FnOnce(&mut Site)) -> Self {
        let mut ends = ends();
        change(&mut ends.site);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let arrival = Arrival {
            to: IpAddr::V4(Ipv4Addr::LOCALHOST),
            tls: false,
        };
        let router = cuffd::web::page(Arc::new(ends.site)).layer(Extension(arrival));
        let (told, heard) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, router));
        tasks.spawn(play_gate(ends.asked, told));
        tasks.spawn(play_cuff(ends.entered));
        Self {
            address,
            state: ends.state,
            stop: ends.stop,
            heard,
            _tasks: tasks,
        }
    }

    /// Where this is the state.
    pub(crate) async fn showing(state: State) -> Self {
        let room = Self::open().await;
        room.show(state);
        room
    }

    pub(crate) fn show(&self, state: State) {
        self.state.send_replace(Arc::new(state));
    }

    pub(crate) async fn get(&self, target: &str) -> Answer {
        self.ask(&Request::get(target)).await
    }

    pub(crate) async fn ask(&self, request: &Request) -> Answer {
        request.send(self.address).await
    }

    /// Everything that reached the gate since the last look.
    pub(crate) fn heard(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.heard.try_recv().ok()).collect()
    }
}

async fn serve(listener: TcpListener, router: Router) {
    axum::serve(listener, router).await.expect("it serves");
}

/// A cuff that is being paired and shows [`SHOWN`].
async fn play_cuff(mut entered: mpsc::Receiver<PasskeyGiven>) {
    while let Some(PasskeyGiven { passkey, answer }) = entered.recv().await {
        let reply = if passkey == Passkey::new(SHOWN).expect("six digits") {
            Ok(())
        } else {
            Err(Refused::new("not_now", "no cuff waits for its digits"))
        };
        let _unheard = answer.send(reply);
    }
}

/// Does what is asked, but for sessions that ask to be refused.
async fn play_gate(mut asked: mpsc::Receiver<Asked>, told: mpsc::UnboundedSender<Action>) {
    while let Some(Asked { action, answer }) = asked.recv().await {
        let (Action::Open { session, .. }
        | Action::Attest { session, .. }
        | Action::Start { session }
        | Action::Close { session }) = &action;
        let reply = match session.as_str().strip_prefix(REFUSED) {
            Some(code) => Err(Refused::new(code, "as it was asked to")),
            None => Ok(()),
        };
        // Whoever asked may be gone, and so may who listens.
        let _unheard = (told.send(action), answer.send(reply));
    }
}
