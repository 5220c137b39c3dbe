//! What is unique among the labels: references and aliases. The schema keeps them unique; here the caller is told.

use super::{Failure, Work};
use crate::domain::account::Account;
use crate::domain::ids::{AccountId, PortfolioSerial, ProfileSerial};
use crate::domain::labels::AccountLabels;
use crate::domain::refusal::Refusal;

/// Refuses a reference that another profile has. Whether there is such a profile is told only to those who may see it.
pub(super) fn check_profile_reference(
    work: &Work<'_>,
    reference: &str,
    own: Option<ProfileSerial>,
) -> Result<(), Failure> {
    if reference.is_empty() {
        return Ok(());
    }
    match work.tx.profile_of_reference(reference)? {
        Some(holder) if Some(holder) != own => {
            let is_visible = work.tx.is_profile_visible(holder, work.visibility())?;
            Err(taken(is_visible, "reference", Refusal::DuplicateReference).into())
        }
        _ => Ok(()),
    }
}

/// Refuses a reference that another account of the ledger has, and an alias that another one of the portfolio has.
pub(super) fn check_account_labels(
    work: &Work<'_>,
    labels: &AccountLabels,
    (ledger, portfolio): (i64, PortfolioSerial),
    own: Option<&Account>,
) -> Result<(), Failure> {
    let own = own.map(|account| account.id);
    let is_taken = |holder: Option<AccountId>| holder.filter(|holder| Some(*holder) != own);
    if !labels.common.reference.is_empty()
        && let Some(holder) = is_taken(work.tx.account_of_reference(ledger, &labels.common.reference)?)
    {
        let is_visible = work.tx.account(holder, work.visibility())?.is_some();
        return Err(taken(is_visible, "reference", Refusal::DuplicateReference).into());
    }
    if !labels.alias.is_empty()
        && let Some(holder) = is_taken(work.tx.account_of_alias(portfolio, &labels.alias)?)
    {
        let is_visible = work.tx.account(holder, work.visibility())?.is_some();
        return Err(taken(is_visible, "alias", Refusal::DuplicateAlias).into());
    }
    Ok(())
}

fn taken(is_visible: bool, field: &str, told: Refusal) -> Refusal {
    if is_visible { told } else { Refusal::invalid(field, "cannot be used") }
}
