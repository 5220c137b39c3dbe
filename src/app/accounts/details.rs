//! Accounts with what banks keep about them: legal names, goals, and what follows from the ledger.

use crate::app::accounts::{find, publish_account_state};
use crate::app::clients::check_version;
use crate::app::{Command, Context, Failure, Query, View};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, AccountDetails, AccountDetailsChange, Owner, OwnerAccess};
use crate::domain::bank::ContributionPlan;
use crate::domain::clock::Moment;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, ExternalSerial, GroupSerial, ProfileId, ProfileSerial};
use crate::domain::reference::{BankKind, BankTerms, GroupKind};
use crate::domain::refusal::{Noun, Refusal};
use crate::store::ReadTx;
use serde::{Deserialize, Serialize};

/// An owner, as the object of an account names it. Its priority is its place in the list, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Holder {
    pub client: ProfileSerial,
    pub id: ProfileId,
    pub access: OwnerAccess,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DetailedAccount {
    pub account: Account,
    pub details: AccountDetails,
    pub group: GroupSerial,
    /// The terms of its product; None if its group is no product of a bank.
    pub terms: Option<BankTerms>,
    /// What the group's accounts are for.
    pub purpose: GroupKind,
    /// Its recurring contribution; None if it never had one.
    #[serde(default)]
    pub plan: Option<ContributionPlan>,
    /// The account elsewhere that pays the contribution.
    #[serde(default)]
    pub plan_external: Option<ExternalSerial>,
    /// The latest month in which money has left it, such as 202611, and how often; counted where a product takes a fee
    /// for that.
    #[serde(default)]
    pub withdrawals: Option<(i64, u32)>,
    /// The primary owner first.
    pub holders: Vec<Holder>,
    /// Whether it is the first account that its primary owner got.
    pub is_first: bool,
    /// When the first credit was posted.
    pub first_credit_at: Option<Moment>,
    /// When the balance, or what is available or pending, last changed; when the account was opened if it never did.
    pub balances_changed_at: Moment,
}

impl DetailedAccount {
    pub(in crate::app) fn read(tx: &ReadTx<'_>, account: Account) -> Result<DetailedAccount, Failure> {
        let derived = tx.derived_details(account.book)?;
        let owners = tx.owners(account.book)?.ok_or(Refusal::Internal)?;
        let holder = |owner: &Owner| Holder { client: owner.serial, id: owner.profile, access: owner.access };
        let declared = tx.group(account.group)?.ok_or(Refusal::Internal)?.declared;
        let plan = tx.contribution_plan(account.book)?;
        let payer = plan.as_ref().and_then(|plan| plan.terms.external);
        let payer = payer.map(|payer| tx.external_account(payer, &Visibility::Everything)).transpose()?.flatten();
        Ok(DetailedAccount {
            plan,
            plan_external: payer.map(|payer| payer.serial),
            withdrawals: tx.latest_withdrawals(account.book)?,
            details: tx.account_details(account.book)?,
            terms: declared.bank,
            purpose: declared.kind,
            group: account.standing.group,
            holders: owners.list().iter().map(holder).collect(),
            is_first: derived.is_first,
            first_credit_at: derived.first_credit_at,
            balances_changed_at: derived.balances_changed_at,
            account,
        })
    }

    /// The priority of an owner among those with some access, from 1; 0 if it has none.
    pub fn active_priority(&self, client: ProfileSerial) -> usize {
        let mut active = self.holders.iter().filter(|holder| holder.access != OwnerAccess::None);
        active.position(|holder| holder.client == client).map_or(0, |index| index + 1)
    }

    /// The kind of its product. An account for trading counts as one whose money is kept for a purpose, others as
    /// checking accounts.
    pub fn bank_kind(&self) -> BankKind {
        match (&self.terms, self.purpose) {
            (Some(terms), _) => terms.kind,
            (None, GroupKind::Trading) => BankKind::ForBenefitOf,
            (None, GroupKind::Wallet) => BankKind::Checking,
        }
    }
}

/// Changes details of an account. Does nothing if nothing differs.
///
/// Refusals: unknown; invalid details; version differs; archived.
pub struct ChangeAccountDetails {
    pub id: AccountId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
    pub change: AccountDetailsChange,
}

impl Command for ChangeAccountDetails {
    type Outcome = DetailedAccount;
    const ACTION: &'static str = "account.change_details";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<DetailedAccount, Failure> {
        let account = find(context, self.id)?;
        let present = context.tx.account_details(account.book)?;
        let details = self.change.apply(&present, account.decimals, context.clock_now)?;
        check_version(self.expected_version, account.version)?;
        account.admit_change()?;
        if write_details(context, &account, &present, details)? {
            context.tx.note_account_change(account.book, context.now)?;
            publish_account_state(context, self.id, EventType::AccountUpdated)?;
        }
        DetailedAccount::read(context.tx, find(context, self.id)?)
    }
}

/// Writes details, and notes a target that is met already. True if anything differs.
pub(in crate::app) fn write_details(
    context: &Context<'_>,
    account: &Account,
    present: &AccountDetails,
    details: AccountDetails,
) -> Result<bool, Failure> {
    let details = details.measured(account.balances.available(), context.now);
    if details == *present {
        return Ok(false);
    }
    context.tx.set_account_details(account.book, &details)?;
    Ok(true)
}

/// Notes when the target of an account is met for the first time. Its version stays: nobody changed the account.
pub(in crate::app) fn meet_target(context: &Context<'_>, id: AccountId) -> Result<(), Failure> {
    let Some(account) = context.tx.account(id, &Visibility::Everything)? else { return Ok(()) };
    if account.standing.unmet_target.is_none_or(|target| account.balances.available() < target) {
        return Ok(());
    }
    let present = context.tx.account_details(account.book)?;
    write_details(context, &account, &present, present.clone()).map(|_| ())
}

/// Finds an account with its details, archived or not.
pub struct GetDetailedAccount {
    pub id: AccountId,
}

impl Query for GetDetailedAccount {
    type Answer = DetailedAccount;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<DetailedAccount, Failure> {
        let account = view.tx.account(self.id, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?;
        DetailedAccount::read(view.tx, account)
    }
}
