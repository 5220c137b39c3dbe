//! Uniqueness of references and aliases. The schema guarantees it; these checks return a proper refusal.

use crate::app::{Context, Failure};
use crate::domain::accounts::Account;
use crate::domain::clients::AccountLabels;
use crate::domain::ids::{PortfolioSerial, ProfileSerial};
use crate::domain::refusal::{Field, Refusal};

/// Refuses a reference that another profile has. Reveals the conflict only to callers who can see that profile.
pub(in crate::app) fn check_profile_reference(
    context: &Context<'_>,
    reference: &str,
    own: Option<ProfileSerial>,
) -> Result<(), Failure> {
    if reference.is_empty() {
        return Ok(());
    }
    match context.tx.profile_of_reference(reference)? {
        Some(holder) if Some(holder) != own => {
            let is_visible = context.tx.is_profile_visible(holder, context.visibility())?;
            Err(context.taken(is_visible, Field::Reference, Refusal::DuplicateReference).into())
        }
        _ => Ok(()),
    }
}

/// Refuses a reference used by another account of the ledger, or an alias used by another one of the portfolio.
/// Unchanged values are not checked: an archived account may have lost its alias to another one.
pub(in crate::app) fn check_account_labels(
    context: &Context<'_>,
    labels: &AccountLabels,
    (ledger, portfolio): (i64, PortfolioSerial),
    own: Option<&Account>,
) -> Result<(), Failure> {
    let reference = &labels.common.reference;
    let keeps_reference = own.is_some_and(|own| own.labels.common.reference == *reference);
    if !reference.is_empty()
        && !keeps_reference
        && let Some(holder) = context.tx.account_of_reference(ledger, reference)?
    {
        let is_visible = context.tx.account(holder, context.visibility())?.is_some();
        return Err(context.taken(is_visible, Field::Reference, Refusal::DuplicateReference).into());
    }
    let keeps_alias = own.is_some_and(|own| own.labels.alias == labels.alias && own.standing.portfolio == portfolio);
    if !labels.alias.is_empty()
        && !keeps_alias
        && let Some(holder) = context.tx.account_of_alias(portfolio, &labels.alias)?
    {
        let is_visible = context.tx.account(holder, context.visibility())?.is_some();
        return Err(context.taken(is_visible, Field::Alias, Refusal::DuplicateAlias).into());
    }
    Ok(())
}
