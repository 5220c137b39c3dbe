//! Accounts as they are filed: in a portfolio of a ledger, with or without a product, and nested in each other.

use crate::app::accounts::{ArchiveAccount, ChangeAccount, FixedFields, TakenAlias, find, owners_of, write};
use crate::app::clients::find_or_register;
use crate::app::command::Undo;
use crate::app::organizations::{group_without_product, ledger, portfolio};
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle, Owner, OwnerAccess};
use crate::domain::clients::{AccountLabelsChange, Profile};
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, GroupId, PortfolioId, PortfolioSerial, ProfileId};
use crate::domain::organizations::{Place, RecordFilter};
use crate::domain::page::Window;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{AccountFilter, LabelFilter, ReadTx};
use serde::{Deserialize, Serialize};

/// A portfolio, by its ledger and itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shelf {
    pub place: Place,
    pub portfolio: PortfolioId,
}

/// An account with its product.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FiledAccount {
    pub account: Account,
    /// None if it is in the group of accounts without one.
    pub product: Option<GroupId>,
}

impl FiledAccount {
    pub(in crate::app) fn read(tx: &ReadTx<'_>, account: Account) -> Result<FiledAccount, Failure> {
        let without = tx.group_without_product(account.standing.ledger)?;
        Ok(FiledAccount { product: Some(account.group).filter(|group| Some(*group) != without), account })
    }
}

/// An account of a portfolio that the caller sees and that is not archived.
fn filed(tx: &ReadTx<'_>, shelf: Shelf, id: AccountId, visibility: &Visibility) -> Result<Account, Failure> {
    portfolio(tx, shelf.place, shelf.portfolio, &Visibility::Everything)?;
    let is_there = |account: &Account| account.portfolio == shelf.portfolio && account.lifecycle != Lifecycle::Closed;
    let unknown = Refusal::NotFound { noun: Noun::Account, field: None };
    Ok(tx.account(id, visibility)?.filter(is_there).ok_or(unknown)?)
}

/// The product or, if there is none, the group of accounts without one.
///
/// Refusals: the ledger has no such product.
pub(in crate::app) fn group_of(
    context: &Context<'_>,
    place: Place,
    product: Option<GroupId>,
) -> Result<GroupId, Failure> {
    let ledger = ledger(context.tx, place)?;
    match product {
        None => group_without_product(context, ledger.row),
        Some(product) => match context.tx.product(ledger.row, product)? {
            Some(product) => Ok(product.id),
            None => Err(Refusal::not_found(Noun::Group).into()),
        },
    }
}

/// Changes an account of a portfolio; None leaves a setting as it is.
///
/// Refusals: unknown; those of a change of the account; a new owner while the account has several, money, holds or
/// movements, or where the group requires approval.
pub struct EditFiledAccount {
    pub shelf: Shelf,
    pub id: AccountId,
    /// Replaces the owner; the account stays in its portfolio. Created if nobody has this id.
    pub profile: Option<ProfileId>,
    /// The inner None takes the account out of its product.
    pub product: Option<Option<GroupId>>,
    pub labels: AccountLabelsChange,
    pub allows_credits: Option<bool>,
    pub allows_debits: Option<bool>,
}

impl Command for EditFiledAccount {
    type Outcome = FiledAccount;
    const ACTION: &'static str = "account.edit";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<FiledAccount, Failure> {
        let account = filed(context.tx, self.shelf, self.id, context.visibility())?;
        let group = self.product.map(|product| group_of(context, self.shelf.place, product)).transpose()?;
        let change = ChangeAccount {
            id: self.id,
            expected_version: None,
            fixed: FixedFields::default(),
            group,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: None,
            minimum_balance: None,
            labels: self.labels,
            allows_credits: self.allows_credits,
            allows_debits: self.allows_debits,
            permissions: None,
        };
        context.part(change, Undo::Whole)??;
        let owner = self.profile.filter(|profile| *profile != account.profile);
        if let Some(owner) = owner {
            let owner = find_or_register(context, owner)?;
            hand_over(context, &find(context, self.id)?, &owner)?;
        }
        FiledAccount::read(context.tx, find(context, self.id)?)
    }
}

