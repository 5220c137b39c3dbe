//! Protection against a negative balance: the broker absorbs what a closing loses beyond the client's own money.

use crate::domain::accounts::Balances;
use crate::domain::money::Amount;
use crate::domain::reference::{DeclaredGroup, GroupKind};
use crate::domain::trading::ProtectAfter;

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

impl Protection {
    /// After which closings the group's accounts are protected. None: never, as for wallets.
    pub fn rule(group: &DeclaredGroup) -> Option<ProtectAfter> {
        (group.negative_balance_protection && group.kind == GroupKind::Trading).then_some(group.protect_after)
    }

    /// What a fill entails, given the balances with all its other entries: own money (balance less credit) is lifted to
    /// the account's minimum, by the loss of the fill at most.
    pub fn of(rule: ProtectAfter, fill: ClosingFill, balances: &Balances) -> Protection {
        let is_due = fill.leaves_flat
            && match rule {
                ProtectAfter::AnyClose => true,
                ProtectAfter::StopOut => fill.is_stop_out,
            };
        let loss = Amount::ZERO.saturating_sub(fill.profit);
        let own = balances.balance.saturating_sub(balances.credit());
        let shortfall = balances.minimum.saturating_sub(own).min(loss);
        if !is_due || !shortfall.is_positive() {
            return Protection::default();
        }
        let from_credit = balances.credit().min(shortfall);
        Protection { from_credit, of_balance: shortfall.saturating_sub(from_credit) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::trading::sample::minor;

    fn protection(balance: i64, credit: i64, loss: i64) -> (i64, i64) {
        let balances = Balances { balance: minor(balance), credit_net: minor(credit), ..Balances::default() };
        let fill = ClosingFill { leaves_flat: true, is_stop_out: true, profit: minor(-loss) };
        let protection = Protection::of(ProtectAfter::StopOut, fill, &balances);
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
        let balances = Balances { balance: minor(-500), minimum: minor(-300), ..Balances::default() };
        let fill = ClosingFill { leaves_flat: true, is_stop_out: false, profit: minor(-1000) };
        let of_balance = |rule, fill| Protection::of(rule, fill, &balances).of_balance.minor();
        assert_eq!(of_balance(ProtectAfter::AnyClose, fill), 200);
        assert_eq!(of_balance(ProtectAfter::StopOut, fill), 0);
        assert_eq!(of_balance(ProtectAfter::AnyClose, ClosingFill { leaves_flat: false, ..fill }), 0);
        assert_eq!(of_balance(ProtectAfter::StopOut, ClosingFill { is_stop_out: true, ..fill }), 200);
    }
}
