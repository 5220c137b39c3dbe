//! Lifecycle of accounts as operators control it: locks, deactivation, closing.

use crate::app::accounts::{archive, find, find_as, owners_of, publish_account_state, refuse_children};
use crate::app::clients::check_version;
use crate::app::ledger::{Draft, Side, admit_valued, hands_over, post, refuse_approval_bypass, return_announced};
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
/// Refusals: unknown; archived; a lock that only an administrator may set or replace.
pub struct LockAccount {
    pub id: AccountId,
    pub scope: LockScope,
    pub holder: LockHolder,
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

/// Removes the lock of an account; does nothing if there is none.
///
/// Refusals: unknown; archived; a lock that only an administrator may remove.
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

/// Approves an account that was opened pending approval. The operator who opened it cannot approve it. Administrators
/// are exempt, unless the group requires a second operator.
///
/// Refusals: unknown; version differs; opened by the same operator; an owner is not verified; the account is in another
/// state.
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
        activate(context, &account)
    }
}

/// The status of the first owner who is not verified, if any.
fn unchecked_owner(context: &Context<'_>, account: &Account) -> Result<Option<ProfileStatus>, Failure> {
    for owner in owners_of(context, account)?.list() {
        let profile = context.tx.profile(owner.profile, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
        if profile.admit_verified().is_err() {
            return Ok(Some(profile.status));
        }
    }
    Ok(None)
}

/// Activates the accounts that were only waiting for the review of a client. An account keeps waiting if another owner
/// is still in review, or if the group requires a second operator and this one opened the account.
pub(in crate::app) fn activate_reviewed_accounts(context: &Context<'_>, client: ProfileSerial) -> Result<(), Failure> {
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
            activate(context, &account)?;
        }
    }
    Ok(())
}

fn activate(context: &Context<'_>, account: &Account) -> Result<Account, Failure> {
    context.tx.set_lifecycle(account.book, Lifecycle::Active, context.now)?;
    context.tx.note_account_approval(account.book, context.caller.principal.serial, context.now)?;
    publish_account_state(context, account.id, EventType::AccountApproved)
}

/// Sets an account to active, inactive or dormant. Setting a closing account to active cancels the closing; deposits
/// returned for it stay returned.
///
/// Refusals: unknown; the account's state does not allow it.
pub struct SetLifecycle {
    pub id: AccountId,
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

/// Closes an account: announced deposits are returned, and the balance is swept to another account if one is named. The
/// account is archived as soon as it is empty. Until then it pays out, and accepts only what it owes.
///
/// Refusals: unknown; archived or pending approval; accounts are nested in it; the target is the same account, has
/// another currency or mode, or accepts no credits; there is a balance to sweep but the account is locked or its debits
/// are off, or it would bypass approval by a second operator.
pub struct CloseAccount {
    pub id: AccountId,
    /// The account that receives the balance; None leaves the balance where it is.
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
        refuse_children(context, &account)?;
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

/// Refuses an account that cannot be the target of a sweep, whether or not there is a balance.
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

/// Moves the client's own free funds to another account, without drawing on an overdraft.
fn sweep(context: &Context<'_>, from: AccountId, to: AccountId) -> Result<(), Failure> {
    let (from, to) = (find(context, from)?, find(context, to)?);
    // The client's own free funds exclude margin, trading credit, held and uncleared amounts, and the overdraft.
    let own = from.balances.free().saturating_sub(from.balances.credit());
    let amount = own.min(from.balances.withdrawable());
    if !amount.is_positive() {
        return Ok(());
    }
    refuse_approval_bypass(&from, &to)?;
    if hands_over(context, &from, &to)? {
        return Err(Refusal::NeedsApproval.into());
    }
    from.admit_funds(Direction::Debit)?;
    to.admit_credit(amount, false)?;
    admit_valued(context, &from)?;
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

/// Archives a closing account as soon as it is empty. No account is nested in it: neither does one with such accounts
/// begin to close, nor is one opened in a closing account.
pub(in crate::app) fn complete_closing(context: &Context<'_>, id: AccountId) -> Result<(), Failure> {
    let Some(account) = context.tx.account(id, &Visibility::Everything)? else { return Ok(()) };
    let is_done = account.lifecycle == Lifecycle::Closing && account.admit_archiving().is_ok();
    if is_done { archive(context, &account) } else { Ok(()) }
}
