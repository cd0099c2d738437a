//! Values that must not reach a log: they print as `<private>`.

use std::fmt;

/// Wraps a value that no log, error text or panic message may show: a patient id, an address, a secret.
///
/// The value is reached by [`Private::expose`] only, so that every place that shows it can be found by that word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

impl<T> fmt::Display for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<private>")
    }
}

#[cfg(test)]
mod tests {
    use super::Private;

    #[test]
    fn neither_form_shows_the_value() {
        let patient = Private::new("p-7f3a");
        assert_eq!(format!("{patient} {patient:?}"), "<private> <private>");
        assert_eq!(*patient.expose(), "p-7f3a");
    }
}
