//! Statements: which of its two times an entry counts at, and places in the order that follows from it.

use crate::domain::clock::Moment;
use crate::domain::ids::EntrySeq;
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use uuid::Uuid;

named_enum! {
    /// Which of the two times of an entry counts.
    #[derive(Default)]
    pub enum Basis {
        /// When it was written: what was shown then.
        #[default]
        Recorded = "recorded",
        /// From when on it counts: what would have been shown, had everything been written in time.
        Effective = "effective",
    }
}

/// A place in the order of a statement: time first, then the number of the entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The time that counts.
    pub at: Moment,
    pub seq: EntrySeq,
}

/// Where a statement goes on: after a place, among the entries that the first page knew of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Continuation {
    /// The last line that was shown.
    pub after: Place,
    /// The first entry that the statement does not know of.
    pub bound: EntrySeq,
}

/// What one book adds to a trial balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialLine {
    /// Public id of its ledger.
    pub ledger: Uuid,
    /// Currency code.
    pub currency: String,
    /// Decimals of the currency.
    pub decimals: Decimals,
    /// Whether it is demo money.
    pub is_demo: bool,
    /// `client`, or the name of the house account.
    pub role: String,
    /// Its balance, or a part of it.
    pub balance: Amount,
}
