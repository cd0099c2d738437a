//! The last readings of a session, for its small chart.

use jiff::Timestamp;
use rust_decimal::Decimal;
use tracing::debug;

use crate::core::name::Name;
use crate::core::notation::Printed;
use crate::core::state::SessionState;
use crate::store::Store;

/// So many are shown.
const SHOWN: usize = 6;

/// Readings fetched at once.
const PAGE: usize = 200;

/// One reading as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recent {
    /// When it was taken, or received where that is unknown.
    pub(super) at: Timestamp,
    pub(super) systolic: Decimal,
    pub(super) diastolic: Decimal,
    pub(super) counted: bool,
}

/// A pressure as it is shown.
pub(super) fn shown(pressure: Decimal) -> String {
    Printed(pressure)
        .number()
        .map_or_else(String::new, |number| number.to_string())
}

/// The last readings that went to this session, oldest first. None where the store does not answer: they are no news.
pub(super) async fn of(store: &Store, session: &SessionState) -> Vec<Recent> {
    let mut recent = Vec::new();
    let mut after = None;
    loop {
        let page = match store.readings(Some(session.progress.opened_at), after, PAGE).await {
            Ok(page) => page,
            Err(error) => {
                debug!(%error, "the last readings are not shown");
                return Vec::new();
            }
        };
        let of_it = page
            .readings
            .iter()
            .filter(|row| row.session.as_ref() == Some(name(session)));
        recent.extend(of_it.filter_map(|row| {
            Some(Recent {
                at: row.taken_at.unwrap_or(row.received_at),
                systolic: row.systolic?,
                diastolic: row.diastolic?,
                counted: row.counted,
            })
        }));
        recent.drain(..recent.len().saturating_sub(SHOWN));
        after = page.next;
        if after.is_none() {
            return recent;
        }
    }
}

const fn name(session: &SessionState) -> &Name {
    &session.told.session
}
