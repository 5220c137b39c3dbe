//! The balances of an account, and the coverage check that every debit passes.

use crate::domain::money::Amount;

/// The stored figures of an account's book, in minor units of the account's currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Balances {
    /// Sum of all postings.
    pub balance: Amount,
    /// Sum of the active holds.
    pub held: Amount,
    /// Settled deposits whose funds are not available yet.
    pub uncleared: Amount,
    /// Announced deposits that have not settled; not part of `balance`.
    pub pending: Amount,
    /// Net sum of the CREDIT entries; can be negative, see [`Balances::credit`].
    pub credit_net: Amount,
    /// How far the account may go below zero: zero or less. The stricter of the account's own setting and its group's.
    pub minimum: Amount,
    /// What open positions and working orders take of `available`: used and pending margin, and what positions have
    /// lost; zero or more. Unrealised profit is not money yet.
    #[serde(default, skip_serializing_if = "is_none")]
    pub margin: Amount,
}

fn is_none(margin: &Amount) -> bool {
    margin.is_zero()
}

impl Balances {
    /// `balance − held − uncleared`.
    pub fn available(&self) -> Amount {
        self.balance.saturating_sub(self.held).saturating_sub(self.uncleared)
    }

    /// `available` less what positions and orders take.
    pub fn free(&self) -> Amount {
        self.available().saturating_sub(self.margin)
    }

    /// Trading credit: part of `balance`, never withdrawable, never negative.
    pub fn credit(&self) -> Amount {
        self.credit_net.max(Amount::ZERO)
    }

    /// The most that a withdrawal may take: `free − credit − minimum`. Negative if losses have consumed part of the
    /// credit, or if positions need more than there is.
    pub fn withdrawable(&self) -> Amount {
        self.free().saturating_sub(self.credit()).saturating_sub(self.minimum)
    }

    /// The figures after a posting of `amount` (signed). `is_credit` marks entries of kind CREDIT. None on overflow.
    pub fn after(&self, amount: Amount, is_credit: bool) -> Option<Balances> {
        let balance = self.balance.checked_add(amount)?;
        let credit_net = if is_credit { self.credit_net.checked_add(amount)? } else { self.credit_net };
        Some(Balances { balance, credit_net, ..*self })
    }

    /// The most that an operator's debit may take; negative if nothing can be taken.
    ///
    /// Revoking trading credit lowers `balance` and `credit` equally, so it needs no free funds, but cannot exceed the
    /// credit that was granted.
    pub fn debitable(&self, is_credit: bool) -> Amount {
        if is_credit {
            self.credit().min(self.withdrawable().saturating_add(self.credit()))
        } else {
            self.withdrawable()
        }
    }

    /// Whether an operator's debit of this (negative) amount is covered: it must not take `withdrawable` below zero.
    pub fn covers(&self, amount: Amount, is_credit: bool) -> bool {
        amount.checked_neg().is_some_and(|amount| amount <= self.debitable(is_credit))
    }

    /// Whether the account holds nothing: no balance, hold, uncleared or pending amount.
    pub fn is_empty(&self) -> bool {
        self.balance.is_zero() && self.held.is_zero() && self.uncleared.is_zero() && self.pending.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(n: i64) -> Amount {
        Amount::from_minor(n)
    }

    #[test]
    fn a_debit_is_covered_up_to_the_minimum() {
        let book = Balances { balance: minor(1000), held: minor(100), uncleared: minor(200), ..Balances::default() };
        assert_eq!(book.available(), minor(700));
        assert!(book.covers(minor(-700), false));
        assert!(!book.covers(minor(-701), false));
        let overdraft = Balances { minimum: minor(-50), ..book };
        assert!(overdraft.covers(minor(-750), false));
        assert!(!overdraft.covers(minor(-751), false));
    }

    #[test]
    fn trading_credit_cannot_be_withdrawn_but_can_be_taken_back() {
        let book = Balances { balance: minor(150), credit_net: minor(100), ..Balances::default() };
        assert_eq!(book.withdrawable(), minor(50));
        assert!(!book.covers(minor(-51), false));
        assert!(book.covers(minor(-100), true));
        assert!(!book.covers(minor(-101), true));
        let lost = Balances { balance: minor(30), ..book };
        assert!(lost.covers(minor(-30), true) && !lost.covers(minor(-31), true));
    }

    #[test]
    fn what_positions_take_cannot_be_withdrawn() {
        let book = Balances { balance: minor(1000), margin: minor(400), credit_net: minor(100), ..Balances::default() };
        assert_eq!((book.available(), book.free(), book.withdrawable()), (minor(1000), minor(600), minor(500)));
        assert!(book.covers(minor(-500), false) && !book.covers(minor(-501), false));
        let under = Balances { margin: minor(1001), ..book };
        assert_eq!((under.free(), under.debitable(true)), (minor(-1), minor(-1)));
    }

    #[test]
    fn a_negative_credit_sum_counts_as_zero() {
        let book = Balances { balance: minor(150), credit_net: minor(-30), ..Balances::default() };
        assert_eq!((book.credit(), book.withdrawable()), (Amount::ZERO, minor(150)));
    }

    #[test]
    fn overflow_is_detected() {
        let book = Balances { balance: minor(i64::MAX), ..Balances::default() };
        assert_eq!(book.after(minor(1), false), None);
    }
}
