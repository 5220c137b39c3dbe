//! Deposits in two phases: announced, then settled or returned.

use super::ledger::{Draft, PostedDraft, Side, post};
use super::movements::{MovementRequest, find, free, reserve, step, told, void};
use super::scheduler::JobKind;
use super::{Command, Failure, Work};
use crate::domain::account::{Account, Direction};
use crate::domain::clock::Moment;
use crate::domain::entry::EntryKind;
use crate::domain::event::EventType;
use crate::domain::house::House;
use crate::domain::ids::MovementId;
use crate::domain::money::Amount;
use crate::domain::movement::{Movement, MovementKind, MovementState};
use crate::domain::principal::Right;
use crate::domain::refusal::{Noun, Refusal};

/// Announces money that will come in: `pending` rises, the balance does not.
///
/// Refusals: bad amount, texts or time; reference used before; the account's state, lock or flags; overflow.
pub struct AnnounceDeposit {
    /// What is announced.
    pub request: MovementRequest,
}

impl Command for AnnounceDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.announce";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (account, amount) = self.request.resolve(work, MovementKind::Deposit)?;
        account.admit_funds(Direction::Credit)?;
        reserve(work, &account, MovementKind::Deposit, amount)?;
        let serial = self.request.note(work, MovementKind::Deposit, &account, None, amount)?;
        told(work, serial, EventType::MovementRequested)
    }
}

/// Settles an announced deposit: it is posted, and uncleared for as long as the group's hold time says.
///
/// Refusals: unknown, settled or ended before; the account's state, lock or flags; overflow.
pub struct SettleDeposit {
    /// Which deposit.
    pub id: MovementId,
}

impl Command for SettleDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.settle";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(work, MovementKind::Deposit, self.id)?;
        movement.admit(&[MovementState::Pending], work.now)?;
        account.admit_funds(Direction::Credit)?;
        let account = free(work, &movement, &account)?;
        settle(work, &movement, &account, &movement.reason)?;
        told(work, movement.serial, EventType::MovementChanged)
    }
}

/// Posts a deposit from outside and holds its funds back as long as the account's group says.
pub(super) fn settle(
    work: &Work<'_>,
    movement: &Movement,
    account: &Account,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    let opposite = movement.amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let owner = work.tx.book_owner(account.book)?;
    let posted = post(
        work,
        &Draft {
            kind: EntryKind::Balance,
            sides: &[(Side::Client(account), movement.amount), (Side::House(owner, House::Bank), opposite)],
            comment,
            tag: movement.reference.as_deref(),
            reverses: None,
            is_credit: false,
        },
    )?;
    let clears_at = clearing_time(work, account)?;
    let mut settled = movement.clone();
    if clears_at > work.now {
        account.balances.uncleared.checked_add(movement.amount).ok_or(Refusal::BalanceOverflow)?;
        work.tx.reserve(account.book, Amount::ZERO, movement.amount, Amount::ZERO)?;
        work.tx.plan_job(JobKind::ClearDeposit.name(), movement.serial.0, clears_at)?;
        settled.clears_at = Some(clears_at);
        settled.uncleared = movement.amount;
    }
    step(work, &settled, MovementState::Posted, Some((posted, movement.amount)))?;
    Ok(posted)
}

/// When a deposit that settles now becomes available: after the group's hold time, or after that of new clients if that
/// is later.
fn clearing_time(work: &Work<'_>, account: &Account) -> Result<Moment, Failure> {
    let group = work.tx.group(account.group)?.ok_or(Refusal::NotFound(Noun::Group))?;
    if group.deposit_hold_days == 0 && group.new_client_hold_days == 0 {
        return Ok(work.now);
    }
    let days = |days: u32| i64::from(days) * 86_400;
    let client_since = work.tx.client_since(account.book)?;
    Ok(work.now.plus_s(days(group.deposit_hold_days)).max(client_since.plus_s(days(group.new_client_hold_days))))
}

/// Notes a deposit that is announced and settled at once, as the one-call deposits of the dialects are.
pub(super) fn note_settled(
    work: &Work<'_>,
    account: &Account,
    amount: Amount,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    let movement = super::movements::instant(work, MovementKind::Deposit, account, amount)?;
    settle(work, &movement, account, comment)
}

/// Returns an announced deposit: the money did not come.
///
/// Refusals: unknown, settled or ended before.
pub struct ReturnDeposit {
    /// Which deposit.
    pub id: MovementId,
}

impl Command for ReturnDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.return";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, work: &Work<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(work, MovementKind::Deposit, self.id)?;
        void(work, &movement, &account)
    }
}
