//! Accounts together with what their group, their platform and their currency say.

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

/// An account together with what it belongs to.
pub struct DescribedAccount {
    /// The account.
    pub account: Account,
    /// Its group.
    pub group: Group,
    /// A number for the label of its group, which stays while the groups with that label do; none without a label.
    pub label: Option<GroupSerial>,
    /// The platform of its group.
    pub platform: Platform,
    /// Its currency.
    pub currency: Currency,
    /// When its figures were last recorded.
    pub figures_recorded_at: Moment,
}

/// What accounts can belong to; few, so all of it is read at once.
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
        let label = self.groups.iter().find(|other| !group.label.is_empty() && other.label == group.label);
        Some(DescribedAccount {
            label: label.map(|first| first.serial),
            platform: self.platforms.iter().find(|platform| platform.declared.code == group.platform)?.clone(),
            currency: self.currencies.iter().find(|currency| currency.code == account.currency)?.clone(),
            group: group.clone(),
            account,
            figures_recorded_at,
        })
    }
}

/// The accounts in a window of a list, described, and how many accounts the list has.
pub struct ListDescribedAccounts {
    /// What selects them.
    pub filter: AccountFilter,
    /// Which of them.
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
