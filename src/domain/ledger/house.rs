//! House accounts: the broker's own side of every entry, and the recipe that says which of them an entry is posted against.

use crate::domain::ledger::EntryKind;

/// One of the broker's own accounts. There is one of each per ledger, currency, and live or demo, made on demand; they
/// may go negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum House {
    /// Money at the bank: deposits come from it, withdrawals go to it.
    Bank,
    /// What is under way or has no account of its own.
    Clearing,
    /// Corrections.
    Correction,
    /// Trading credit granted.
    Credit,
    /// Bonuses granted.
    Bonus,
    /// Fees earned.
    Fee,
    /// Commissions earned.
    Commission,
    /// Swaps earned or paid.
    Swap,
    /// Interest paid or earned.
    Interest,
    /// Dividends passed on.
    Dividend,
    /// Taxes withheld.
    Tax,
    /// Rebates granted.
    Rebate,
    /// Funding of positions, earned or paid.
    Funding,
    /// Profit and loss of trading.
    TradingPnl,
    /// The other side of conversions.
    Fx,
    /// Losses taken over from clients.
    NegativeBalanceProtection,
}

impl House {
    /// Every house account.
    pub const ALL: [House; 16] = [
        House::Bank,
        House::Clearing,
        House::Correction,
        House::Credit,
        House::Bonus,
        House::Fee,
        House::Commission,
        House::Swap,
        House::Interest,
        House::Dividend,
        House::Tax,
        House::Rebate,
        House::Funding,
        House::TradingPnl,
        House::Fx,
        House::NegativeBalanceProtection,
    ];

    /// Its name, as it is stored.
    pub fn name(self) -> &'static str {
        match self {
            House::Bank => "bank",
            House::Clearing => "clearing",
            House::Correction => "correction",
            House::Credit => "credit",
            House::Bonus => "bonus",
            House::Fee => "fee",
            House::Commission => "commission",
            House::Swap => "swap",
            House::Interest => "interest",
            House::Dividend => "dividend",
            House::Tax => "tax",
            House::Rebate => "rebate",
            House::Funding => "funding",
            House::TradingPnl => "trading_pnl",
            House::Fx => "fx",
            House::NegativeBalanceProtection => "negative_balance_protection",
        }
    }

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
