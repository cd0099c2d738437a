//! The running tasks by name.

use std::collections::BTreeSet;

use tokio::task::{Id, JoinSet};
use tracing::error;

use super::AppError;

/// One task of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// Where measurements come from.
    Source,
    /// From events to stored readings.
    Intake,
    /// To the broker.
    Link,
    /// What the platform asks for.
    Commands,
    /// The control socket.
    Control,
    /// What an operator asks.
    Operator,
    /// The page for the people in the room.
    Page,
    /// What is pressed there, to the gate.
    Pressed,
    /// Whether the clock can be believed.
    Clock,
    /// What is known now.
    Report,
    /// What the status message says.
    Status,
    /// Disk and age of what is stored.
    Housekeeping,
    /// systemd's watchdog.
    Watchdog,
    /// The store's thread, which is no task of ours but ends like one.
    Store,
}

impl Task {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Intake => "intake",
            Self::Link => "link",
            Self::Commands => "commands",
            Self::Control => "control",
            Self::Operator => "operator",
            Self::Page => "page",
            Self::Pressed => "pressed",
            Self::Clock => "clock",
            Self::Report => "report",
            Self::Status => "status",
            Self::Housekeeping => "housekeeping",
            Self::Watchdog => "watchdog",
            Self::Store => "store",
        }
    }
}

/// The running tasks. Dropping them ends them.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    set: JoinSet<Result<(), AppError>>,
    names: Vec<(Id, Task)>,
    over: BTreeSet<Task>,
    /// What tasks that ended while the daemon stopped had to say.
    failed: Vec<AppError>,
}

impl Tasks {
    pub(super) fn spawn(&mut self, task: Task, work: impl Future<Output = Result<(), AppError>> + Send + 'static) {
        let id = self.set.spawn(work).id();
        self.names.push((id, task));
    }

    /// The first task to end, and how.
    pub(super) async fn first_to_end(&mut self) -> (Task, Result<(), AppError>) {
        loop {
            if let Some(ended) = self.next().await {
                return ended;
            }
            // Without tasks nothing can end.
            std::future::pending::<()>().await;
        }
    }

    /// Returns once `task` has ended. How tasks end while the daemon stops is told, and changes nothing.
    pub(super) async fn ended(&mut self, task: Task) {
        while self.names.iter().any(|(_, name)| *name == task) && !self.over.contains(&task) {
            match self.next().await {
                Some((ended, Err(error))) => {
                    error!(task = ended.name(), %error, "ended badly while stopping");
                    self.failed.push(error);
                }
                Some((_, Ok(()))) => {}
                None => return,
            }
        }
    }

    /// Takes what went wrong while the daemon stopped.
    pub(super) fn take_failed(&mut self) -> Vec<AppError> {
        std::mem::take(&mut self.failed)
    }

    /// Whether `task` has ended.
    pub(super) fn is_over(&self, task: Task) -> bool {
        self.over.contains(&task)
    }

    /// What has not ended yet.
    pub(super) fn running(&self) -> Vec<&'static str> {
        let names = self.names.iter().map(|(_, task)| *task);
        names.filter(|task| !self.over.contains(task)).map(Task::name).collect()
    }

    pub(super) fn abort_all(&mut self) {
        self.set.abort_all();
    }

    async fn next(&mut self) -> Option<(Task, Result<(), AppError>)> {
        let (id, result) = match self.set.join_next_with_id().await? {
            Ok((id, result)) => (id, result),
            // A panic is a fault of ours: it has been printed, and it ends the daemon in order.
            Err(fault) => (fault.id(), Ok(())),
        };
        let task = self
            .names
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, task)| *task)?;
        self.over.insert(task);
        Some((task, result))
    }
}
