//! What all movements share: requesting, deciding, expiring, publishing and listing.

use crate::app::accounts::find_as;
use crate::app::approvals::close_request_of;
use crate::app::events::publish_movement;
use crate::app::ledger::{Draft, PostedDraft, Side, plan_settlement, post};
use crate::app::{Context, Failure, Query, View};
use crate::domain::access::{ObjectKind, Right, Visibility};
use crate::domain::accounts::Account;
use crate::domain::clock::Moment;
use crate::domain::events::EventType;
use crate::domain::ids::{AccountId, ExternalSerial, MovementId, MovementSerial};
use crate::domain::ledger::{Clearing, Commissions, EntryKind, House, Movement, MovementKind, MovementState};
use crate::domain::money::{Amount, AmountError, DecimalText, ExtraDecimals};
use crate::domain::page::{Listing, Page};
use crate::domain::reference::CurrencyCode;
use crate::domain::refusal::{Field, Noun, Refusal};
use crate::domain::text;
use crate::store::{BookOwner, Job, MovementFilter, NewMovement};
use std::mem::take;

/// The common part of a request for a movement.
#[derive(Clone, Debug)]
pub struct MovementRequest {
    pub account: AccountId,
    /// In the account's currency, as the caller wrote it; above zero.
    pub amount: DecimalText,
    /// The currency that the caller assumes; must be the account's.
    pub currency: Option<CurrencyCode>,
    /// How to treat decimals that the currency does not have.
    pub extra_decimals: ExtraDecimals,
    /// Why; may be empty.
    pub reason: String,
    /// The caller's own reference; unique among movements of the same kind.
    pub reference: Option<String>,
    /// When the movement expires unless it is decided before.
    pub expires_at: Option<Moment>,
}

/// The longest reference, in characters.
const REFERENCE_MAX: usize = 100;

/// Converts to the account's currency; the amount may be negative. Refusals: zero; too large; too many decimals.
pub(in crate::app) fn amount_of(account: &Account, text: DecimalText, extra: ExtraDecimals) -> Result<Amount, Refusal> {
    let amount = text.to_amount(account.decimals, extra).map_err(|error| match error {
        AmountError::TooLarge => Refusal::out_of_range(Field::Amount, error.to_string()),
        _ => Refusal::invalid(Field::Amount, error.to_string()),
    })?;
    if amount.is_zero() { Err(Refusal::invalid(Field::Amount, "must not be zero")) } else { Ok(amount) }
}

/// Where the money of a movement comes from or goes to.
#[derive(Clone, Copy)]
pub(in crate::app) enum OtherSide<'a> {
    Unsaid,
    /// Of a transfer, with the rate that the caller gave.
    Account(&'a Account, Option<DecimalText>),
    /// An account at another bank.
    External(ExternalSerial),
}

impl OtherSide<'_> {
    pub(in crate::app) fn external(serial: Option<ExternalSerial>) -> OtherSide<'static> {
        serial.map_or(OtherSide::Unsaid, OtherSide::External)
    }
}

impl MovementRequest {
    /// Runs the checks of a request on one account, and returns the account and the amount.
    pub(in crate::app) fn resolve(
        &mut self,
        context: &Context<'_>,
        kind: MovementKind,
    ) -> Result<(Account, Amount), Failure> {
        let resolved = self.account_and_amount(context, Field::Account)?;
        self.admit_reference(context, kind)?;
        Ok(resolved)
    }

