//! Deposits in two phases: announced, then settled or returned.

use crate::app::ledger::{
    MovementRequest, PostedDraft, find, free, note_posted, post_with_bank, publish_movement_state, reserve, save, void,
};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Direction};
use crate::domain::events::EventType;
use crate::domain::ids::{MovementId, MovementSerial};
use crate::domain::ledger::{Clearing, Movement, MovementKind};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::store::Job;

/// Announces an incoming deposit: raises `pending`, not the balance.
///
/// Refusals: invalid amount, texts or expiry; reference already used; the account's lifecycle, lock or flags; overflow.
pub struct AnnounceDeposit {
    pub request: MovementRequest,
}

impl Command for AnnounceDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.announce";
    const RIGHT: Right = Right::MoveFunds;

    fn run(mut self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (account, amount) = self.request.resolve(context, MovementKind::Deposit)?;
        account.admit_funds(Direction::Credit)?;
        reserve(context, &account, MovementKind::Deposit, amount)?;
        let serial = self.request.note(context, MovementKind::Deposit, &account, None, amount)?;
        publish_movement_state(context, serial, EventType::MovementRequested)
    }
}

/// Settles an announced deposit: posts it, with a clearing period if the group has one.
///
/// Refusals: unknown; already decided or expired; the account's lifecycle, lock or flags; overflow.
pub struct SettleDeposit {
    pub id: MovementId,
}

impl Command for SettleDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.settle";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Deposit, self.id)?;
        let movement = movement.undecided(context.clock_now)?;
        account.admit_funds(Direction::Credit)?;
        let account = free(context, &movement, &account)?;
        let (reason, reference) = (&movement.reason, movement.reference.as_deref());
        let posted = post_with_bank(context, &account, movement.amount, reason, reference)?;
        let clearing = hold_back(context, &account, movement.amount)?;
        plan_clearing(context, movement.serial, clearing)?;
        let amount = movement.amount;
        let settled = movement.post(posted.id, amount, clearing, context.now);
        save(context, &settled)?;
        publish_movement_state(context, settled.serial, EventType::MovementChanged)
    }
}

/// Posts a deposit that is announced and settled in one call.
pub(in crate::app) fn post_deposit(
    context: &Context<'_>,
    account: &Account,
    amount: Amount,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    let posted = post_with_bank(context, account, amount, comment, None)?;
    let clearing = hold_back(context, account, amount)?;
    let serial = note_posted(context, MovementKind::Deposit, account, amount, posted, clearing)?;
    plan_clearing(context, serial, clearing)?;
    // Without a clearing period, the entry's event says everything about the deposit.
    if clearing.is_some() {
        publish_movement_state(context, serial, EventType::MovementRequested)?;
    }
    Ok(posted)
}

/// Marks the deposit uncleared for the group's hold period, or for that of new clients if it ends later.
fn hold_back(context: &Context<'_>, account: &Account, amount: Amount) -> Result<Option<Clearing>, Failure> {
    let standing = &account.standing;
    let days = |days: u32| i64::from(days) * 86_400;
    let of_deposit = context.clock_now.plus_s(days(standing.deposit_hold_days));
    let at = of_deposit.max(standing.client_since.plus_s(days(standing.new_client_hold_days)));
    if at <= context.clock_now {
        return Ok(None);
    }
    account.balances.uncleared.checked_add(amount).ok_or(Refusal::BalanceOverflow)?;
    context.tx.reserve(account.book, Amount::ZERO, amount, Amount::ZERO, context.now)?;
    Ok(Some(Clearing { at, uncleared: amount }))
}

fn plan_clearing(context: &Context<'_>, serial: MovementSerial, clearing: Option<Clearing>) -> Result<(), Failure> {
    if let Some(Clearing { at, .. }) = clearing {
        context.tx.plan_job(Job::ClearDeposit(serial), at)?;
    }
    Ok(())
}

/// Returns an announced deposit whose money did not arrive.
///
/// Refusals: unknown; already decided or expired.
pub struct ReturnDeposit {
    pub id: MovementId,
}

impl Command for ReturnDeposit {
    type Outcome = Movement;
    const ACTION: &'static str = "deposit.return";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Deposit, self.id)?;
        void(context, movement, &account)
    }
}
