//! Protection against a negative balance: the broker absorbs what a closing loses beyond the client's own money.

use crate::domain::money::Amount;
use crate::domain::reference::{DeclaredGroup, GroupKind};
use crate::domain::trading::{Moved, ProtectAfter};

/// A closing fill, as far as protection depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClosingFill {
    /// Whether the account has no open position in any symbol afterwards.
    pub leaves_flat: bool,
    /// Whether the platform closed it because the margin level fell too low.
    pub is_stop_out: bool,
    /// Its price profit as posted.
    pub profit: Amount,
}

/// What the broker absorbs; zero or more. The entries are CREDIT `-from_credit` with protection `+from_credit`, then
/// protection `+of_balance`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Protection {
    /// Trading credit that is consumed.
    pub from_credit: Amount,
    /// What the balance is lifted by.
    pub of_balance: Amount,
}

/// Under which terms an account is protected. They are recorded with each execution as it arrives, so that deriving
/// again gives the same after the group has changed them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ProtectionTerms {
    /// After which closings. None: never, as for wallets.
    pub after: Option<ProtectAfter>,
    /// What own money is lifted to: zero or less.
    pub minimum: Amount,
}

impl ProtectionTerms {
    pub fn of(group: &DeclaredGroup, minimum: Amount) -> ProtectionTerms {
        let is_protected = group.negative_balance_protection && group.kind == GroupKind::Trading;
        ProtectionTerms { after: is_protected.then_some(group.protect_after), minimum }
    }
}

impl Protection {
    /// What a fill entails, given the money with all its other entries: own money (balance less credit) is lifted to
    /// the minimum, by the loss of the fill at most.
    pub fn of(terms: ProtectionTerms, fill: ClosingFill, money: Moved) -> Protection {
        let is_due = fill.leaves_flat
            && match terms.after {
                None => false,
                Some(ProtectAfter::AnyClose) => true,
                Some(ProtectAfter::StopOut) => fill.is_stop_out,
            };
        let loss = Amount::ZERO.saturating_sub(fill.profit);
        let credit = saturated(money.credit).max(Amount::ZERO);
        let own = saturated(money.balance).saturating_sub(credit);
        let shortfall = terms.minimum.saturating_sub(own).min(loss);
        if !is_due || !shortfall.is_positive() {
            return Protection::default();
        }
        let from_credit = credit.min(shortfall);
        Protection { from_credit, of_balance: shortfall.saturating_sub(from_credit) }
    }
}

/// What is beyond an amount is beyond every loss, too.
fn saturated(sum: i128) -> Amount {
    let most = if sum.is_negative() { i64::MIN } else { i64::MAX };
    Amount::from_minor(i64::try_from(sum).unwrap_or(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trading::sample::minor;

    fn protection(balance: i64, credit: i64, loss: i64) -> (i64, i64) {
        let money = Moved { balance: balance.into(), credit: credit.into() };
        let fill = ClosingFill { leaves_flat: true, is_stop_out: true, profit: minor(-loss) };
        let terms = ProtectionTerms { after: Some(ProtectAfter::StopOut), minimum: Amount::ZERO };
        let protection = Protection::of(terms, fill, money);
        (protection.from_credit.minor(), protection.of_balance.minor())
    }

    #[test]
    fn credit_is_consumed_before_the_balance_is_lifted() {
        assert_eq!(protection(-25, 0, 100), (0, 25));
        // Own money is -80: the credit covers it, and the balance stays.
        assert_eq!(protection(20, 100, 500), (80, 0));
        // Own money is -150: the credit covers 100 of it.
        assert_eq!(protection(-50, 100, 500), (100, 50));
        assert_eq!(protection(100, 100, 500), (0, 0));
        assert_eq!(protection(-25, -10, 100), (0, 25));
    }

    #[test]
    fn no_more_than_the_loss_of_the_fill_is_absorbed() {
        assert_eq!(protection(-50, 0, 30), (0, 30));
        assert_eq!(protection(-50, 20, 30), (20, 10));
        assert_eq!(protection(-50, 100, 30), (30, 0));
        assert_eq!([protection(-50, 0, 0), protection(-50, 0, -40)], [(0, 0); 2]);
    }

    #[test]
    fn own_money_is_lifted_to_the_minimum_of_the_account() {
        let money = Moved { balance: -500, credit: 0 };
        let fill = ClosingFill { leaves_flat: true, is_stop_out: false, profit: minor(-1000) };
        let of_balance = |after, fill| {
            let terms = ProtectionTerms { after: Some(after), minimum: minor(-300) };
            Protection::of(terms, fill, money).of_balance.minor()
        };
        assert_eq!(of_balance(ProtectAfter::AnyClose, fill), 200);
        assert_eq!(of_balance(ProtectAfter::StopOut, fill), 0);
        assert_eq!(of_balance(ProtectAfter::AnyClose, ClosingFill { leaves_flat: false, ..fill }), 0);
        assert_eq!(of_balance(ProtectAfter::StopOut, ClosingFill { is_stop_out: true, ..fill }), 200);
    }
}
