//! Statements: which of an entry's two times orders them, and positions in that order.

use crate::domain::clock::Moment;
use crate::domain::ids::EntrySeq;
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;
use uuid::Uuid;

named_enum! {
    /// The time of an entry by which a statement is ordered.
    #[derive(Default)]
    pub enum Basis {
        /// When the entry was written: what a caller would have seen at the time.
        #[default]
        Recorded = "recorded",
        /// When the entry takes effect: what a caller would have seen had everything been written in time.
        Effective = "effective",
    }
}

/// A position in a statement: ordered by time, then by entry number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The recorded or the effective time.
    pub at: Moment,
    pub seq: EntrySeq,
}

/// Where a statement continues: after a position, among the entries that existed when the first page was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Continuation {
    /// The last line already returned.
    pub after: Place,
    /// The first entry that the statement does not include.
    pub bound: EntrySeq,
}

/// The contribution of one book to a trial balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrialLine {
    pub ledger: Uuid,
    pub currency: String,
    pub decimals: Decimals,
    pub is_demo: bool,
    /// `client`, or the name of the house account.
    pub role: String,
    /// All of the book's balance or a part of it.
    pub balance: Amount,
}
