//! What can be wrong with a config, as values: each says where it stands, what was found and what is allowed.
//!
//! No mistake shows a secret, an address or a patient's id: whoever reads such a key leaves the value out.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// One mistake.
#[derive(Debug, thiserror::Error)]
pub enum Mistake {
    /// The file is not there or may not be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The text is not TOML; also a key that stands there twice.
    #[error("{place}: {problem}")]
    Syntax {
        /// File, line and column.
        place: String,
        /// What the parser says, without the text it was reading.
        problem: String,
    },
    /// An environment variable whose name leads to no key.
    #[error("{name}: leads to no key; allowed: CUFFD__TABLE__KEY")]
    Variable {
        /// The variable's name.
        name: String,
    },
    /// File and environment could not be laid over each other.
    #[error("cannot merge the file and the environment")]
    Merge(#[source] config::ConfigError),
    /// A key that does not exist.
    #[error("{key}{}: unknown key{}{}", At(place), Meant(nearest), Known(known))]
    Unknown {
        /// Its path.
        key: String,
        /// Where it stands.
        place: Option<String>,
        /// What was probably meant.
        nearest: Option<String>,
        /// The keys that there are in its table.
        known: Vec<&'static str>,
    },
    /// A required key that is not there.
    #[error("{key}{}: missing; allowed: {allowed}", At(place))]
    Missing {
        /// Its path.
        key: String,
        /// Where its table stands.
        place: Option<String>,
        /// What it may be.
        allowed: String,
    },
    /// A value that is not allowed.
    #[error("{key}{}: found {found}; allowed: {allowed}", At(place))]
    Value {
        /// Its path.
        key: String,
        /// Where it stands.
        place: Option<String>,
        /// What stands there, or a description of it where it must not be shown.
        found: String,
        /// What may stand there.
        allowed: String,
    },
}

impl Mistake {
    /// The key, variable or file that it is about, for those who count or sort mistakes.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Unreadable { path, .. } => path.display().to_string(),
            Self::Syntax { place, .. } => place.clone(),
            Self::Variable { name } => name.clone(),
            Self::Merge(_) => "environment".to_owned(),
            Self::Unknown { key, .. } | Self::Missing { key, .. } | Self::Value { key, .. } => key.clone(),
        }
    }

    /// Whether it says no more than that a file is not there.
    pub(super) fn is_absence(&self) -> bool {
        self.is_unreadable(io::ErrorKind::NotFound)
    }

    fn is_unreadable(&self, why: io::ErrorKind) -> bool {
        matches!(self, Self::Unreadable { cause, .. } if cause.kind() == why)
    }
}

/// Where a value stands, in brackets, if it is known.
struct At<'a>(&'a Option<String>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// A question whether another key was meant.
struct Meant<'a>(&'a Option<String>);

impl fmt::Display for Meant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, "; did you mean {nearest}?"),
            None => Ok(()),
        }
    }
}

/// The keys that are allowed.
struct Known<'a>(&'a [&'static str]);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => Ok(()),
            known => write!(f, "; allowed: {}", known.join(", ")),
        }
    }
}

/// All mistakes of a config, at least one, in the order of the tables.
#[derive(Debug)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// Whether nothing is wrong but that this user may not read the files.
    #[must_use]
    pub fn are_of_permission(&self) -> bool {
        let closed = |mistake: &Mistake| mistake.is_unreadable(io::ErrorKind::PermissionDenied);
        self.0.iter().all(closed)
    }
}

impl IntoIterator for Mistakes {
    type Item = Mistake;
    type IntoIter = std::vec::IntoIter<Mistake>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl From<Vec<Mistake>> for Mistakes {
    fn from(mistakes: Vec<Mistake>) -> Self {
        Self(mistakes)
    }
}

/// Each on a line of its own, with its causes.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.0.iter().enumerate() {
            if place > 0 {
                writeln!(f)?;
            }
            write!(f, "{mistake}")?;
            let mut cause = mistake.source();
            while let Some(error) = cause {
                write!(f, ": {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl Error for Mistakes {}

/// Something that is allowed but unwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The key it is about.
    pub key: String,
    /// What is unwise about it.
    pub why: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}