    /// Checks and normalises the texts, checks the expiry, and returns the account and the amount.
    pub(in crate::app) fn account_and_amount(
        &mut self,
        context: &Context<'_>,
        field: Field,
    ) -> Result<(Account, Amount), Failure> {
        self.reason = text::note(Field::Reason, take(&mut self.reason), text::COMMENT_MAX)?;
        if let Some(reference) = self.reference.take() {
            self.reference = Some(text::identifier(Field::Reference, reference, REFERENCE_MAX)?);
        }
        if self.expires_at.is_some_and(|at| at <= context.clock_now) {
            return Err(Refusal::out_of_range(Field::ExpiresAt, "must be in the future").into());
        }
        let account = find_as(context, self.account, field)?;
        account.admit_currency(self.currency.as_ref())?;
        let amount = amount_of(&account, self.amount, self.extra_decimals)?;
        if amount.is_negative() {
            return Err(Refusal::invalid(Field::Amount, "must be above zero").into());
        }
        Ok((account, amount))
    }

    /// Refuses a reference that is already used.
    pub(in crate::app) fn admit_reference(&self, context: &Context<'_>, kind: MovementKind) -> Result<(), Failure> {
        if let Some(reference) = &self.reference
            && let Some(holder) = context.tx.account_of_movement_reference(kind, reference)?
        {
            let holder = context.tx.account(holder, context.visibility())?;
            if let Some(holder) = &holder {
                context.involve(holder.profile);
            }
            return Err(context.taken(holder.is_some(), Field::Reference, Refusal::DuplicateReference).into());
        }
        Ok(())
    }

    /// Stores the movement with its other side, and schedules its expiry.
    pub(in crate::app) fn note(
        &self,
        context: &Context<'_>,
        kind: MovementKind,
        account: &Account,
        other: OtherSide<'_>,
        amount: Amount,
    ) -> Result<MovementSerial, Failure> {
        let (to, external) = match other {
            OtherSide::Unsaid => (None, None),
            OtherSide::Account(account, rate) => (Some((account, rate)), None),
            OtherSide::External(serial) => (None, Some(serial)),
        };
        let new = NewMovement {
            id: MovementId::new(context.now, context.app.randomness()),
            kind,
            account: account.book,
            to_account: to.map(|(account, _)| account.book),
            rate: to.and_then(|(_, rate)| rate),
            amount,
            reason: self.reason.clone(),
            reference: self.reference.clone(),
            commissions: Commissions::default(),
            external,
            requested_by: context.caller.principal.serial,
            expires_at: self.expires_at,
        };
        let serial = context.tx.add_movement(&new, context.now)?;
        if let Some(at) = self.expires_at {
            context.tx.plan_job(Job::ExpireMovement(serial), at)?;
        }
        if external.is_some() {
            plan_settlement(context, serial)?;
        }
        Ok(serial)
    }
}

/// The movement of this kind, if its caller can see it, with its account.
pub(in crate::app) fn find(
    context: &Context<'_>,
    kind: MovementKind,
    id: MovementId,
) -> Result<(Movement, Account), Failure> {
    let movement = context.tx.movement(kind, id)?.ok_or(Refusal::not_found(kind.noun()))?;
    // Hidden accounts hide their movements.
    let account = context.tx.account(movement.account, context.visibility())?.ok_or(Refusal::not_found(kind.noun()))?;
    context.involve(account.profile);
    context.concerns_of(ObjectKind::Movement, movement.id.uuid(), Some(account.standing.profile));
    Ok((movement, account))
}

/// Stores a movement after a change of state, and cancels its scheduled expiry once it is decided. Also closes the
/// request for approval that it waits for, if any.
pub(in crate::app) fn save(context: &Context<'_>, movement: &Movement) -> Result<(), Failure> {
    context.tx.save_stage(movement)?;
    let may_wait = match movement.kind {
        MovementKind::Withdrawal => true,
        // One that is posted was approved in the queue, or never waited.
        MovementKind::Transfer => movement.stage.entry().is_none(),
        MovementKind::Deposit | MovementKind::Hold => false,
    };
    if may_wait {
        close_request_of(context, movement)?;
    }
    if movement.stage.state().is_final() {
        // The reservation was given back, which may have been the last obstacle to closing the account.
        if movement.stage.entry().is_none() {
            context.touch(movement.account);
        }
        context.tx.drop_job(Job::ExpireMovement(movement.serial))?;
        if movement.external.is_some() {
            context.tx.drop_job(Job::SettleTransfer(movement.serial))?;
        }
    }
    Ok(())
}

