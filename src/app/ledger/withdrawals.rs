//! Withdrawals in phases: requested (the money is held), approved and paid, or else rejected or cancelled.

use crate::app::accounts::{find as find_account, owners_of};
use crate::app::approvals::{Asked, admit_requester, ask};
use crate::app::ledger::{
    MovementRequest, OtherSide, PostedDraft, admit_limits, admit_settling, count_withdrawal, external_of, find, free,
    note_posted, post_with_bank, publish_movement_state, reserve, save, void,
};
use crate::app::{Command, Context, Failure};
use crate::domain::access::{Right, Visibility};
use crate::domain::accounts::{Account, Direction};
use crate::domain::approvals::{Cause, Request};
use crate::domain::events::EventType;
use crate::domain::ids::{ExternalAccountId, ExternalSerial, MovementId};
use crate::domain::ledger::{Commissions, Movement, MovementKind, Undecided};
use crate::domain::money::Amount;
use crate::domain::refusal::Refusal;
use crate::store::ApprovalSubject;

/// Requests a withdrawal: the money is held until it is decided.
///
/// Refusals: invalid amount, texts or expiry; reference already used; the account's lifecycle, lock or flags; not
/// covered.
pub struct RequestWithdrawal {
    pub request: MovementRequest,
    /// The account elsewhere that it goes to.
    pub external: Option<ExternalAccountId>,
}

impl Command for RequestWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.request";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let external = match self.external {
            Some(id) => Some(external_of(context, &find_account(context, self.request.account)?, id)?),
            None => None,
        };
        request_withdrawal(context, self.request, external)
    }
}

/// Requests a withdrawal, perhaps to an account elsewhere that has been admitted.
pub(in crate::app) fn request_withdrawal(
    context: &Context<'_>,
    mut request: MovementRequest,
    external: Option<ExternalSerial>,
) -> Result<Movement, Failure> {
    let (account, amount) = request.resolve(context, MovementKind::Withdrawal)?;
    admit_limits(context, &account, Direction::Debit, amount)?;
    admit_debit(context, &account, amount)?;
    reserve(context, &account, MovementKind::Withdrawal, amount)?;
    let other = OtherSide::external(external);
    let serial = request.note(context, MovementKind::Withdrawal, &account, other, amount)?;
    let movement = publish_movement_state(context, serial, EventType::MovementRequested)?;
    if account.standing.requires_approval {
        ask(
            context,
            Asked {
                request: Request::Withdrawal,
                cause: Cause::GuardedAccount,
                subject: ApprovalSubject::Account(account.book),
                movement: Some(serial),
                expires_at: movement.expires_at,
            },
        )?;
    }
    Ok(movement)
}

/// Refuses a debit of this (positive) amount that the account forbids or does not cover.
pub(in crate::app) fn admit_debit(context: &Context<'_>, account: &Account, amount: Amount) -> Result<(), Failure> {
    account.admit_funds(Direction::Debit)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    admit_covered(context, account, debit, false)
}

/// Refuses a debit (negative) that is not covered, or whose cover is not known because of a missing or old quote.
pub(in crate::app) fn admit_covered(
    context: &Context<'_>,
    account: &Account,
    debit: Amount,
    is_credit: bool,
) -> Result<(), Failure> {
    admit_valued(context, account)?;
    Ok(account.admit_covered(debit, is_credit)?)
}

/// Refuses a debit while the account's open positions cannot be valued.
pub(in crate::app) fn admit_valued(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    let max_age_s = context.app.settings().quote_age_s;
    Ok(account.valuation.admit_debit(context.clock_now, max_age_s)?)
}

/// Refuses to move money in one call from an account whose debits require approval to one whose debits do not: the next
/// call could take it out.
pub(in crate::app) fn refuse_approval_bypass(from: &Account, to: &Account) -> Result<(), Failure> {
    if from.standing.requires_approval && !to.standing.requires_approval {
        return Err(Refusal::NeedsApproval.into());
    }
    Ok(())
}

/// Whether a payment hands money of an account whose debits require approval to somebody else: to an account with
/// another primary owner, or with full access for a client who does not have it to the paying account.
pub(in crate::app) fn hands_over(context: &Context<'_>, from: &Account, to: &Account) -> Result<bool, Failure> {
    Ok(from.standing.requires_approval && owners_of(context, from)?.gives_control(&owners_of(context, to)?))
}

