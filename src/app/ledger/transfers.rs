//! Transfers between accounts, in one currency or across two.

use crate::app::accounts::find_as as find_account;
use crate::app::approvals::{Asked, Handled, ask, expiry};
use crate::app::ledger::{
    Draft, MovementRequest, OtherSide, Side, admit_covered, count_withdrawal, free, hands_over, post,
    publish_movement_state, refuse_approval_bypass, reserve, save,
};
use crate::app::reference::judge;
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::{Account, Direction};
use crate::domain::approvals::{Cause, Request, RequestedArrival, StatedRate, TransferRequest};
use crate::domain::events::EventType;
use crate::domain::ids::AccountId;
use crate::domain::ledger::{EntryKind, House, Movement, MovementKind, Undecided};
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::reference::{Conversion, ReferenceRate};
use crate::domain::refusal::{Field, Refusal};
use crate::store::{ApprovalSubject, BookOwner};

/// The amount that the receiver gets.
#[derive(Clone, Copy, Debug)]
pub enum Arrival {
    /// The amount that is sent; both accounts have the same currency.
    Same,
    /// The amount that is sent times this rate, rounded half away from zero.
    Rate(DecimalText),
    /// This amount in the currency of the receiving account.
    Amount(DecimalText),
}

/// Transfers money at once or after approval by a second operator: across currencies if the rate is not within the band
/// around a fresh reference rate; and if the paying account's group requires approval, across currencies at any rate,
/// and to another client. A transfer that waits holds its amount on the paying account.
///
/// Refusals: invalid amount, rate or texts; reference already used; the same account twice; demo and live mixed;
/// different currencies without a rate; it would bypass approval by a second operator; the lifecycle, lock, flags or
/// permissions of either account; not covered; overflow.
pub struct Transfer {
    /// The paying account, the amount and the reason.
    pub request: MovementRequest,
    pub to: AccountId,
    pub arrival: Arrival,
}

impl Command for Transfer {
    type Outcome = Handled<Movement>;
    const ACTION: &'static str = "transfer";
    const RIGHT: Right = Right::MoveFunds;

    fn run(mut self, context: &Context<'_>) -> Result<Handled<Movement>, Failure> {
        let (from, amount) = self.request.account_and_amount(context, Field::FromAccount)?;
        let to = find_account(context, self.to, Field::ToAccount)?;
        let is_same_currency = from.standing.currency == to.standing.currency;
        let rate = if let Arrival::Rate(rate) = self.arrival { Some(rate) } else { None };
        let arriving = match (self.arrival, is_same_currency) {
            (Arrival::Same, true) => amount,
            (Arrival::Same, false) => {
                return Err(Refusal::invalid(
                    Field::Rate,
                    "the currencies differ: send a rate, or the amount that arrives",
                )
                .into());
            }
            (Arrival::Rate(_), true) => {
                return Err(Refusal::invalid(Field::Rate, "only allowed between different currencies").into());
            }
            (Arrival::Amount(_), true) => {
                return Err(Refusal::invalid(Field::ToAmount, "only allowed between different currencies").into());
            }
            (Arrival::Rate(rate), false) => converted(amount, &from, rate, &to)?,
            (Arrival::Amount(text), false) => to_amount(text, Field::ToAmount, &to)?,
        };
        self.request.admit_reference(context, MovementKind::Transfer)?;
        let sides = Sides { from: &from, amount, to: &to, arriving };
        sides.admit(context)?;
        let (reference, cause) = if is_same_currency {
            (None, hands_over(context, &from, &to)?.then_some(Cause::GuardedAccount))
        } else {
            judged(context, &sides, rate)?
        };
        if cause.is_some() {
            self.request.expires_at = Some(expiry(context));
        }
        let serial =
            self.request.note(context, MovementKind::Transfer, &from, OtherSide::Account(&to, rate), amount)?;
        let Some(cause) = cause else {
            let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?;
            sides.post(context, movement.undecided(context.clock_now)?)?;
            return publish_movement_state(context, serial, EventType::MovementRequested).map(Handled::Done);
        };
        reserve(context, &from, MovementKind::Transfer, amount)?;
        let movement = publish_movement_state(context, serial, EventType::MovementRequested)?;
        let approval = ask(
            context,
            Asked {
                request: Request::Transfer(sides.request(rate, reference)),
                cause,
                subject: ApprovalSubject::Account(from.book),
                movement: Some(serial),
                expires_at: movement.expires_at,
            },
        )?;
        Ok(Handled::Waits { approval: Box::new(approval) })
    }
}

/// The reference rate of a transfer across currencies, and why it takes a second operator.
fn judged(
    context: &Context<'_>,
    sides: &Sides<'_>,
    rate: Option<DecimalText>,
) -> Result<(Option<ReferenceRate>, Option<Cause>), Failure> {
    let Sides { from, amount, to, arriving } = *sides;
    let amounts = Conversion::Amounts((amount, from.decimals), (arriving, to.decimals));
    let conversion = rate.map_or(amounts, Conversion::Rate);
    let (reference, cause) =
        judge(context, (from.standing.currency, &from.currency), to.standing.currency, conversion)?;
    // A change of currency is a debit to the house, whatever its rate.
    let cause = if from.standing.requires_approval { Some(Cause::GuardedAccount) } else { cause };
    Ok((reference, cause))
}