/// Publishes an event with the movement's current state, and returns the movement.
pub(in crate::app) fn publish_movement_state(
    context: &Context<'_>,
    serial: MovementSerial,
    kind: EventType,
) -> Result<Movement, Failure> {
    let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
    let account =
        context.tx.account(movement.account, &Visibility::Everything)?.ok_or(Refusal::not_found(Noun::Account))?;
    publish_movement(context, kind, &movement, &account)?;
    Ok(movement)
}

/// What an undecided movement reserves, as (held, pending): held if money may go out, pending if it may come in.
pub(in crate::app) fn reservation(kind: MovementKind, amount: Amount) -> (Amount, Amount) {
    match kind {
        MovementKind::Deposit => (Amount::ZERO, amount),
        MovementKind::Withdrawal | MovementKind::Transfer | MovementKind::Hold => (amount, Amount::ZERO),
    }
}

/// Reserves the amount of a movement. Refusals: the reserved total would overflow.
pub(in crate::app) fn reserve(
    context: &Context<'_>,
    account: &Account,
    kind: MovementKind,
    amount: Amount,
) -> Result<(), Failure> {
    let (held, pending) = reservation(kind, amount);
    let fits =
        account.balances.held.checked_add(held).is_some() && account.balances.pending.checked_add(pending).is_some();
    if !fits {
        return Err(Refusal::BalanceOverflow.into());
    }
    Ok(context.tx.reserve(account.book, held, Amount::ZERO, pending, context.now)?)
}

/// Frees the reservation of a movement. Returns the account after that.
pub(in crate::app) fn free(context: &Context<'_>, movement: &Movement, account: &Account) -> Result<Account, Failure> {
    let (held, pending) = reservation(movement.kind, movement.amount);
    let negative = |amount: Amount| amount.checked_neg().ok_or(Refusal::Internal);
    context.tx.reserve(account.book, negative(held)?, Amount::ZERO, negative(pending)?, context.now)?;
    if account.standing.unmet_target.is_some() {
        context.touch(account.id);
    }
    let mut freed = account.clone();
    freed.balances.held = freed.balances.held.saturating_sub(held);
    freed.balances.pending = freed.balances.pending.saturating_sub(pending);
    Ok(freed)
}

/// Voids a movement. Refusals: already decided or expired.
pub(in crate::app) fn void(context: &Context<'_>, movement: Movement, account: &Account) -> Result<Movement, Failure> {
    let movement = movement.undecided(context.clock_now)?;
    free(context, &movement, account)?;
    let voided = movement.void(context.now);
    save(context, &voided)?;
    publish_movement_state(context, voided.serial, EventType::MovementChanged)
}

