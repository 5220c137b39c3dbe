//! Portfolios of clients and their accounts, as systems for investors show them: across all ledgers, with owners,
//! sorted by creation or by the last change.

use crate::app::accounts::{ChangeAccount, FixedFields, OpenAccount, find};
use crate::app::command::Undo;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::accounts::{Account, Lifecycle, Lock, OrderBasis, Permissions};
use crate::domain::clients::{AccountLabelsChange, ProfileStatus};
use crate::domain::ids::{AccountId, DEFAULT_LEDGER, PortfolioId, PortfolioSerial, ProfileId};
use crate::domain::money::{Amount, Decimals};
use crate::domain::organizations::{Portfolio, PortfolioKind, Record};
use crate::domain::page::Window;
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::status::StatusLabel;
use crate::store::{AccountFilter, ReadTx};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A part of a list, sorted by creation or by the last change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sorted {
    pub window: Window,
    pub by_change: bool,
}

/// A portfolio with what its client's status says about it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ClientPortfolio {
    pub portfolio: Portfolio,
    /// Whether its client is still in review.
    pub is_in_review: bool,
}

impl ClientPortfolio {
    fn read(tx: &ReadTx<'_>, portfolio: Portfolio) -> Result<ClientPortfolio, Failure> {
        let client = tx.profile(portfolio.profile, &Visibility::Everything)?;
        let is_in_review = client.is_some_and(|client| client.status == ProfileStatus::Pending);
        Ok(ClientPortfolio { portfolio, is_in_review })
    }
}

/// An account with its owners, the primary one first, without those that the caller may not see.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OwnedAccount {
    pub account: Account,
    pub owners: Vec<ProfileId>,
}

impl OwnedAccount {
    fn read(tx: &ReadTx<'_>, account: Account, visibility: &Visibility) -> Result<OwnedAccount, Failure> {
        let mut owners = Vec::new();
        for owner in tx.owners(account.book)?.iter().flat_map(|owners| owners.list()) {
            if tx.is_profile_visible(owner.serial, visibility)? {
                owners.push(owner.profile);
            }
        }
        Ok(OwnedAccount { account, owners })
    }
}

/// Opens another portfolio of a client, in the default ledger.
///
/// Refusals: unknown client; one that leaves, was denied, is deceased or archived.
pub struct OpenPortfolio {
    pub profile: ProfileId,
    pub kind: PortfolioKind,
}

impl Command for OpenPortfolio {
    type Outcome = ClientPortfolio;
    const ACTION: &'static str = "portfolio.open";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<ClientPortfolio, Failure> {
        let client =
            context.tx.profile(self.profile, context.visibility())?.ok_or(Refusal::not_found(Noun::Profile))?;
        context.involve(client.id);
        client.admit_staying()?;
        if !matches!(client.status, ProfileStatus::Verified | ProfileStatus::Pending) {
            return Err(Refusal::ProfileState(client.status).into());
        }
        let id = PortfolioId::new(context.now, context.app.randomness());
        let (created_at, updated_at) = (context.now, context.now);
        let record = Record { status: StatusLabel::default(), metadata: BTreeMap::new(), created_at, updated_at };
        context.tx.add_portfolio(DEFAULT_LEDGER, id, client.serial, ("", &record))?;
        context.concerns_of(ObjectKind::Portfolio, id.uuid(), Some(client.serial));
        let opened = context.tx.portfolio_anywhere(id, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
        context.tx.set_portfolio_kind(opened.row, self.kind)?;
        ClientPortfolio::read(context.tx, Portfolio { kind: self.kind, ..opened })
    }
}

/// Opens an account in a portfolio of its client.
///
/// Refusals: unknown client; the client has no such portfolio; the client leaves; the portfolio is closing or closed;
/// no such group; those of opening an account.
pub struct OpenInPortfolio {
    pub profile: ProfileId,
    pub portfolio: PortfolioId,
    pub basis: OrderBasis,
    /// By its key in the reference file.
    pub group: String,
    pub currency: CurrencyCode,
    /// None for no name.
    pub name: Option<String>,
}

