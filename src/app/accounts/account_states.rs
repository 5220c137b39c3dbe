//! The life of an account as operators steer it: locks, setting aside, closing.

use crate::app::accounts::{find, find_as, owners_of, publish_account_state};
use crate::app::clients::check_version;
use crate::app::ledger::{Draft, Side, post, refuse_approval_bypass, return_announced};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Direction, Lifecycle, Lock, LockHolder, LockReason, LockScope};
use crate::domain::clients::ProfileStatus;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, ProfileSerial};
use crate::domain::ledger::EntryKind;
use crate::domain::refusal::{Field, Refusal};
use crate::store::{AccountRequest, Awaits, BookOwner};

/// Locks an account, or replaces its lock.
///
/// Refusals: unknown; archived; a lock that only an administrator replaces, or puts on.
pub struct LockAccount {
    pub id: AccountId,
    /// What still passes.
    pub scope: LockScope,
    pub holder: LockHolder,
    /// Why.
    pub reason: LockReason,
}

impl Command for LockAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.lock";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        if self.holder == LockHolder::System {
            context.caller.principal.require(Right::Administer)?;
        }
        let account = find(context, self.id)?;
        account.admit_change()?;
        if context.caller.principal.require(Right::Administer).is_err() {
            account.admit_unlocking()?;
        }
        let lock = Lock::Locked { scope: self.scope, holder: self.holder, reason: self.reason };
        context.tx.set_lock(account.book, lock, context.now)?;
        publish_account_state(context, self.id, EventType::AccountLocked)
    }
}

/// Takes the lock off an account; one that is not locked stays as it is.
///
/// Refusals: unknown; archived; a lock that only an administrator takes off.
pub struct UnlockAccount {
    pub id: AccountId,
}

impl Command for UnlockAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.unlock";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        let account = find(context, self.id)?;
        account.admit_change()?;
        if account.lock == Lock::Open {
            return Ok(account);
        }
        if context.caller.principal.require(Right::Administer).is_err() {
            account.admit_unlocking()?;
        }
        context.tx.set_lock(account.book, Lock::Open, context.now)?;
        publish_account_state(context, self.id, EventType::AccountUnlocked)
    }
}

/// Lets an account be used that was opened to wait. The one who opened it does not approve it, but for administrators, and not
/// even those where the group requires a second operator.
///
/// Refusals: unknown; version differs; opened by the same operator; an owner was not checked, is dead or archived; the
/// account's state does not allow it.
pub struct ApproveAccount {
    pub id: AccountId,
    /// The version that the caller has read.
    pub expected_version: Option<u64>,
}

impl Command for ApproveAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.approve";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        let account = find(context, self.id)?;
        if account.lifecycle == Lifecycle::Active {
            return Ok(account);
        }
        check_version(self.expected_version, account.version)?;
        let principal = &context.caller.principal;
        principal.admit_as_checker()?;
        let request = context.tx.account_request(account.book)?;
        let is_own = request.is_some_and(|request| request.requested_by == principal.serial);
        let may_alone = !account.standing.requires_approval && principal.require(Right::Administer).is_ok();
        if account.lifecycle == Lifecycle::PendingApproval && is_own && !may_alone {
            return Err(Refusal::OwnRequest.into());
        }
        if let Some(status) = unchecked_owner(context, &account)? {
            return Err(Refusal::ProfileState(status).into());
        }
        if account.lifecycle != Lifecycle::PendingApproval {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        let_use(context, &account)
    }
}

