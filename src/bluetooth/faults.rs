//! What bluetoothd's errors mean: the one place that reads their texts.
//!
//! btleplug passes errors on as text, and bluetoothd itself puts ATT codes and kernel reasons into free text, so there is
//! nothing better to go by. The texts are those of BlueZ 5.66 to 5.87, dbus 0.9 and zbus 6.

use crate::core::collection::Fault;

/// What each text stands for; the first that is found decides.
const TEXTS: &[(&str, Fault)] = &[
    ("att error: 0x05", Fault::Bond),
    ("att error: 0x08", Fault::Bond),
    ("att error: 0x0f", Fault::Bond),
    ("pin or key missing", Fault::Bond),
    ("key-missing", Fault::Bond),
    ("org.bluez.error.authentication", Fault::Bond),
    ("org.bluez.error.notauthorized", Fault::Bond),
    ("not paired", Fault::Bond),
    ("att error: 0x80", Fault::Ignored),
    ("att error: 0x85", Fault::Ignored),
    ("inprogress", Fault::InProgress),
    ("alreadyexists", Fault::InProgress),
    ("in progress", Fault::InProgress),
    ("org.bluez.error.notready", Fault::NotReady),
    ("resource not ready", Fault::NotReady),
    ("adapter-not-powered", Fault::NotReady),
    ("notconnected", Fault::NotConnected),
    ("not connected", Fault::NotConnected),
    ("abort-by-local", Fault::NotConnected),
    ("abort-by-remote", Fault::NotConnected),
    // Before "inputoutput": zbus calls a late answer an input/output error, and that bus is not gone.
    ("timed out", Fault::Timeout),
    ("timedout", Fault::Timeout),
    ("error.disconnected", Fault::Bus),
    ("failed to send message", Fault::Bus),
    ("connection is closed", Fault::Bus),
    ("inputoutput", Fault::Bus),
    ("broken pipe", Fault::Bus),
    ("serviceunknown", Fault::Stack),
    ("namehasnoowner", Fault::Stack),
    ("was not provided by any", Fault::Stack),
    ("message recipient disconnected", Fault::Stack),
    ("devicenotfound", Fault::UnknownObject),
    ("unknownobject", Fault::UnknownObject),
    ("unknownmethod", Fault::UnknownObject),
    ("unknowninterface", Fault::UnknownObject),
    ("not found", Fault::UnknownObject),
    ("noreply", Fault::Timeout),
    ("timeout waiting for reply", Fault::Timeout),
];

/// What an error of btleplug means.
pub(super) fn of_btleplug(error: &btleplug::Error) -> Fault {
    // The debug form has the D-Bus error's name; the display form has only its message, which may be empty.
    of_text(&format!("{error:?}"))
}

/// What an error of zbus means.
pub(super) fn of_zbus(error: &zbus::Error) -> Fault {
    of_text(&format!("{error:?}"))
}

/// What an error's text means.
fn of_text(text: &str) -> Fault {
    let text = text.to_ascii_lowercase();
    TEXTS
        .iter()
        .find(|(part, _)| text.contains(part))
        .map_or(Fault::Other, |(_, fault)| *fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_seen_mean_what_they_should() {
        for (text, fault) in [
            (
                "D-Bus error: Operation failed with ATT error: 0x05 (org.bluez.Error.Failed)",
                Fault::Bond,
            ),
            (
                "D-Bus error: Operation failed with ATT error: 0x0f (org.bluez.Error.Failed)",
                Fault::Bond,
            ),
            (
                "D-Bus error: Operation failed with ATT error: 0x80 (org.bluez.Error.Failed)",
                Fault::Ignored,
            ),
            (
                "D-Bus error: Operation failed with ATT error: 0x0e (org.bluez.Error.Failed)",
                Fault::Other,
            ),
            (
                "D-Bus error: In Progress (org.bluez.Error.InProgress)",
                Fault::InProgress,
            ),
            (
                "D-Bus error: Operation already in progress (org.bluez.Error.InProgress)",
                Fault::InProgress,
            ),
            (
                "D-Bus error: Resource Not Ready (org.bluez.Error.NotReady)",
                Fault::NotReady,
            ),
            (
                "D-Bus error: le-connection-abort-by-local (org.bluez.Error.Failed)",
                Fault::NotConnected,
            ),
            (
                "D-Bus error: Not Connected (org.bluez.Error.NotConnected)",
                Fault::NotConnected,
            ),
            (
                "D-Bus error: The name org.bluez was not provided by any .service files (org.freedesktop.DBus.Error.ServiceUnknown)",
                Fault::Stack,
            ),
            (
                "D-Bus error: Method \"StartNotify\" with signature \"\" on interface \"org.bluez.GattCharacteristic1\" doesn't exist (org.freedesktop.DBus.Error.UnknownObject)",
                Fault::UnknownObject,
            ),
            (
                "D-Bus error: Timeout waiting for reply (org.freedesktop.DBus.Error.NoReply)",
                Fault::Timeout,
            ),
            ("ServiceDiscoveryTimedOut", Fault::Timeout),
            (
                "D-Bus error: Failed to send message (org.freedesktop.DBus.Error.Failed)",
                Fault::Bus,
            ),
            ("D-Bus error:  (org.bluez.Error.Failed)", Fault::Other),
            ("", Fault::Other),
        ] {
            assert_eq!(of_text(text), fault, "{text}");
        }
    }

    #[test]
    fn the_name_of_a_dbus_error_is_seen_through_btleplug() {
        let inner = dbus::Error::new_custom("org.bluez.Error.InProgress", "");
        let error = btleplug::Error::Other(Box::new(inner));
        assert_eq!(of_btleplug(&error), Fault::InProgress);
    }

    #[test]
    fn the_name_of_a_dbus_error_is_seen_through_zbus() {
        let error = zbus::Error::FDO(Box::new(zbus::fdo::Error::ServiceUnknown("x".into())));
        assert_eq!(of_zbus(&error), Fault::Stack);
        let error = zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::BrokenPipe.into()));
        assert_eq!(of_zbus(&error), Fault::Bus);
    }

    #[test]
    fn a_late_answer_is_no_lost_bus() {
        let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "timed out");
        let error = zbus::Error::InputOutput(std::sync::Arc::new(late));
        assert_eq!(of_zbus(&error), Fault::Timeout);
        let bare = zbus::Error::InputOutput(std::sync::Arc::new(std::io::ErrorKind::TimedOut.into()));
        assert_eq!(of_zbus(&bare), Fault::Timeout);
    }
}
