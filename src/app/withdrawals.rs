//! Withdrawals in phases: requested (the money is held), approved, then paid; or rejected, cancelled.

use super::ledger::PostedDraft;
use super::movements::{MovementRequest, find, free, note_posted, post_with_bank, reserve, step, told, void};
use super::{Command, Failure, Work};
use crate::domain::account::{Account, Direction};
use crate::domain::event::EventType;
use crate::domain::ids::MovementId;
use crate::domain::money::Amount;
use crate::domain::movement::{Movement, MovementKind, MovementState};
use crate::domain::principal::Right;
use crate::domain::refusal::Refusal;
use crate::store::Clearing;

/// Asks for a withdrawal: the money is held until it is decided.
///
/// Refusals: bad amount, texts or time; reference used before; the account's state, lock or flags; not covered.
pub struct RequestWithdrawal {
    /// What is asked for.
    pub request: MovementRequest,
}

impl Command for RequestWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.request";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (account, amount) = self.request.resolve(work, MovementKind::Withdrawal)?;
        admit_debit(&account, amount)?;
        reserve(work, &account, MovementKind::Withdrawal, amount)?;
        let serial = self.request.note(work, MovementKind::Withdrawal, &account, None, amount)?;
        told(work, serial, EventType::MovementRequested)
    }
}

/// Refuses a debit of this (positive) amount that the account does not allow or that is not covered.
pub(super) fn admit_debit(account: &Account, amount: Amount) -> Result<(), Failure> {
    account.admit_funds(Direction::Debit)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    if account.balances.covers(debit, false) { Ok(()) } else { Err(account.insufficient_funds(false).into()) }
}

/// Refuses to move money, in one call, from an account whose debits take a second operator to one whose debits do not: the
/// next call could take it out.
pub(super) fn admit_way_out(from: &Account, to: &Account) -> Result<(), Failure> {
    if from.standing.requires_approval && !to.standing.requires_approval {
        return Err(Refusal::NeedsApproval.into());
    }
    Ok(())
}

/// Approves a withdrawal. Where the group requires a second operator, that must be another one than who asked.
///
/// Refusals: unknown, decided before, asked for by the same operator.
pub struct ApproveWithdrawal {
    /// Which withdrawal.
    pub id: MovementId,
}

impl Command for ApproveWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.approve";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(work, MovementKind::Withdrawal, self.id)?;
        movement.admit(&[MovementState::Pending], work.now)?;
        if account.standing.requires_approval {
            movement.admit_checker(work.caller.principal.serial)?;
        }
        step(work, &movement, MovementState::Approved, None)?;
        told(work, movement.serial, EventType::MovementChanged)
    }
}

/// Pays a withdrawal: it is posted, and the hold ends. Where the group requires a second operator, it must have been
/// approved.
///
/// Refusals: unknown, decided before, not approved; the account's state, lock or flags; losses have eaten the funds.
pub struct PayWithdrawal {
    /// Which withdrawal.
    pub id: MovementId,
}

impl Command for PayWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.pay";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(work, MovementKind::Withdrawal, self.id)?;
        movement.admit(&[MovementState::Pending, MovementState::Approved], work.now)?;
        // An approval of one's own, from before the group required another operator's, does not count.
        let is_approved = movement.approved_by.is_some_and(|checker| checker != movement.requested_by);
        if !is_approved && account.standing.requires_approval {
            return Err(Refusal::NeedsApproval.into());
        }
        let account = free(work, &movement, &account)?;
        pay(work, &movement, &account, movement.amount, &movement.reason)?;
        told(work, movement.serial, EventType::MovementChanged)
    }
}

/// Posts what a movement pays to the outside. The account no longer holds the money back for it.
pub(super) fn pay(
    work: &Work<'_>,
    movement: &Movement,
    account: &Account,
    amount: Amount,
    comment: &str,
) -> Result<(), Failure> {
    let posted = post_out(work, account, amount, comment, movement.reference.as_deref(), movement.id)?;
    step(work, movement, MovementState::Posted, Some((posted, amount)))
}

/// Posts a debit to the outside. Refusals: the account's state, lock or flags; not covered.
fn post_out(
    work: &Work<'_>,
    account: &Account,
    amount: Amount,
    comment: &str,
    tag: Option<&str>,
    movement: MovementId,
) -> Result<PostedDraft, Failure> {
    admit_debit(account, amount)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    post_with_bank(work, account, debit, comment, tag, movement)
}

/// Posts a withdrawal that is requested and paid at once, as the one-call withdrawals of the dialects are.
pub(super) fn note_paid(
    work: &Work<'_>,
    account: &Account,
    amount: Amount,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    let id = MovementId::new(work.now, work.app.randomness());
    let posted = post_out(work, account, amount, comment, None, id)?;
    note_posted(work, id, MovementKind::Withdrawal, account, amount, posted, Clearing::default())?;
    Ok(posted)
}

/// Calls a withdrawal off: the hold ends. Rejecting and cancelling differ in who speaks, which the audit record keeps.
///
/// Refusals: unknown, paid or ended before.
pub struct VoidWithdrawal {
    /// Which withdrawal.
    pub id: MovementId,
}

impl Command for VoidWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.void";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(work, MovementKind::Withdrawal, self.id)?;
        void(work, &movement, &account)
    }
}
