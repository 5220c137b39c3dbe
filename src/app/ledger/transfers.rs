//! Transfers between accounts, in one currency or across two.

use crate::app::accounts::find_as as find_account;
use crate::app::ledger::{Draft, MovementRequest, Side, post, publish_movement_state, refuse_approval_bypass, save};
use crate::app::{Command, Context, Failure};
use crate::domain::access::Right;
use crate::domain::accounts::Direction;
use crate::domain::events::EventType;
use crate::domain::ids::AccountId;
use crate::domain::ledger::{EntryKind, House, Movement, MovementKind};
use crate::domain::money::{Amount, DecimalText, ExtraDecimals};
use crate::domain::refusal::{Field, Refusal};
use crate::store::BookOwner;

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

/// Transfers money at once.
///
/// Refusals: invalid amount, rate or texts; reference already used; the same account twice; demo and live mixed;
/// different currencies without a rate; it would bypass approval by a second operator; the lifecycle, lock or flags of
/// either account; not covered; overflow.
pub struct Transfer {
    /// The paying account, the amount and the reason.
    pub request: MovementRequest,
    pub to: AccountId,
    pub arrival: Arrival,
}

impl Command for Transfer {
    type Outcome = Movement;
    const ACTION: &'static str = "transfer";
    const RIGHT: Right = Right::MoveFunds;

    fn run(mut self, context: &Context<'_>) -> Result<Movement, Failure> {
        let (from, amount) = self.request.account_and_amount(context, Field::FromAccount)?;
        let to = find_account(context, self.to, Field::ToAccount)?;
        let (from_owner, to_owner) = (BookOwner::of(&from), BookOwner::of(&to));
        let is_same_currency = from_owner.currency == to_owner.currency;
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
        let leaving = amount.checked_neg().ok_or(Refusal::BalanceOverflow)?;
        self.request.admit_reference(context, MovementKind::Transfer)?;
        if from.id == to.id {
            return Err(Refusal::SameAccount { field: Field::ToAccount }.into());
        }
        if from_owner.is_demo != to_owner.is_demo || from_owner.ledger != to_owner.ledger {
            return Err(Refusal::ModesDiffer.into());
        }
        refuse_approval_bypass(&from, &to)?;
        from.admit_funds(Direction::Debit)?;
        to.admit_credit(arriving, false)?;
        from.admit_covered(leaving, false)?;

        let serial = self.request.note(context, MovementKind::Transfer, &from, Some((&to, rate)), amount)?;
        let movement = context.tx.movement_by_serial(serial)?.ok_or(Refusal::Internal)?.undecided(context.clock_now)?;
        let both = [(Side::Client(&from), leaving), (Side::Client(&to), arriving)];
        // The fx accounts of both currencies carry the conversion, so that each currency sums to zero.
        let across = [
            both[0],
            (Side::House(from_owner, House::Fx), amount),
            (Side::House(to_owner, House::Fx), arriving.checked_neg().ok_or(Refusal::BalanceOverflow)?),
            both[1],
        ];
        let draft = Draft {
            kind: EntryKind::Transfer,
            sides: if is_same_currency { &both } else { &across },
            comment: &self.request.reason,
            tag: self.request.reference.as_deref(),
            reverses: None,
            is_credit: false,
            effective_at: None,
        };
        let posted = post(context, &draft)?;
        save(context, &movement.post(posted.id, amount, None, context.now))?;
        publish_movement_state(context, serial, EventType::MovementRequested)
    }
}

fn to_amount(text: DecimalText, field: Field, to: &crate::domain::accounts::Account) -> Result<Amount, Refusal> {
    let amount = text
        .to_amount(to.decimals, ExtraDecimals::RoundHalfAway)
        .map_err(|error| Refusal::invalid(field.clone(), error.to_string()))?;
    if amount.is_positive() { Ok(amount) } else { Err(Refusal::invalid(field, "must be above zero")) }
}

fn converted(
    amount: Amount,
    from: &crate::domain::accounts::Account,
    rate: DecimalText,
    to: &crate::domain::accounts::Account,
) -> Result<Amount, Refusal> {
    if rate.is_zero() || rate.is_negative() {
        return Err(Refusal::invalid(Field::Rate, "must be above zero"));
    }
    let product =
        rate.times(amount, from.decimals).ok_or_else(|| Refusal::out_of_range(Field::Rate, "too many digits"))?;
    to_amount(product, Field::Rate, to)
}