/// Replaces the only owner of an empty account.
fn hand_over(context: &Context<'_>, account: &Account, owner: &Profile) -> Result<(), Failure> {
    let old = owners_of(context, account)?;
    let is_busy = !account.balances.is_empty() || account.valuation.has_positions || account.valuation.has_orders;
    if old.list().len() > 1 || is_busy || account.standing.requires_approval {
        return Err(Refusal::OwnerKept.into());
    }
    owner.admit_verified()?;
    let new = Owner { profile: owner.id, serial: owner.serial, access: OwnerAccess::Full, since: context.now };
    let (mut both, leaving) = (old.clone(), old.primary().profile);
    both.add(new, Some(1))?;
    let added = (EventType::AccountOwnerAdded, owner.id);
    write(context, account, &old, &both, added, TakenAlias::KeepsPortfolio)?;
    let mut one = both.clone();
    one.remove(leaving)?;
    let removed = (EventType::AccountOwnerRemoved, leaving);
    write(context, &find(context, account.id)?, &both, &one, removed, TakenAlias::KeepsPortfolio)?;
    Ok(())
}

/// Archives an account of a portfolio. Refusals: unknown; it is not empty; accounts are nested in it.
pub struct DeleteFiledAccount {
    pub shelf: Shelf,
    pub id: AccountId,
}

impl Command for DeleteFiledAccount {
    type Outcome = ();
    const ACTION: &'static str = "account.delete";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        filed(context.tx, self.shelf, self.id, context.visibility())?;
        Ok(context.part(ArchiveAccount { id: self.id, expected_version: None }, Undo::Whole)??)
    }
}

/// Finds an account of a portfolio.
pub struct GetFiledAccount {
    pub shelf: Shelf,
    pub id: AccountId,
}

impl Query for GetFiledAccount {
    type Answer = FiledAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<FiledAccount, Failure> {
        FiledAccount::read(view.tx, filed(view.tx, self.shelf, self.id, view.visibility)?)
    }
}

/// The accounts of a portfolio that are not archived, the newest first.
pub struct ListFiledAccounts {
    pub shelf: Shelf,
    pub currency: Option<CurrencyCode>,
    /// The caller's word for the sort of account.
    pub category: Option<String>,
    pub filter: RecordFilter,
}

impl Query for ListFiledAccounts {
    type Answer = Vec<FiledAccount>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Vec<FiledAccount>, Failure> {
        let Shelf { place, portfolio: id } = self.shelf;
        let shelf = portfolio(view.tx, place, id, &Visibility::Everything)?;
        let labels = LabelFilter { category: self.category, metadata: self.filter.metadata, ..LabelFilter::default() };
        let filter = AccountFilter {
            portfolio: Some(PortfolioSerial(shelf.row)),
            currency: self.currency,
            labels,
            ..AccountFilter::default()
        };
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let window = Window {
            offset: number(self.filter.offset),
            limit: self.filter.limit.map_or(u32::MAX, number),
            newest_first: true,
        };
        let (accounts, _) = view.tx.accounts_in(&filter, view.visibility, window)?;
        if accounts.is_empty() {
            // A portfolio of a hidden client is not found, unless some of its accounts are another client's.
            let all = AccountFilter { portfolio: Some(PortfolioSerial(shelf.row)), ..AccountFilter::default() };
            let one = Window { offset: 0, limit: 1, newest_first: true };
            if view.tx.accounts_in(&all, view.visibility, one)?.0.is_empty() {
                portfolio(view.tx, place, id, view.visibility)?;
            }
        }
        accounts.into_iter().map(|(account, _)| FiledAccount::read(view.tx, account)).collect()
    }
}
