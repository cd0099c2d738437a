//! The link between gateway and broker, which fails when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::plan::Trouble;

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Health {
    trouble: Option<Trouble>,
    /// Connections of before this one have ended.
    generation: u64,
}

/// A link that listens on a port of its own.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    health: watch::Sender<Health>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// Everything that comes goes on to this port.
    pub(crate) async fn start(to: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (health, heard) = watch::channel(Health {
            trouble: None,
            generation: 0,
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut links = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let heard = heard.clone();
                links.spawn(async move {
                    // A broker that does not run refuses, and so does this.
                    if let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await {
                        carry(near, far, heard).await;
                    }
                });
            }
        });
        Self {
            port,
            health,
            _tasks: tasks,
        }
    }

    pub(crate) fn fail(&self, trouble: Trouble) {
        self.health.send_modify(|health| match trouble {
            Trouble::Cut => health.generation += 1,
            Trouble::CutAfter(_) | Trouble::Stall | Trouble::Swallow => health.trouble = Some(trouble),
        });
    }

    /// What was stalled goes on; connections that lost something end.
    pub(crate) fn heal(&self) {
        self.health.send_modify(|health| {
            if health.trouble.take() != Some(Trouble::Stall) {
                health.generation += 1;
            }
        });
    }
}

/// Carries until an end closes, or until the link is cut.
async fn carry(near: TcpStream, far: TcpStream, mut health: watch::Receiver<Health>) {
    let generation = health.borrow().generation;
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    // Both ways together.
    let carried = Arc::new(AtomicU64::new(0));
    let (there, back) = (health.clone(), health.clone());
    tokio::select! {
        () = pump(near_in, far_out, there, Arc::clone(&carried)) => {}
        () = pump(far_in, near_out, back, carried) => {}
        _ = health.wait_for(|now| now.generation != generation) => {}
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut health: watch::Receiver<Health>,
    carried: Arc<AtomicU64>,
) {
    let mut octets = [0; 1024];
    loop {
        if health
            .wait_for(|now| now.trouble != Some(Trouble::Stall))
            .await
            .is_err()
        {
            return;
        }
        let Ok(count @ 1..) = from.read(&mut octets).await else {
            return;
        };
        if health
            .wait_for(|now| now.trouble != Some(Trouble::Stall))
            .await
            .is_err()
        {
            return;
        }
        let trouble = health.borrow().trouble;
        let going = match trouble {
            Some(Trouble::Swallow) => continue,
            Some(Trouble::CutAfter(limit)) => {
                let left = limit.saturating_sub(carried.fetch_add(count as u64, Ordering::Relaxed));
                count.min(usize::try_from(left).unwrap_or(count))
            }
            Some(Trouble::Cut | Trouble::Stall) | None => count,
        };
        if to.write_all(&octets[..going]).await.is_err() || going < count {
            return;
        }
    }
}