/// What is wrong with the first owner who was not checked, if there is one.
fn unchecked_owner(context: &Context<'_>, account: &Account) -> Result<Option<ProfileStatus>, Failure> {
    for owner in owners_of(context, account)?.list() {
        let profile = context.tx.profile(owner.profile, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
        if profile.admit_verified().is_err() {
            return Ok(Some(profile.status));
        }
    }
    Ok(None)
}

/// Lets the accounts be used that only waited for the review of a client, unless another owner is still in review, or the
/// group requires a second operator and this one opened the account.
pub(in crate::app) fn review_is_over(context: &Context<'_>, client: ProfileSerial) -> Result<(), Failure> {
    for account in context.tx.open_accounts_of(client)? {
        let by = context.caller.principal.serial;
        let is_due = |request: AccountRequest| {
            let is_own = account.standing.requires_approval && request.requested_by == by;
            request.awaits == Awaits::Client && !is_own
        };
        let waits = account.lifecycle == Lifecycle::PendingApproval;
        if waits
            && context.tx.account_request(account.book)?.is_some_and(is_due)
            && unchecked_owner(context, &account)?.is_none()
        {
            let_use(context, &account)?;
        }
    }
    Ok(())
}

fn let_use(context: &Context<'_>, account: &Account) -> Result<Account, Failure> {
    context.tx.set_lifecycle(account.book, Lifecycle::Active, context.now)?;
    context.tx.note_account_approval(account.book, context.caller.principal.serial, context.now)?;
    publish_account_state(context, account.id, EventType::AccountApproved)
}

/// Sets an account aside or takes it back into use: active, inactive, dormant. Taking one into use that is closing calls
/// the closing off; deposits that were returned for it stay returned.
///
/// Refusals: unknown; the account's state does not allow it.
pub struct SetLifecycle {
    pub id: AccountId,
    /// The state that it gets.
    pub state: Lifecycle,
}

impl Command for SetLifecycle {
    type Outcome = Account;
    const ACTION: &'static str = "account.set_state";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        let account = find(context, self.id)?;
        if account.lifecycle == self.state {
            return Ok(account);
        }
        if !account.lifecycle.may_become(self.state) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        context.tx.set_lifecycle(account.book, self.state, context.now)?;
        publish_account_state(context, self.id, EventType::AccountUpdated)
    }
}

/// Closes an account: announced deposits are returned, the balance goes to another account if one is named, and as soon
/// as nothing is left the account is archived. Until then it pays out, and takes in nothing but what it owes.
///
/// Refusals: unknown; archived or waiting for approval; the target is the same account, of another currency or mode, or
/// takes no credits; the account is locked or its debits are switched off while there is something to sweep.
pub struct CloseAccount {
    pub id: AccountId,
    /// Where its balance goes.
    pub sweep_to: Option<AccountId>,
}

impl Command for CloseAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.close";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, context: &Context<'_>) -> Result<Account, Failure> {
        if self.sweep_to.is_some() {
            context.caller.principal.require(Right::MoveFunds)?;
        }
        let account = find(context, self.id)?;
        if let Some(target) = self.sweep_to {
            admit_target(&account, &find_as(context, target, Field::SweepTo)?)?;
        }
        if matches!(account.lifecycle, Lifecycle::Closed | Lifecycle::PendingApproval) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        return_announced(context, &account)?;
        if account.lifecycle != Lifecycle::Closing {
            context.tx.set_lifecycle(account.book, Lifecycle::Closing, context.now)?;
            publish_account_state(context, self.id, EventType::AccountClosing)?;
        }
        if let Some(target) = self.sweep_to {
            sweep(context, self.id, target)?;
        }
        complete_closing(context, self.id)?;
        find(context, self.id)
    }
}

/// Refuses an account to which no balance can be swept, whatever there is to sweep.
fn admit_target(from: &Account, to: &Account) -> Result<(), Refusal> {
    if from.currency != to.currency {
        return Err(Refusal::invalid(Field::SweepTo, "must be an account in the same currency"));
    }
    if from.id == to.id {
        return Err(Refusal::SameAccount { field: Field::SweepTo });
    }
    if BookOwner::of(from) != BookOwner::of(to) {
        return Err(Refusal::ModesDiffer);
    }
    Ok(())
}

/// Moves all that is free and the client's own to another account; an overdraft is not drawn for it.
fn sweep(context: &Context<'_>, from: AccountId, to: AccountId) -> Result<(), Failure> {
    let (from, to) = (find(context, from)?, find(context, to)?);
    // The client's own free money: no trading credit, nothing that is held or uncleared, and no overdraft to make up for it.
    let own = from.balances.available().saturating_sub(from.balances.credit());
    let amount = own.min(from.balances.withdrawable());
    if !amount.is_positive() {
        return Ok(());
    }
    refuse_approval_bypass(&from, &to)?;
    from.admit_funds(Direction::Debit)?;
    to.admit_credit(amount, false)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let draft = Draft {
        kind: EntryKind::Transfer,
        sides: &[(Side::Client(&from), debit), (Side::Client(&to), amount)],
        comment: "",
        tag: None,
        reverses: None,
        is_credit: false,
        effective_at: None,
    };
    post(context, &draft).map(|_| ())
}

/// Archives an account that is closing, as soon as nothing is left in it.
pub(in crate::app) fn complete_closing(context: &Context<'_>, id: AccountId) -> Result<(), Failure> {
    let Some(account) = context.tx.account(id, &Visibility::Everything)? else { return Ok(()) };
    if account.lifecycle != Lifecycle::Closing || !account.balances.is_empty() {
        return Ok(());
    }
    context.tx.close_account(account.book, context.now)?;
    publish_account_state(context, id, EventType::AccountArchived).map(|_| ())
}