/// Makes a transfer that waited and has just been approved, at the rate that was asked for.
///
/// Refusals: either account is hidden; it would bypass approval by a second operator; the lifecycle, lock or flags of
/// either account; losses have consumed the funds; overflow.
pub(in crate::app) fn make_approved_transfer(
    context: &Context<'_>,
    movement: Movement,
    request: TransferRequest,
) -> Result<(), Failure> {
    let arrival = request.arrival.ok_or(Refusal::Internal)?;
    let from = find_account(context, movement.account, Field::FromAccount)?;
    let to = find_account(context, arrival.account, Field::ToAccount)?;
    let undecided = movement.undecided(context.clock_now)?;
    let from = free(context, &undecided, &from)?;
    let sides = Sides { from: &from, amount: undecided.amount, to: &to, arriving: arrival.amount };
    sides.admit(context)?;
    let approved = undecided.approve(context.caller.principal.serial, context.now)?;
    let serial = approved.serial;
    sides.post(context, approved.undecided(context.clock_now)?)?;
    publish_movement_state(context, serial, EventType::MovementChanged).map(|_| ())
}

/// The two sides of a transfer.
#[derive(Clone, Copy)]
struct Sides<'a> {
    from: &'a Account,
    /// In the currency of the paying account.
    amount: Amount,
    to: &'a Account,
    /// In the currency of the receiving account.
    arriving: Amount,
}

impl Sides<'_> {
    fn leaving(&self) -> Result<Amount, Refusal> {
        self.amount.checked_neg().ok_or(Refusal::BalanceOverflow)
    }

    /// Refuses what the two accounts do not allow.
    fn admit(&self, context: &Context<'_>) -> Result<(), Failure> {
        let Sides { from, to, .. } = self;
        if from.id == to.id {
            return Err(Refusal::SameAccount { field: Field::ToAccount }.into());
        }
        let (payer, receiver) = (BookOwner::of(from), BookOwner::of(to));
        if payer.is_demo != receiver.is_demo || payer.ledger != receiver.ledger {
            return Err(Refusal::ModesDiffer.into());
        }
        refuse_approval_bypass(from, to)?;
        from.admit_funds(Direction::Debit)?;
        from.admit_transfer(Direction::Debit)?;
        to.admit_credit(self.arriving, false)?;
        to.admit_transfer(Direction::Credit)?;
        admit_covered(context, from, self.leaving()?, false)
    }

    fn request(&self, rate: Option<DecimalText>, reference: Option<ReferenceRate>) -> TransferRequest {
        TransferRequest {
            arrival: Some(RequestedArrival {
                account: self.to.id,
                currency: self.to.currency.clone(),
                decimals: self.to.decimals,
                amount: self.arriving,
            }),
            rate,
            reference: reference.map(|stated| StatedRate { from: stated.from, to: stated.to, rate: stated.rate }),
        }
    }

    fn post(&self, context: &Context<'_>, movement: Undecided) -> Result<(), Failure> {
        let (payer, receiver) = (BookOwner::of(self.from), BookOwner::of(self.to));
        let both = [(Side::Client(self.from), self.leaving()?), (Side::Client(self.to), self.arriving)];
        // The fx accounts of both currencies carry the conversion, so that each currency sums to zero.
        let across = [
            both[0],
            (Side::House(payer, House::Fx), self.amount),
            (Side::House(receiver, House::Fx), self.arriving.checked_neg().ok_or(Refusal::BalanceOverflow)?),
            both[1],
        ];
        let draft = Draft {
            kind: EntryKind::Transfer,
            sides: if payer.currency == receiver.currency { &both } else { &across },
            comment: &movement.reason,
            tag: movement.reference.as_deref(),
            reverses: None,
            is_credit: false,
            effective_at: None,
        };
        let posted = post(context, &draft)?;
        count_withdrawal(context, self.from)?;
        save(context, &movement.post(posted.id, self.amount, None, context.now))
    }
}

fn to_amount(text: DecimalText, field: Field, to: &Account) -> Result<Amount, Refusal> {
    let amount = text
        .to_amount(to.decimals, ExtraDecimals::RoundHalfAway)
        .map_err(|error| Refusal::invalid(field.clone(), error.to_string()))?;
    if amount.is_positive() { Ok(amount) } else { Err(Refusal::invalid(field, "must be above zero")) }
}

fn converted(amount: Amount, from: &Account, rate: DecimalText, to: &Account) -> Result<Amount, Refusal> {
    if rate.is_zero() || rate.is_negative() {
        return Err(Refusal::invalid(Field::Rate, "must be above zero"));
    }
    let product =
        rate.times(amount, from.decimals).ok_or_else(|| Refusal::out_of_range(Field::Rate, "too many digits"))?;
    to_amount(product, Field::Rate, to)
}
