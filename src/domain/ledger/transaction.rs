//! Transactions of an account, as banks show them: movements in every state, and entries that no movement posted.

use crate::domain::clock::Moment;
use crate::domain::ids::{AccountSerial, MovementSerial};
use crate::domain::money::{Amount, Decimals};
use crate::domain::named::named_enum;

/// Numbers of entries that no movement posted begin here; those below are numbers of movements. Programs read both as
/// integers of 32 bits.
const ENTRIES_FROM: i64 = 1_000_000_000;

/// The number of a transaction. The two sides of a transfer share it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TransactionNumber(pub i64);

impl TransactionNumber {
    pub const ENTRIES_FROM: i64 = ENTRIES_FROM;

    pub fn of_movement(serial: MovementSerial) -> TransactionNumber {
        TransactionNumber(serial.0)
    }
}

named_enum! {
    pub enum TransactionKind {
        /// From the outside.
        Deposit = "deposit",
        /// To the outside.
        Withdrawal = "withdrawal",
        /// Between two accounts.
        Transfer = "transfer",
        /// From or to the reserve of the house.
        Reserve = "reserve",
        /// Everything else, such as a fee.
        Adjustment = "adjustment",
    }
}

named_enum! {
    pub enum TransactionState {
        /// Asked for; can still be taken back.
        Initiated = "initiated",
        /// Like that, and held up.
        Delayed = "delayed",
        /// On its way.
        Pending = "pending",
        Settled = "settled",
        Voided = "voided",
    }
}

/// A movement or an entry as seen from one account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    pub number: TransactionNumber,
    pub account: AccountSerial,
    pub kind: TransactionKind,
    pub state: TransactionState,
    pub is_credit: bool,
    /// Above zero.
    pub amount: Amount,
    pub decimals: Decimals,
    /// The caller's own reference; empty for none.
    pub reference: String,
    /// In the caller's words.
    pub description: String,
    pub created_at: Moment,
    pub settled_at: Option<Moment>,
    pub voided_at: Option<Moment>,
    /// When the money became or becomes available, once it is settled.
    pub available_at: Option<Moment>,
}
