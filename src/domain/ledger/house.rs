//! House accounts: the broker's own side of every entry, and which of them each kind of entry is posted against.

use crate::domain::ledger::EntryKind;
use crate::domain::named::named_enum;

named_enum! {
    /// One of the broker's own accounts. Each ledger, currency and mode (live or demo) has one of each, created on
    /// demand; they may go negative.
    #[derive(PartialOrd, Ord)]
    pub enum House {
        /// Money at the bank: the source of deposits and the target of withdrawals.
        Bank = "bank",
        /// Money in transit or without an account of its own.
        Clearing = "clearing",
        Correction = "correction",
        /// Trading credit granted to clients.
        Credit = "credit",
        /// Bonuses granted to clients.
        Bonus = "bonus",
        Fee = "fee",
        Commission = "commission",
        /// Swaps earned or paid.
        Swap = "swap",
        /// Interest paid or earned.
        Interest = "interest",
        /// Dividends passed on to clients.
        Dividend = "dividend",
        /// Taxes withheld from clients.
        Tax = "tax",
        /// Rebates granted to clients.
        Rebate = "rebate",
        /// Financing of positions, earned or paid.
        Funding = "funding",
        /// Profit and loss of trading.
        TradingPnl = "trading_pnl",
        /// The other side of currency conversions.
        Fx = "fx",
        /// Money of the broker that is paid to accounts and taken from them.
        Reserve = "reserve",
        /// Client losses absorbed by the broker.
        NegativeBalanceProtection = "negative_balance_protection",
    }
}

impl House {
    /// The posting recipe: the house account that takes the other side of a client's posting. None if the other side is
    /// not a house account (transfers) or depends on another entry (reversals).
    ///
    /// Mirrors the table in `docs/ledger.md`; a test compares the two.
    pub fn counterpart(kind: EntryKind) -> Option<House> {
        Some(match kind {
            EntryKind::Buy | EntryKind::Sell => House::TradingPnl,
            EntryKind::Credit => House::Credit,
            EntryKind::Correction => House::Correction,
            EntryKind::Commission => House::Commission,
            EntryKind::Dividend => House::Dividend,
            EntryKind::Tax => House::Tax,
            EntryKind::Bonus => House::Bonus,
            EntryKind::Other => House::Clearing,
            EntryKind::Swap => House::Swap,
            EntryKind::Interest => House::Interest,
            EntryKind::Balance => House::Bank,
            EntryKind::Rebate => House::Rebate,
            EntryKind::Fee => House::Fee,
            EntryKind::Funding => House::Funding,
            EntryKind::NegativeBalanceProtection => House::NegativeBalanceProtection,
            EntryKind::Transfer | EntryKind::Reversal => return None,
        })
    }
}