/// Returns the announced deposits of an account that is being closed.
pub(in crate::app) fn return_announced(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    for serial in context.tx.announced_deposits(account.book)? {
        let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
        let present = context.tx.account(account.id, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
        void(context, movement, &present)?;
    }
    Ok(())
}

/// Expires a movement; does nothing if it has been decided in the meantime.
pub(in crate::app) fn expire(context: &Context<'_>, serial: MovementSerial) -> Result<(), Failure> {
    let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
    let Ok(expired) = movement.expire(context.now) else { return Ok(()) };
    let account = context.tx.account(expired.account, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
    free(context, &expired, &account)?;
    save(context, &expired)?;
    publish_movement_state(context, serial, EventType::MovementChanged).map(|_| ())
}

/// Makes the funds of a deposit available.
pub(in crate::app) fn clear_deposit(context: &Context<'_>, serial: MovementSerial) -> Result<(), Failure> {
    let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
    let available = movement.stage.uncleared().checked_neg().ok_or(Refusal::Internal)?;
    let Ok(cleared) = movement.clear(context.now) else { return Ok(()) };
    let account = context.tx.account(cleared.account, &Visibility::Everything)?.ok_or(Refusal::Internal)?;
    context.tx.reserve(account.book, Amount::ZERO, available, Amount::ZERO, context.now)?;
    save(context, &cleared)?;
    context.touch(cleared.account);
    context.tx.drop_job(Job::ClearDeposit(serial))?;
    publish_movement_state(context, serial, EventType::MovementChanged).map(|_| ())
}

pub struct GetMovement {
    pub kind: MovementKind,
    pub id: MovementId,
}

impl Query for GetMovement {
    type Answer = Movement;
    const RIGHT: Right = Right::ReadAccounts;

    fn run(self, view: &View<'_>) -> Result<Movement, Failure> {
        let unknown = Refusal::not_found(self.kind.noun());
        let movement = view.tx.movement(self.kind, self.id)?.ok_or(unknown.clone())?;
        view.tx.account(movement.account, view.visibility)?.ok_or(unknown)?;
        hide_receiver(view, movement)
    }
}

/// Removes the receiver's side if the caller cannot see the receiving account.
fn hide_receiver(view: &View<'_>, mut movement: Movement) -> Result<Movement, Failure> {
    if let Some(to) = movement.to_account
        && view.tx.account(to, view.visibility)?.is_none()
    {
        movement.to_account = None;
        movement.arrived = None;
    }
    Ok(movement)
}

/// One page of movements of a kind, newest first.
pub struct ListMovements {
    pub kind: MovementKind,
    pub account: Option<AccountId>,
    pub state: Option<MovementState>,
    pub page: Page,
}

impl Query for ListMovements {
    type Answer = Listing<Movement>;
    const RIGHT: Right = Right::ReadAccounts;
    const IS_LONG: bool = true;

    fn run(self, view: &View<'_>) -> Result<Listing<Movement>, Failure> {
        let account = match self.account {
            Some(id) => Some(view.tx.account(id, view.visibility)?.ok_or(Refusal::not_found(Noun::Account))?.book),
            None => None,
        };
        let filter = MovementFilter { kind: self.kind, account, state: self.state };
        let mut listing = view.tx.movements(&filter, view.visibility, self.page)?;
        listing.rows =
            listing.rows.into_iter().map(|movement| hide_receiver(view, movement)).collect::<Result<_, _>>()?;
        Ok(listing)
    }
}

/// Stores a movement that is requested and posted in one call.
pub(in crate::app) fn note_posted(
    context: &Context<'_>,
    kind: MovementKind,
    account: &Account,
    (amount, commissions): (Amount, Commissions),
    posted: PostedDraft,
    clearing: Option<Clearing>,
) -> Result<MovementSerial, Failure> {
    let new = NewMovement {
        id: MovementId::new(context.now, context.app.randomness()),
        kind,
        account: account.book,
        to_account: None,
        rate: None,
        amount,
        reason: String::new(),
        reference: None,
        commissions,
        external: None,
        requested_by: context.caller.principal.serial,
        expires_at: None,
    };
    Ok(context.tx.add_posted_movement(&new, posted.seq, clearing, context.now)?)
}

/// Posts money from (positive) or to (negative) the outside against the bank's house account.
pub(in crate::app) fn post_with_bank(
    context: &Context<'_>,
    account: &Account,
    change: Amount,
    comment: &str,
    tag: Option<&str>,
) -> Result<PostedDraft, Failure> {
    let opposite = change.checked_neg().ok_or(Refusal::BalanceOverflow)?;
    let bank = Side::House(BookOwner::of(account), House::Bank);
    let draft = Draft {
        kind: EntryKind::Balance,
        sides: &[(Side::Client(account), change), (bank, opposite)],
        comment,
        tag,
        reverses: None,
        is_credit: false,
        effective_at: None,
    };
    post(context, &draft)
}
