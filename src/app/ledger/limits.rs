//! Limits of bank products on money from and to the outside.

use crate::app::{Context, Failure};
use crate::domain::accounts::{Account, Direction, Lifecycle};
use crate::domain::money::Amount;
use crate::domain::reference::BankTerms;
use crate::domain::refusal::Refusal;

/// The terms of the account's product; None if it is not of a bank product.
pub(in crate::app) fn terms_of(context: &Context<'_>, account: &Account) -> Result<Option<BankTerms>, Failure> {
    if !account.standing.is_bank {
        return Ok(None);
    }
    Ok(Some(context.tx.bank_terms(account.standing.group)?.ok_or(Refusal::Internal)?))
}

/// Refuses money from or to the outside that the limits of the account's product do not allow. An account that is
/// closing pays out whatever is left.
pub(in crate::app) fn admit_limits(
    context: &Context<'_>,
    account: &Account,
    direction: Direction,
    amount: Amount,
) -> Result<(), Failure> {
    let (balances, decimals) = (&account.balances, account.decimals);
    match (terms_of(context, account)?, direction) {
        (None, _) => Ok(()),
        (Some(_), _) if account.lifecycle == Lifecycle::Closing => Ok(()),
        (Some(terms), Direction::Credit) => {
            let after = balances.balance.saturating_add(balances.pending).saturating_add(amount);
            Ok(terms.admit_deposit(amount, after, decimals)?)
        }
        (Some(terms), Direction::Debit) => {
            let after = balances.balance.saturating_sub(balances.held).saturating_sub(amount);
            Ok(terms.admit_withdrawal(amount, after, decimals)?)
        }
    }
}
