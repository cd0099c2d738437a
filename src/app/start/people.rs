//! Starts what people ask by: the page, the control socket, and what carries out an operator's questions.

use std::sync::Arc;

use axum::Router;
use tokio::sync::mpsc;
use tracing::warn;

use super::{COMMANDS, Channels, Running};
use crate::app::operator::Operator;
use crate::app::tasks::{Task, Tasks};
use crate::app::{AppError, Scope, chain, page};
use crate::bluetooth::Chore;
use crate::config::Config;
use crate::control::server::{self, Sources};
use crate::store::Store;
use crate::systemd::Watchdog;
use crate::web::asked::PasskeyGiven;
use crate::{control, web};

/// Starts them.
pub(super) fn start(
    config: &Config,
    store: &Store,
    channels: &Channels,
    chores: Option<mpsc::Sender<Chore>>,
    running: &Running,
    tasks: &mut Tasks,
    watchdog: &mut Watchdog,
) -> Result<(), AppError> {
    let Operators { asks, passkeys } = employ_operator(config, store, channels, chores, tasks, watchdog);
    let site = open_page(config, store, channels, passkeys, running, tasks, watchdog)?;
    open_socket(config, store, channels, asks, web::api(site), running, tasks)
}

/// Where an operator's questions go.
struct Operators {
    asks: mpsc::Sender<control::operator::Ask>,
    passkeys: mpsc::Sender<PasskeyGiven>,
}

fn employ_operator(
    config: &Config,
    store: &Store,
    channels: &Channels,
    chores: Option<mpsc::Sender<Chore>>,
    tasks: &mut Tasks,
    watchdog: &mut Watchdog,
) -> Operators {
    let operator = Operator {
        file: config.store.cuffs_file(),
        given: config.cuffs_given,
        has_policy: config.readiness.is_some(),
        cuffs: channels.cuffs.clone(),
        chores,
        pairing: channels.pairing.clone(),
        board: channels.board.subscribe(),
        synchronized: channels.clock.subscribe(),
        store: store.clone(),
    };
    let (asks, asked) = mpsc::channel(COMMANDS);
    let (passkeys, entered) = mpsc::channel(COMMANDS);
    let heart = watchdog.heart("operator");
    tasks.spawn(Task::Operator, async move {
        operator.run(asked, entered, heart).await;
        Ok(())
    });
    Operators { asks, passkeys }
}

/// The page, if there is to be one, and what it is made of: the control socket has the same.
fn open_page(
    config: &Config,
    store: &Store,
    channels: &Channels,
    passkeys: mpsc::Sender<PasskeyGiven>,
    running: &Running,
    tasks: &mut Tasks,
    watchdog: &mut Watchdog,
) -> Result<Arc<web::Site>, AppError> {
    let (pressed, presses) = mpsc::channel(COMMANDS);
    let (gate, heart) = (channels.asks.clone(), watchdog.heart("pressed"));
    tasks.spawn(Task::Pressed, async move {
        page::ask_the_gate(presses, gate, heart).await;
        Ok(())
    });
    let stop = running.control.clone();
    let (state, cuffs) = (channels.state.subscribe(), channels.cuffs.subscribe());
    let site = page::site(config, store, state, pressed, passkeys, cuffs, stop.clone())?;
    let site = Arc::new(site);
    let shown = matches!(running.scope, Scope::Daemon);
    if shown && let Some(listener) = page::listener(config)? {
        let (router, heart) = (web::page(Arc::clone(&site)), watchdog.heart("page"));
        tasks.spawn(Task::Page, async move {
            web::serve(listener, router, stop, || heart.beat()).await;
            Ok(())
        });
    }
    Ok(site)
}

/// A daemon without its control socket still collects and delivers, so its lack is told and lived with.
fn open_socket(
    config: &Config,
    store: &Store,
    channels: &Channels,
    operator: mpsc::Sender<control::operator::Ask>,
    api: Router,
    running: &Running,
    tasks: &mut Tasks,
) -> Result<(), AppError> {
    let path = match &running.scope {
        Scope::Daemon | Scope::Fleet => control::socket_path(),
        Scope::Operator { socket } => socket.clone(),
    };
    let socket = match server::bind(&path) {
        Ok(socket) => socket,
        // Nobody could ask it, and it runs for nothing else.
        Err(error) if matches!(running.scope, Scope::Operator { .. }) => {
            return Err(AppError::Setup {
                what: "no socket for this command",
                cause: std::io::Error::other(error),
            });
        }
        Err(error) => {
            warn!(
                error = chain(&error),
                "no control socket: `cuffd status` and its kin cannot ask this daemon"
            );
            return Ok(());
        }
    };
    let sources = Sources {
        store: store.clone(),
        keys: channels.keys.clone(),
        site: config.gateway.site.clone(),
        gateway: config.gateway.id.clone(),
        operator,
        patient_system: config.mqtt.as_ref().and_then(|mqtt| mqtt.fhir_patient_system.clone()),
    };
    let cancel = running.control.clone();
    tasks.spawn(Task::Control, async move {
        let served = server::serve(socket, sources, api, cancel).await;
        served.map_err(|cause| AppError::Setup {
            what: "the control socket failed",
            cause,
        })
    });
    Ok(())
}
