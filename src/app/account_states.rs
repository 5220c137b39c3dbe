//! The life of an account as operators steer it: locks, setting aside, closing.

use super::accounts::{find, told};
use super::ledger::{Draft, Side, post};
use super::movements::return_announced;
use super::withdrawals::admit_way_out;
use super::{Command, Failure, Work};
use crate::domain::account::{Account, Direction, Lifecycle, Lock, LockHolder, LockReason};
use crate::domain::entry::EntryKind;
use crate::domain::event::EventType;
use crate::domain::ids::AccountId;
use crate::domain::principal::{Right, Visibility};
use crate::domain::refusal::Refusal;
use crate::store::BookOwner;

/// Locks an account, or replaces its lock.
///
/// Refusals: unknown; archived; a lock that only an administrator replaces, or puts on.
pub struct LockAccount {
    /// Which account.
    pub id: AccountId,
    /// What still passes.
    pub lock: Lock,
    /// Whose lock it is.
    pub holder: LockHolder,
    /// Why.
    pub reason: LockReason,
}

impl Command for LockAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.lock";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, work: &Work<'_>) -> Result<Account, Failure> {
        let account = find(work, self.id)?;
        account.admit_change()?;
        if work.caller.principal.require(Right::Administer).is_err() {
            account.admit_unlocking()?;
            if self.holder == LockHolder::System {
                return Err(Refusal::Forbidden { right: Right::Administer.name() }.into());
            }
        }
        work.tx.set_lock(account.book, self.lock, Some((self.holder, self.reason)), work.now)?;
        told(work, self.id, EventType::AccountLocked)
    }
}

/// Takes the lock off an account; one that is not locked stays as it is.
///
/// Refusals: unknown; archived; a lock that only an administrator takes off.
pub struct UnlockAccount {
    /// Which account.
    pub id: AccountId,
}

impl Command for UnlockAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.unlock";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, work: &Work<'_>) -> Result<Account, Failure> {
        let account = find(work, self.id)?;
        account.admit_change()?;
        if account.lock == Lock::None {
            return Ok(account);
        }
        if work.caller.principal.require(Right::Administer).is_err() {
            account.admit_unlocking()?;
        }
        work.tx.set_lock(account.book, Lock::None, None, work.now)?;
        told(work, self.id, EventType::AccountUnlocked)
    }
}

/// Sets an account aside or takes it back into use: active, inactive, dormant.
///
/// Refusals: unknown; the account's state does not allow it.
pub struct SetLifecycle {
    /// Which account.
    pub id: AccountId,
    /// The state that it gets.
    pub state: Lifecycle,
}

impl Command for SetLifecycle {
    type Outcome = Account;
    const ACTION: &'static str = "account.set_state";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, work: &Work<'_>) -> Result<Account, Failure> {
        let account = find(work, self.id)?;
        if account.lifecycle == self.state {
            return Ok(account);
        }
        if !account.lifecycle.may_become(self.state) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        work.tx.set_lifecycle(account.book, self.state, work.now)?;
        told(work, self.id, EventType::AccountUpdated)
    }
}

/// Closes an account: announced deposits are returned, the balance goes to another account if one is named, and as soon
/// as nothing is left the account is archived. Until then it pays out and takes nothing in.
///
/// Refusals: unknown; archived or waiting for approval; the target is the same account, of another currency or mode, or
/// takes no credits; the account is locked or its debits are switched off while there is something to sweep.
pub struct CloseAccount {
    /// Which account.
    pub id: AccountId,
    /// Where its balance goes.
    pub sweep_to: Option<AccountId>,
}

impl Command for CloseAccount {
    type Outcome = Account;
    const ACTION: &'static str = "account.close";
    const RIGHT: Right = Right::WriteAccounts;

    fn run(self, work: &Work<'_>) -> Result<Account, Failure> {
        let account = find(work, self.id)?;
        if matches!(account.lifecycle, Lifecycle::Closed | Lifecycle::PendingApproval) {
            return Err(Refusal::AccountState(account.lifecycle).into());
        }
        return_announced(work, &account)?;
        if account.lifecycle != Lifecycle::Closing {
            work.tx.set_lifecycle(account.book, Lifecycle::Closing, work.now)?;
            told(work, self.id, EventType::AccountClosing)?;
        }
        if let Some(target) = self.sweep_to {
            sweep(work, self.id, target)?;
        }
        complete_closing(work, self.id)?;
        find(work, self.id)
    }
}

/// Moves all that is free and the client's own to another account; an overdraft is not drawn for it.
fn sweep(work: &Work<'_>, from: AccountId, to: AccountId) -> Result<(), Failure> {
    work.caller.principal.require(Right::MoveFunds)?;
    let (from, to) = (find(work, from)?, find(work, to)?);
    if from.id == to.id {
        return Err(Refusal::SameAccount.into());
    }
    if from.currency != to.currency {
        return Err(Refusal::invalid("sweepToAccountId", "must be an account in the same currency").into());
    }
    let (from_owner, to_owner) = (BookOwner::of(&from), BookOwner::of(&to));
    if from_owner != to_owner {
        return Err(Refusal::ModesDiffer.into());
    }
    // The client's own free money: no trading credit, nothing that is held or uncleared, and no overdraft to make up for it.
    let own = from.balances.available().saturating_sub(from.balances.credit());
    let amount = own.min(from.balances.withdrawable());
    if !amount.is_positive() {
        return Ok(());
    }
    admit_way_out(&from, &to)?;
    from.admit_funds(Direction::Debit)?;
    to.admit_funds(Direction::Credit)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let draft = Draft {
        kind: EntryKind::Transfer,
        sides: &[(Side::Client(&from), debit), (Side::Client(&to), amount)],
        comment: "",
        tag: None,
        reverses: None,
        is_credit: false,
    };
    post(work, &draft).map(|_| ())
}

/// Archives an account that is closing, as soon as nothing is left in it.
pub(super) fn complete_closing(work: &Work<'_>, id: AccountId) -> Result<(), Failure> {
    let Some(account) = work.tx.account(id, &Visibility::Everything)? else { return Ok(()) };
    if account.lifecycle != Lifecycle::Closing || !account.balances.is_empty() {
        return Ok(());
    }
    work.tx.close_account(account.book, work.now)?;
    told(work, id, EventType::AccountArchived).map(|_| ())
}
