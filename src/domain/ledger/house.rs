//! House accounts: the broker's own side of every entry, and the recipe that says which of them an entry is posted against.

use crate::domain::ledger::EntryKind;
use crate::domain::named::named_enum;

named_enum! {
    /// One of the broker's own accounts. There is one of each per ledger, currency, and live or demo, made on demand; they
    /// may go negative.
    #[derive(PartialOrd, Ord)]
    pub enum House {
        /// Money at the bank: deposits come from it, withdrawals go to it.
        Bank = "bank",
        /// What is under way or has no account of its own.
        Clearing = "clearing",
        Correction = "correction",
        /// Trading credit granted.
        Credit = "credit",
        /// Bonuses granted.
        Bonus = "bonus",
        /// Fees earned.
        Fee = "fee",
        /// Commissions earned.
        Commission = "commission",
        /// Swaps earned or paid.
        Swap = "swap",
        /// Interest paid or earned.
        Interest = "interest",
        /// Dividends passed on.
        Dividend = "dividend",
        /// Taxes withheld.
        Tax = "tax",
        /// Rebates granted.
        Rebate = "rebate",
        /// Funding of positions, earned or paid.
        Funding = "funding",
        /// Profit and loss of trading.
        TradingPnl = "trading_pnl",
        /// The other side of conversions.
        Fx = "fx",
        /// Losses taken over from clients.
        NegativeBalanceProtection = "negative_balance_protection",
    }
}

impl House {
    /// The posting recipe: which house account stands against a client's posting in an entry of this kind. None where
    /// the other side is not a house account (a transfer) or depends on another entry (a reversal).
    ///
    /// The table in `docs/ledger.md` says the same; a test compares the two.
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
