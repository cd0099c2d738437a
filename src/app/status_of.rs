//! The `status` of a gateway whose daemon does not run, from what is stored.

use uuid::Uuid;

use super::wiring;
use crate::clock;
use crate::config::Config;
use crate::core::state::Problem;
use crate::mqtt::errand::Notice;
use crate::mqtt::message::status::{self, Connection, Presence, Standing};
use crate::store::{DeliverySummary, Store};

/// What it is made of.
pub(super) enum StatusOf<'a> {
    /// A gateway that has stored nothing.
    Nothing,
    /// An open store, and what it says of delivery.
    Stored(&'a Store, &'a DeliverySummary),
}

/// The message; `None` if the store does not say how far its numbers went.
pub(super) async fn notice(config: &Config, of: StatusOf<'_>, presence: Presence) -> Option<Notice> {
    let (number, facts) = match of {
        StatusOf::Nothing => (0, status::Facts::default()),
        StatusOf::Stored(store, summary) => {
            let heads = store.heads().await.ok()?;
            let refused = (summary.set_aside_count > 0).then_some(Problem::MessageRefused);
            let facts = status::Facts {
                standing: Standing::new(summary, &heads),
                problems: refused.into_iter().collect(),
            };
            (store.next_connection().await.ok()?, facts)
        }
    };
    let connection = Connection {
        number,
        since: clock::wall(),
    };
    let origin = wiring::origin(config, Uuid::new_v4());
    Some(Notice {
        topic: wiring::topics(config).status(),
        payload: status::status(&origin, presence, connection, &facts).ok()?,
        schema: status::SCHEMA,
    })
}