/// Approves a withdrawal. If the group requires approval, the operator must not be the requester.
///
/// Refusals: unknown; already decided or expired; requested by the same operator, or by one who is disabled; an API
/// client.
pub struct ApproveWithdrawal {
    pub id: MovementId,
}

impl Command for ApproveWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.approve";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, _) = find(context, MovementKind::Withdrawal, self.id)?;
        approve_withdrawal(context, movement)
    }
}

/// Approves a withdrawal that the caller can see.
///
/// Refusals: already decided or expired; requested by the same operator, or by one who is disabled; an API client.
pub(in crate::app) fn approve_withdrawal(context: &Context<'_>, movement: Movement) -> Result<Movement, Failure> {
    context.caller.principal.admit_as_checker()?;
    let checker = context.caller.principal.serial;
    let account = context.tx.account(movement.account, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
    let approved = movement.undecided(context.clock_now)?.approve(checker, context.now)?;
    if account.standing.requires_approval {
        approved.admit_checker(checker)?;
        admit_requester(context, approved.requested_by)?;
    }
    save(context, &approved)?;
    publish_movement_state(context, approved.serial, EventType::MovementChanged)
}

/// Pays a withdrawal: posts it and ends the hold. If the group requires approval, it must have been approved by another
/// operator.
///
/// Refusals: unknown; already decided or expired; not approved; the account's lifecycle, lock or flags; losses have
/// consumed the funds.
pub struct PayWithdrawal {
    pub id: MovementId,
}

impl Command for PayWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.pay";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        pay_withdrawal(context, self.id)
    }
}

/// Pays a withdrawal that may be paid.
pub(in crate::app) fn pay_withdrawal(context: &Context<'_>, id: MovementId) -> Result<Movement, Failure> {
    let (movement, account) = find(context, MovementKind::Withdrawal, id)?;
    admit_settling(&movement)?;
    let movement = movement.undecided(context.clock_now)?;
    // A self-approval from before the group required approval does not count.
    if account.standing.requires_approval && !movement.is_approved_by_another() {
        return Err(Refusal::NeedsApproval.into());
    }
    let amount = movement.amount;
    pay(context, movement, &account, amount)
}

/// Ends the reservation of a movement, and posts all or part of it to the outside.
///
/// Refusals: the account's lifecycle, lock or flags; not covered.
pub(in crate::app) fn pay(
    context: &Context<'_>,
    movement: Undecided,
    account: &Account,
    amount: Amount,
) -> Result<Movement, Failure> {
    let account = free(context, &movement, account)?;
    admit_debit(context, &account, amount)?;
    let debit = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let (reason, reference) = (&movement.reason, movement.reference.as_deref());
    let posted = post_with_bank(context, &account, debit, reason, reference)?;
    count_withdrawal(context, &account)?;
    let paid = movement.post(posted.id, amount, None, context.now);
    save(context, &paid)?;
    publish_movement_state(context, paid.serial, EventType::MovementChanged)
}

/// Posts a withdrawal that is requested and paid in one call. `debit` is negative and already admitted.
pub(in crate::app) fn note_paid(
    context: &Context<'_>,
    account: &Account,
    debit: Amount,
    comment: &str,
) -> Result<PostedDraft, Failure> {
    let amount = debit.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let posted = post_with_bank(context, account, debit, comment, None)?;
    count_withdrawal(context, account)?;
    note_posted(context, MovementKind::Withdrawal, account, (amount, Commissions::default()), posted, None)?;
    Ok(posted)
}

/// Voids a withdrawal: the hold ends. Rejection and cancellation differ only in who acts, which the audit row records.
///
/// Refusals: unknown; already decided or expired.
pub struct VoidWithdrawal {
    pub id: MovementId,
}

impl Command for VoidWithdrawal {
    type Outcome = Movement;
    const ACTION: &'static str = "withdrawal.void";
    const RIGHT: Right = Right::MoveFunds;

    fn run(self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (movement, account) = find(context, MovementKind::Withdrawal, self.id)?;
        void(context, movement, &account)
    }
}
