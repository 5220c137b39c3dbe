//! Accounts joined with their group, platform and currency.

use crate::app::{Failure, Query, View};
use crate::domain::access::Right;
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::GroupSerial;
use crate::domain::page::Window;
use crate::domain::reference::{Currency, Group};
use crate::domain::refusal::Refusal;
pub use crate::store::Platform;
use crate::store::{AccountFilter, ReadTx, StoreError};

/// An account with the reference data that it uses.
pub struct DescribedAccount {
    pub account: Account,
    pub group: Group,
    /// A number for the label of its group, stable while groups with that label exist; None without a label.
    pub label: Option<GroupSerial>,
    /// The platform of its group.
    pub platform: Platform,
    pub currency: Currency,
    /// When its balances were last recorded.
    pub figures_recorded_at: Moment,
}

/// Reference data is small, so all of it is read at once.
struct Reference {
    groups: Vec<Group>,
    platforms: Vec<Platform>,
    currencies: Vec<Currency>,
}

impl Reference {
    fn read(tx: &ReadTx<'_>) -> Result<Reference, StoreError> {
        Ok(Reference { groups: tx.groups()?, platforms: tx.platforms()?, currencies: tx.currencies()? })
    }

    fn describe(&self, account: Account, figures_recorded_at: Moment) -> Option<DescribedAccount> {
        let group = self.groups.iter().find(|group| group.id == account.group)?;
        let declared = &group.declared;
        let is_alike = |other: &&Group| !declared.label.is_empty() && other.declared.label == declared.label;
        let label = self.groups.iter().find(is_alike);
        Some(DescribedAccount {
            label: label.map(|first| first.serial),
            platform: self.platforms.iter().find(|platform| platform.declared.code == declared.platform)?.clone(),
            currency: self.currencies.iter().find(|currency| currency.code == account.currency)?.clone(),
            group: group.clone(),
            account,
            figures_recorded_at,
        })
    }
}

/// The accounts in a window of a list, described, and the total count.
pub struct ListDescribedAccounts {
    pub filter: AccountFilter,
    pub window: Window,
}

impl Query for ListDescribedAccounts {
    type Answer = (Vec<DescribedAccount>, u64);
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        let reference = Reference::read(view.tx)?;
        let (accounts, total) = view.tx.accounts_in(&self.filter, view.visibility, self.window)?;
        let mut described = Vec::with_capacity(accounts.len());
        for account in accounts {
            let figures_recorded_at = view.tx.figures_recorded_at(&account)?;
            described.push(reference.describe(account, figures_recorded_at).ok_or(Refusal::Internal)?);
        }
        Ok((described, total))
    }
}
