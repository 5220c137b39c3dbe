//! Sources and problems of values. Every problem names its source, so that nobody has to search for it.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

/// The origin of a value; a later variant overrides an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    Default,
    File {
        path: PathBuf,
        /// The line of the key, counted from 1; `None` for the whole file.
        line: Option<usize>,
    },
    Environment {
        name: String,
    },
    Flag {
        /// With its dashes, such as `--listen`.
        name: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::Environment { name } => write!(f, "environment {name}"),
            Self::Flag { name } => write!(f, "flag {name}"),
        }
    }
}

/// A problem with the configuration. Its `Display` is `source: key: message. fix`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The dotted key; empty if the problem concerns a whole file.
    pub key: String,
    pub source: Source,
    pub message: String,
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.source)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}. {}", self.message, self.fix)
    }
}

/// A problem found by `validate`, before the source of the value is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The dotted key, such as `server.listen`.
    pub key: String,
    pub message: String,
    pub fix: String,
}

impl Finding {
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), fix: fix.into() }
    }

    /// Adds the source of the value.
    pub(super) fn at(self, source: Source) -> Problem {
        Problem { key: self.key, source, message: self.message, fix: self.fix }
    }
}

/// All problems of the configuration, so that an operator can fix them in one go. Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Error)]
#[error("{}", list(problems))]
pub struct ConfigErrors {
    /// File first, then environment, flags, and rules across values.
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    let count = problems.len();
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    format!("{count} problem{} in the configuration{lines}", if count == 1 { "" } else { "s" })
}
