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
