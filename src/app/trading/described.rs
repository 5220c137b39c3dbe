//! Accounts with the reference data that they use and what they are worth: all that a dialect shows of them at once.

use crate::app::trading::PortfolioFigures;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Principal, Right};
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::ids::{AccountId, GroupSerial, PlatformSerial, ProfileSerial};
use crate::domain::money::Amount;
use crate::domain::page::Window;
use crate::domain::reference::{Currency, Group, GroupKind, label_serial};
use crate::domain::refusal::{Noun, Refusal};
use crate::store::{AccountFilter, Market, Platform, ReadTx, StoreError, Worth};
use serde::{Deserialize, Serialize};

/// An account, with the names and figures of the moment at which it was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DescribedAccount {
    pub account: Account,
    /// The primary owner.
    pub client: ProfileSerial,
    pub kind: GroupKind,
    pub group: (GroupSerial, String),
    /// The label of its group with a number, which is stable while groups with that label exist; None without a label.
    pub label: Option<(GroupSerial, String)>,
    /// The platform of its group.
    pub platform: (PlatformSerial, String),
    pub currency: Currency,
    pub figures: TradingFigures,
    /// When its balances were last recorded.
    pub figures_recorded_at: Moment,
}

/// What follows from open positions, in the account's currency, each figure rounded once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TradingFigures {
    pub unrealised: Amount,
    pub used_margin: Amount,
    pub equity: Amount,
    pub free_margin: Amount,
    /// In percent, as decimal text with at most 18 decimals; None without margin.
    pub margin_level: Option<String>,
}

/// The most decimals of a margin level.
const LEVEL_DECIMALS: u32 = 18;

impl From<PortfolioFigures> for TradingFigures {
    fn from(figures: PortfolioFigures) -> TradingFigures {
        TradingFigures {
            unrealised: figures.unrealised,
            used_margin: figures.used_margin,
            equity: figures.equity,
            free_margin: figures.free_margin,
            margin_level: figures.margin_level.map(|level| level.text(0, LEVEL_DECIMALS)),
        }
    }
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

    fn describe(&self, tx: &ReadTx<'_>, account: Account, worth: &Worth) -> Result<DescribedAccount, Failure> {
        let group = self.groups.iter().find(|group| group.id == account.group).ok_or(Refusal::Internal)?;
        let declared = &group.declared;
        let platform = self.platforms.iter().find(|platform| platform.declared.code == declared.platform);
        let platform = platform.ok_or(Refusal::Internal)?;
        let currency = self.currencies.iter().find(|currency| currency.code == account.currency);
        Ok(DescribedAccount {
            client: account.standing.profile,
            kind: declared.kind,
            group: (group.serial, declared.name.clone()),
            label: label_serial(&self.groups, &declared.label).map(|serial| (serial, declared.label.clone())),
            platform: (platform.serial, platform.declared.name.clone()),
            currency: currency.ok_or(Refusal::Internal)?.clone(),
            figures: PortfolioFigures::of(&account, worth).into(),
            figures_recorded_at: tx.figures_recorded_at(&account)?,
            account,
        })
    }
}

fn describe(tx: &ReadTx<'_>, account: Account) -> Result<DescribedAccount, Failure> {
    let worth = Market::of(tx).worth(&account)?;
    Reference::read(tx)?.describe(tx, account, &worth)
}

/// An account, archived or not. Refusals: unknown account.
pub struct GetDescribedAccount {
    pub id: AccountId,
}

impl Query for GetDescribedAccount {
    type Answer = DescribedAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<DescribedAccount, Failure> {
        let found = view.tx.account_appraised(&Market::of(view.tx), self.id, view.visibility)?;
        let (account, worth) = found.ok_or(Refusal::not_found(Noun::Account))?;
        Reference::read(view.tx)?.describe(view.tx, account, &worth)
    }
}

/// The accounts in a window of a list, and the total count.
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
        let described = accounts.into_iter().map(|(account, worth)| reference.describe(view.tx, account, &worth));
        Ok((described.collect::<Result<_, _>>()?, total))
    }
}

/// A command whose outcome is an account, described as it was right after the command.
pub struct Described<C>(pub C);

impl<C: Command<Outcome = Account>> Command for Described<C> {
    type Outcome = DescribedAccount;
    const ACTION: &'static str = C::ACTION;
    const RIGHT: Right = C::RIGHT;

    fn admit(&self, principal: &Principal) -> Result<(), Refusal> {
        self.0.admit(principal)
    }

    fn run(self, context: &Context<'_>) -> Result<DescribedAccount, Failure> {
        let account = self.0.run(context)?;
        describe(context.tx, account)
    }
}
