//! Where a value came from, and what is wrong with it: every complaint names its place, so that nobody has to search.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use thiserror::Error;

/// The place that gave a key its value; a later variant overrides an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Source {
    /// Nobody set it: the built-in default.
    Default,
    /// The configuration file.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line of the key, counted from 1; absent where the whole file is meant.
        line: Option<usize>,
    },
    /// An environment variable.
    Environment {
        /// The variable as it was spelled.
        name: String,
    },
    /// A flag of the command line.
    Flag {
        /// The flag with its dashes.
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

/// One thing that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The dotted key; empty where the problem is with a whole file.
    pub key: String,
    /// Who set it so.
    pub source: Source,
    /// What is wrong.
    pub message: String,
    /// What puts it right.
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

/// Something that `validate` has to say about a value, before it is known who set it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The dotted key.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What puts it right.
    pub fix: String,
}

impl Finding {
    /// A finding about `key`.
    pub(super) fn new(key: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into(), fix: fix.into() }
    }

    /// The same with the place that set the key.
    pub(super) fn at(self, source: Source) -> Problem {
        Problem { key: self.key, source, message: self.message, fix: self.fix }
    }
}

/// Everything that is wrong with the configuration, never empty: an operator fixes it in one go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Error)]
#[error("{}", list(problems))]
pub struct ConfigErrors {
    /// In the order of file, environment, flags and then of the rules between values.
    pub problems: Vec<Problem>,
}

fn list(problems: &[Problem]) -> String {
    let count = problems.len();
    let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    format!("{count} problem{} in the configuration{lines}", if count == 1 { "" } else { "s" })
}