impl Command for OpenInPortfolio {
    type Outcome = OwnedAccount;
    const ACTION: &'static str = "account.file";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<OwnedAccount, Failure> {
        let client =
            context.tx.profile(self.profile, context.visibility())?.ok_or(Refusal::not_found(Noun::Profile))?;
        let portfolio = context.tx.portfolio_anywhere(self.portfolio, context.visibility())?;
        let portfolio = portfolio.filter(|portfolio| portfolio.profile == client.id);
        let portfolio = portfolio.ok_or(Refusal::not_found(Noun::Portfolio))?;
        client.admit_staying()?;
        portfolio.admit_accounts()?;
        let groups = context.tx.groups()?;
        let group = groups.into_iter().find(|group| group.declared.code == self.group);
        let group = group.ok_or(Refusal::GroupDisabled)?;
        let opening = OpenAccount {
            id: None,
            profile: client.id,
            group: group.id,
            portfolio: Some(portfolio.id),
            parent: None,
            currency: self.currency,
            is_demo: None,
            is_spread_betting: false,
            position_mode: None,
            margin_calculation_override: None,
            trade_status: None,
            max_leverage: None,
            net_open_position_limit: None,
            wants_daily_statement: false,
            labels: AccountLabelsChange { name: self.name, ..AccountLabelsChange::default() },
            allows_credits: true,
            allows_debits: true,
            permissions: Permissions::default(),
            number_at_platform: None,
            number: None,
            requires_approval: false,
            takes_client_in_review: true,
        };
        let opened = context.part(opening, Undo::Whole)??;
        context.tx.set_order_basis(opened.book, self.basis)?;
        OwnedAccount::read(context.tx, find(context, opened.id)?, context.visibility())
    }
}

/// Gives an account another name, while it is in use or closing; does nothing if it has that name.
///
/// Refusals: unknown; in another state; locked; an invalid name.
pub struct RenameAccount {
    pub id: AccountId,
    /// None keeps the name.
    pub name: Option<String>,
}

impl Command for RenameAccount {
    type Outcome = OwnedAccount;
    const ACTION: &'static str = "account.rename";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<OwnedAccount, Failure> {
        let labels = AccountLabelsChange { name: self.name, ..AccountLabelsChange::default() }.checked()?;
        let account = find(context, self.id)?;
        if !matches!(account.lifecycle, Lifecycle::Active | Lifecycle::Closing) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        if account.lock != Lock::Open {
            return Err(Refusal::AccountLocked.into());
        }
        if labels.name.as_ref().is_some_and(|name| *name != account.labels.name) {
            let change = ChangeAccount {
                id: self.id,
                expected_version: None,
                fixed: FixedFields::default(),
                group: None,
                trade_status: None,
                max_leverage: None,
                net_open_position_limit: None,
                wants_daily_statement: None,
                minimum_balance: None,
                labels,
                allows_credits: None,
                allows_debits: None,
                permissions: None,
            };
            context.part(change, Undo::Whole)??;
        }
        OwnedAccount::read(context.tx, find(context, self.id)?, context.visibility())
    }
}

/// Refusals: unknown.
pub struct GetOwnedAccount {
    pub id: AccountId,
}

impl Query for GetOwnedAccount {
    type Answer = OwnedAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<OwnedAccount, Failure> {
        let found = view.tx.account(self.id, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        OwnedAccount::read(view.tx, found, view.visibility)
    }
}

/// The accounts of a client, or all visible ones, archived ones included, and how many there are in total.
///
/// Refusals: unknown client.
pub struct ListOwnedAccounts {
    /// One of the owners.
    pub owner: Option<ProfileId>,
    pub part: Sorted,
}

impl Query for ListOwnedAccounts {
    type Answer = (Vec<OwnedAccount>, u64);
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        find_owner(view, self.owner)?;
        let filter = AccountFilter { owner: self.owner, with_archived: true, ..AccountFilter::default() };
        let Sorted { window, by_change } = self.part;
        let (accounts, total) = view.tx.accounts_sorted(&filter, view.visibility, window, by_change)?;
        let accounts = accounts.into_iter().map(|account| OwnedAccount::read(view.tx, account, view.visibility));
        Ok((accounts.collect::<Result<_, _>>()?, total))
    }
}

