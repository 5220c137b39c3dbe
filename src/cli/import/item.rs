//! What a place in the file of an import turns into.

use std::fmt;

/// Why something was not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// A stable word for programs.
    pub(super) reason: String,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>, message: impl Into<String>) -> Fault {
        Fault { reason: reason.into(), message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Fault {
        Fault::new("invalid", message)
    }

    pub(super) fn too_long() -> Fault {
        Fault::new("too_long", "longer than an event can be")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

/// A record of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Item {
    /// Number of its first line.
    pub(super) line: u64,
    /// As it is in the file, in UTF-8, for the file of rejects.
    pub(super) original: Vec<u8>,
    pub(super) content: Content,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// JSON texts, in order.
    Events(Vec<String>),
    Refused(Fault),
    /// Not meant to be imported, such as a heartbeat in a log: neither taken nor wrong.
    Skipped(&'static str),
}

impl Item {
    pub(super) fn event(line: u64, original: Vec<u8>, event: String) -> Item {
        Item { line, original, content: Content::Events(vec![event]) }
    }

    pub(super) fn refused(line: u64, original: Vec<u8>, fault: Fault) -> Item {
        Item { line, original, content: Content::Refused(fault) }
    }
}
