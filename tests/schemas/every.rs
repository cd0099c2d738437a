//! Everything that the program can say by a word: each variant stands here once, and a new one stops the build until it does.

use cuffd::core::alert::AlertCode;
use cuffd::core::bls::measurement::Status;
use cuffd::core::delivery::Kind;
use cuffd::core::doctor::{About, Outcome};
use cuffd::core::name::Name;
use cuffd::core::readiness::answer::State;
use cuffd::core::readiness::refusal::Refusal;
use cuffd::core::reason::{ReadingReason, Reason, Side, Vital};
use cuffd::core::state::session::MessageState;
use cuffd::core::state::{CuffHealth, Problem, RadioState};
use cuffd::core::trouble;
use cuffd::mqtt::command::{Code, CommandName, Decision};
use cuffd::mqtt::message::alert::AlertState;
use cuffd::mqtt::message::status::Presence;
use jiff::Timestamp;
use rust_decimal::Decimal;

macro_rules! every {
    ($(#[$meta:meta])* $name:ident: $type:ident = $($variant:ident)+) => {
        $(#[$meta])*
        pub(crate) fn $name() -> Vec<$type> {
            const fn is_listed(value: &$type) {
                match value {
                    $($type::$variant => (),)+
                }
            }
            let every = vec![$($type::$variant),+];
            every.iter().for_each(is_listed);
            every
        }
    };
}

every!(states: State = Waiting Ready Started Blocked Referred Crisis Ended);
every!(vitals: Vital = Systolic Diastolic PulseRate);
every!(sides: Side = Above Below);
every!(reading_reasons: ReadingReason =
    UnregisteredCuff Duplicate MeasurementError Implausible UnexpectedLength NotBonded ClockUnsynchronized FirstSessionHistory
    Undated FutureDated Stale OtherUser NoSession PulseRateMissing BodyMovement CuffTooLoose ImproperPosition PulseRateRange
    IrregularPulse RestIncomplete TooSoon RoundOver DiscardedFirst);
every!(presences: Presence = Online Offline Lost Retired);
every!(problems: Problem =
    AdapterLost BondLost BrokerUnreachable ClockUnsynchronized CommandsRefused CuffUnreachable MessageRefused NoSubscriber
    StoreNearlyFull StoreUnavailable);
every!(reply_codes: Code =
    Malformed Retained WrongGateway NotAuthorized Expired ClockUnsynchronized UnknownCommand UnknownSession SessionExists
    UnknownPatient UnknownItem NotNow Superseded PolicyMismatch NoPolicy Busy);
every!(cuff_healths: CuffHealth = NotHeard Ok Unreachable BondLost);
every!(radio_states: RadioState = Starting Scanning NoAdapter AdapterOff NoStack NoBus Deaf Virtual);
every!(message_states: MessageState = NotSent Sent Received);
every!(abouts: About =
    Config Daemon Permissions Dbus Bluetoothd Adapter Clock Disk Broker Delivery Sessions Cuff Bond);
every!(outcomes: Outcome = Ok Warn Bad);
every!(alert_states: AlertState = Raised Cleared);
every!(kinds: Kind = Alert Readiness Reading Fhir);
every!(command_names: CommandName = OpenSession Attest Start CloseSession Decide Report Receipt Resend);
every!(refusals: Refusal =
    NoPolicy UnknownSession IdUsed PatientHasSession CuffHasSession NotASessionCuff UnknownPatient UnknownItem NotReady
    AlreadyStarted NothingToApprove OverrideNotAllowed CrisisApprovedBefore);

/// The words of what a clinician may decide: they are read, never written.
pub(crate) fn decisions() -> Vec<&'static str> {
    const fn word(decision: Decision) -> &'static str {
        match decision {
            Decision::Approve => "approve",
            Decision::Deny => "deny",
        }
    }
    vec![word(Decision::Approve), word(Decision::Deny)]
}

every!(troubles_of: TroubleCode =
    ClockUnsynchronized CuffUnreachable BondLost AdapterLost StoreUnavailable StoreNearlyFull MessageRefused);

pub(crate) use trouble::Code as TroubleCode;

pub(crate) fn alert_codes() -> Vec<AlertCode> {
    const fn is_listed(code: &AlertCode) {
        match code {
            AlertCode::Crisis | AlertCode::CrisisUnassigned | AlertCode::Trouble(_) => (),
        }
    }
    let troubles = troubles_of().into_iter().map(AlertCode::Trouble);
    let every: Vec<_> = [AlertCode::Crisis, AlertCode::CrisisUnassigned]
        .into_iter()
        .chain(troubles)
        .collect();
    every.iter().for_each(is_listed);
    every
}

/// The names that a measurement status can have.
pub(crate) fn status_names() -> Vec<&'static str> {
    let mut names: Vec<_> = (0..=u16::MAX).flat_map(|bits| Status(bits).names()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Every reason of an answer, with numbers.
pub(crate) fn reasons() -> Vec<Reason> {
    const fn is_listed(reason: &Reason) {
        match reason {
            Reason::Limit { .. }
            | Reason::IrregularPulse
            | Reason::AttemptsUsed
            | Reason::ApprovalNeeded
            | Reason::Crisis { .. }
            | Reason::ValidityOver
            | Reason::RestIncomplete { .. }
            | Reason::ReadingsNeeded { .. }
            | Reason::AttestationMissing { .. }
            | Reason::ClockUnsynchronized
            | Reason::StoreUnavailable
            | Reason::SessionStarted
            | Reason::SessionOver
            | Reason::Denied => (),
        }
    }
    let (measured, limit) = (Decimal::new(14_605, 2), Decimal::from(140));
    let limits = vitals().into_iter().flat_map(|of| {
        let sides = sides().into_iter();
        sides.map(move |side| Reason::Limit {
            of,
            side,
            measured,
            limit,
        })
    });
    let crises = vitals().into_iter().map(|of| Reason::Crisis { of, measured, limit });
    let others = [
        Reason::IrregularPulse,
        Reason::AttemptsUsed,
        Reason::ApprovalNeeded,
        Reason::ValidityOver,
        Reason::RestIncomplete {
            until: Timestamp::UNIX_EPOCH,
        },
        Reason::ReadingsNeeded { needed: 2 },
        Reason::AttestationMissing {
            item: Name::parse("safe_setting").unwrap(),
        },
        Reason::ClockUnsynchronized,
        Reason::StoreUnavailable,
        Reason::SessionStarted,
        Reason::SessionOver,
        Reason::Denied,
    ];
    let every: Vec<_> = limits.chain(crises).chain(others).collect();
    every.iter().for_each(is_listed);
    every
}