fn find_owner(view: &View<'_>, owner: Option<ProfileId>) -> Result<(), Failure> {
    match owner {
        Some(id) if view.tx.profile(id, view.visibility)?.is_none() => Err(Refusal::not_found(Noun::Profile).into()),
        _ => Ok(()),
    }
}

/// Refusals: unknown.
pub struct GetClientPortfolio {
    pub id: PortfolioId,
}

impl Query for GetClientPortfolio {
    type Answer = ClientPortfolio;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<ClientPortfolio, Failure> {
        ClientPortfolio::read(view.tx, find_portfolio(view, self.id)?)
    }
}

fn find_portfolio(view: &View<'_>, id: PortfolioId) -> Result<Portfolio, Failure> {
    Ok(view.tx.portfolio_anywhere(id, view.visibility)?.ok_or(Refusal::not_found(Noun::Portfolio))?)
}

/// The portfolios of a client, or of all visible ones, closed ones included, and how many there are in total.
///
/// Refusals: unknown client.
pub struct ListClientPortfolios {
    pub client: Option<ProfileId>,
    pub part: Sorted,
}

impl Query for ListClientPortfolios {
    type Answer = (Vec<ClientPortfolio>, u64);
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Self::Answer, Failure> {
        find_owner(view, self.client)?;
        let Sorted { window, by_change } = self.part;
        let (found, total) = view.tx.portfolios_in(self.client, view.visibility, window, by_change)?;
        let portfolios = found.into_iter().map(|portfolio| ClientPortfolio::read(view.tx, portfolio));
        Ok((portfolios.collect::<Result<_, _>>()?, total))
    }
}

/// The money of a portfolio: the sums over its live accounts in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortfolioCash {
    pub decimals: Decimals,
    pub balance: Amount,
    /// Announced deposits, and settled ones that are not available yet.
    pub unsettled: Amount,
    /// What positions and orders take.
    pub margin: Amount,
    /// What can be taken out; of each account, not less than zero.
    pub withdrawable: Amount,
}

/// Refusals: unknown portfolio or currency; the sum is too large.
pub struct GetPortfolioCash {
    pub id: PortfolioId,
    pub currency: CurrencyCode,
}

impl Query for GetPortfolioCash {
    type Answer = PortfolioCash;
    const RIGHT: Right = Right::ReadCash;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<PortfolioCash, Failure> {
        let portfolio = find_portfolio(view, self.id)?;
        let unknown = Refusal::UnknownCurrency { field: Field::Currency };
        let currency = view.tx.currency(&self.currency)?.ok_or(unknown)?;
        let filter = AccountFilter {
            portfolio: Some(PortfolioSerial(portfolio.row)),
            currency: Some(self.currency),
            ..AccountFilter::default()
        };
        let all = Window { offset: 0, limit: u32::MAX, newest_first: false };
        let (zero, decimals) = (Amount::ZERO, currency.decimals);
        let mut cash = PortfolioCash { decimals, balance: zero, unsettled: zero, margin: zero, withdrawable: zero };
        for (account, _) in view.tx.accounts_in(&filter, &Visibility::Everything, all)?.0 {
            if account.is_demo {
                continue;
            }
            let of = account.balances;
            let add = |sum: Amount, more: Amount| sum.checked_add(more).ok_or(Refusal::BalanceOverflow);
            cash.balance = add(cash.balance, of.balance)?;
            cash.unsettled = add(add(cash.unsettled, of.pending)?, of.uncleared)?;
            cash.margin = add(cash.margin, of.margin)?;
            cash.withdrawable = add(cash.withdrawable, of.withdrawable().max(Amount::ZERO))?;
        }
        Ok(cash)
    }
}
